"""The resource of rules that protect labels."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from promptuary.api.documentation import TOKEN_PARAMETER
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.paging import number_in_path
from promptuary.api.posthog.request_inputs import (
    LabelRuleCreate,
    PatchedLabelRule,
)
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.model.access import Permission, Role
from promptuary.model.label_rules import LabelRule
from promptuary.registry import label_rules

resource = Resource("Protected labels")


class LLMPromptLabelRule(TypedDict):
    """A rule for all labels whose names match a pattern. To a label that several rules match, all of them apply."""

    id: int
    pattern: str
    role: Literal["editor", "admin"]
    approvals: Annotated[int, Field(ge=0, le=5)]
    allows_own_approval: bool
    breaking_needs_admin: bool


class LLMPromptLabelRules(TypedDict):
    """The rules of a project, by pattern."""

    results: list[LLMPromptLabelRule]


@resource.get(
    "/label_rules/",
    Operation(
        id="llm_prompts_label_rules_list",
        summary="List the rules for labels",
        extra_parameters=[TOKEN_PARAMETER],
        answers={200: LLMPromptLabelRules},
    ),
)
def list_rules(call: Call) -> Response:
    """List the rules that say who may move which labels."""
    with call.entering(Permission.READ) as (tx, actor):
        found = label_rules.list_rules(tx, actor)
    return call.answer({"results": [_show(rule) for rule in found]})


@resource.post(
    "/label_rules/",
    Operation(
        id="llm_prompts_label_rules_create",
        summary="Protect labels",
        body=LabelRuleCreate,
        answers={201: LLMPromptLabelRule},
    ),
)
def add_rule(call: Call) -> Response:
    """Add a rule for labels. For admins."""
    actor = call.enter(Permission.MANAGE)
    body = call.body(LabelRuleCreate)
    with call.database.write() as tx:
        rule = label_rules.add_rule(
            tx,
            actor,
            pattern=body.pattern,
            role=Role(body.role),
            approvals=body.approvals,
            allows_own_approval=body.allows_own_approval,
            breaking_needs_admin=body.breaking_needs_admin,
        )
    return call.answer(_show(rule), 201)


@resource.patch(
    "/label_rules/{rule_id}/",
    Operation(
        id="llm_prompts_label_rules_partial_update",
        summary="Change a rule for labels",
        body=PatchedLabelRule,
        answers={200: LLMPromptLabelRule},
    ),
)
def change_rule(call: Call) -> Response:
    """Change what a rule asks. For admins."""
    actor = call.enter(Permission.MANAGE)
    body = call.body(PatchedLabelRule)
    with call.database.write() as tx:
        rule = label_rules.change_rule(
            tx,
            actor,
            rule_id=number_in_path(call, "rule_id"),
            role=None if body.role is None else Role(body.role),
            approvals=body.approvals,
            allows_own_approval=body.allows_own_approval,
            breaking_needs_admin=body.breaking_needs_admin,
        )
    return call.answer(_show(rule))


@resource.delete(
    "/label_rules/{rule_id}/",
    Operation(id="llm_prompts_label_rules_destroy", summary="Remove a rule for labels", answers={204: None}),
)
def remove_rule(call: Call) -> Response:
    """Remove a rule. For admins."""
    actor = call.enter(Permission.MANAGE)
    with call.database.write() as tx:
        label_rules.remove_rule(tx, actor, rule_id=number_in_path(call, "rule_id"))
    return call.answer_nothing()


def _show(rule: LabelRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "pattern": rule.pattern,
        "role": rule.role.value,
        "approvals": rule.approvals,
        "allows_own_approval": rule.allows_own_approval,
        "breaking_needs_admin": rule.breaking_needs_admin,
    }
