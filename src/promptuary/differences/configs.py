"""What differs between two configs, key by key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json import dumps
from typing import Final

from promptuary.model.json_text import dump


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A value that differs. ``path`` is as `show_path` returns it; values are JSON text, `None` where there is none."""

    path: str
    old: str | None
    new: str | None


class Missing:
    """Stands for a value that is not there; JSON's null is one that is."""


MISSING: Final = Missing()


def compare_configs(old: Mapping[str, object] | None, new: Mapping[str, object] | None) -> list[ConfigChange]:
    """Return the values that differ, in the order of the keys, old ones first. No config and an empty one are the same."""
    return list(_changes(old or {}, new or {}, ()))


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
    """Tell whether two JSON values are the same; ``1``, ``1.0`` and ``true`` are not, nor are keys in another order."""
    if isinstance(one, Missing) or isinstance(other, Missing):
        return one is other
    return dump(one) == dump(other)


def _changes(old: Mapping[str, object], new: Mapping[str, object], path: tuple[str, ...]) -> Iterator[ConfigChange]:
    for key in joined_keys(old, new):
        before, after = old.get(key, MISSING), new.get(key, MISSING)
        if is_equal(before, after):
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _changes(before, after, (*path, key))
        else:
            yield ConfigChange(show_path((*path, key)), _text(before), _text(after))


def _text(value: object) -> str | None:
    return None if isinstance(value, Missing) else dump(value)
