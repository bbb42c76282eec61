"""Asking the rules of a project whether a label may move. Every move passes here, whatever verb makes it."""

from collections.abc import Iterable, Mapping, Sequence

from promptuary.model.access import Actor, Permission, Role
from promptuary.model.contract_changes import ChangeLevel
from promptuary.model.errors import InvalidValue, PromptNotFound, RoleTooLow
from promptuary.model.label_history import MoveCause, MoveKind, checked_reason
from promptuary.model.label_rules import LabelRule, Protection, protection_of
from promptuary.model.prompts import Label, Prompt, Version
from promptuary.model.release_errors import LabelProtected
from promptuary.registry.contract_effects import effect_of_move, served_text
from promptuary.store import label_rules, labels, prompts, versions
from promptuary.store.engine.database import Transaction


def require_allowed(
    tx: Transaction, actor: Actor, prompt: Prompt, *, label: str, present: Label | None, target: Version | None, cause: MoveCause
) -> None:
    """Raise `LabelProtected` if rules forbid an actor to move a label now, as it is.

    The merge of a change request has checked them itself, and an emergency bypasses them.
    """
    if cause.kind in {MoveKind.CHANGE_REQUEST, MoveKind.EMERGENCY}:
        return
    rules = label_rules.list_rules(tx, prompt.project_id)
    protection = protection_of(label, rules)
    if protection is not None and not _is_allowed(tx, actor, prompt, protection, present, target):
        raise LabelProtected(label, prompt.project_id)


def list_forbidden(tx: Transaction, actor: Actor, *, name: str, positions: Mapping[str, int | None]) -> tuple[str, ...]:
    """Return those labels of a prompt that rules forbid the actor to bring to some versions; `None`: to remove.

    Raises `PromptNotFound`.
    """
    actor.require(Permission.READ)
    prompt = prompts.find_prompt(tx, project_id=actor.project_id, name=name)
    if prompt is None:
        raise PromptNotFound(name)
    rules = label_rules.list_rules(tx, actor.project_id)
    found = ((label, protection_of(label, rules), version) for label, version in positions.items())
    return tuple(
        label
        for label, protection, version in found
        if protection is not None and not _may_move(tx, actor, prompt, label, protection, version)
    )


def list_closed(tx: Transaction, actor: Actor, names: Iterable[str]) -> frozenset[str]:
    """Return those labels that rules let the actor move to no version at all."""
    actor.require(Permission.READ)
    rules = label_rules.list_rules(tx, actor.project_id)
    found = ((label, protection_of(label, rules)) for label in names)
    return frozenset(label for label, protection in found if protection is not None and _is_closed(actor, protection))


def require_names_allowed(rules: Sequence[LabelRule], actor: Actor, label: str) -> None:
    """Raise `LabelProtected` if rules let an actor not move a label without a look at what the move does, as imports must."""
    protection = protection_of(label, rules)
    if protection is None:
        return
    needs_admin = protection.role is Role.ADMIN or protection.breaking_needs_admin
    if protection.approvals or (needs_admin and not _is_admin(actor)):
        raise LabelProtected(label, actor.project_id)


def cause_of(
    actor: Actor, kind: MoveKind, reason: str | None, *, is_emergency: bool = False, release_id: str | None = None
) -> MoveCause:
    """Return the cause of a move. An emergency bypasses all rules; it requires an admin, the scope for releases, and a reason.

    Raises `InvalidValue`, `RoleTooLow`, `MissingScope`.
    """
    stored = checked_reason(reason)
    if not is_emergency:
        return MoveCause(kind, stored, release_id)
    if not _is_admin(actor):
        raise RoleTooLow(Role.ADMIN)
    actor.require(Permission.RELEASE)
    if stored is None:
        raise InvalidValue("required", "An emergency requires a reason.", field="reason")
    return MoveCause(MoveKind.EMERGENCY, stored, release_id)


def is_breaking(tx: Transaction, actor: Actor, present: Version | None, target: Version | None) -> bool:
    """Return `True` if the move of a label from one version to another breaks callers."""
    level = effect_of_move(served_text(tx, actor, present), served_text(tx, actor, target))
    return level is ChangeLevel.BREAKING


def _may_move(tx: Transaction, actor: Actor, prompt: Prompt, label: str, protection: Protection, version: int | None) -> bool:
    present = labels.find_label(tx, prompt.id, label)
    target = None if version is None else versions.find_version(tx, prompt, version=version)
    return _is_allowed(tx, actor, prompt, protection, present, target)


def _is_allowed(
    tx: Transaction, actor: Actor, prompt: Prompt, protection: Protection, present: Label | None, target: Version | None
) -> bool:
    if _is_closed(actor, protection):
        return False
    if not protection.breaking_needs_admin or _is_admin(actor):
        return True
    before = None if present is None else versions.find_version(tx, prompt, version=present.version)
    return not is_breaking(tx, actor, before, target)


def _is_closed(actor: Actor, protection: Protection) -> bool:
    return protection.approvals > 0 or not actor.role.includes(protection.role)


def _is_admin(actor: Actor) -> bool:
    return actor.role.includes(Role.ADMIN)
