"""The bare address, which leads to where one works."""

from starlette.responses import Response

from promptuary.web.page_request import Visit
from promptuary.web.projects.last_project import read_last_project
from promptuary.web.routing import page


def show_front(visit: Visit) -> Response:
    """Lead on to the prompts of the project in which the browser was last, else of the current project, or of the first one."""
    mine = [membership.project.id for membership in visit.memberships]
    wanted = (read_last_project(visit.request.scope), visit.account.current_project_id)
    if not mine:
        return visit.page("nowhere.html")
    return visit.redirect(f"{visit.root}/projects/{next((each for each in wanted if each in mine), mine[0])}/prompts/")


ROUTES = [page("/", get=show_front)]
