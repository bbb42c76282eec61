"""The verbs of labels: point a label at a version, remove it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from promptuary.model.access import Actor, Permission
from promptuary.model.accounts import Author
from promptuary.model.changes import Change, payloads
from promptuary.model.errors import LabelMoved, LabelNotFound, TooManyLabels, VersionNotFound
from promptuary.model.names import check_label_name
from promptuary.model.prompts import MAX_LABELS, Label, Prompt, Version
from promptuary.registry import references
from promptuary.registry.changes import record
from promptuary.store import activity, labels, prompts, versions
from promptuary.store.engine.database import Transaction


@dataclass(frozen=True, slots=True)
class PlacedLabel:
    """A label where it is now, whether it is new on the prompt, and the names of other prompts that serve another text since."""

    label: Label
    is_new: bool
    affected_prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mover:
    """User who last moved a label; ``user`` is `None` for the operator."""

    user: Author | None


class Anywhere(Enum):
    """The position that a caller expects a label at who has not looked."""

    ANYWHERE = "anywhere"


ANYWHERE = Anywhere.ANYWHERE

ExpectedVersion = int | Anywhere | None
"""The version that a label must point at for a verb to change it; `None`: the label must not be set yet."""


def move_label(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    label: str,
    version: int,
    expected_version: ExpectedVersion = ANYWHERE,
    prompt_id: str | None = None,
) -> PlacedLabel:
    """Let a label of prompt ``name`` point at a version, creating it if needed.

    Pointing it where it points already changes nothing. Raises `InvalidValue`, `VersionNotFound`, `TooManyLabels`, and `LabelMoved`
    if the label is not at ``expected_version``; `InvalidReference` if the version has references that are not allowed, or prompts
    that follow the label cannot contain it. Another prompt than ``prompt_id`` that has the name by now is not found.
    """
    actor.require(Permission.WRITE)
    check_label_name(label)
    prompt = _locked(tx, actor, name, prompt_id)
    target = None if prompt is None else versions.find_version(tx, prompt, version=version)
    if prompt is None or target is None:
        raise VersionNotFound(name, version)
    present = labels.find_label(tx, prompt.id, label)
    _require_position(present, expected_version)
    affected: tuple[str, ...] = ()
    if present is None:
        affected = _create(tx, actor, prompt, label=label, target=target)
    elif present.version != version:
        affected = references.check_label_move(tx, prompt, label, target)
        labels.update_label(tx, present.id, version_id=target.id, at=tx.clock())
        record(tx, actor, payloads.LabelMoved(label, present.version, version, affected), prompt=prompt)
    placed = labels.find_label(tx, prompt.id, label)
    if placed is None:
        message = f"label {label} of prompt {prompt.id} is missing"
        raise RuntimeError(message)
    return PlacedLabel(placed, present is None, affected)


def remove_label(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    label: str,
    expected_version: int | Anywhere = ANYWHERE,
    prompt_id: str | None = None,
) -> None:
    """Remove a label from a prompt, as `move_label` moves one. Raises `LabelNotFound`, `LabelMoved`, `ReferencedLabel`."""
    actor.require(Permission.WRITE)
    prompt = _locked(tx, actor, name, prompt_id)
    present = None if prompt is None else labels.find_label(tx, prompt.id, label)
    if prompt is None or present is None:
        raise LabelNotFound(label, name)
    _require_position(present, expected_version)
    references.require_unfollowed(tx, prompt, label)
    labels.delete_label(tx, present.id)
    record(tx, actor, payloads.LabelRemoved(label, former_version=present.version), prompt=prompt)


def list_movers(tx: Transaction, actor: Actor, placed: Sequence[Label], *, prompt_id: str) -> dict[str, Mover]:
    """Return by name who set or moved some labels of a prompt last. Those are missing of which the change log no longer tells."""
    actor.require(Permission.READ)
    waiting = {label.name: label for label in placed}
    known: dict[str, Mover] = {}
    for move in activity.list_label_moves(tx, prompt_id, limit=_MAX_MOVES) if placed else []:
        label = waiting.pop(_label_of(move.change), None)
        # An import may have moved the label since.
        if label is not None and move.change.at >= label.updated_at:
            known[label.name] = Mover(move.user)
    unmoved = (label for label in waiting.values() if label.updated_at == label.created_at)
    known.update((label.name, Mover(label.created_by)) for label in unmoved)
    return known


_MAX_MOVES = 2000


def _label_of(move: Change) -> str:
    match move.payload:
        case payloads.LabelCreated(label=label) | payloads.LabelMoved(label=label):
            return label
    return ""


def _locked(tx: Transaction, actor: Actor, name: str, prompt_id: str | None) -> Prompt | None:
    prompt = prompts.lock_prompt(tx, project_id=actor.project_id, name=name)
    return prompt if prompt is None or prompt_id in {None, prompt.id} else None


def _require_position(present: Label | None, expected: ExpectedVersion) -> None:
    current = None if present is None else present.version
    if expected is not ANYWHERE and current != expected:
        raise LabelMoved(current)


def _create(tx: Transaction, actor: Actor, prompt: Prompt, *, label: str, target: Version) -> tuple[str, ...]:
    if labels.count_labels(tx, prompt.id) >= MAX_LABELS:
        raise TooManyLabels(MAX_LABELS)
    affected = references.check_label_move(tx, prompt, label, target)
    labels.insert_label(
        tx,
        label_id=str(uuid.uuid4()),
        prompt_id=prompt.id,
        name=label,
        version_id=target.id,
        created_by_id=actor.user_id,
        at=tx.clock(),
    )
    record(tx, actor, payloads.LabelCreated(label, target.version, affected), prompt=prompt)
    return affected
