"""Moving labels of several prompts together, or looking at what a move would change without making it.

A look makes the moves and undoes them, so that it says what the moves themselves would say.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC

from promptuary.model.access import Actor
from promptuary.model.changes import payloads
from promptuary.model.contract_changes import ChangeLevel, compare_contracts
from promptuary.model.contracts import Contract, variables_of
from promptuary.model.errors import MoveRefusal, RegistryError, ReleaseRefused, TooManyLabels
from promptuary.model.label_history import MoveCause
from promptuary.model.prompts import Label, Prompt, Version
from promptuary.model.reference_errors import InvalidReference, ReferencedLabel, UnresolvedReference
from promptuary.model.usage import KeyUsage, recent_days
from promptuary.registry import references
from promptuary.registry.assembling import AssembledVersion, assemble_version
from promptuary.registry.changes import record
from promptuary.registry.label_positions import place_label, require_room
from promptuary.store import fetches, versions
from promptuary.store.engine.database import Transaction, rehearsing

MAX_COMPARED = 20
"""Maximum texts of other prompts that a look shows."""

MAX_COMPARED_BYTES = 4_000_000
"""Maximum size of the texts that a look reads to show them."""


@dataclass(frozen=True, slots=True)
class WantedMove:
    """A label of a locked prompt that is to point at another version, or at none; ``present`` is the label as it is."""

    prompt: Prompt
    label: str
    present: Label | None
    target: Version | None


@dataclass(frozen=True, slots=True)
class Move:
    """A label that came from one version to another, and the effect on programs.

    ``contract_change`` is the effect on callers that fill in variables; ``affected_prompts`` serve another text since;
    ``fetches`` are those of the last days by the label, by key.
    """

    name: str
    label: str
    from_version: int | None
    to_version: int | None
    contract_change: ChangeLevel
    affected_prompts: tuple[str, ...]
    fetches: tuple[KeyUsage, ...]


@dataclass(frozen=True, slots=True)
class ChangedText:
    """A text that programs get, before and after moves: that of a moved ``label``, or that of a prompt which follows one."""

    name: str
    label: str | None
    from_version: int | None
    to_version: int | None
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves that were made together or looked at, those that cannot be made, and, of a look, the changed texts."""

    moves: tuple[Move, ...]
    refused: tuple[MoveRefusal, ...] = ()
    texts: tuple[ChangedText, ...] = ()
    release_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Whole:
    """The text and the variables that programs get of a version; both are empty if there is none, or it cannot be put together."""

    text: str
    variables: Contract


def make_moves(tx: Transaction, actor: Actor, wanted: Sequence[WantedMove], cause: MoveCause) -> Moves:
    """Make all moves, or none; the caller has checked permissions and positions. Raises `ReleaseRefused`."""
    made = _carry_out(tx, actor, wanted, cause, is_look=False)
    if made.refused:
        raise ReleaseRefused(made.refused)
    for want, move in zip(wanted, made.moves, strict=True):
        record(tx, actor, _payload_of(move), prompt=want.prompt)
    return made


def look_at_moves(tx: Transaction, actor: Actor, wanted: Sequence[WantedMove], cause: MoveCause) -> Moves:
    """Return what `make_moves` would do, and do nothing. ``tx`` must be able to write."""
    return _carry_out(tx, actor, wanted, cause, is_look=True)


