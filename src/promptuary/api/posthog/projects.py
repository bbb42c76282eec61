"""The resource of projects: which project a key enters, in PostHog's form."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from promptuary.api.documentation import TOKEN_PARAMETER
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.outputs import show_timestamp
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.api.posthog.scalars import Identifier, Timestamp
from promptuary.model.access import Permission
from promptuary.model.accounts import Project as StoredProject
from promptuary.registry import administration

resource = Resource("Projects")


class Project(TypedDict):
    """A project. `uuid` tells it from the projects of all other servers, for good; `api_token` can be replaced."""

    id: Annotated[int, Field(ge=1)]
    uuid: Identifier
    name: str
    api_token: str
    created_at: Timestamp


@resource.get(
    "/",
    Operation(id="projects_retrieve", summary="Read a project", extra_parameters=[TOKEN_PARAMETER], answers={200: Project}),
)
def read_project(call: Call) -> Response:
    """Return the project that the path means: for `@current`, the current one of the key's owner."""
    with call.entering(Permission.READ) as (tx, actor):
        project = administration.read_project(tx, actor)
    return call.answer(_show(project))


def _show(project: StoredProject) -> Project:
    return {
        "id": project.id,
        "uuid": project.uuid,
        "name": project.name,
        "api_token": project.api_token,
        "created_at": show_timestamp(project.created_at),
    }
