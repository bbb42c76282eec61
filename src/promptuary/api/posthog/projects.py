"""The resource of projects, in PostHog's form: those that the caller may enter, one of them, and their names and tokens."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from promptuary.api.documentation import TOKEN_PARAMETER
from promptuary.api.posthog.account_inputs import PatchedProject, ProjectCreate
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.outputs import show_timestamp
from promptuary.api.posthog.paging import page_body, page_parameters, window_of
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.api.posthog.scalars import Identifier, Timestamp
from promptuary.model.access import Permission, Role
from promptuary.model.accounts import Project as StoredProject
from promptuary.registry import administration

resource = Resource("Projects")
collection = Resource("Projects")


class Project(TypedDict):
    """A project. `uuid` tells it from the projects of all other servers, for good; `api_token` can be replaced.

    `role` is that of the key's owner.
    """

    id: Annotated[int, Field(ge=1)]
    uuid: Identifier
    name: str
    api_token: str
    created_at: Timestamp
    role: str


class PaginatedProjectList(TypedDict):
    """A page of projects."""

    count: Annotated[int, Field(ge=0)]
    next: str | None
    previous: str | None
    results: list[Project]


@collection.get(
    "/",
    Operation(
        id="projects_list",
        summary="List projects",
        extra_parameters=page_parameters("Projects"),
        answers={200: PaginatedProjectList},
    ),
)
def list_projects(call: Call) -> Response:
    """List the projects that the key may enter, by name. Needs no scope."""
    with call.identifying(Permission.SEE) as (tx, caller):
        window = window_of(call)
        found = administration.list_projects_within_reach(tx, caller)
    shown = [_show(each.project, each.role) for each in found[window.offset : window.offset + window.limit]]
    return call.answer(page_body(call, window, count=len(found), results=shown))


@collection.post("/", Operation(id="projects_create", summary="Create a project", body=ProjectCreate, answers={201: Project}))
def create_project(call: Call) -> Response:
    """Create a project, whose admin the key's owner becomes. For admins of any project, with a key that is not limited to some."""
    caller = call.identify(Permission.CREATE_PROJECTS)
    body = call.body(ProjectCreate)
    with call.database.write() as tx:
        made = administration.create_own_project(tx, caller, name=body.name, request_id=call.credentials.request_id)
    return call.answer(_show(made.project, made.role), 201)


@resource.get(
    "/",
    Operation(id="projects_retrieve", summary="Read a project", extra_parameters=[TOKEN_PARAMETER], answers={200: Project}),
)
def read_project(call: Call) -> Response:
    """Return the project that the path means: for `@current`, the current one of the key's owner. Needs no scope."""
    with call.entering(Permission.SEE) as (tx, actor):
        project = administration.read_project(tx, actor)
    return call.answer(_show(project, actor.role))


@resource.patch(
    "/",
    Operation(id="projects_partial_update", summary="Rename a project", body=PatchedProject, answers={200: Project}),
)
def rename_project(call: Call) -> Response:
    """Give a project another name. For admins."""
    actor = call.enter(Permission.MANAGE_PROJECT)
    body = call.body(PatchedProject)
    with call.database.write() as tx:
        project = (
            administration.read_project(tx, actor)
            if body.name is None
            else administration.rename_project(tx, actor, name=body.name)
        )
    return call.answer(_show(project, actor.role))


@resource.patch(
    "/reset_token/", Operation(id="projects_reset_token_partial_update", summary="Replace the token", answers={200: Project})
)
def rotate_token(call: Call) -> Response:
    """Replace the token of a project. Programs that send the token before are refused from now on. For admins."""
    actor = call.enter(Permission.MANAGE_PROJECT)
    with call.database.write() as tx:
        project = administration.rotate_token(tx, actor)
    return call.answer(_show(project, actor.role))


def _show(project: StoredProject, role: Role) -> Project:
    return {
        "id": project.id,
        "uuid": project.uuid,
        "name": project.name,
        "api_token": project.api_token,
        "created_at": show_timestamp(project.created_at),
        "role": role.value,
    }
