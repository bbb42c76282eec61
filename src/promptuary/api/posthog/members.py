"""The resource of a project's members."""

from typing import Annotated, NotRequired

from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from promptuary.api.documentation import TOKEN_PARAMETER
from promptuary.api.posthog.account_inputs import PatchedProjectMember, ProjectMemberCreate, ProjectMemberInvite
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.outputs import ErrorEnvelope, show_timestamp
from promptuary.api.posthog.paging import number_in_path, page_body, page_parameters, window_of
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.api.posthog.scalars import Timestamp
from promptuary.model.access import Permission, Role
from promptuary.model.accounts import Invitation, Member
from promptuary.registry import administration

_ALL = "/members/"
_ONE = "/members/{user_id}/"
_LAST_ADMIN = {409: ErrorEnvelope}

resource = Resource("Members")


class ProjectMember(TypedDict):
    """A user's role in a project. `invitation_link`, to choose a password, is only in the answer that makes it."""

    user_id: Annotated[int, Field(ge=1)]
    email: str
    name: str
    role: str
    has_password: bool
    is_invited: bool
    created_at: Timestamp
    invitation_link: NotRequired[str]


class PaginatedProjectMemberList(TypedDict):
    """A page of a project's members."""

    count: Annotated[int, Field(ge=0)]
    next: str | None
    previous: str | None
    results: list[ProjectMember]


@resource.get(
    _ALL,
    Operation(
        id="project_members_list",
        summary="List members",
        extra_parameters=[*page_parameters("Members"), TOKEN_PARAMETER],
        answers={200: PaginatedProjectMemberList},
    ),
)
def list_members(call: Call) -> Response:
    """List the members of a project, to all of them. Needs the scope `member:write`."""
    with call.entering(Permission.LIST_MEMBERS) as (tx, actor):
        window = window_of(call)
        found = administration.list_members(tx, actor)
    shown = [_show(member) for member in found[window.offset : window.offset + window.limit]]
    return call.answer(page_body(call, window, count=len(found), results=shown))


@resource.post(
    _ALL,
    Operation(
        id="project_members_create",
        summary="Set a member",
        body=ProjectMemberCreate,
        answers={200: ProjectMember},
        conflicts=True,
        refusals=_LAST_ADMIN,
    ),
)
def set_member(call: Call) -> Response:
    """Give the user with an address a role, as a new member or in place of the role before. For admins."""
    actor = call.enter(Permission.MANAGE_MEMBERS)
    body = call.body(ProjectMemberCreate)
    with call.database.write() as tx:
        member = administration.set_member(tx, actor, email=body.email, role=Role(body.role), is_address_confirmed=body.confirmed)
    return call.answer(_show(member))


@resource.post(
    f"{_ALL}invite/",
    Operation(
        id="project_members_invite_create", summary="Invite a member", body=ProjectMemberInvite, answers={201: ProjectMember}
    ),
)
def invite_member(call: Call) -> Response:
    """Create an account for a new member, and return a one-time link with which they choose a password. For admins."""
    actor = call.enter(Permission.MANAGE_MEMBERS)
    body = call.body(ProjectMemberInvite)
    with call.database.write() as tx:
        invitation = administration.invite_member(tx, actor, email=body.email, role=Role(body.role))
    return call.answer_secret(_show_invitation(call, invitation), 201)


@resource.post(
    f"{_ONE}renew_invitation/",
    Operation(id="project_members_renew_invitation_create", summary="Renew an invitation", answers={200: ProjectMember}),
)
def renew_invitation(call: Call) -> Response:
    """Return a new one-time link for a member whom this project has invited, and who has no password yet. For admins."""
    actor = call.enter(Permission.MANAGE_MEMBERS)
    with call.database.write() as tx:
        member = administration.get_member(tx, actor, user_id=number_in_path(call, "user_id"))
        invitation = administration.renew_invitation(tx, actor, email=member.email)
    return call.answer_secret(_show_invitation(call, invitation))


@resource.get(
    _ONE,
    Operation(
        id="project_members_retrieve", summary="Get a member", extra_parameters=[TOKEN_PARAMETER], answers={200: ProjectMember}
    ),
)
def show_member(call: Call) -> Response:
    """Return a member of a project."""
    with call.entering(Permission.LIST_MEMBERS) as (tx, actor):
        member = administration.get_member(tx, actor, user_id=number_in_path(call, "user_id"))
    return call.answer(_show(member))


@resource.patch(
    _ONE,
    Operation(
        id="project_members_partial_update",
        summary="Change a role",
        body=PatchedProjectMember,
        answers={200: ProjectMember},
        conflicts=True,
        refusals=_LAST_ADMIN,
    ),
)
def change_role(call: Call) -> Response:
    """Give a member another role. For admins, of whom the last one stays."""
    actor = call.enter(Permission.MANAGE_MEMBERS)
    body = call.body(PatchedProjectMember)
    with call.database.write() as tx:
        member = administration.change_role(
            tx, actor, user_id=number_in_path(call, "user_id"), role=Role(body.role), is_address_confirmed=body.confirmed
        )
    return call.answer(_show(member))


@resource.delete(
    _ONE,
    Operation(id="project_members_destroy", summary="Remove a member", answers={204: None}, conflicts=True, refusals=_LAST_ADMIN),
)
def remove_member(call: Call) -> Response:
    """Remove a user from a project. For admins, of whom the last one stays."""
    actor = call.enter(Permission.MANAGE_MEMBERS)
    with call.database.write() as tx:
        administration.remove_member(tx, actor, user_id=number_in_path(call, "user_id"))
    return call.answer_nothing()


def _show(member: Member) -> ProjectMember:
    return {
        "user_id": member.user_id,
        "email": member.email,
        "name": member.name,
        "role": member.role.value,
        "has_password": member.has_password,
        "is_invited": member.is_invited,
        "created_at": show_timestamp(member.created_at),
    }


def _show_invitation(call: Call, invitation: Invitation) -> ProjectMember:
    return {**_show(invitation.member), "invitation_link": f"{call.address}/welcome/{invitation.link}"}
