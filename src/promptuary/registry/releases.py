"""The verbs of releases: what one label of many prompts points at is given to another label, all together or not at all."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import InvalidValue, LabelNotFound, PromptNotFound
from promptuary.model.label_history import LabelMove, MoveCause, MoveKind
from promptuary.model.names import check_label_name
from promptuary.model.prompts import Label, Prompt, Version
from promptuary.model.release_errors import MoveRefusal, ReleaseNotFound, ReleaseRefused
from promptuary.registry.moves import Moves, WantedMove, look_at_moves, make_moves, record_moves
from promptuary.registry.protection import cause_of
from promptuary.store import label_moves, labels, prompts, versions
from promptuary.store.engine.database import Transaction

MAX_PROMPTS = 500
"""Maximum prompts of one release."""

Positions = Mapping[str, int | None]
"""The version at which the label of each prompt is expected, by name; `None`: it is not set."""


@dataclass(frozen=True, slots=True)
class Release:
    """Labels that were moved together: the moves with the present names of their prompts, oldest first."""

    id: str
    moves: tuple[tuple[str, LabelMove], ...]

    @property
    def first(self) -> LabelMove:
        """Any of the moves, for what is the same of all: who made them, when and why."""
        return self.moves[0][1]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that were moved, each once."""
        return tuple(dict.fromkeys(move.label for _, move in self.moves))


@dataclass(frozen=True, slots=True)
class Releases:
    """A page of releases, newest first, and the number of all."""

    items: list[Release]
    count: int


def promote(  # noqa: PLR0913 - what to promote, and what the caller has seen
    tx: Transaction,
    actor: Actor,
    *,
    source: str,
    target: str,
    names: Sequence[str] | None = None,
    expected: Positions | None = None,
    versions_seen: Positions | None = None,
    reason: str | None = None,
    is_dry_run: bool = False,
    is_emergency: bool = False,
) -> Moves:
    """Let the label ``target`` point at what ``source`` points at, of all prompts that have ``source`` or of some, all or nothing.

    Prompts where it does already are left out. ``expected`` says where the caller has seen ``target``, and ``versions_seen`` where
    it has seen ``source``. A dry run changes nothing and tells the same.
    Raises `InvalidValue`, `PromptNotFound`, `LabelNotFound`, and, unless it is a dry run, `ReleaseRefused` and `LabelProtected`.
    """
    actor.require(Permission.WRITE)
    check_label_name(source, field="from")
    check_label_name(target, field="to")
    if source == target:
        raise InvalidValue("invalid", "Use two different labels.", field="to")
    cause = cause_of(actor, MoveKind.PROMOTION, reason, is_emergency=is_emergency, release_id=str(uuid.uuid4()))
    locked = _lock_labelled(tx, actor, source, names)
    ids = [prompt.id for prompt in locked]
    sources, targets = labels.list_labels_named(tx, ids, source), labels.list_labels_named(tx, ids, target)
    moved = [
        *_moved(locked, targets, target, expected or {}),
        *_moved(locked, sources, source, versions_seen or {}),
    ]
    wanted = [
        WantedMove(prompt, target, targets.get(prompt.id), _version(tx, prompt, sources[prompt.id].version))
        for prompt in locked
        if prompt.id in sources and not _is_there(targets.get(prompt.id), sources[prompt.id])
    ]
    return _release(tx, actor, wanted, moved, cause, is_dry_run=is_dry_run)


def undo_release(
    tx: Transaction,
    actor: Actor,
    *,
    release_id: str,
    reason: str | None = None,
    is_dry_run: bool = False,
    is_emergency: bool = False,
) -> Moves:
    """Take all moves of a release back, or none: each label must still be where the release put it.

    The undo is a release itself, so that it can be undone. Raises `ReleaseNotFound`, and, unless it is a dry run, `ReleaseRefused`.
    """
    actor.require(Permission.WRITE)
    cause = cause_of(actor, MoveKind.UNDO, reason, is_emergency=is_emergency, release_id=str(uuid.uuid4()))
    release = get_release(tx, actor, release_id=release_id)
    names = [name for name, _ in release.moves]
    locked = {prompt.id: prompt for prompt in prompts.lock_prompts(tx, project_id=actor.project_id, names=names)}
    wanted: list[WantedMove] = []
    refused: list[MoveRefusal] = []
    for name, move in release.moves:
        prompt = locked.get(move.prompt_id)
        present = None if prompt is None else labels.find_label(tx, prompt.id, move.label)
        current = None if present is None else present.version
        if prompt is None:
            refused.append(MoveRefusal(name, "archived", "The prompt is archived.", None))
        elif current != move.to_version:
            refused.append(_moved_since(prompt, move.label, current))
        else:
            target = None if move.from_version is None else _version(tx, prompt, move.from_version)
            wanted.append(WantedMove(prompt, move.label, present, target))
    return _release(tx, actor, wanted, refused, cause, is_dry_run=is_dry_run)


