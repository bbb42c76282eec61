"""The order of a push: parts are published before what refers to them, and archived behind it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from promptuary.files import Folder
from promptuary.model.json_text import dump
from promptuary.model.references import count_references


class _Step(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def draft(self) -> object: ...


T = TypeVar("T", bound=_Step)


def in_order_of_references(steps: Sequence[T], folder: Folder) -> list[T]:
    """Return steps in their order, but each behind those for its parts; steps that delete come last, each before its parts."""
    written = {step.name: step for step in steps if step.name in folder.found}
    deleted = {step.name: step for step in steps if step.name not in folder.found}
    references = {name: _names(folder.found[name].document.content) for name in written}
    locked = {name: {each.name for each in folder.entries[name].references} for name in reversed(deleted) if name in folder.entries}
    publishing = [written[name] for name in _parts_first(written, references)]
    return [*publishing, *(deleted[name] for name in reversed(_parts_first(list(reversed(deleted)), locked)))]


def _names(content: object) -> set[str]:
    return {reference.name for reference in count_references(dump(content))}


def _parts_first(names: Iterable[str], references: Mapping[str, Iterable[str]]) -> list[str]:
    """Return names in their order, but each behind those that it refers to. What refers to itself keeps its place."""
    ordered: dict[str, None] = {}
    met: set[str] = set()

    def add(name: str) -> None:
        if name in met:
            return
        met.add(name)
        for part in sorted(set(references.get(name, ())) & wanted):
            add(part)
        ordered[name] = None

    wanted = set(names)
    for name in names:
        add(name)
    return list(ordered)
