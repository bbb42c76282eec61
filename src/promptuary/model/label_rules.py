"""Rules of a project that protect labels: who may move them, and how many approvals it takes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from promptuary.model.access import Role
from promptuary.model.errors import InvalidValue
from promptuary.model.patterns import matches_pattern

MAX_RULES = 50
MAX_APPROVALS = 5

_PATTERN = re.compile(r"[a-z0-9._*-]{1,128}")


@dataclass(frozen=True, slots=True)
class LabelRule:
    """A rule for all labels whose names match ``pattern``, in which ``*`` stands for any characters.

    ``role`` is the lowest that may move them, ``approvals`` how many others must agree to the move first. With
    ``breaking_needs_admin``, only admins may move them to a version whose variables break callers.
    """

    id: int
    pattern: str
    role: Role = Role.EDITOR
    approvals: int = 0
    allows_own_approval: bool = False
    breaking_needs_admin: bool = False

    def applies_to(self, label: str) -> bool:
        """Return `True` if the rule protects a label."""
        return matches_pattern(label, self.pattern)


@dataclass(frozen=True, slots=True)
class Protection:
    """Conditions of all rules for a label together: of each kind, the strictest."""

    role: Role = Role.EDITOR
    approvals: int = 0
    allows_own_approval: bool = True
    breaking_needs_admin: bool = False


def check_pattern(pattern: str) -> None:
    """Raise `InvalidValue` for a pattern that no name of a label can match."""
    if _PATTERN.fullmatch(pattern) is None or pattern == "latest":
        detail = "Use the name of a label, in which * stands for any characters, such as production or prod-*."
        raise InvalidValue("invalid_pattern", detail, field="pattern")


def check_approvals(approvals: int) -> None:
    """Raise `InvalidValue` for a number of approvals that is negative or too large."""
    if not 0 <= approvals <= MAX_APPROVALS:
        raise InvalidValue("invalid", f"Ask for 0 to {MAX_APPROVALS} approvals.", field="approvals")


def check_rule(rule: LabelRule) -> None:
    """Raise `InvalidValue` for a rule with a pattern, a number of approvals or a role that no rule can have."""
    check_pattern(rule.pattern)
    check_approvals(rule.approvals)
    if rule.role is Role.VIEWER:
        raise InvalidValue("invalid_choice", "Viewers cannot move labels. Choose editor or admin.", field="role")


def protection_of(label: str, rules: Iterable[LabelRule]) -> Protection | None:
    """Return what the rules ask of those who move a label, `None` if none of them applies."""
    applying = [rule for rule in rules if rule.applies_to(label)]
    return _strictest(applying) if applying else None


def protection_of_all(labels: Iterable[str], rules: Iterable[LabelRule]) -> Protection:
    """Return what the rules ask of those who move several labels together."""
    moved = set(labels)
    return _strictest([rule for rule in rules if any(map(rule.applies_to, moved))])


def _strictest(rules: Sequence[LabelRule]) -> Protection:
    return Protection(
        role=Role.ADMIN if any(rule.role is Role.ADMIN for rule in rules) else Role.EDITOR,
        approvals=max((rule.approvals for rule in rules), default=0),
        allows_own_approval=all(rule.allows_own_approval for rule in rules),
        breaking_needs_admin=any(rule.breaking_needs_admin for rule in rules),
    )
