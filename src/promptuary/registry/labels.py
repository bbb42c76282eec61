"""The verbs of labels: point a label at a version, remove it, take a move back, read where it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from promptuary.model.access import Actor, Permission
from promptuary.model.accounts import Author
from promptuary.model.errors import InvalidValue, LabelMoved, LabelNotFound, PromptGone, VersionNotFound
from promptuary.model.label_history import LabelMove, MoveCause, MoveKind
from promptuary.model.names import check_label_name
from promptuary.model.prompts import Label, Prompt, Version
from promptuary.registry.changes import record
from promptuary.registry.label_positions import complete_history, point_label, take_label
from promptuary.registry.prompts import get_prompt
from promptuary.registry.protection import cause_of
from promptuary.store import label_moves, labels, prompts, versions
from promptuary.store.engine.database import Transaction


@dataclass(frozen=True, slots=True)
class PlacedLabel:
    """A label where it is now, whether it is new on the prompt, and the names of other prompts that serve another text since."""

    label: Label
    is_new: bool
    affected_prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelHistory:
    """A page of the moves of a label, newest first, and the number of all."""

    moves: list[LabelMove]
    count: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The last moves of a label, newest first, and `True` if there are older ones."""

    label: str
    moves: tuple[LabelMove, ...]
    has_more: bool

    @property
    def version(self) -> int | None:
        """The version at which the last move left the label; `None`: it is not set."""
        return self.moves[0].to_version

    @property
    def can_undo(self) -> bool:
        """`True` if the last move can be taken back: the label was set before, or is to be as it was before it was set again."""
        return self.moves[0].from_version is not None or len(self.moves) > 1


@dataclass(frozen=True, slots=True)
class Mover:
    """User who last moved a label; ``user`` is `None` for the operator."""

    user: Author | None


class Anywhere(Enum):
    """The position that a caller expects a label at who has not looked."""

    ANYWHERE = "anywhere"


ANYWHERE = Anywhere.ANYWHERE

TIMELINE = 4
"""Last moves of a label that a list of labels tells of."""

MAX_TIMELINES = 200
"""Maximum labels of a prompt whose last moves are listed, those included that are not set any more."""

ExpectedVersion = int | Anywhere | None
"""The version that a label must point at for a verb to change it; `None`: the label must not be set yet."""


def move_label(  # noqa: PLR0913 - where to, what the caller has seen, and why
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    label: str,
    version: int,
    expected_version: ExpectedVersion = ANYWHERE,
    prompt_id: str | None = None,
    reason: str | None = None,
    is_emergency: bool = False,
) -> PlacedLabel:
    """Let a label of prompt ``name`` point at a version, creating it if needed.

    Pointing it where it points already changes nothing. An emergency bypasses the rules of the project; it requires an admin
    and a reason. Raises `InvalidValue`, `VersionNotFound`, `TooManyLabels`, `LabelProtected`, and `LabelMoved`
    if the label is not at ``expected_version``; `InvalidReference` if the version has references that are not allowed, or prompts
    that follow the label cannot contain it; `PromptGone` if another prompt than ``prompt_id`` has the name, or none.
    """
    actor.require(Permission.WRITE)
    check_label_name(label)
    cause = cause_of(actor, MoveKind.DIRECT, reason, is_emergency=is_emergency)
    prompt = _locked(tx, actor, name, prompt_id)
    target = None if prompt is None else versions.find_version(tx, prompt, version=version)
    if prompt is None or target is None:
        raise VersionNotFound(name, version)
    present = labels.find_label(tx, prompt.id, label)
    require_position(present, expected_version)
    if present is not None and present.version == version:
        return PlacedLabel(present, is_new=False, affected_prompts=())
    return _move(tx, actor, prompt, label=label, present=present, target=target, cause=cause)


def remove_label(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    label: str,
    expected_version: ExpectedVersion = ANYWHERE,
    prompt_id: str | None = None,
    reason: str | None = None,
    is_emergency: bool = False,
) -> None:
    """Remove a label from a prompt, as `move_label` moves one. Raises `LabelNotFound`, `LabelMoved`, `ReferencedLabel`."""
    actor.require(Permission.WRITE)
    cause = cause_of(actor, MoveKind.DIRECT, reason, is_emergency=is_emergency)
    prompt = _locked(tx, actor, name, prompt_id)
    present = None if prompt is None else labels.find_label(tx, prompt.id, label)
    if prompt is None or present is None:
        raise LabelNotFound(label, name)
    require_position(present, expected_version)
    _remove(tx, actor, prompt, present=present, cause=cause)


