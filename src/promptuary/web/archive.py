"""Prompts out of service: archiving one, the list of those that are, and bringing one back. Also copies."""

from starlette.responses import Response

from promptuary.model.access import Permission
from promptuary.model.errors import InvalidValue, NameTaken
from promptuary.registry import prompts, usage
from promptuary.store.listing import Listing
from promptuary.web.numbers import number_of
from promptuary.web.visits import Visit

PER_PAGE = 50


def review_archiving(visit: Visit) -> Response:
    """Show what will stop working."""
    actor = visit.enter(Permission.WRITE)
    with visit.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, visit.path["name"])
        fetches = usage.count_recent_fetches(tx, actor, [version.prompt_id])
    return visit.page("prompts/archive.html", version=version, fetches=fetches.get(version.prompt_id, 0))


def archive_prompt(visit: Visit) -> Response:
    """Take a prompt out of service."""
    actor = visit.enter(Permission.WRITE)
    name = visit.path["name"]
    with visit.database.write() as tx:
        prompts.archive_prompt(tx, actor, name=name)
    return visit.redirect(visit.links.archive(), notice=f"{name} is archived. It can be restored while its name is free.")


def show_archive(visit: Visit) -> Response:
    """Show a page of the archived prompts."""
    actor = visit.enter(Permission.READ)
    page_number = number_of(visit.query.get("page")) or 1
    with visit.database.read() as tx:
        page = prompts.list_prompts(tx, actor, _archived(page_number))
    pages = max(1, -(-page.count // PER_PAGE))
    return visit.page("archive.html", archived=page.items, count=page.count, page_number=page_number, pages=pages)


def restore_prompt(visit: Visit) -> Response:
    """Bring an archived prompt back."""
    actor = visit.enter(Permission.WRITE)
    name = visit.path["name"]
    with visit.database.write() as tx:
        restored = prompts.restore_prompt(tx, actor, name=name, version_id=visit.form.get("id") or None)
    labels = ", ".join(f"{label.name} at version {label.version}" for label in restored.former_labels)
    notice = f"{name} is back, without labels." + (f" It had {labels}." if labels else "")
    return visit.redirect(visit.links.prompt(name), notice=notice)


def show_duplication(visit: Visit) -> Response:
    """Show the form for a copy."""
    actor = visit.enter(Permission.WRITE)
    with visit.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, visit.path["name"])
    return visit.page("prompts/duplicate.html", version=version, new_name=f"{version.name}-copy", problem=None)


def duplicate_prompt(visit: Visit) -> Response:
    """Make a copy, or tell why its name will not do."""
    actor = visit.enter(Permission.WRITE)
    name, new_name = visit.path["name"], visit.form.get("new_name").strip()
    try:
        with visit.database.write() as tx:
            prompts.duplicate_prompt(tx, actor, name=name, new_name=new_name)
    except (InvalidValue, NameTaken) as problem:
        with visit.database.read() as tx:
            version = prompts.fetch_prompt(tx, actor, name)
        return visit.page("prompts/duplicate.html", status=400, version=version, new_name=new_name, problem=problem)
    return visit.redirect(visit.links.prompt(new_name), notice=f"This is a copy of {name}.")


def _archived(page_number: int) -> Listing:
    return Listing(
        limit=PER_PAGE,
        offset=(page_number - 1) * PER_PAGE,
        order_by="archived_at",
        with_content=False,
        is_archived=True,
    )
