"""Moves of labels of many prompts as pages show them, with the differences of what programs get. Nothing is decided here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from promptuary.differences import Budget, ConfigChange, compare_configs_within
from promptuary.model.access import Actor
from promptuary.model.contract_changes import ChangeLevel
from promptuary.model.errors import MoveRefusal
from promptuary.registry import prompts
from promptuary.registry.moves import ChangedText, Move, Moves
from promptuary.store.engine.database import Transaction
from promptuary.web.prompts.comparing import MAX_CONFIG, Comparison, compare_all, weigh_change

MAX_COMPARED = 100
"""Maximum moves whose differences a page has; of the others it has links to them."""


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


def plan_of(tx: Transaction, actor: Actor, found: Moves) -> Plan:
    """Return what a page shows of moves that were looked at in the same transaction."""
    refused = {refusal.name: refusal for refusal in found.refused}
    texts = {(text.name, text.label): text for text in found.texts}
    ordered = sorted(found.moves, key=lambda move: (move.contract_change is not ChangeLevel.BREAKING, move.name, move.label))
    shown = [move for move in ordered if move.to_version is not None and (move.name, move.label) in texts][:MAX_COMPARED]
    others = [text for text in found.texts if text.label is None]
    pairs = [texts[move.name, move.label] for move in shown]
    compared = compare_all([(text.before, text.after) for text in (*pairs, *others)])
    budget = Budget(MAX_CONFIG, weigh_change)
    comparisons = {
        (move.name, move.label): _with_config(tx, actor, move, text, budget) for move, text in zip(shown, compared, strict=False)
    }
    return Plan(
        moves=[PlannedMove(move, comparisons.get((move.name, move.label)), refused.get(move.name)) for move in ordered],
        others=[ChangedPrompt(text, each) for text, each in zip(others, compared[len(shown) :], strict=True)],
        refused=found.refused,
    )


def _with_config(tx: Transaction, actor: Actor, move: Move, text: Comparison, budget: Budget[ConfigChange]) -> Comparison:
    """Add to the difference of two texts that of the configs, and what it means to programs."""
    if move.from_version is None:
        return text
    old, new = (
        prompts.fetch_prompt(tx, actor, move.name, version=number, with_labels=False).config
        for number in (move.from_version, move.to_version)
    )
    config, left_out = compare_configs_within(old, new, budget)
    return replace(text, config=config, config_left_out=left_out, callers=move.contract_changes)
