"""Rows of the rules that protect labels."""

from sqlalchemy import bindparam, delete, select, update

from promptuary.model.access import Role
from promptuary.model.label_rules import LabelRule
from promptuary.store.engine import dialect
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import label_rules

_OF_PROJECT = Compiled(
    select(label_rules)
    .where(label_rules.c.project_id == bindparam("project_id", type_=label_rules.c.project_id.type))
    .order_by(label_rules.c.pattern)
)


def list_rules(tx: Transaction, project_id: int) -> list[LabelRule]:
    """List the rules of a project by pattern; it has at most `MAX_RULES`."""
    return [_rule(row) for row in _OF_PROJECT.all(tx.connection, {"project_id": project_id})]


def find_rule(tx: Transaction, project_id: int, rule_id: int) -> LabelRule | None:
    """Find a rule of a project."""
    wanted = label_rules.c.project_id == project_id, label_rules.c.id == rule_id
    row = tx.connection.execute(select(label_rules).where(*wanted)).one_or_none()
    return None if row is None else _rule(row)


def insert_rule(tx: Transaction, project_id: int, rule: LabelRule) -> LabelRule | None:
    """Insert a rule, whose id is given to it; return `None` if the project has one for the pattern."""
    statement = dialect.insert(tx.connection, label_rules).values(project_id=project_id, created_at=tx.clock(), **_columns(rule))
    returning = statement.on_conflict_do_nothing().returning(label_rules.c.id)
    rule_id = tx.connection.execute(returning).scalar_one_or_none()
    return None if rule_id is None else find_rule(tx, project_id, rule_id)


def update_rule(tx: Transaction, rule: LabelRule) -> None:
    """Change what a rule asks; its pattern stays."""
    tx.connection.execute(update(label_rules).where(label_rules.c.id == rule.id).values(**_columns(rule)))


def delete_rule(tx: Transaction, rule_id: int) -> None:
    """Delete a rule."""
    tx.connection.execute(delete(label_rules).where(label_rules.c.id == rule_id))


def _columns(rule: LabelRule) -> dict[str, object]:
    return {
        "pattern": rule.pattern,
        "role": rule.role.value,
        "approvals": rule.approvals,
        "allows_own_approval": rule.allows_own_approval,
        "breaking_needs_admin": rule.breaking_needs_admin,
    }


def _rule(row: AnyRow) -> LabelRule:
    return LabelRule(
        id=row.id,
        pattern=row.pattern,
        role=Role(row.role),
        approvals=row.approvals,
        allows_own_approval=row.allows_own_approval,
        breaking_needs_admin=row.breaking_needs_admin,
    )
