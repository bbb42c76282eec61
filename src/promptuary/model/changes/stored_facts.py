"""Reading the facts of a payload from the JSON objects that the log stores of it."""

from collections.abc import Mapping
from typing import TypeVar

from promptuary.model.prompts import LabelPointer

Facts = Mapping[str, object]
"""One of the two JSON objects, empty if none is stored."""

Sides = tuple[dict[str, object] | None, dict[str, object] | None]
"""The JSON objects for the state before a change and for the state after it."""

_T = TypeVar("_T")


class FactMismatch(Exception):
    """Raised if a stored fact is missing or of another type than its kind of change has."""


def get_fact(facts: Facts, key: str, kind: type[_T]) -> _T:
    """Return a fact. Raises `FactMismatch`."""
    value = facts.get(key)
    if not isinstance(value, kind):
        raise FactMismatch(key)
    return value


def find_text(facts: Facts, key: str) -> str | None:
    """Return a text that may be null or missing. Raises `FactMismatch`."""
    return None if facts.get(key) is None else get_fact(facts, key, str)


def show_labels(labels: tuple[LabelPointer, ...]) -> dict[str, int]:
    """Return the stored form of labels."""
    return {label.name: label.version for label in labels}


def read_labels(facts: Facts) -> tuple[LabelPointer, ...]:
    """Return the labels, in the stored order. Raises `FactMismatch`."""
    found = get_fact(facts, "labels", dict)
    return tuple(LabelPointer(name, get_fact(found, name, int)) for name in found)


def show_affected(names: tuple[str, ...]) -> dict[str, object]:
    """Return the stored form of the names of affected prompts: nothing if there are none."""
    return {"affected_prompts": list(names)} if names else {}


def get_texts(facts: Facts, key: str) -> tuple[str, ...]:
    """Return a list of texts, in the stored order. Raises `FactMismatch`."""
    texts = get_fact(facts, key, list)
    if not all(isinstance(each, str) for each in texts):
        raise FactMismatch(key)
    return tuple(texts)


def read_affected(facts: Facts) -> tuple[str, ...]:
    """Return the names of affected prompts, in the stored order. Raises `FactMismatch`."""
    return get_texts(facts, "affected_prompts") if "affected_prompts" in facts else ()
