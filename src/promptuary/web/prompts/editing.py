"""Writing prompts: a new one, the next version of one, and what happens when somebody else was quicker."""

from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import InvalidValue, NameTaken, PromptNotFound, VersionConflict
from promptuary.model.hidden import added_hidden
from promptuary.model.json_text import dump_indented
from promptuary.model.prompts import Version
from promptuary.registry import prompts
from promptuary.web.form_errors import problem_of
from promptuary.web.numbers import number_of
from promptuary.web.page_request import Visit
from promptuary.web.prompts.comparing import compare_proposal
from promptuary.web.prompts.edit_form import Proposal, proposal_of, read_proposal
from promptuary.web.prompts.merging import reconcile

RefusedWriting = (InvalidValue, NameTaken)


def show_new_prompt(visit: Visit) -> Response:
    """Show the form for a new prompt."""
    visit.enter(Permission.WRITE)
    return visit.page("prompts/new.html", name=visit.query.get("name", ""), proposal=Proposal(text=""), problem=None)


def create_prompt(visit: Visit) -> Response:
    """Create a prompt, or show the form again with what is wrong."""
    actor = visit.enter(Permission.WRITE)
    name, proposal = visit.form.get("name").strip(), read_proposal(visit.form)
    try:
        with visit.database.write() as tx:
            created = prompts.create_prompt(
                tx, actor, name=name, prompt=proposal.prompt, config=proposal.config_value, description=proposal.note
            )
    except RefusedWriting as problem:
        return visit.page("prompts/new.html", status=400, name=name, proposal=proposal, problem=problem_of(problem))
    return visit.redirect(visit.links.prompt(created.name), notice=f"{created.name} is there, at version 1.")


def show_editing(visit: Visit) -> Response:
    """Show the form for the next version, begun from the latest or from an older one."""
    actor = visit.enter(Permission.WRITE)
    version = _read(visit, actor, number_of(visit.query.get("version")))
    return _editing(visit, version, proposal_of(version))


def edit_again(visit: Visit) -> Response:
    """Show the form again with what was written before."""
    actor = visit.enter(Permission.WRITE)
    base = _base(visit, actor)
    return _editing(visit, base, _sent(visit, actor, base))


def begin_again(visit: Visit) -> Response:
    """Lead from the address of a form that was sent, as one has after signing in again, to the form; drafts are offered there."""
    visit.enter(Permission.WRITE)
    return visit.redirect(visit.links.part(visit.path["name"], "edit"))


def review_publishing(visit: Visit) -> Response:
    """Show what publishing would change."""
    actor = visit.enter(Permission.WRITE)
    base = _base(visit, actor)
    return _review(visit, base, _sent(visit, actor, base))


def publish_version(visit: Visit) -> Response:
    """Publish; when somebody was quicker, lose nothing and bring both together."""
    actor = visit.enter(Permission.WRITE)
    base = _base(visit, actor)
    proposal = _sent(visit, actor, base)
    try:
        with visit.database.write() as tx:
            published = prompts.publish_version(
                tx,
                actor,
                name=base.name,
                base_version=proposal.base_version,
                prompt=proposal.prompt,
                config=proposal.config_value,
                description=proposal.note,
                prompt_id=base.prompt_id if visit.form.get("prompt_id") else None,
            )
    except VersionConflict:
        return _reconcile(visit, actor, base, proposal)
    except InvalidValue as problem:
        return _editing(visit, base, proposal, problem)
    return visit.redirect(visit.links.prompt(base.name), notice=f"Version {published.version} is published.")


def merge_versions(visit: Visit) -> Response:
    """Take the choices where both changed the same, and show the result for review."""
    actor = visit.enter(Permission.WRITE)
    base = _base(visit, actor)
    return _reconcile(visit, actor, base, _sent(visit, actor, base))


def review_restoring(visit: Visit) -> Response:
    """Show what it changes to publish an old version again."""
    actor = visit.enter(Permission.WRITE)
    old = _read(visit, actor, number_of(visit.query.get("version")))
    latest = _read(visit, actor, None)
    proposal = proposal_of(old, note=f"Restore version {old.version}")
    return _review(visit, latest, proposal)


def _review(visit: Visit, base: Version, proposal: Proposal) -> Response:
    try:
        proposal.check()
    except InvalidValue as problem:
        return _editing(visit, base, proposal, problem)
    comparison = compare_proposal(base, proposal)
    hidden = added_hidden([base.text, "" if base.config is None else dump_indented(base.config)], [proposal.text, proposal.config])
    return visit.page("prompts/review.html", version=base, proposal=proposal, comparison=comparison, hidden=hidden)


def _reconcile(visit: Visit, actor: Actor, base: Version, proposal: Proposal) -> Response:
    latest = _read(visit, actor, None)
    try:
        reconciled = reconcile(base, latest, proposal, choices=visit.form)
    except InvalidValue as problem:
        return _editing(visit, base, proposal, problem)
    if reconciled.proposal is not None:
        return _review(visit, latest, reconciled.proposal)
    return visit.page("prompts/conflict.html", status=409, version=latest, base=base, proposal=proposal, reconciled=reconciled)


def _editing(visit: Visit, version: Version, proposal: Proposal, refusal: InvalidValue | None = None) -> Response:
    status, problem = (200, None) if refusal is None else (400, problem_of(refusal))
    return visit.page("prompts/edit.html", status=status, version=version, proposal=proposal, problem=problem)


def _sent(visit: Visit, actor: Actor, base: Version) -> Proposal:
    """Return what a form sends that was begun from ``base``, or from an older version, which it names."""
    number = number_of(visit.form.get("source"))
    try:
        source = base if number in {None, base.version} else _read(visit, actor, number)
    except PromptNotFound:
        if visit.form.get("prompt_of_source") or visit.form.get("config_of_source"):
            raise
        source = base
    return read_proposal(visit.form, source=source)


def _base(visit: Visit, actor: Actor) -> Version:
    base = _read(visit, actor, number_of(visit.form.get("base_version")))
    # The form may have been made from a prompt that was archived since, and another one may have its name by now.
    if visit.form.get("prompt_id", base.prompt_id) != base.prompt_id:
        raise PromptNotFound(base.name)
    return base


def _read(visit: Visit, actor: Actor, number: int | None) -> Version:
    with visit.database.read() as tx:
        return prompts.fetch_prompt(tx, actor, visit.path["name"], version=number)