def undo_move(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    label: str,
    expected_version: ExpectedVersion,
    reason: str | None = None,
    prompt_id: str | None = None,
    is_emergency: bool = False,
) -> PlacedLabel | None:
    """Take the last move of a label back: it is where it was before, and the same again is a redo.

    Return the label, `None` if it is not set any more. Raises `LabelNotFound` if the prompt never had the label, `LabelMoved`,
    `InvalidValue` if it was nowhere before, `TooManyLabels`, `InvalidReference`, `ReferencedLabel`.
    """
    actor.require(Permission.WRITE)
    cause = cause_of(actor, MoveKind.UNDO, reason, is_emergency=is_emergency)
    prompt = _locked(tx, actor, name, prompt_id)
    if prompt is None:
        raise LabelNotFound(label, name)
    present = labels.find_label(tx, prompt.id, label)
    former = find_former_position(tx, prompt, label, present, expected_version)
    if former is not None:
        target = versions.find_version(tx, prompt, version=former)
        return _move(tx, actor, prompt, label=label, present=present, target=target, cause=cause)
    if present is not None:
        _remove(tx, actor, prompt, present=present, cause=cause)
    return None


def find_former_position(
    tx: Transaction, prompt: Prompt, label: str, present: Label | None, expected: ExpectedVersion
) -> int | None:
    """Return where a label of a locked prompt was before its last move; `None` if it was not set.

    Raises `LabelNotFound`, `LabelMoved`, and `InvalidValue` if it was nowhere before. A move that the history lacks is added.
    """
    last = complete_history(tx, prompt, label, present)
    if last is None:
        raise LabelNotFound(label, prompt.name)
    require_position(present, expected)
    if last.from_version is None and (present is None or not label_moves.has_earlier_move(tx, last)):
        raise InvalidValue("nothing_to_undo", f"Label '{label}' was not set before, so there is nothing to go back to.")
    return last.from_version


def list_history(tx: Transaction, actor: Actor, *, name: str, label: str, limit: int, offset: int = 0) -> LabelHistory:
    """List the moves of a label that a prompt has or had, newest first. Raises `PromptNotFound`, `LabelNotFound`."""
    actor.require(Permission.READ)
    prompt = get_prompt(tx, actor, name)
    count = label_moves.count_moves(tx, prompt.id, label) if label else 0
    if not count:
        raise LabelNotFound(label, name)
    return LabelHistory(label_moves.list_moves(tx, prompt.id, label, limit=limit, offset=offset), count)


def list_timelines(tx: Transaction, actor: Actor, *, prompt_id: str) -> list[Timeline]:
    """List the last moves of the labels that a prompt of this project has or had, by label."""
    actor.require(Permission.READ)
    names = label_moves.list_labels_with_history(tx, prompt_id, limit=MAX_TIMELINES)
    newest: dict[str, list[LabelMove]] = {name: [] for name in names}
    for move in label_moves.list_newest_moves(tx, prompt_id, names, per_label=TIMELINE + 1):
        newest[move.label].append(move)
    return [Timeline(name, tuple(moves[:TIMELINE]), has_more=len(moves) > TIMELINE) for name, moves in newest.items()]


def list_movers(tx: Transaction, actor: Actor, placed: Sequence[Label], *, prompt_id: str) -> dict[str, Mover]:
    """Return by name who set or moved some labels of a prompt last. Those are missing whose last move is not known."""
    actor.require(Permission.READ)
    last = label_moves.list_last_moves(tx, prompt_id) if placed else {}
    known: dict[str, Mover] = {}
    for label in placed:
        move = last.get(label.name)
        if move is not None and move.to_version == label.version and move.cause.kind not in _WITHOUT_MOVER:
            known[label.name] = Mover(move.created_by)
        elif label.updated_at == label.created_at:
            known[label.name] = Mover(label.created_by)
    return known


_WITHOUT_MOVER = {MoveKind.IMPORT, MoveKind.UNRECORDED}


def _locked(tx: Transaction, actor: Actor, name: str, prompt_id: str | None) -> Prompt | None:
    prompt = prompts.lock_prompt(tx, project_id=actor.project_id, name=name)
    if prompt_id is not None and (prompt is None or prompt.id != prompt_id):
        raise PromptGone(name)
    return prompt


def require_position(present: Label | None, expected: ExpectedVersion) -> None:
    """Raise `LabelMoved` if a label is not where the caller expects it."""
    current = None if present is None else present.version
    if expected is not ANYWHERE and current != expected:
        raise LabelMoved(current)


def _move(
    tx: Transaction, actor: Actor, prompt: Prompt, *, label: str, present: Label | None, target: Version | None, cause: MoveCause
) -> PlacedLabel:
    if target is None:
        message = f"a version of prompt {prompt.id} is missing to which label {label} has pointed"
        raise RuntimeError(message)
    change = point_label(tx, actor, prompt, label=label, present=present, target=target, cause=cause)
    record(tx, actor, change, prompt=prompt)
    placed = labels.find_label(tx, prompt.id, label)
    if placed is None:
        message = f"label {label} of prompt {prompt.id} is missing"
        raise RuntimeError(message)
    return PlacedLabel(placed, present is None, change.affected_prompts)


def _remove(tx: Transaction, actor: Actor, prompt: Prompt, *, present: Label, cause: MoveCause) -> None:
    record(tx, actor, take_label(tx, actor, prompt, present=present, cause=cause), prompt=prompt)
