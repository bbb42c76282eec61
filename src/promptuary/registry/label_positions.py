"""The one place where labels come to another position: the row of the label, and the move in its history.

Permissions and expected positions are checked by the verbs that call it, which also record the change.
"""

import uuid
from datetime import datetime

from promptuary.model.access import Actor
from promptuary.model.changes import payloads
from promptuary.model.errors import TooManyLabels
from promptuary.model.label_history import LabelMove, MoveCause, MoveKind
from promptuary.model.prompts import MAX_LABELS, Label, Prompt, Version
from promptuary.registry import references
from promptuary.registry.protection import require_allowed
from promptuary.store import label_moves, labels
from promptuary.store.engine.database import Transaction


def point_label(
    tx: Transaction, actor: Actor, prompt: Prompt, *, label: str, present: Label | None, target: Version, cause: MoveCause
) -> payloads.LabelCreated | payloads.LabelMoved:
    """Let a label point at another version of its prompt, if references allow it, and return the change to record.

    The caller holds the prompt's lock. Raises `TooManyLabels`, `InvalidReference`.
    """
    if present is None:
        require_room(tx, prompt)
    affected = references.check_label_move(tx, prompt, label, target)
    place_label(tx, actor, prompt, label=label, present=present, target=target, cause=cause)
    if present is None:
        return payloads.LabelCreated(label, target.version, affected)
    return payloads.LabelMoved(label, present.version, target.version, affected)


def take_label(tx: Transaction, actor: Actor, prompt: Prompt, *, present: Label, cause: MoveCause) -> payloads.LabelRemoved:
    """Remove a label from its prompt, if nothing follows it, and return the change to record.

    The caller holds the prompt's lock. Raises `ReferencedLabel`.
    """
    references.require_unfollowed(tx, prompt, present.name)
    place_label(tx, actor, prompt, label=present.name, present=present, target=None, cause=cause)
    return payloads.LabelRemoved(present.name, former_version=present.version)


def place_label(
    tx: Transaction, actor: Actor, prompt: Prompt, *, label: str, present: Label | None, target: Version | None, cause: MoveCause
) -> None:
    """Let a label point at a version of its prompt, or at none, whatever references say; ``present`` is the label as it is now.

    The caller holds the prompt's lock and knows that the position is another one, and that there is room for a new label.
    Raises `LabelProtected`.
    """
    require_allowed(tx, actor, prompt, label=label, present=present, target=target, cause=cause)
    at = tx.clock()
    former = None if present is None else present.version
    complete_history(tx, prompt, label, present)
    if target is None:
        labels.delete_label(tx, present.id if present is not None else "")
    elif present is None:
        _insert(tx, actor, prompt, label=label, target=target, at=at)
    else:
        labels.update_label(tx, present.id, version_id=target.id, at=at)
    since = None if target is None else target.version
    label_moves.insert_moves(tx, [(prompt.id, label, former, since)], cause=cause, by=actor, at=at)


def require_room(tx: Transaction, prompt: Prompt) -> None:
    """Raise `TooManyLabels` if a prompt can have no further label."""
    if labels.count_labels(tx, prompt.id) >= MAX_LABELS:
        raise TooManyLabels(MAX_LABELS)


def complete_history(tx: Transaction, prompt: Prompt, label: str, present: Label | None) -> LabelMove | None:
    """Record a move that is missing, if the label is elsewhere than its last move left it; return the last move, if there is one.

    An older server that keeps no history may have moved it while servers are replaced one by one.
    """
    last = label_moves.find_last_move(tx, prompt.id, label)
    known = None if last is None else last.to_version
    actual = None if present is None else present.version
    if known == actual:
        return last
    moment = tx.clock() if present is None else present.updated_at
    moves = [(prompt.id, label, known, actual)]
    label_moves.insert_moves(tx, moves, cause=MoveCause(MoveKind.UNRECORDED), by=None, at=moment)
    return label_moves.find_last_move(tx, prompt.id, label)


def _insert(tx: Transaction, actor: Actor, prompt: Prompt, *, label: str, target: Version, at: datetime) -> None:
    labels.insert_label(
        tx,
        label_id=str(uuid.uuid4()),
        prompt_id=prompt.id,
        name=label,
        version_id=target.id,
        created_by_id=actor.user_id,
        at=at,
    )
