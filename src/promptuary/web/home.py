"""The bare address, which leads to where one works."""

from starlette.responses import Response

from promptuary.web.page_request import PageRequest
from promptuary.web.projects.last_project import read_last_project
from promptuary.web.routing import page


def show_home(request: PageRequest) -> Response:
    """Lead on to the prompts of the project in which the browser was last, else of the current project, or of the first one."""
    mine = [membership.project.id for membership in request.memberships]
    wanted = (read_last_project(request.request.scope), request.account.current_project_id)
    if not mine:
        return request.page("no-projects.html")
    return request.redirect(f"{request.root}/projects/{next((each for each in wanted if each in mine), mine[0])}/prompts/")


ROUTES = [page("/", get=show_home)]
