"""Prompts out of service: archiving one, the list of those that are, and bringing one back. Also copies."""

from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import InvalidValue, NameTaken, Refusal, VersionConflict
from promptuary.model.prompts import LabelPointer, Standing
from promptuary.registry import archived, prompts, usage
from promptuary.store.lists.pages import Listing
from promptuary.web.errors import SignInNeeded
from promptuary.web.forms import Form
from promptuary.web.numbers import number_of
from promptuary.web.page_request import Visit
from promptuary.web.prompts.edit_form import proposal_of
from promptuary.web.prompts.visible import PageRoom

PER_PAGE = 50

SHOWN_VERSIONS = 100
"""Newest versions of an archived prompt that its page links to."""

NAME_TAKEN = "A prompt with this name exists. Choose another name."


def review_archiving(visit: Visit) -> Response:
    """Show what will stop working."""
    return _review_archiving(visit, visit.enter(Permission.WRITE))


def archive_prompt(visit: Visit) -> Response:
    """Take a prompt out of service, or show the review again if something is not as the review showed it."""
    actor = visit.enter(Permission.WRITE)
    name = visit.path["name"]
    try:
        with visit.database.write() as tx:
            prompts.archive_prompt(tx, actor, name=name, expected=_standing(visit.form))
    except VersionConflict:
        return _review_archiving(visit, actor, is_changed=True)
    return visit.redirect(visit.links.archive(), notice=f"{name} is archived. It can be restored while its name is free.")


def show_archive(visit: Visit) -> Response:
    """Show a page of the archived prompts."""
    actor = visit.enter(Permission.READ)
    page_number = number_of(visit.query.get("page")) or 1
    with visit.database.read() as tx:
        page = prompts.list_prompts(tx, actor, _archived(page_number))
    pages = max(1, -(-page.count // PER_PAGE))
    return visit.page("archive.html", archived=page.items, count=page.count, page_number=page_number, pages=pages)


def show_archived(visit: Visit) -> Response:
    """Show a version of an archived prompt, and to editors the form that brings the prompt back."""
    return _archived_page(visit, visit.enter(Permission.READ), visit.path["version_id"])


def restore_prompt(visit: Visit) -> Response:
    """Bring an archived prompt back under its name or another one, or tell why the name will not do."""
    actor = visit.enter(Permission.WRITE)
    version_id, new_name = visit.form.get("id") or None, visit.form.get("new_name").strip() or None
    try:
        with visit.database.write() as tx:
            restored = prompts.restore_prompt(tx, actor, name=visit.path["name"], version_id=version_id, new_name=new_name)
    except (InvalidValue, NameTaken) as refusal:
        if version_id is None:
            raise
        return _archived_page(visit, actor, version_id, refusal)
    name = restored.version.name
    labels = ", ".join(f"{label.name} at version {label.version}" for label in restored.former_labels)
    notice = f"{name} is back, without labels." + (f" It had {labels}." if labels else "")
    return visit.redirect(visit.links.prompt(name), notice=notice)


def _archived_page(visit: Visit, actor: Actor, version_id: str, refusal: InvalidValue | NameTaken | None = None) -> Response:
    with visit.database.read() as tx:
        number = number_of(visit.query.get("version"))
        history = archived.read_archived(tx, actor, version_id=version_id, version=number, limit=SHOWN_VERSIONS)
    version, room = history.selected, PageRoom()
    shown = proposal_of(version)
    return visit.page(
        "prompts/archived.html",
        status=200 if refusal is None else 400,
        version=version,
        history=history,
        text=room.show(shown.text),
        config=room.show(shown.config),
        new_name=version.name if refusal is None else visit.form.get("new_name") or version.name,
        problem="" if refusal is None else NAME_TAKEN if isinstance(refusal, NameTaken) else str(refusal),
    )


def find_archived(visit: Visit) -> str | None:
    """Return the address of the archived prompt that has the name in the path; `None` where there is none that may be read."""
    if "name" not in visit.path:
        return None
    try:
        actor = visit.enter(Permission.READ)
        with visit.database.read() as tx:
            history = archived.read_archived(tx, actor, name=visit.path["name"], limit=1)
    except (Refusal, SignInNeeded):
        return None
    return visit.links.archived(history.selected.id)


def show_duplication(visit: Visit) -> Response:
    """Show the form for a copy."""
    return _duplication(visit, visit.enter(Permission.WRITE), f"{visit.path['name']}-copy")


def duplicate_prompt(visit: Visit) -> Response:
    """Make a copy, or show the form again with the reason why not: its name, or a version published in the meantime."""
    actor = visit.enter(Permission.WRITE)
    name, new_name = visit.path["name"], visit.form.get("new_name").strip()
    expected = number_of(visit.form.get("expected_version"))
    try:
        with visit.database.write() as tx:
            prompts.duplicate_prompt(tx, actor, name=name, new_name=new_name, expected_version=expected)
    except (InvalidValue, NameTaken) as problem:
        return _duplication(visit, actor, new_name, problem=problem)
    except VersionConflict:
        return _duplication(visit, actor, new_name, expected=expected)
    return visit.redirect(visit.links.prompt(new_name), notice=f"This is a copy of {name}.")


def _review_archiving(visit: Visit, actor: Actor, *, is_changed: bool = False) -> Response:
    with visit.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, visit.path["name"])
        fetches = usage.count_recent_fetches(tx, actor, [version.prompt_id]).get(version.prompt_id, 0)
    status = 409 if is_changed else 200
    return visit.page("prompts/archive.html", status=status, version=version, fetches=fetches, is_changed=is_changed)


def _standing(form: Form) -> Standing | None:
    """Return what the review showed, `None` if the form does not tell."""
    if "latest_version" not in form.values:
        return None
    shown = (label.partition(" ") for label in form.all("label"))
    pointers = tuple(LabelPointer(name, number_of(version) or 0) for version, _, name in shown)
    return Standing(form.get("prompt_id"), number_of(form.get("latest_version")) or 0, pointers)


def _duplication(
    visit: Visit, actor: Actor, new_name: str, *, problem: InvalidValue | NameTaken | None = None, expected: int | None = None
) -> Response:
    with visit.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, visit.path["name"])
    status = 400 if problem else 409 if expected else 200
    return visit.page(
        "prompts/duplicate.html", status=status, version=version, new_name=new_name, problem=problem, expected=expected
    )


def _archived(page_number: int) -> Listing:
    return Listing(
        limit=PER_PAGE,
        offset=(page_number - 1) * PER_PAGE,
        order_by="archived_at",
        with_content=False,
        is_archived=True,
    )
