"""Differences between two configs, key by key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from json import dumps
from typing import Final

from promptuary.differences.budgets import Budget, cut_text
from promptuary.model.json_text import dump


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A value that differs. ``path`` is as `show_path` returns it; values are JSON text, `None` if there is none."""

    path: str
    old: str | None
    new: str | None


class Missing:
    """Stands for a value that is not there; JSON's null is one that is."""


MISSING: Final = Missing()


def compare_configs(old: Mapping[str, object] | None, new: Mapping[str, object] | None) -> list[ConfigChange]:
    """Return the values that differ, in the order of the keys, old ones first. No config and an empty one are the same."""
    return [ConfigChange(show_path(path), _text(before), _text(after)) for path, before, after in _changes(old or {}, new or {})]


def compare_configs_within(
    old: Mapping[str, object] | None, new: Mapping[str, object] | None, budget: Budget[ConfigChange]
) -> tuple[list[ConfigChange], int]:
    """Return the first values that differ, as far as there is room, and how many more there are. Long texts are cut."""
    shown: list[ConfigChange] = []
    left_out = 0
    for path, before, after in _changes(old or {}, new or {}):
        if budget.is_full:
            left_out += 1
            continue
        change = ConfigChange(cut_text(show_path(path)), _cut(before), _cut(after))
        budget.take(change)
        shown.append(change)
    return shown, left_out


def joined_keys(old: Mapping[str, object], *others: Mapping[str, object]) -> list[str]:
    """Return the keys of several objects, each once, in the order in which they come."""
    return list(dict.fromkeys([*old, *(key for other in others for key in other)]))


def show_path(path: tuple[str, ...]) -> str:
    """Join keys by dots: `model.top_p`. Any other key than a plain word is a JSON string: `"gpt-4.1".top_p`.

    No two paths are shown alike, and nothing invisible is in what is shown.
    """
    return ".".join(key if _is_plain(key) else dumps(key, ensure_ascii=not key.isprintable()) for key in path)


def _is_plain(key: str) -> bool:
    return key != "" and key.isprintable() and not any(sign in key for sign in '."')


def is_equal(one: object, other: object) -> bool:
    """Return `True` if two JSON values are the same; ``1``, ``1.0`` and ``true`` are not, nor are keys in another order."""
    if isinstance(one, Missing) or isinstance(other, Missing):
        return one is other
    if type(one) is type(other) and isinstance(one, (str, int)):
        return one == other
    return dump(one) == dump(other)


class Digests:
    """Digests of JSON values; equal ones belong to values that are the same, see `is_equal`. Values must outlive this object."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def of(self, value: object) -> str:
        """Return the digest of a value, computed once for each object and array."""
        if isinstance(value, Missing):
            return ""
        if not isinstance(value, (dict, list)):
            return dump(value)
        known = self._known.get(id(value))
        if known is None:
            items = (
                [f"{dump(key)}:{self.of(child)}" for key, child in value.items()]
                if isinstance(value, dict)
                else map(self.of, value)
            )
            text = f"{type(value).__name__}({','.join(items)})"
            known = self._known[id(value)] = "#" + blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
        return known


def _changes(
    old: Mapping[str, object], new: Mapping[str, object], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], object, object]]:
    for key in joined_keys(old, new):
        before, after = old.get(key, MISSING), new.get(key, MISSING)
        if isinstance(before, dict) and isinstance(after, dict):
            # Whether they are equal shows below; to write both out at each level would cost their size at each level.
            yield from _changes(before, after, (*path, key))
        elif not is_equal(before, after):
            yield (*path, key), before, after


def _text(value: object) -> str | None:
    return None if isinstance(value, Missing) else dump(value)


def _cut(value: object) -> str | None:
    text = _text(value)
    return None if text is None else cut_text(text)
