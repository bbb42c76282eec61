"""Moves of labels of many prompts as pages show them, with the differences of what programs get. Nothing is decided here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from promptuary.differences import Budget, ConfigChange, compare_configs_within
from promptuary.model.access import Actor
from promptuary.model.contract_changes import ChangeLevel
from promptuary.model.release_errors import MoveRefusal
from promptuary.registry import prompts
from promptuary.registry.moves import ChangedText, Move, Moves
from promptuary.store.engine.database import Transaction
from promptuary.web.prompts.comparing import MAX_CONFIG, Comparison, compare_all, weigh_change

MAX_COMPARED = 100
"""Maximum moves whose differences a page has; of the others it has links to them."""


Config = dict[str, object] | None

Configs = Mapping[tuple[str, str], tuple[Config, Config]]
"""The configs before and after moves, by the name of the prompt and the label."""


@dataclass(frozen=True, slots=True)
class PlannedMove:
    """A move with its differences, `None` if they are left out, and the reason why it cannot be made, if there is one."""

    move: Move
    comparison: Comparison | None = None
    refusal: MoveRefusal | None = None

    @property
    def is_breaking(self) -> bool:
        """`True` if programs fail afterwards that work now."""
        return self.move.contract_change is ChangeLevel.BREAKING

    @property
    def seen(self) -> str:
        """The positions that the page shows, for the form: where the label is, where it will be, and the name."""
        return f"{self.move.from_version or 0} {self.move.to_version or 0} {self.move.name}"


@dataclass(frozen=True, slots=True)
class ChangedPrompt:
    """Another prompt whose text changes, because it follows one of the labels."""

    text: ChangedText
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Plan:
    """Effect of a release or its undoing: the moves, those that break programs first, and prompts that follow."""

    moves: Sequence[PlannedMove]
    others: Sequence[ChangedPrompt]
    refused: Sequence[MoveRefusal]

    @property
    def breaking(self) -> list[PlannedMove]:
        """The moves after which programs fail that work now."""
        return [planned for planned in self.moves if planned.is_breaking]

    @property
    def other_names(self) -> list[str]:
        """The names of prompts that are not moved and change nevertheless."""
        moved = {planned.move.name for planned in self.moves}
        affected = (name for planned in self.moves for name in planned.move.affected_prompts)
        return [name for name in dict.fromkeys(affected) if name not in moved]


def read_configs(tx: Transaction, actor: Actor, found: Moves) -> Configs:
    """Read the configs before and after the moves that a page compares, in the transaction in which they were looked at."""
    return {
        (move.name, move.label): (
            prompts.fetch_prompt(tx, actor, move.name, version=move.from_version, with_labels=False).config,
            prompts.fetch_prompt(tx, actor, move.name, version=move.to_version, with_labels=False).config,
        )
        for move in _compared(found)
        if move.from_version is not None
    }


def plan_of(found: Moves, configs: Configs) -> Plan:
    """Return what a page shows of moves that were looked at. This compares many texts, so no transaction should wait for it."""
    refused = {refusal.name: refusal for refusal in found.refused}
    texts = {(text.name, text.label): text for text in found.texts}
    shown, others = _compared(found), [text for text in found.texts if text.label is None]
    pairs = [texts[move.name, move.label] for move in shown]
    compared = compare_all([(text.before, text.after) for text in (*pairs, *others)])
    budget = Budget(MAX_CONFIG, weigh_change)
    comparisons = {
        (move.name, move.label): _with_config(move, text, configs.get((move.name, move.label)), budget)
        for move, text in zip(shown, compared, strict=False)
    }
    return Plan(
        moves=[
            PlannedMove(move, comparisons.get((move.name, move.label)), refused.get(move.name))
            for move in sorted(found.moves, key=_breaking_first)
        ],
        others=[ChangedPrompt(text, each) for text, each in zip(others, compared[len(shown) :], strict=True)],
        refused=found.refused,
    )


def _breaking_first(move: Move) -> tuple[bool, str, str]:
    return move.contract_change is not ChangeLevel.BREAKING, move.name, move.label


def _compared(found: Moves) -> list[Move]:
    """Return the moves of which a page has the differences, in its order."""
    texts = {(text.name, text.label) for text in found.texts}
    possible = [move for move in found.moves if move.to_version is not None and (move.name, move.label) in texts]
    return sorted(possible, key=_breaking_first)[:MAX_COMPARED]


def _with_config(move: Move, text: Comparison, configs: tuple[Config, Config] | None, budget: Budget[ConfigChange]) -> Comparison:
    """Add to the difference of two texts that of the configs, and what it means to programs."""
    if configs is None:
        return text
    config, left_out = compare_configs_within(*configs, budget)
    return replace(text, config=config, config_left_out=left_out, callers=move.contract_changes)
