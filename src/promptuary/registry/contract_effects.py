"""The effect of a move of a label on programs that fill in variables."""

from dataclasses import dataclass

from promptuary.model.access import Actor
from promptuary.model.contract_changes import ChangeLevel, ContractComparison, compare_contracts
from promptuary.model.contracts import Contract, variables_of
from promptuary.model.prompts import Version
from promptuary.model.reference_errors import UnresolvedReference
from promptuary.registry.assembling import AssembledVersion, assemble_version
from promptuary.store.engine.database import Transaction


@dataclass(frozen=True, slots=True)
class ServedText:
    """The text and the variables that programs get of a version; without its parts if they cannot be put together.

    The text is `None` if it was not asked for.
    """

    text: str | None
    variables: Contract


NOT_SERVED = ServedText("", {})
"""Stands for the text of a label that is not set."""


def served_text(tx: Transaction, actor: Actor, version: Version | None, *, with_text: bool = True) -> ServedText:
    """Return what programs get of a version as of now."""
    if version is None:
        return NOT_SERVED
    try:
        whole = assemble_version(tx, actor, version).version
    except UnresolvedReference:
        whole = AssembledVersion(version).version
    return ServedText(whole.text if with_text else None, variables_of(whole.template, whole.contract))


def changes_of_move(before: ServedText, after: ServedText) -> ContractComparison:
    """Return how the variables differ, if the label was set before and is set since."""
    if before is NOT_SERVED or after is NOT_SERVED:
        return ContractComparison(())
    return compare_contracts(before.variables, after.variables)


def effect_of_move(before: ServedText, after: ServedText) -> ChangeLevel:
    """Return the effect of a move: a label that goes breaks all that fetch by it, and no program knows a new one yet."""
    return ChangeLevel.BREAKING if after is NOT_SERVED else changes_of_move(before, after).level
