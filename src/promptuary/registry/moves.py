"""Moving labels of several prompts together, or looking at what a move would change without making it.

A look makes the moves and undoes them, so that it says what the moves themselves would say.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC

from promptuary.model.access import Actor
from promptuary.model.changes import payloads
from promptuary.model.contract_changes import ChangeLevel, ContractComparison
from promptuary.model.errors import RegistryError, TooManyLabels
from promptuary.model.label_history import MoveCause, MoveKind
from promptuary.model.prompts import Label, Prompt, Version
from promptuary.model.reference_errors import InvalidReference, ReferencedLabel
from promptuary.model.release_errors import LabelProtected, MoveRefusal, ReleaseRefused
from promptuary.model.usage import KeyUsage, recent_days
from promptuary.registry import references
from promptuary.registry.changes import record
from promptuary.registry.contract_effects import ServedText, changes_of_move, effect_of_move, served_text
from promptuary.registry.label_positions import place_label, require_room
from promptuary.registry.protection import require_allowed
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

    ``contract_change`` is the effect on callers that fill in variables, and ``contract_changes`` are the differences;
    ``affected_prompts`` serve another text since; ``fetches`` are those of the last days by the label, by key.
    """

    name: str
    label: str
    from_version: int | None
    to_version: int | None
    contract_change: ChangeLevel
    affected_prompts: tuple[str, ...]
    fetches: tuple[KeyUsage, ...]
    contract_changes: ContractComparison = field(default=ContractComparison(()))


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


def make_moves(tx: Transaction, actor: Actor, wanted: Sequence[WantedMove], cause: MoveCause) -> Moves:
    """Make all moves, or none; the caller has checked permissions and positions, and calls `record_moves` at its end.

    Raises `ReleaseRefused`, `LabelProtected`.
    """
    references.lock_meanings(tx, actor.project_id)
    before = _serve(tx, actor, _present_versions(tx, wanted), max_bytes=0)
    effects = _apply(tx, actor, wanted, cause)
    if effects.refused:
        raise ReleaseRefused(effects.in_order)
    after = _serve(tx, actor, (want.target for want in wanted), max_bytes=0)
    return Moves(_describe(tx, wanted, before, after, effects), release_id=cause.release_id if wanted else None)


def record_moves(tx: Transaction, actor: Actor, wanted: Sequence[WantedMove], made: Moves) -> None:
    """Record moves that `make_moves` has made, as the last thing of a transaction."""
    for want, move in zip(wanted, made.moves, strict=True):
        record(tx, actor, _payload_of(move), prompt=want.prompt)


def look_at_moves(tx: Transaction, actor: Actor, wanted: Sequence[WantedMove], cause: MoveCause) -> Moves:
    """Return what `make_moves` would do, and do nothing. ``tx`` must be able to write."""
    references.lock_meanings(tx, actor.project_id)
    protected = _list_protected(tx, actor, wanted, cause)
    followers = _list_followers(tx, wanted)
    before = _serve(tx, actor, (*_present_versions(tx, wanted), *followers), max_bytes=MAX_COMPARED_BYTES)
    with rehearsing(tx):
        # A look does not end where a rule forbids the move; it tells of that.
        effects = _apply(tx, actor, wanted, replace(cause, kind=MoveKind.CHANGE_REQUEST))
        after = _serve(tx, actor, (*(want.target for want in wanted), *followers), max_bytes=MAX_COMPARED_BYTES)
    moves = _describe(tx, wanted, before[: len(wanted)], after[: len(wanted)], effects)
    places = [
        *((move.name, move.label, move.from_version, move.to_version) for move in moves),
        *((version.name, None, version.version, version.version) for version in followers),
    ]
    texts = [
        ChangedText(*place, old.text, new.text)
        for place, old, new in zip(places, before, after, strict=True)
        if old.text is not None and new.text is not None
    ]
    effects.refused.update(protected | effects.refused)
    changed = (text for text in texts if text.before != text.after or text.label is not None)
    return Moves(moves, effects.in_order, tuple(changed))


@dataclass(slots=True)
class _Effects:
    """Outcome of each of several moves by its place: the prompts that it affects, or the refusal."""

    affected: dict[int, tuple[str, ...]] = field(default_factory=dict)
    refused: dict[int, MoveRefusal] = field(default_factory=dict)

    @property
    def in_order(self) -> tuple[MoveRefusal, ...]:
        return tuple(self.refused[place] for place in sorted(self.refused))


