"""Bodies of requests that manage keys, members and projects."""

from typing import Annotated

from pydantic import Field

from promptuary.api.posthog import fields
from promptuary.api.posthog.inputs import Body, documented_without_default
from promptuary.model.access import Role, Scope
from promptuary.model.accounts import MAX_EMAIL, MAX_KEY_LABEL, MAX_NAME
from promptuary.model.text import check_text

MAX_PROJECTS = 1000
_MAX_ID = 2**31 - 1

_SCOPES = [*Scope]
_ROLES = [*Role]


def _check_label(value: str) -> None:
    check_text(value, field="label", max_length=MAX_KEY_LABEL)


def _check_name(value: str) -> None:
    check_text(value, field="name", max_length=MAX_NAME)


def _check_email(value: str) -> None:
    check_text(value, field="email", max_length=MAX_EMAIL)


_Scopes = Annotated[list[str], fields.choices(_SCOPES)]
_ProjectId = Annotated[int, fields.integer(minimum=1, maximum=_MAX_ID)]
_Email = Annotated[str, fields.text(_check_email)]
_Role = Annotated[str, fields.choice(_ROLES), Field(description="The role.", json_schema_extra={"enum": _ROLES})]


class PersonalAPIKeyCreate(Body):
    """A new key of the caller. It can have no permission that the key of the request lacks."""

    label: Annotated[str, fields.text(_check_label)] = Field(
        description="A name, such as the program that uses the key.", json_schema_extra={"minLength": 1, "maxLength": MAX_KEY_LABEL}
    )
    scopes: _Scopes = Field(description="The scopes, at least one.", json_schema_extra={"items": {"enum": _SCOPES}, "minItems": 1})
    scoped_teams: Annotated[list[_ProjectId] | None, fields.item_list(maximum=MAX_PROJECTS, nullable=True)] = Field(
        default=None,
        description="IDs of the projects that the key is limited to; empty or null for all that the key of the request may enter.",
        json_schema_extra=documented_without_default(type=["array", "null"], items={"type": "integer", "minimum": 1}),
    )


class ProjectCreate(Body):
    """A new project."""

    name: Annotated[str, fields.text(_check_name)] = Field(
        description="The name.", json_schema_extra={"minLength": 1, "maxLength": MAX_NAME}
    )


class PatchedProject(Body):
    """A project's new name."""

    name: Annotated[str | None, fields.text(_check_name)] = Field(
        default=None,
        description="The name.",
        json_schema_extra=documented_without_default(type="string", minLength=1, maxLength=MAX_NAME),
    )


_Confirmed = Annotated[
    bool,
    fields.flag(),
    Field(description="The account belongs to the person who is meant, although its address is not verified for this project."),
]


class ProjectMemberCreate(Body):
    """A user who gets a role in the project, in place of the one before."""

    email: _Email = Field(description="The address of an account.", json_schema_extra={"maxLength": MAX_EMAIL})
    role: _Role
    confirmed: _Confirmed = False


class ProjectMemberInvite(Body):
    """A new member who has no account yet."""

    email: _Email = Field(description="The address.", json_schema_extra={"maxLength": MAX_EMAIL})
    role: _Role


class PatchedProjectMember(Body):
    """Another role of a member."""

    role: _Role
    confirmed: _Confirmed = False
