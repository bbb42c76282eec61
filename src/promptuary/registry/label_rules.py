"""The verbs of rules that protect labels. `protection` asks them at every move."""

from dataclasses import replace

from promptuary.model.access import Actor, Permission, Role
from promptuary.model.changes import payloads
from promptuary.model.errors import InvalidValue
from promptuary.model.label_rules import MAX_RULES, LabelRule, check_rule
from promptuary.model.release_errors import RuleExists, RuleNotFound
from promptuary.registry.changes import record_project_change
from promptuary.store import label_rules, members, projects
from promptuary.store.engine.database import Transaction


def list_rules(tx: Transaction, actor: Actor) -> list[LabelRule]:
    """List the rules of the project by pattern."""
    actor.require(Permission.READ)
    return label_rules.list_rules(tx, actor.project_id)


def count_people(tx: Transaction, actor: Actor) -> dict[Role, int]:
    """Count by role the members of the project who can sign in, on whom rules rely."""
    actor.require(Permission.READ)
    return members.count_active(tx, actor.project_id)


def get_rule(tx: Transaction, actor: Actor, *, rule_id: int) -> LabelRule:
    """Return a rule. Raises `RuleNotFound`."""
    actor.require(Permission.READ)
    rule = label_rules.find_rule(tx, actor.project_id, rule_id)
    if rule is None:
        raise RuleNotFound(rule_id)
    return rule


def add_rule(
    tx: Transaction,
    actor: Actor,
    *,
    pattern: str,
    role: Role = Role.EDITOR,
    approvals: int = 0,
    allows_own_approval: bool = False,
    breaking_needs_admin: bool = False,
) -> LabelRule:
    """Protect the labels that match a pattern. Raises `InvalidValue`, `RuleExists`."""
    actor.require(Permission.MANAGE)
    rule = LabelRule(0, pattern, role, approvals, allows_own_approval, breaking_needs_admin)
    check_rule(rule)
    projects.lock_project(tx, actor.project_id)
    if len(label_rules.list_rules(tx, actor.project_id)) >= MAX_RULES:
        raise InvalidValue("max_length", f"A project can have at most {MAX_RULES} rules for labels. Use patterns.")
    added = label_rules.insert_rule(tx, actor.project_id, rule)
    if added is None:
        raise RuleExists(pattern)
    record_project_change(tx, actor, _payload_of(added))
    return added


def change_rule(
    tx: Transaction,
    actor: Actor,
    *,
    rule_id: int,
    role: Role | None = None,
    approvals: int | None = None,
    allows_own_approval: bool | None = None,
    breaking_needs_admin: bool | None = None,
    expected: LabelRule | None = None,
) -> LabelRule:
    """Change what a rule asks, where a value is given. Raises `RuleNotFound`, and `InvalidValue`, also if it is not as expected."""
    actor.require(Permission.MANAGE)
    rule = _lock(tx, actor, rule_id, expected)
    given = {
        "role": role,
        "approvals": approvals,
        "allows_own_approval": allows_own_approval,
        "breaking_needs_admin": breaking_needs_admin,
    }
    changed: LabelRule = replace(rule, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    check_rule(changed)
    if changed != rule:
        label_rules.update_rule(tx, changed)
        record_project_change(tx, actor, _payload_of(changed))
    return changed


def remove_rule(tx: Transaction, actor: Actor, *, rule_id: int, expected: LabelRule | None = None) -> LabelRule:
    """Protect labels no longer; return what the rule was. Raises `RuleNotFound`, and `InvalidValue` for a rule not as expected."""
    actor.require(Permission.MANAGE)
    rule = _lock(tx, actor, rule_id, expected)
    label_rules.delete_rule(tx, rule.id)
    record_project_change(tx, actor, payloads.LabelRuleRemoved(rule.pattern))
    return rule


def _lock(tx: Transaction, actor: Actor, rule_id: int, expected: LabelRule | None) -> LabelRule:
    projects.lock_project(tx, actor.project_id)
    rule = get_rule(tx, actor, rule_id=rule_id)
    if expected not in {None, rule}:
        detail = f"The rule for '{rule.pattern}' was changed in the meantime. Nothing was changed."
        raise InvalidValue("changed", detail, field="rule")
    return rule


def _payload_of(rule: LabelRule) -> payloads.LabelRuleSet:
    return payloads.LabelRuleSet(rule.pattern, rule.role.value, rule.approvals, rule.allows_own_approval, rule.breaking_needs_admin)
