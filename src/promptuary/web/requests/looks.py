"""Effects of proposed moves, as pages show them: texts, configs, variables, and who fetches them."""

from collections.abc import Sequence
from dataclasses import dataclass

from promptuary.differences import Budget, ConfigChange, compare_configs_within
from promptuary.model.access import Actor
from promptuary.model.contract_changes import ChangeLevel
from promptuary.model.release_errors import MoveRefusal
from promptuary.registry import prompts
from promptuary.registry.moves import ChangedText, Move, Moves
from promptuary.store.engine.database import Transaction
from promptuary.web.prompts.comparing import MAX_CONFIG, Comparison, compare_changed, weigh_change

MAX_CONFIGS = 20
"""Maximum moves whose configs are compared."""


@dataclass(frozen=True, slots=True)
class SeenMove:
    """A move with the differences of the text and of the config; `None` if they are not shown."""

    move: Move
    comparison: Comparison | None = None
    config: tuple[ConfigChange, ...] = ()
    config_left_out: int = 0

    @property
    def fetches(self) -> int:
        """Fetches by the label in the last days."""
        return sum(usage.fetches for usage in self.move.fetches)


@dataclass(frozen=True, slots=True)
class Look:
    """Effects of moves: those that break callers in front, the texts of other prompts that follow them, and the refusals."""

    moves: tuple[SeenMove, ...] = ()
    followers: tuple[tuple[ChangedText, Comparison], ...] = ()
    refused: tuple[MoveRefusal, ...] = ()

    @property
    def for_callers(self) -> list[SeenMove]:
        """The moves that change something for programs, breaking ones in front."""
        return [
            seen for seen in self.moves if seen.move.contract_changes.changes or seen.move.contract_change is ChangeLevel.BREAKING
        ]

    def breaks(self, labels: frozenset[str]) -> bool:
        """Return `True` if the move of one of these labels breaks callers."""
        return any(seen.move.label in labels and seen.move.contract_change is ChangeLevel.BREAKING for seen in self.moves)


def look_of(tx: Transaction, actor: Actor, found: Moves) -> Look:
    """Return what is shown of moves that were looked at in the same transaction."""
    comparisons = compare_changed(found.texts)
    compared = {
        (text.name, text.label): comparison for text, comparison in zip(found.texts, comparisons, strict=True) if text.label
    }
    followers = [(text, comparison) for text, comparison in zip(found.texts, comparisons, strict=True) if not text.label]
    budget = Budget(MAX_CONFIG, weigh_change)
    ordered = sorted(found.moves, key=lambda move: move.contract_change is not ChangeLevel.BREAKING)
    seen = [
        _seen(tx, actor, move, compared.get((move.name, move.label)), budget if place < MAX_CONFIGS else None)
        for place, move in enumerate(ordered)
    ]
    return Look(tuple(seen), tuple(followers), found.refused)


def _seen(
    tx: Transaction, actor: Actor, move: Move, comparison: Comparison | None, budget: Budget[ConfigChange] | None
) -> SeenMove:
    if move.from_version is None or move.to_version is None or budget is None:
        return SeenMove(move, comparison)
    old = prompts.fetch_prompt(tx, actor, move.name, version=move.from_version, with_labels=False)
    new = prompts.fetch_prompt(tx, actor, move.name, version=move.to_version, with_labels=False)
    changes, left_out = compare_configs_within(old.config, new.config, budget)
    return SeenMove(move, comparison, tuple(changes), left_out)


def describe_changes(seen: Sequence[str], now: Sequence[str]) -> list[str]:
    """Return in sentences how proposed moves differ from those that a user has seen; both as `encode_move` gives them."""
    before, after = _by_place(seen), _by_place(now)
    sentences = [f"{place} is not part of it any more." for place in before if place not in after]
    sentences += [f"{place} is part of it now: {_path(moved)}." for place, moved in after.items() if place not in before]
    sentences += [
        f"{place} was to go {_path(before[place])}, and now {_path(moved)}."
        for place, moved in after.items()
        if place in before and _path(before[place]) != _path(moved)
    ]
    sentences += [
        f"{place} was at {_version(before[place][2])}, and is at {_version(moved[2])} now."
        for place, moved in after.items()
        if place in before and before[place][2] != moved[2]
    ]
    return sentences


def _by_place(encoded: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """Return moves by label and prompt, each with its versions: from, to, and where the label is."""
    found: dict[str, tuple[str, str, str]] = {}
    for each in encoded:
        label, start, target, current, *name = each.split(" ", 4) if each.count(" ") >= _SPACES else ("", "", "", "")
        if name:
            found[f"{label} of {name[0]}"] = start, target, current
    return found


_SPACES = 4


def _path(versions: tuple[str, str, str]) -> str:
    return f"from {_version(versions[0])} to {_version(versions[1])}"


def _version(number: str) -> str:
    return "nothing" if number == "0" else f"v{number}"