def _carry_out(tx: Transaction, actor: Actor, wanted: Sequence[WantedMove], cause: MoveCause, *, is_look: bool) -> Moves:
    if wanted:
        references.lock_meanings(tx, actor.project_id)
    followers = _followers(tx, wanted) if is_look else []
    before = [_whole(tx, actor, want.prompt, None if want.present is None else want.present.version) for want in wanted]
    followers_before = [_assembled(tx, actor, version) for version in followers]
    refused: dict[int, MoveRefusal] = {}
    affected: dict[int, tuple[str, ...]] = {}
    with rehearsing(tx) if is_look else nullcontext():
        for number, want in enumerate(wanted):
            try:
                if want.present is None:
                    require_room(tx, want.prompt)
                place_label(tx, actor, want.prompt, label=want.label, present=want.present, target=want.target, cause=cause)
            except TooManyLabels as refusal:
                refused[number] = _refusal(want, refusal)
        # Only now, as each of the labels may be what makes the move of another one possible.
        for number, want in enumerate(wanted):
            try:
                affected[number] = _check(tx, want)
            except (InvalidReference, ReferencedLabel) as refusal:
                refused.setdefault(number, _refusal(want, refusal))
        after = [_whole(tx, actor, want.prompt, None if want.target is None else want.target.version) for want in wanted]
        followers_after = [_assembled(tx, actor, version) for version in followers]
    days = recent_days(tx.clock().astimezone(UTC).date())
    moves = tuple(
        Move(
            name=want.prompt.name,
            label=want.label,
            from_version=None if want.present is None else want.present.version,
            to_version=None if want.target is None else want.target.version,
            contract_change=_level(want, old, new),
            affected_prompts=affected.get(number, ()),
            fetches=fetches.list_key_usage(tx, want.prompt.id, days, label=want.label),
        )
        for number, (want, old, new) in enumerate(zip(wanted, before, after, strict=True))
    )
    own = [
        ChangedText(m.name, m.label, m.from_version, m.to_version, o.text, n.text)
        for m, o, n in zip(moves, before, after, strict=True)
    ]
    others = [
        ChangedText(version.name, None, version.version, version.version, old.text, new.text)
        for version, old, new in zip(followers, followers_before, followers_after, strict=True)
    ]
    texts = _within_limits([*own, *others]) if is_look else ()
    return Moves(moves, tuple(refused[number] for number in sorted(refused)), texts, cause.release_id)


def _check(tx: Transaction, want: WantedMove) -> tuple[str, ...]:
    if want.target is not None:
        return references.check_label_move(tx, want.prompt, want.label, want.target)
    references.require_unfollowed(tx, want.prompt, want.label)
    return ()


def _followers(tx: Transaction, wanted: Sequence[WantedMove]) -> list[Version]:
    """Read the first versions of other prompts whose text follows one of the labels."""
    rows = {row.version_id: row for want in wanted for row in references.list_changed(tx, want.prompt, want.label)}
    moved = {want.prompt.id for want in wanted}
    shown = sorted((row for row in rows.values() if row.prompt_id not in moved), key=lambda row: (row.name, -row.version))
    return versions.list_versions(tx, [row.version_id for row in shown[:MAX_COMPARED]], with_content=True)


def _whole(tx: Transaction, actor: Actor, prompt: Prompt, number: int | None) -> _Whole:
    version = None if number is None else versions.find_version(tx, prompt, version=number)
    return _Whole("", {}) if version is None else _assembled(tx, actor, version)


def _assembled(tx: Transaction, actor: Actor, version: Version) -> _Whole:
    try:
        whole = assemble_version(tx, actor, version).version
    except UnresolvedReference:
        whole = AssembledVersion(version).version
    return _Whole(whole.text, variables_of(whole.template, whole.contract))


def _level(want: WantedMove, before: _Whole, after: _Whole) -> ChangeLevel:
    """Return what a move means for programs: a label that goes breaks all that fetch by it, and nobody knows a new one yet."""
    if want.target is None:
        return ChangeLevel.BREAKING
    if want.present is None:
        return ChangeLevel.NONE
    return compare_contracts(before.variables, after.variables).level


def _within_limits(texts: Sequence[ChangedText]) -> tuple[ChangedText, ...]:
    shown: list[ChangedText] = []
    size = 0
    for text in texts:
        size += len(text.before) + len(text.after)
        if size > MAX_COMPARED_BYTES:
            break
        if text.before != text.after or text.label is not None:
            shown.append(text)
    return tuple(shown)


def _refusal(want: WantedMove, refusal: RegistryError) -> MoveRefusal:
    code = getattr(refusal, "code", "label_is_referenced" if isinstance(refusal, ReferencedLabel) else "too_many_labels")
    return MoveRefusal(want.prompt.name, code, str(refusal), None if want.present is None else want.present.version)


def _payload_of(move: Move) -> payloads.Payload:
    if move.to_version is None:
        return payloads.LabelRemoved(move.label, former_version=move.from_version or 0)
    if move.from_version is None:
        return payloads.LabelCreated(move.label, move.to_version, move.affected_prompts)
    return payloads.LabelMoved(move.label, move.from_version, move.to_version, move.affected_prompts)
