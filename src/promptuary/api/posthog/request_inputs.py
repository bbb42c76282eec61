"""Schemas of what callers send to protect labels, and to propose, review and merge moves of them."""

from typing import Annotated

from pydantic import Field

from promptuary.api.posthog import fields
from promptuary.api.posthog.inputs import Body, LabelName, PromptName, Schema, VersionNumber, documented_without_default
from promptuary.api.posthog.move_inputs import Position
from promptuary.model.access import Role
from promptuary.model.change_requests import (
    MAX_COMMENT,
    MAX_DESCRIPTION,
    MAX_MOVES,
    MAX_TITLE,
    check_comment,
    check_description,
    check_title,
)
from promptuary.model.label_rules import MAX_APPROVALS, check_pattern

RULE_ROLES = (Role.EDITOR.value, Role.ADMIN.value)
REQUEST_STATES = ("all", "open", "ended")


class LabelRuleCreate(Body):
    """A rule that protects labels."""

    pattern: Annotated[str, fields.text(check_pattern)] = Field(
        description="The name of a label, in which `*` stands for any characters.", json_schema_extra={"maxLength": 128}
    )
    role: Annotated[str, fields.choice(RULE_ROLES), Field(json_schema_extra={"enum": [*RULE_ROLES]})] = Field(
        default="editor", description="The lowest role that may move such labels."
    )
    approvals: Annotated[int, fields.integer(minimum=0, maximum=MAX_APPROVALS)] = Field(
        default=0,
        description="Approvals that a move takes. With any, labels move by change requests only.",
        json_schema_extra={"minimum": 0, "maximum": MAX_APPROVALS},
    )
    allows_own_approval: Annotated[bool, fields.flag()] = Field(
        default=False, description="If true, who proposes a change or wrote its text may approve it, too."
    )
    breaking_needs_admin: Annotated[bool, fields.flag()] = Field(
        default=False, description="If true, only admins may move such labels to versions whose variables break callers."
    )


class PatchedLabelRule(Body):
    """Parts of a rule that change. Omit what is to stay."""

    role: Annotated[str | None, fields.choice(RULE_ROLES)] = Field(
        default=None,
        description="The lowest role that may move such labels.",
        json_schema_extra=documented_without_default(type="string", enum=[*RULE_ROLES]),
    )
    approvals: Annotated[int | None, fields.integer(minimum=0, maximum=MAX_APPROVALS)] = Field(
        default=None,
        description="Approvals that a move takes.",
        json_schema_extra=documented_without_default(type="integer", minimum=0, maximum=MAX_APPROVALS),
    )
    allows_own_approval: Annotated[bool | None, fields.flag()] = Field(
        default=None,
        description="If true, who proposes a change or wrote its text may approve it, too.",
        json_schema_extra=documented_without_default(type="boolean"),
    )
    breaking_needs_admin: Annotated[bool | None, fields.flag()] = Field(
        default=None,
        description="If true, only admins may move such labels to versions whose variables break callers.",
        json_schema_extra=documented_without_default(type="boolean"),
    )


class ChangeRequestMoveInput(Body):
    """A proposed move of a label."""

    name: PromptName = Field(description="The prompt.")
    label: LabelName = Field(description="The label.")
    version: Position = Field(description="The version to point the label at; null: remove the label.")


class ChangeRequestCreate(Body):
    """A change request."""

    title: Annotated[str, fields.text(check_title)] = Field(description="The purpose.", json_schema_extra={"maxLength": MAX_TITLE})
    description: Annotated[str, fields.text(check_description, trim=False)] = Field(
        default="", description="Details for reviewers.", json_schema_extra={"maxLength": MAX_DESCRIPTION}
    )
    moves: Annotated[list[ChangeRequestMoveInput], fields.item_list(maximum=MAX_MOVES)] = Field(
        description="The moves, of one prompt or several.", json_schema_extra={"minItems": 1, "maxItems": MAX_MOVES}
    )
    merge_when_approved: Annotated[bool, fields.flag()] = Field(default=False, description="Merge with the last approval.")


class PatchedChangeRequest(Body):
    """Parts of a change request that change. Other moves take its approvals away."""

    title: Annotated[str | None, fields.text(check_title)] = Field(
        default=None,
        description="The purpose.",
        json_schema_extra=documented_without_default(type="string", maxLength=MAX_TITLE),
    )
    description: Annotated[str | None, fields.text(check_description, trim=False)] = Field(
        default=None,
        description="Details for reviewers.",
        json_schema_extra=documented_without_default(type="string", maxLength=MAX_DESCRIPTION),
    )
    moves: Annotated[list[ChangeRequestMoveInput] | None, fields.item_list(maximum=MAX_MOVES)] = Field(
        default=None,
        description="The moves, in place of the ones before.",
        json_schema_extra=documented_without_default(
            type="array", items={"$ref": "#/components/schemas/ChangeRequestMoveInput"}, minItems=1, maxItems=MAX_MOVES
        ),
    )
    merge_when_approved: Annotated[bool | None, fields.flag()] = Field(
        default=None, description="Merge with the last approval.", json_schema_extra=documented_without_default(type="boolean")
    )


class ChangeRequestRevision(Body):
    """The revision of a change request that the caller has looked at."""

    revision: VersionNumber = Field(description="As the request has it. If it has another one by now, the response is 409.")


class ChangeRequestComment(Body):
    """A comment on a change request."""

    text: Annotated[str, fields.text(check_comment, trim=False)] = Field(
        description="The comment.", json_schema_extra={"minLength": 1, "maxLength": MAX_COMMENT}
    )


class ChangeRequestsQuery(Schema):
    """The query of a list of change requests, besides `limit` and `offset`, which are never an error."""

    state: Annotated[str, fields.choice(REQUEST_STATES), Field(json_schema_extra={"enum": [*REQUEST_STATES]})] = Field(
        default="all", description="Only open requests, or only those that were merged or closed."
    )

    @property
    def is_open(self) -> bool | None:
        """`True` for open requests, `False` for those that have ended, `None` for all."""
        return {"all": None, "open": True, "ended": False}[self.state]