def _apply(tx: Transaction, actor: Actor, wanted: Sequence[WantedMove], cause: MoveCause) -> _Effects:
    effects = _Effects()
    for place, want in enumerate(wanted):
        try:
            if want.present is None:
                require_room(tx, want.prompt)
        except TooManyLabels as refusal:
            effects.refused[place] = _refusal(want, refusal)
        else:
            place_label(tx, actor, want.prompt, label=want.label, present=want.present, target=want.target, cause=cause)
    # Only now, as each of the labels may be what makes the move of another one possible.
    for place, want in enumerate(wanted):
        try:
            effects.affected[place] = _check(tx, want)
        except (InvalidReference, ReferencedLabel) as refusal:
            effects.refused.setdefault(place, _refusal(want, refusal))
    return effects


def _check(tx: Transaction, want: WantedMove) -> tuple[str, ...]:
    if want.target is not None:
        return references.check_label_move(tx, want.prompt, want.label, want.target)
    references.require_unfollowed(tx, want.prompt, want.label)
    return ()


def _describe(
    tx: Transaction,
    wanted: Sequence[WantedMove],
    before: Sequence[ServedText],
    after: Sequence[ServedText],
    effects: _Effects,
) -> tuple[Move, ...]:
    days = recent_days(tx.clock().astimezone(UTC).date())
    return tuple(
        Move(
            name=want.prompt.name,
            label=want.label,
            from_version=None if want.present is None else want.present.version,
            to_version=None if want.target is None else want.target.version,
            contract_change=effect_of_move(before[place], after[place]),
            contract_changes=changes_of_move(before[place], after[place]),
            affected_prompts=effects.affected.get(place, ()),
            fetches=fetches.list_key_usage(tx, want.prompt.id, days, label=want.label),
        )
        for place, want in enumerate(wanted)
    )


def _present_versions(tx: Transaction, wanted: Sequence[WantedMove]) -> Iterator[Version | None]:
    for want in wanted:
        yield None if want.present is None else versions.find_version(tx, want.prompt, version=want.present.version)


def _serve(tx: Transaction, actor: Actor, served: Iterable[Version | None], *, max_bytes: int) -> list[ServedText]:
    """Return what programs get of versions, with the texts of the first until they are too large together."""
    found: list[ServedText] = []
    for version in served:
        found.append(served_text(tx, actor, version, with_text=max_bytes > 0))
        max_bytes -= len(found[-1].text or "")
    return found


def _list_followers(tx: Transaction, wanted: Sequence[WantedMove]) -> list[Version]:
    """Read the first versions of other prompts whose text follows one of the labels."""
    rows = {row.version_id: row for want in wanted for row in references.list_changed(tx, want.prompt, want.label)}
    moved = {want.prompt.id for want in wanted}
    shown = sorted((row for row in rows.values() if row.prompt_id not in moved), key=lambda row: (row.name, -row.version))
    return versions.list_versions(tx, [row.version_id for row in shown[:MAX_COMPARED]], with_content=True)


def _list_protected(tx: Transaction, actor: Actor, wanted: Sequence[WantedMove], cause: MoveCause) -> dict[int, MoveRefusal]:
    refused: dict[int, MoveRefusal] = {}
    for place, want in enumerate(wanted):
        try:
            require_allowed(tx, actor, want.prompt, label=want.label, present=want.present, target=want.target, cause=cause)
        except LabelProtected as refusal:
            refused[place] = _refusal(want, refusal)
    return refused


def _refusal(want: WantedMove, refusal: RegistryError) -> MoveRefusal:
    code = refusal.code if isinstance(refusal, InvalidReference) else _CODES[type(refusal)]
    return MoveRefusal(want.prompt.name, code, str(refusal), None if want.present is None else want.present.version)


LABEL_IS_PROTECTED = "label_is_protected"
"""Code of the refusal of a move that a rule forbids."""

_CODES: dict[type[RegistryError], str] = {
    LabelProtected: LABEL_IS_PROTECTED,
    ReferencedLabel: "label_is_referenced",
    TooManyLabels: "too_many_labels",
}


def _payload_of(move: Move) -> payloads.Payload:
    if move.to_version is None:
        return payloads.LabelRemoved(move.label, former_version=move.from_version or 0)
    if move.from_version is None:
        return payloads.LabelCreated(move.label, move.to_version, move.affected_prompts)
    return payloads.LabelMoved(move.label, move.from_version, move.to_version, move.affected_prompts)
