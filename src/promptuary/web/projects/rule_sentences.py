"""Rules for labels in sentences: what each of them means for the members of a project."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from promptuary.model.access import Role
from promptuary.model.label_rules import LabelRule
from promptuary.model.text import counted


@dataclass(frozen=True, slots=True)
class ExplainedRule:
    """A rule with its meaning in sentences, the labels in use that it protects, and the reason why it can never be met, if so."""

    rule: LabelRule
    sentences: tuple[str, ...]
    labels: tuple[str, ...]
    warning: str = ""


def explain(rule: LabelRule, people: Mapping[Role, int], labels: Sequence[str]) -> ExplainedRule:
    """Explain a rule to a project with so many ``people`` of each role and these labels in use."""
    approvers = _count_approvers(rule, people)
    possible = approvers if rule.allows_own_approval or _has_other_authors(rule, people) else max(0, approvers - 1)
    warning = ""
    if rule.approvals > possible:
        others = "" if possible == approvers else " besides the author"
        given = f"only {_people(possible)}" if possible else "no member"
        warning = f"This rule can never be met: it asks for {counted(rule.approvals, 'approval')}, and {given}{others} can approve."
    return ExplainedRule(rule, tuple(_sentences(rule, approvers)), tuple(filter(rule.applies_to, labels)), warning)


_YES = {True: "yes", False: "no"}


def describe_changes(before: LabelRule, after: LabelRule) -> list[str]:
    """Return how a rule differs from what it was, part by part."""
    parts = [
        ("who may move it", _movers(before), _movers(after)),
        ("approvals", str(before.approvals), str(after.approvals)),
        ("authors may approve their own text", _YES[before.allows_own_approval], _YES[after.allows_own_approval]),
        ("only admins make moves that break callers", _YES[before.breaking_needs_admin], _YES[after.breaking_needs_admin]),
    ]
    return [f"{part}: {former} before, {present} now" for part, former, present in parts if former != present]


def _movers(rule: LabelRule) -> str:
    return "admins" if rule.role is Role.ADMIN else "editors and admins"


def _count_approvers(rule: LabelRule, people: Mapping[Role, int]) -> int:
    return sum(count for role, count in people.items() if role.includes(rule.role))


def _has_other_authors(rule: LabelRule, people: Mapping[Role, int]) -> bool:
    """Return `True` if there are members who propose and do not approve, so that no approver has to be the author."""
    return rule.role is Role.ADMIN and people.get(Role.EDITOR, 0) > 0


def _sentences(rule: LabelRule, approvers: int) -> Iterator[str]:
    is_for_admins = rule.role is Role.ADMIN
    if rule.approvals:
        yield f"Editors may propose, {_share(rule.approvals, approvers)} who may approve must agree."
        if is_for_admins:
            yield "Only admins approve and merge."
        yield "Authors may approve their own text." if rule.allows_own_approval else "Authors do not approve their own text."
    elif is_for_admins:
        yield "Admins move it directly. Editors may propose, and an admin merges."
    else:
        yield "Editors move it directly."
    if rule.breaking_needs_admin and not is_for_admins:
        yield "Only admins can make moves that break callers."


def _share(approvals: int, approvers: int) -> str:
    if approvals != approvers:
        return f"{approvals} of the {_people(approvers)}"
    return "the one person" if approvals == 1 else f"all {approvals} people"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"
