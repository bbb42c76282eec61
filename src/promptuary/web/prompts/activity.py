"""Who did what, and when: of a project and of one prompt."""

from starlette.responses import Response

from promptuary.model.access import Permission
from promptuary.registry import activity, prompts
from promptuary.web.numbers import number_of
from promptuary.web.page_request import Visit

PER_PAGE = 50


def show_project_activity(visit: Visit) -> Response:
    """Show what was done in the project, newest first."""
    actor = visit.enter(Permission.READ)
    with visit.database.read() as tx:
        page = activity.list_activity(tx, actor, before=number_of(visit.query.get("before")), limit=PER_PAGE)
    return visit.page("activity.html", page=page)


def show_prompt_activity(visit: Visit) -> Response:
    """Show what was done with a prompt, newest first."""
    actor = visit.enter(Permission.READ)
    before = number_of(visit.query.get("before"))
    with visit.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, visit.path["name"])
        page = activity.list_activity(tx, actor, name=version.name, before=before, limit=PER_PAGE)
    return visit.page("prompts/activity.html", version=version, page=page)
