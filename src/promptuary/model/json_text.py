"""JSON as Promptuary reads, stores and shows it.

Stored JSON is text, not a database's JSON type: NUL, key order and big numbers survive on every database.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import NoReturn, TypeAlias

MAX_DEPTH = 200
"""Deepest accepted nesting of arrays and objects. Parsers and writers recurse, so the limit is ours, not the stack's."""

MAX_ITEMS = 2_100_000
"""Maximum number of commas and opening brackets in a text. No prompt with a config has more, and reading millions takes seconds in
which nothing else runs."""

MAX_INDENTATION = 3_000_000
"""Maximum spaces for indentation: deep JSON would become a hundred times as long by it."""

_Nested: TypeAlias = dict[str, object] | list[object]

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


def find_repeated_key(text: str) -> str | None:
    """Return a key that an object in a JSON text has more than once, `None` if there is none, or if the text is not JSON.

    `parse` keeps only the last value of such a key.
    """
    repeated: list[str] = []

    def note(pairs: list[tuple[str, object]]) -> None:
        keys = [key for key, _ in pairs]
        if len(set(keys)) < len(keys):
            repeated.append(next(key for place, key in enumerate(keys) if key in keys[:place]))

    try:
        json.loads(text, object_pairs_hook=note)
    except (ValueError, RecursionError):
        return None
    return repeated[0] if repeated else None


def find_surrogate(value: object) -> str | None:
    """Return the first lone surrogate in any string or key of a JSON value, or `None`."""
    for text in _strings(value):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            return text[error.start]
    return None


def _indent(value: object, depth: int) -> str:
    """Write JSON as ``json.dumps(value, indent=2)`` does, as much of it as possible in C."""
    if not isinstance(value, (dict, list)) or not value:
        return dump(value)
    line_end = "\n" + "  " * depth
    nested = _below([value])
    if not any(nested):
        # Arrays and objects that have only values in them are written in C, which indents nothing but separates items by any text.
        written = _encoder_of_items(depth + 1).encode(value)
        return f"{written[0]}{line_end}  {written[1:-1]}{line_end}{written[-1]}"
    if isinstance(value, dict):
        items = [f"{dump(key)}: {_indent(child, depth + 1)}" for key, child in value.items()]
        return f"{{{line_end}  {f',{line_end}  '.join(items)}{line_end}}}"
    if len(nested) == len(value) and all(isinstance(each, dict) and each for each in nested) and not _below(nested):
        return _indent_rows(value, depth)
    items = [_indent(child, depth + 1) for child in value]
    return f"[{line_end}  {f',{line_end}  '.join(items)}{line_end}]"


def _indent_rows(rows: list[object], depth: int) -> str:
    """Write an array of objects that have only values in them, such as most chats, with one call to C."""
    line_end, row, item = ("\n" + "  " * (depth + level) for level in range(3))
    written = _encoder_of_items(depth + 2).encode(rows)
    # Strings have no line feeds, which are escaped in them, so this is only found between two objects.
    between = written[2:-2].replace(f"}},{item}{{", f"{row}}},{row}{{{item}")
    return f"[{row}{{{item}{between}{row}}}{line_end}]"


@cache
def _encoder_of_items(depth: int) -> json.JSONEncoder:
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",\n" + "  " * depth, ": "))


def _indentation(value: object) -> int:
    """Count the spaces at the starts of the lines of indented JSON, up to the level at which they are too many."""
    total = 0
    for depth, level in enumerate(_levels(value), 1):
        total += 2 * depth * sum(map(len, level))
        if total > MAX_INDENTATION:
            break
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
    return next(islice(_levels(value), limit, None), None) is not None


def _levels(value: object) -> Iterator[list[_Nested]]:
    """Yield the arrays and objects of each level of a value, from the value itself down."""
    level = _below([[value]])
    while level:
        yield level
        level = _below(level)


def _below(level: Sequence[_Nested]) -> list[_Nested]:
    """Return the arrays and objects that are items of those of a level."""
    return [
        child
        for parent in level
        for child in (parent.values() if isinstance(parent, dict) else parent)
        # JSON has no subclasses of these, and to ask for such would take twice as long.
        if type(child) is dict or type(child) is list
    ]


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
