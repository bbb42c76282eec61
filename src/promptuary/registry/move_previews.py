"""Looks ahead: what moving or removing a label, or archiving a prompt, would change for programs, before anything is written.

The caller begins a transaction that can write; nothing of what happens in it stays.
"""

from dataclasses import dataclass, replace
from datetime import UTC

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import LabelNotFound, PromptNotFound, VersionNotFound
from promptuary.model.label_history import DIRECTLY, MoveCause, MoveKind
from promptuary.model.names import check_label_name
from promptuary.model.reference_errors import ReferencedPrompt
from promptuary.model.release_errors import MoveRefusal
from promptuary.model.usage import KeyUsage, recent_days
from promptuary.registry import references
from promptuary.registry.labels import ANYWHERE, ExpectedVersion, find_former_position, require_position
from promptuary.registry.moves import Moves, WantedMove, look_at_moves
from promptuary.store import fetches, labels, prompts, versions
from promptuary.store.engine.database import Transaction, rehearsing


@dataclass(frozen=True, slots=True)
class ArchivePreview:
    """The labels that a prompt loses when it is archived, and the fetches of the prompt in the last days, by key."""

    moves: Moves
    fetches: tuple[KeyUsage, ...]


def preview_move(
    tx: Transaction, actor: Actor, *, name: str, label: str, version: int, expected_version: ExpectedVersion = ANYWHERE
) -> Moves:
    """Return what `labels.move_label` would change. Raises what it raises, but reports what references forbid."""
    actor.require(Permission.WRITE)
    check_label_name(label)
    prompt = prompts.lock_prompt(tx, project_id=actor.project_id, name=name)
    target = None if prompt is None else versions.find_version(tx, prompt, version=version)
    if prompt is None or target is None:
        raise VersionNotFound(name, version)
    present = labels.find_label(tx, prompt.id, label)
    require_position(present, expected_version)
    is_there = present is not None and present.version == version
    return look_at_moves(tx, actor, [] if is_there else [WantedMove(prompt, label, present, target)], DIRECTLY)


def preview_removal(tx: Transaction, actor: Actor, *, name: str, label: str, expected_version: ExpectedVersion = ANYWHERE) -> Moves:
    """Return what `labels.remove_label` would change. Raises what it raises, but reports what references forbid."""
    actor.require(Permission.WRITE)
    prompt = prompts.lock_prompt(tx, project_id=actor.project_id, name=name)
    present = None if prompt is None else labels.find_label(tx, prompt.id, label)
    if prompt is None or present is None:
        raise LabelNotFound(label, name)
    require_position(present, expected_version)
    return look_at_moves(tx, actor, [WantedMove(prompt, label, present, None)], DIRECTLY)


def preview_undo(tx: Transaction, actor: Actor, *, name: str, label: str) -> Moves:
    """Return what `labels.undo_move` would change: one move. Raises what it raises, but reports what references forbid."""
    actor.require(Permission.WRITE)
    prompt = prompts.lock_prompt(tx, project_id=actor.project_id, name=name)
    if prompt is None:
        raise LabelNotFound(label, name)
    present = labels.find_label(tx, prompt.id, label)
    with rehearsing(tx):
        former = find_former_position(tx, prompt, label, present, ANYWHERE)
    target = None if former is None else versions.find_version(tx, prompt, version=former)
    return look_at_moves(tx, actor, [WantedMove(prompt, label, present, target)], MoveCause(MoveKind.UNDO))


def preview_archive(tx: Transaction, actor: Actor, *, name: str) -> ArchivePreview:
    """Return what `prompts.archive_prompt` would change. Raises `PromptNotFound`, but reports what references forbid."""
    actor.require(Permission.WRITE)
    prompt = prompts.lock_prompt(tx, project_id=actor.project_id, name=name)
    if prompt is None:
        raise PromptNotFound(name)
    wanted = [WantedMove(prompt, label.name, label, None) for label in labels.list_labels(tx, prompt.id)]
    moves = look_at_moves(tx, actor, wanted, MoveCause(MoveKind.ARCHIVE))
    try:
        references.require_unreferenced(tx, prompt)
    except ReferencedPrompt as refusal:
        moves = replace(moves, refused=(MoveRefusal(name, "prompt_is_referenced", str(refusal), None),))
    days = recent_days(tx.clock().astimezone(UTC).date())
    return ArchivePreview(moves, fetches.list_key_usage(tx, prompt.id, days))
