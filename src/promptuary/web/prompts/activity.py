"""Activity of a project and of one prompt."""

from starlette.responses import Response

from promptuary.model.access import Permission
from promptuary.registry import activity, prompts
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest

PER_PAGE = 50


def show_project_activity(request: PageRequest) -> Response:
    """Show what was done in the project, newest first."""
    actor = request.enter(Permission.READ)
    with request.database.read() as tx:
        page = activity.list_activity(tx, actor, before=positive_int(request.query.get("before")), limit=PER_PAGE)
    return request.page("activity.html", page=page)


def show_prompt_activity(request: PageRequest) -> Response:
    """Show what was done with a prompt, newest first."""
    actor = request.enter(Permission.READ)
    before = positive_int(request.query.get("before"))
    with request.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, request.path["name"])
        page = activity.list_activity(tx, actor, name=version.name, before=before, limit=PER_PAGE)
    return request.page("prompts/activity.html", version=version, page=page)
