"""Writing prompts: a new one, the next version of one, and the merge if another user published first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.contracts import encode_contract
from promptuary.model.errors import (
    InvalidValue,
    LabelMoved,
    NameTaken,
    PromptGone,
    PromptNotFound,
    TooManyLabels,
    VersionConflict,
)
from promptuary.model.hidden_characters import added_hidden
from promptuary.model.label_history import LabelMove
from promptuary.model.prompts import LabelPointer, Version
from promptuary.model.release_errors import LabelProtected
from promptuary.model.variable_hints import hints_of
from promptuary.registry import prompts, protection
from promptuary.registry.reference_previews import preview_publish
from promptuary.web.form_errors import FormProblem, Refusal, problem_of
from promptuary.web.forms import Form
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.prompts.comparing import compare_proposal
from promptuary.web.prompts.edit_form import Proposal, proposal_of, read_proposal
from promptuary.web.prompts.label_reviews import list_moves_since
from promptuary.web.prompts.labels import SUGGESTED
from promptuary.web.prompts.merging import reconcile

CHOOSE_FORMAT = "format"
"""Action of the button that shows a prompt in the chosen format."""

RefusedWriting = (InvalidValue, NameTaken, TooManyLabels, LabelProtected)


@dataclass(frozen=True, slots=True)
class LabelChoice:
    """A label that a form can point at a new version, unless a rule closes it to the user.

    ``version`` is where it is, `None` if it is not set.
    """

    name: str
    version: int | None
    is_ticked: bool
    is_closed: bool


@dataclass(frozen=True, slots=True)
class MovedChoice:
    """A ticked label that is not where the review showed it, and its moves since, newest first."""

    name: str
    former: int | None
    version: int | None
    happened: Sequence[LabelMove]


def show_new_prompt(request: PageRequest) -> Response:
    """Show the form for a new prompt."""
    actor = request.enter(Permission.WRITE)
    return _shown_new(request, actor, request.query.get("name", ""), Proposal(text=""))


def create_prompt(request: PageRequest) -> Response:
    """Create a prompt, or show the form again with its problem, or after a button of its chat."""
    actor = request.enter(Permission.WRITE)
    name, proposal, labelled = request.form.get("name").strip(), read_proposal(request.form), request.form.all("labelled")
    if request.form.get("act"):
        return _shown_new(request, actor, name, proposal, _problem_of_act(request, proposal))
    try:
        with request.database.write() as tx:
            created = prompts.create_prompt(
                tx,
                actor,
                name=name,
                prompt=proposal.prompt,
                config=proposal.config_value,
                description=proposal.note,
                variables=proposal.contract_value,
                labelled=labelled,
            )
    except RefusedWriting as problem:
        return _shown_new(request, actor, name, proposal, problem)
    notice = f"{created.name} was created, at version 1." + _pointing(labelled)
    return request.redirect(request.links.prompt(created.name), notice=notice)


def show_editing(request: PageRequest) -> Response:
    """Show the form for the next version, begun from the latest or from an older one."""
    actor = request.enter(Permission.WRITE)
    version = _read(request, actor, positive_int(request.query.get("version")))
    return _editing(request, version, proposal_of(version))


def edit_again(request: PageRequest) -> Response:
    """Show the form again with what was written before."""
    actor = request.enter(Permission.WRITE)
    base = _base(request, actor)
    proposal = _sent(request, actor, base)
    return _editing(request, base, proposal, _problem_of_act(request, proposal))


def begin_again(request: PageRequest) -> Response:
    """Lead from the address of a form that was sent, as one has after signing in again, to the form; drafts are offered there."""
    request.enter(Permission.WRITE)
    return request.redirect(request.links.part(request.path["name"], "edit"))


def review_publishing(request: PageRequest) -> Response:
    """Show what publishing would change."""
    actor = request.enter(Permission.WRITE)
    base = _base(request, actor)
    return _review(request, actor, base, _sent(request, actor, base))


def publish_version(request: PageRequest) -> Response:
    """Publish; if another user published first, show both changes for a merge; if a ticked label was moved, the review again."""
    actor = request.enter(Permission.WRITE)
    base = _base(request, actor)
    proposal, labelled = _sent(request, actor, base), request.form.all("labelled")
    try:
        with request.database.write() as tx:
            published = prompts.publish_version(
                tx,
                actor,
                name=base.name,
                base_version=proposal.base_version,
                prompt=proposal.prompt,
                config=proposal.config_value,
                description=proposal.note,
                variables=proposal.contract_value,
                prompt_id=base.prompt_id if request.form.get("prompt_id") else None,
                labelled=labelled,
                expected=_positions_seen(request.form),
            )
    except VersionConflict:
        return _reconcile(request, actor, base, proposal)
    except LabelMoved:
        return _review(request, actor, _base(request, actor), proposal, is_moved=True)
    except (InvalidValue, TooManyLabels, LabelProtected) as problem:
        return _editing(request, base, proposal, problem)
    notice = f"Version {published.version} is published." + _pointing(labelled)
    return request.redirect(request.links.prompt(base.name), notice=notice)


def merge_versions(request: PageRequest) -> Response:
    """Take the choices where both changed the same, and show the result for review."""
    actor = request.enter(Permission.WRITE)
    base = _base(request, actor)
    return _reconcile(request, actor, base, _sent(request, actor, base))


def review_restoring(request: PageRequest) -> Response:
    """Show what it changes to publish an old version again."""
    actor = request.enter(Permission.WRITE)
    old = _read(request, actor, positive_int(request.query.get("version")))
    latest = _read(request, actor, None)
    proposal = proposal_of(old, note=f"Restore version {old.version}")
    return _review(request, actor, latest, proposal)


def _pointing(labelled: Sequence[str]) -> str:
    """Return the end of a notice: the labels that point at the new version at once."""
    names = list(dict.fromkeys(labelled))
    return f" {', '.join(names)} {'points' if len(names) == 1 else 'point'} at it." if names else ""


def _label_choices(request: PageRequest, actor: Actor, present: Sequence[LabelPointer]) -> list[LabelChoice]:
    """Return the labels that can be pointed at a new version at once: those of the prompt, and suggestions."""
    ticked = request.form.all("labelled")
    shown = {pointer.name: pointer.version for pointer in present}
    names = [*shown, *(name for name in (*SUGGESTED, *ticked) if name not in shown)]
    ordered = sorted(dict.fromkeys(names), key=lambda name: (name != SUGGESTED[0], name))
    with request.database.read() as tx:
        closed = protection.list_closed(tx, actor, ordered)
    return [LabelChoice(name, shown.get(name), name in ticked and name not in closed, name in closed) for name in ordered]


def _positions_seen(form: Form) -> Mapping[str, int | None]:
    """Return the versions at which the review showed the labels, `None` for those that were not set."""
    parts = (seen.partition(" ") for seen in form.all("seen"))
    return {name: positive_int(version) for version, _, name in parts}


def _moved_choices(request: PageRequest, actor: Actor, choices: Sequence[LabelChoice]) -> list[MovedChoice]:
    """Return the ticked labels that were moved since the review whose form was sent."""
    seen = _positions_seen(request.form)
    moved = [choice for choice in choices if choice.is_ticked and seen.get(choice.name, choice.version) != choice.version]
    with request.database.read() as tx:
        return [
            MovedChoice(
                choice.name,
                seen[choice.name],
                choice.version,
                list_moves_since(tx, actor, name=request.path["name"], label=choice.name, expected=seen[choice.name]),
            )
            for choice in moved
        ]


def _review(request: PageRequest, actor: Actor, base: Version, proposal: Proposal, *, is_moved: bool = False) -> Response:
    try:
        proposal.check()
    except InvalidValue as problem:
        return _editing(request, base, proposal, problem)
    with request.database.read() as tx:
        preview = preview_publish(
            tx, actor, name=base.name, prompt=proposal.prompt, variables_json=encode_contract(proposal.contract_value)
        )
    if preview.problem is not None:
        return _editing(request, base, proposal, preview.problem)
    comparison = compare_proposal(base, proposal)
    hidden = added_hidden([base.text, base.written_config], [proposal.text, proposal.config])
    hints = hints_of(proposal.template)
    choices = _label_choices(request, actor, base.prompt_labels)
    return request.page(
        "prompts/review.html",
        status=409 if is_moved else 200,
        version=base,
        proposal=proposal,
        comparison=comparison,
        hidden=hidden,
        hints=hints,
        preview=preview,
        choices=choices,
        is_moved=is_moved,
        moved=_moved_choices(request, actor, choices) if is_moved else [],
    )


def _reconcile(request: PageRequest, actor: Actor, base: Version, proposal: Proposal) -> Response:
    latest = _read(request, actor, None)
    try:
        reconciled = reconcile(base, latest, proposal, choices=request.form)
    except InvalidValue as problem:
        return _editing(request, base, proposal, problem)
    if reconciled.proposal is not None:
        return _review(request, actor, latest, reconciled.proposal)
    return request.page(
        "prompts/conflict.html",
        status=409,
        version=latest,
        base=base,
        proposal=proposal,
        reconciled=reconciled,
        labelled=request.form.all("labelled"),
    )


def _problem_of_act(request: PageRequest, proposal: Proposal) -> InvalidValue | None:
    """Return the reason why a format cannot be chosen. Other buttons of a form work, whatever is still wrong in it."""
    return proposal.problem if request.form.get("act") == CHOOSE_FORMAT else None


def _shown_new(request: PageRequest, actor: Actor, name: str, proposal: Proposal, error: Refusal | None = None) -> Response:
    status, problem = _outcome(error)
    choices = _label_choices(request, actor, ())
    return request.page("prompts/new.html", status=status, name=name, proposal=proposal, problem=problem, choices=choices)


def _editing(request: PageRequest, version: Version, proposal: Proposal, error: Refusal | None = None) -> Response:
    status, problem = _outcome(error)
    declared = None if version.contract is None else list(version.contract)
    return request.page(
        "prompts/edit.html",
        status=status,
        version=version,
        proposal=proposal,
        problem=problem,
        declared=declared,
        labelled=request.form.all("labelled"),
    )


def _outcome(error: Refusal | None) -> tuple[int, FormProblem | None]:
    if error is None:
        return 200, None
    return 403 if isinstance(error, LabelProtected) else 400, problem_of(error)


def _sent(request: PageRequest, actor: Actor, base: Version) -> Proposal:
    """Return what a form sends that was begun from ``base``, or from an older version, which it names."""
    number = positive_int(request.form.get("source"))
    try:
        source = base if number in {None, base.version} else _read(request, actor, number)
    except PromptNotFound:
        if request.form.get("prompt_of_source") or request.form.get("config_of_source"):
            raise
        source = base
    return read_proposal(request.form, source=source)


def _base(request: PageRequest, actor: Actor) -> Version:
    base = _read(request, actor, positive_int(request.form.get("base_version")))
    # The form may have been made from a prompt that was archived since, and another one may have its name by now.
    if request.form.get("prompt_id", base.prompt_id) != base.prompt_id:
        raise PromptGone(base.name)
    return base


def _read(request: PageRequest, actor: Actor, number: int | None) -> Version:
    with request.database.read() as tx:
        return prompts.fetch_prompt(tx, actor, request.path["name"], version=number)
