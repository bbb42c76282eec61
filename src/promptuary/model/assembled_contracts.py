"""Contracts of assembled prompts: the variables of the own text and those of all parts.

A text without a contract contributes the variables that it has. If several declare a variable, the own declaration counts before
those of parts, and that of an earlier part before that of a later one.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from promptuary.model.assembly import ServedReference
from promptuary.model.content import text_of
from promptuary.model.json_text import dump
from promptuary.model.templates import Template


@dataclass(frozen=True, slots=True)
class DeclaringText:
    """A text that belongs to an assembled prompt: the name of its prompt, stored content, stored contract."""

    name: str
    content: str
    variables_json: str | None

    @property
    def declarations(self) -> Mapping[str, object]:
        """Declarations of its contract, or an empty one for each variable that it has."""
        if self.variables_json is None:
            return {name: {} for name in Template(text_of(self.content)).variables}
        declared: dict[str, object] = json.loads(self.variables_json)
        return declared


def declaring_texts(own: DeclaringText, served: Iterable[ServedReference]) -> list[DeclaringText]:
    """Return the own text of an assembled prompt and those of its parts, each once, in the order in which their tags are met."""
    parts = {each.part.version_id: each.part for each in served}
    return [own, *(DeclaringText(part.name, part.content, part.variables_json) for part in parts.values())]


@dataclass(frozen=True, slots=True)
class DeclarationConflict:
    """Two prompts that declare a variable differently; the declaration of the first counts."""

    variable: str
    first: str
    second: str

    def __str__(self) -> str:
        return (
            f"'{self.first}' and '{self.second}' declare the variable '{self.variable}' differently. That of '{self.first}' counts."
        )


def assembled_contract(texts: Iterable[DeclaringText]) -> str | None:
    """Return the stored contract of all texts, the own one first; `None` if none of them has one."""
    known = list(texts)
    if all(text.variables_json is None for text in known):
        return None
    merged: dict[str, object] = {}
    for text in known:
        for name, declaration in text.declarations.items():
            merged.setdefault(name, declaration)
    return dump(merged)


def list_conflicts(texts: Iterable[DeclaringText]) -> Iterator[DeclarationConflict]:
    """Yield each variable that two contracts declare differently."""
    declared: dict[str, tuple[str, object]] = {}
    for text in texts:
        for name, declaration in text.declarations.items() if text.variables_json is not None else ():
            first, known = declared.setdefault(name, (text.name, declaration))
            if known != declaration:
                yield DeclarationConflict(name, first, text.name)
