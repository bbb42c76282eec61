"""The labels of a prompt: set, moved, removed and undone, each after a look at what it will change; and the history of each."""

from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import InvalidValue, LabelMoved, PromptNotFound, VersionNotFound
from promptuary.model.names import check_label_name
from promptuary.model.reference_errors import InvalidReference, ReferencedLabel
from promptuary.model.release_errors import LabelProtected
from promptuary.registry import labels, prompts
from promptuary.web.form_errors import FormProblem, problem_of
from promptuary.web.forms import Form
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.prompts.detail import find_history, production_first
from promptuary.web.prompts.label_reviews import again, show_move_review, show_removal_review, show_undo_review

SUGGESTED = ("production", "staging")
"""Labels that are offered before a prompt has them."""

PER_PAGE = 50
"""Moves of a label that are shown at once."""


def show_labels(request: PageRequest) -> Response:
    """Show where the labels of a prompt are and were, and to editors a form to set one."""
    return _labels(request, request.enter(Permission.READ))


def show_history(request: PageRequest) -> Response:
    """Show all moves of a label that a prompt has or had, newest first."""
    actor = request.enter(Permission.READ)
    label, page_number = request.query.get("label", ""), positive_int(request.query.get("page")) or 1
    with request.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, request.path["name"])
        offset = (page_number - 1) * PER_PAGE
        history = labels.list_history(tx, actor, name=version.name, label=label, limit=PER_PAGE, offset=offset)
    return request.page(
        "prompts/label-history.html",
        version=version,
        label=label,
        history=history,
        present=next((pointer.version for pointer in version.prompt_labels if pointer.name == label), None),
        page_number=page_number,
        pages=max(1, -(-history.count // PER_PAGE)),
    )


def review_label(request: PageRequest) -> Response:
    """Show what it changes to set a label: where it was, where it will be, and the difference between the two texts."""
    actor = request.enter(Permission.WRITE)
    label, version = request.query.get("label", "").strip(), positive_int(request.query.get("version"))
    try:
        check_label_name(label, field="label")
    except InvalidValue as error:
        return _labels(request, actor, problem=problem_of(error))
    try:
        return show_move_review(request, actor, label, version)
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
    try:
        with request.database.write() as tx:
            labels.move_label(
                tx,
                actor,
                name=name,
                label=label,
                version=version or 0,
                expected_version=_expected(request.form),
                prompt_id=_prompt_id(request),
                reason=request.form.get("reason"),
                is_emergency=bool(request.form.get("emergency")),
            )
    except LabelMoved:
        return show_move_review(request, actor, label, version, again(request, is_moved=True))
    except InvalidReference:
        return show_move_review(request, actor, label, version, again(request))
    except LabelProtected as error:
        return show_move_review(request, actor, label, version, again(request, error))
    except InvalidValue as error:
        if error.field != "reason":
            raise
        return show_move_review(request, actor, label, version, again(request, error))
    return request.redirect(request.links.part(name, "labels"), notice=f"{label} now points at version {version}.")


def review_removal(request: PageRequest) -> Response:
    """Show what it means to remove a label."""
    actor = request.enter(Permission.WRITE)
    return show_removal_review(request, actor, request.query.get("label", ""))


def remove_label(request: PageRequest) -> Response:
    """Remove a label, or show the review again if the label is not where the review showed it."""
    actor = request.enter(Permission.WRITE)
    name, label, expected = request.path["name"], request.form.get("label"), _expected(request.form)
    try:
        with request.database.write() as tx:
            labels.remove_label(
                tx,
                actor,
                name=name,
                label=label,
                expected_version=0 if expected is None else expected,
                prompt_id=_prompt_id(request),
                reason=request.form.get("reason"),
                is_emergency=bool(request.form.get("emergency")),
            )
    except LabelMoved:
        return show_removal_review(request, actor, label, again(request, is_moved=True))
    except ReferencedLabel:
        return show_removal_review(request, actor, label, again(request))
    except (LabelProtected, InvalidValue) as error:
        return show_removal_review(request, actor, label, again(request, error))
    return request.redirect(request.links.part(name, "labels"), notice=f"{label} is removed.")


def review_undo(request: PageRequest) -> Response:
    """Show what it changes to take the last move of a label back."""
    actor = request.enter(Permission.WRITE)
    return show_undo_review(request, actor, request.query.get("label", ""))


def undo_move(request: PageRequest) -> Response:
    """Take the last move of a label back, or show the review again if something is not as the review showed it."""
    actor = request.enter(Permission.WRITE)
    name, label = request.path["name"], request.form.get("label")
    try:
        number = _undo(request, actor, name, label)
    except LabelMoved:
        return show_undo_review(request, actor, label, again(request, is_moved=True))
    except (InvalidReference, ReferencedLabel):
        return show_undo_review(request, actor, label, again(request))
    except LabelProtected as error:
        return show_undo_review(request, actor, label, again(request, error))
    except InvalidValue as error:
        if error.field != "reason":
            raise
        return show_undo_review(request, actor, label, again(request, error))
    where = f"points at version {number} again" if number else "is not set any more, as before"
    return request.redirect(request.links.part(name, "labels"), notice=f"Undone: {label} {where}.")


def _undo(request: PageRequest, actor: Actor, name: str, label: str) -> int | None:
    """Undo, and return where the label is then. Raises `LabelMoved` if it would go elsewhere than the review showed."""
    expected = _expected(request.form)
    with request.database.write() as tx:
        placed = labels.undo_move(
            tx,
            actor,
            name=name,
            label=label,
            expected_version=expected,
            reason=request.form.get("reason"),
            prompt_id=_prompt_id(request),
            is_emergency=bool(request.form.get("emergency")),
        )
        number = None if placed is None else placed.label.version
        if expected is not labels.ANYWHERE and number != positive_int(request.form.get("version")):
            # It was moved away and back in the meantime: the last move is another one.
            raise LabelMoved(expected)
    return number


def _expected(form: Form) -> labels.ExpectedVersion:
    """Return where a review showed the label, `None` if it was not set."""
    return positive_int(form.get("expected_version")) if "expected_version" in form.values else labels.ANYWHERE


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
        timelines = labels.list_timelines(tx, actor, prompt_id=history.selected.prompt_id)
    present = [label.name for label in history.labels]
    return request.page(
        "prompts/labels.html",
        status=200 if problem is None else 400,
        version=history.selected,
        labels=production_first(history.labels),
        movers=movers,
        timelines={timeline.label: timeline for timeline in timelines},
        gone=[timeline for timeline in timelines if timeline.label not in present],
        suggested=[*present, *(name for name in SUGGESTED if name not in present)],
        problem=problem,
        sent_label="" if problem is None else request.query.get("label", ""),
        sent_version=history.selected.version if problem is None else request.query.get("version", ""),
    )
