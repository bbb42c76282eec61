"""JSON as Promptuary reads, stores and shows it.

Stored JSON is text, not a database's JSON type: NUL, key order and big numbers survive on every database.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NoReturn

MAX_DEPTH = 200
"""Deepest accepted nesting of arrays and objects. Parsers and writers recurse, so the limit is ours, not the stack's."""

MAX_ITEMS = 2_100_000
"""Maximum number of commas and opening brackets in a text. No prompt with a config has more, and reading millions takes seconds in
which nothing else runs."""

MAX_INDENTATION = 3_000_000
"""Maximum spaces for indentation: deep JSON would become a hundred times as long by it."""

# Built once: to build one takes as long as to write a short value.
_AS_STORED = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


# In a text that is JSON, quotes are the ends of its strings, or escaped.
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(?P<is_key>[ \t\r\n]*:)?')


class InvalidJson(ValueError):
    """A text is not acceptable JSON; the message says why and where.

    ``reason`` is the message without the place, which is ``line`` and ``column``, counted from 1, `None` if there is none.
    """

    def __init__(self, message: str, *, reason: str = "", line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason or message
        self.line = line
        self.column = column


def dump(value: object) -> str:
    """Write JSON as it is stored and shown: ``", "`` and ``": "`` between items, non-ASCII kept."""
    return _AS_STORED.encode(value)


def dump_compact(value: object) -> str:
    """Write JSON without white space, as sizes are counted and answers are sent."""
    return _COMPACT.encode(value)


def dump_indented(value: object) -> str:
    """Write JSON as people edit it: two spaces a level; in one line where that would take more than `MAX_INDENTATION`."""
    return dump(value) if _indentation(value) > MAX_INDENTATION else _indent(value, 0)


def parse(text: str, *, max_depth: int = MAX_DEPTH) -> object:
    """Read JSON from outside.

    Raises `InvalidJson` for bad syntax, NaN, infinities (also by overflow), numbers too long to read, and nesting deeper than
    ``max_depth``, and more than `MAX_ITEMS` items. Lone surrogates pass; `find_surrogate` tells.
    """
    # Each item takes at least one character.
    if len(text) > MAX_ITEMS and sum(map(text.count, ",[{")) > MAX_ITEMS:
        raise InvalidJson(_TOO_MANY_ITEMS)
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite_float)
    except RecursionError:
        raise InvalidJson(_TOO_DEEP) from None
    except json.JSONDecodeError as error:
        raise InvalidJson(str(error), reason=error.msg, line=error.lineno, column=error.colno) from None
    except ValueError as error:
        raise InvalidJson(str(error)) from None
    # Most texts have fewer brackets than levels are allowed, and need not be looked at by level.
    if text.count("[") + text.count("{") > max_depth and _is_deeper_than(value, max_depth):
        raise InvalidJson(_TOO_DEEP)
    return value


def change_strings(text: str, change: Callable[[str], str]) -> str:
    """Return the text of a JSON value with each of its strings changed, but not the keys of objects; all else stays as written."""

    def changed(match: re.Match[str]) -> str:
        if match["is_key"]:
            return match[0]
        before = json.loads(match[0])
        after = change(before)
        return match[0] if after == before else json.dumps(after, ensure_ascii=False)

    return _STRING.sub(changed, text)


def iterate_strings(text: str) -> Iterator[tuple[int, str]]:
    """Yield each string of the text of a JSON value, but not the keys of objects: its start, and itself as written, in quotes."""
    return ((match.start(), match[0]) for match in _STRING.finditer(text) if not match["is_key"])


def find_surrogate(value: object) -> str | None:
    """Return the first lone surrogate in any string or key of a JSON value, or `None`."""
    for text in _strings(value):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            return text[error.start]
    return None


def _indent(value: object, depth: int) -> str:
    """Write JSON as ``json.dumps(value, indent=2)`` does, in a third of the time."""
    if not isinstance(value, (dict, list)) or not value:
        return dump(value)
    line_end = "\n" + "  " * depth
    children = value.values() if isinstance(value, dict) else value
    if not any(isinstance(child, (dict, list)) and child for child in children):
        # Arrays and objects that have only values in them are written in C, which indents nothing but separates items by any text.
        written = _encoder_of_items(depth + 1).encode(value)
        return f"{written[0]}{line_end}  {written[1:-1]}{line_end}{written[-1]}"
    if isinstance(value, dict):
        items = [f"{dump(key)}: {_indent(child, depth + 1)}" for key, child in value.items()]
        return f"{{{line_end}  {f',{line_end}  '.join(items)}{line_end}}}"
    items = [_indent(child, depth + 1) for child in value]
    return f"[{line_end}  {f',{line_end}  '.join(items)}{line_end}]"


@cache
def _encoder_of_items(depth: int) -> json.JSONEncoder:
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",\n" + "  " * depth, ": "))


def _indentation(value: object) -> int:
    """Count the spaces at the starts of the lines of indented JSON, up to the level at which they are too many."""
    total, level, depth = 0, [value], 0
    while level and total <= MAX_INDENTATION:
        depth += 1
        total += 2 * depth * sum(len(parent) for parent in level if isinstance(parent, (dict, list)))
        level = _below(level)
    return total


_TOO_DEEP = f"Nested too deep, more than {MAX_DEPTH} levels"


_TOO_MANY_ITEMS = f"More than {MAX_ITEMS} items"


def _refuse_constant(constant: str) -> NoReturn:
    message = f"Out of range float values are not JSON compliant: {constant}"
    raise ValueError(message)


def _finite_float(literal: str) -> float:
    number = float(literal)
    if number in (float("inf"), float("-inf")):
        _refuse_constant(literal[:40])
    return number


def _is_deeper_than(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = _below(level)
        if not level:
            return False
    return True


def _below(level: list[object]) -> list[object]:
    """Return the arrays and objects that are items of those of a level."""
    found: list[object] = []
    for parent in level:
        if isinstance(parent, dict):
            found += [child for child in parent.values() if isinstance(child, (dict, list))]
        elif isinstance(parent, list):
            found += [child for child in parent if isinstance(child, (dict, list))]
    return found


def _strings(value: object) -> Iterator[str]:
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, list):
            pending.extend(reversed(current))
        elif isinstance(current, dict):
            for key, child in reversed(current.items()):
                pending.append(child)
                pending.append(key)