def get_release(tx: Transaction, actor: Actor, *, release_id: str) -> Release:
    """Return a release. Raises `ReleaseNotFound`."""
    actor.require(Permission.READ)
    moves = label_moves.list_release(tx, actor.project_id, release_id)
    if not moves:
        raise ReleaseNotFound(release_id)
    return Release(release_id, tuple(moves))


def list_releases(tx: Transaction, actor: Actor, *, limit: int, offset: int = 0) -> Releases:
    """List the releases of the project, newest first."""
    actor.require(Permission.READ)
    ids = label_moves.list_release_ids(tx, actor.project_id, limit=limit, offset=offset)
    items = [Release(each, tuple(label_moves.list_release(tx, actor.project_id, each))) for each in ids]
    return Releases(items, label_moves.count_releases(tx, actor.project_id))


def _release(
    tx: Transaction, actor: Actor, wanted: list[WantedMove], moved: list[MoveRefusal], cause: MoveCause, *, is_dry_run: bool
) -> Moves:
    if is_dry_run:
        found = look_at_moves(tx, actor, wanted, cause)
        return Moves(found.moves, (*moved, *found.refused), found.texts)
    if moved:
        raise ReleaseRefused(moved)
    made = make_moves(tx, actor, wanted, cause)
    record_moves(tx, actor, wanted, made)
    return made


def _lock_labelled(tx: Transaction, actor: Actor, label: str, names: Sequence[str] | None) -> list[Prompt]:
    """Lock the prompts of some names, else all that have a label; by name."""
    wanted = labels.list_labelled_names(tx, actor.project_id, label, limit=MAX_PROMPTS + 1) if names is None else names
    if len(set(wanted)) > MAX_PROMPTS:
        raise InvalidValue("max_length", f"Promote at most {MAX_PROMPTS} prompts at once. Name some of them.", field="names")
    locked = sorted(prompts.lock_prompts(tx, project_id=actor.project_id, names=wanted), key=lambda prompt: prompt.name)
    if names is not None:
        _require_labelled(tx, locked, names, label)
    return locked


def _require_labelled(tx: Transaction, locked: Sequence[Prompt], names: Sequence[str], label: str) -> None:
    known = {prompt.name: prompt for prompt in locked}
    labelled = labels.list_labels_named(tx, [prompt.id for prompt in locked], label)
    for name in names:
        if name not in known:
            raise PromptNotFound(name)
        if known[name].id not in labelled:
            raise LabelNotFound(label, name)


def _moved(
    locked: Sequence[Prompt], present: Mapping[str, Label], label: str, expected: Mapping[str, int | None]
) -> list[MoveRefusal]:
    """Return a refusal for each prompt whose label is not where the caller has seen it."""
    known = {prompt.name: prompt for prompt in locked}
    refused: list[MoveRefusal] = []
    for name, version in expected.items():
        prompt = known.get(name)
        found = None if prompt is None else present.get(prompt.id)
        current = None if found is None else found.version
        if prompt is None:
            refused.append(MoveRefusal(name, "label_moved", "The prompt is not part of this release any more.", None))
        elif current != version:
            refused.append(_moved_since(prompt, label, current))
    return refused


def _moved_since(prompt: Prompt, label: str, current: int | None) -> MoveRefusal:
    now = "is not set any more" if current is None else f"points at version {current} by now"
    return MoveRefusal(prompt.name, "label_moved", f"Label '{label}' {now}.", current)


def _is_there(present: Label | None, source: Label) -> bool:
    return present is not None and present.version == source.version


def _version(tx: Transaction, prompt: Prompt, number: int) -> Version:
    found = versions.find_version(tx, prompt, version=number)
    if found is None:
        message = f"version {number} of prompt {prompt.id} is missing"
        raise RuntimeError(message)
    return found
