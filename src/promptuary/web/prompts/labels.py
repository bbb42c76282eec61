"""The labels of a prompt: set, moved and removed, each after a look at what it will change."""

from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import InvalidValue, LabelMoved, LabelNotFound, PromptNotFound, VersionNotFound
from promptuary.model.names import check_label_name
from promptuary.model.prompts import LabelPointer, Version
from promptuary.model.reference_errors import InvalidReference, ReferencedLabel
from promptuary.registry import labels, prompts
from promptuary.registry.reference_previews import MovePreview, list_parents_of_label, preview_move
from promptuary.store.engine.database import Transaction
from promptuary.web.form_errors import FormProblem, problem_of
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.prompts.comparing import compare_affected, compare_versions
from promptuary.web.prompts.detail import find_history, production_first

SUGGESTED = ("production", "staging")
"""Labels that are offered before a prompt has them."""


def show_labels(request: PageRequest) -> Response:
    """Show where the labels of a prompt are, and a form to set one."""
    actor = request.enter(Permission.WRITE)
    return _labels(request, actor)


def review_label(request: PageRequest) -> Response:
    """Show what it changes to set a label: where it was, where it will be, and the difference between the two texts."""
    actor = request.enter(Permission.WRITE)
    label, version = request.query.get("label", "").strip(), positive_int(request.query.get("version"))
    try:
        check_label_name(label, field="label")
    except InvalidValue as error:
        return _labels(request, actor, problem=problem_of(error))
    try:
        return _review(request, actor, label, version)
    except PromptNotFound:
        if version is None:
            raise
        return _labels(
            request, actor, problem=FormProblem(str(VersionNotFound(request.path["name"], version)), "version", "Version")
        )


def move_label(request: PageRequest) -> Response:
    """Set a label, or show the review again if the label is not where the review showed it."""
    actor = request.enter(Permission.WRITE)
    name, label, version = request.path["name"], request.form.get("label"), positive_int(request.form.get("version"))
    expected = positive_int(request.form.get("expected_version")) if "expected_version" in request.form.values else labels.ANYWHERE
    try:
        with request.database.write() as tx:
            labels.move_label(
                tx, actor, name=name, label=label, version=version or 0, expected_version=expected, prompt_id=_prompt_id(request)
            )
    except LabelMoved:
        return _review(request, actor, label, version, is_moved=True)
    except InvalidReference:
        return _review(request, actor, label, version)
    return request.redirect(request.links.part(name, "labels"), notice=f"{label} now points at version {version}.")


def review_removal(request: PageRequest) -> Response:
    """Show what it means to remove a label."""
    actor = request.enter(Permission.WRITE)
    return _review_removal(request, actor, request.query.get("label", ""))


def remove_label(request: PageRequest) -> Response:
    """Remove a label, or show the review again if the label is not where the review showed it."""
    actor = request.enter(Permission.WRITE)
    name, label = request.path["name"], request.form.get("label")
    is_expected = "expected_version" in request.form.values
    expected = positive_int(request.form.get("expected_version")) or 0 if is_expected else labels.ANYWHERE
    try:
        with request.database.write() as tx:
            labels.remove_label(tx, actor, name=name, label=label, expected_version=expected, prompt_id=_prompt_id(request))
    except LabelMoved:
        return _review_removal(request, actor, label, is_moved=True)
    except ReferencedLabel:
        return _review_removal(request, actor, label)
    return request.redirect(request.links.part(name, "labels"), notice=f"{label} is removed.")


def _prompt_id(request: PageRequest) -> str | None:
    """Return the prompt that a review showed; by now another one may have its name."""
    return request.form.get("prompt_id") or None


def _labels(request: PageRequest, actor: Actor, *, problem: FormProblem | None = None) -> Response:
    with request.database.read() as tx:
        if problem is None:
            history = find_history(tx, actor, request)
        else:
            history = prompts.resolve_prompt(tx, actor, name=request.path["name"], limit=1)
        movers = labels.list_movers(tx, actor, history.labels, prompt_id=history.selected.prompt_id)
    present = [label.name for label in history.labels]
    return request.page(
        "prompts/labels.html",
        status=200 if problem is None else 400,
        version=history.selected,
        labels=production_first(history.labels),
        movers=movers,
        suggested=[*present, *(name for name in SUGGESTED if name not in present)],
        problem=problem,
        sent_label="" if problem is None else request.query.get("label", ""),
        sent_version=history.selected.version if problem is None else request.query.get("version", ""),
    )


def _review(request: PageRequest, actor: Actor, label: str, version: int | None, *, is_moved: bool = False) -> Response:
    with request.database.read() as tx:
        target = prompts.fetch_prompt(tx, actor, request.path["name"], version=version)
        present = _pointer(target, label)
        before = None if present is None else prompts.fetch_prompt(tx, actor, target.name, version=present.version)
        is_moving = present is None or present.version != target.version
        preview = preview_move(tx, actor, label=label, target=target) if is_moving else MovePreview()
    return request.page(
        "prompts/label-review.html",
        status=409 if is_moved else 200,
        version=target,
        label=label,
        before=before,
        comparison=None if before is None else compare_versions(before, target),
        is_moved=is_moved,
        preview=preview,
        affected=compare_affected(preview.texts),
    )


def _review_removal(request: PageRequest, actor: Actor, label: str, *, is_moved: bool = False) -> Response:
    with request.database.read() as tx:
        version = _labelled(tx, actor, request.path["name"], label)
        parents = list_parents_of_label(tx, actor, name=version.name, label=label)
    status = 409 if is_moved else 200
    return request.page(
        "prompts/label-removal.html", status=status, version=version, label=label, is_moved=is_moved, parents=parents
    )


def _labelled(tx: Transaction, actor: Actor, name: str, label: str) -> Version:
    latest = prompts.fetch_prompt(tx, actor, name)
    pointer = _pointer(latest, label)
    if pointer is None:
        raise LabelNotFound(label, name)
    return prompts.fetch_prompt(tx, actor, name, version=pointer.version)


def _pointer(version: Version, label: str) -> LabelPointer | None:
    return next((pointer for pointer in version.prompt_labels if pointer.name == label), None)
