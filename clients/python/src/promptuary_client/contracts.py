"""Contracts: the variables that a version declares, and the values that fit them. No I/O.

With a contract, only declared names are variables. A value that is missing, unknown or not as declared is a problem. Each problem
is one sentence, so that one error can name all of them.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from typing import Any, TypeAlias, TypeGuard

from promptuary_client.values import as_text

Declaration: TypeAlias = Mapping[str, Any]
"""Declaration of a variable: ``type``, ``description``, ``required``, ``default``, ``enum``, ``examples``."""
Contract: TypeAlias = Mapping[str, Declaration]

_MAX_SHOWN = 5


def is_contract(value: object) -> bool:
    """Return `True` if a JSON value has the form of a contract. Its rules are the server's."""
    return isinstance(value, dict) and all(isinstance(each, dict) and _type(each) in _FITS for each in value.values())


def as_placeholder(declaration: Declaration) -> Declaration:
    """Return the declaration of a placeholder. It takes messages, also if it is declared as another type."""
    return declaration if _type(declaration) == "messages" else {"type": "messages"}


def list_problems(contract: Contract, values: Mapping[str, object]) -> Iterator[str]:
    """Yield a sentence for each value that is unknown or not as declared."""
    for name, value in values.items():
        if name not in contract:
            close = get_close_matches(name, list(contract), n=1)
            yield f"The prompt has no variable named {name!r}.{f' Did you mean {close[0]!r}?' if close else ''}"
        elif value is None:
            if must_be_given(contract[name]):
                yield f"{name!r} must not be None."
        else:
            yield from _list_problems_of(name, contract[name], value.value if isinstance(value, Enum) else value)


def must_be_given(declaration: Declaration) -> bool:
    """Return `True` if a caller has to give a value."""
    return declaration.get("required", True) is not False and "default" not in declaration


def default_of(declaration: Declaration) -> object:
    """Return the value of a variable that a caller may leave out and has left out."""
    return declaration.get("default", [] if _type(declaration) == "messages" else "")


def _list_problems_of(name: str, declaration: Declaration, value: object) -> Iterator[str]:
    kind = _type(declaration)
    if not _FITS[kind](value):
        is_placeholder = kind == "messages"
        yield messages_expected(name) if is_placeholder else f"{name!r} must be of the type {kind}, not {type(value).__name__}."
        return
    choices = declaration.get("enum")
    if isinstance(choices, list) and _key(value) not in set(map(_key, choices)):
        more = f" and {len(choices) - _MAX_SHOWN} more" if len(choices) > _MAX_SHOWN else ""
        yield f"{name!r} must be one of {', '.join(map(as_text, choices[:_MAX_SHOWN]))}{more}."


def _type(declaration: Declaration) -> str:
    return str(declaration.get("type", "string"))


def _key(value: object) -> str:
    return json.dumps(as_text(value)) if isinstance(value, str) else as_text(value)


def are_messages(value: object) -> "TypeGuard[Sequence[Mapping[str, Any]]]":
    """Return `True` for a list of messages, as providers of models return them: some of these have no content."""
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes, bytearray)):
        return False
    return all(isinstance(each, Mapping) and isinstance(each.get("role"), str) for each in value)


def messages_expected(name: str) -> str:
    """Return the sentence about a value for a placeholder that is no list of messages."""
    return f"The placeholder {name!r} takes a list of messages, each with a role."


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _is_finite_number(value: object) -> bool:
    # JSON has no others.
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, (int, float)) and _is_number(value) and (isinstance(value, int) or math.isfinite(value))


def _is_list(value: object) -> bool:
    return isinstance(value, (Sequence, AbstractSet)) and not isinstance(value, (str, bytes, bytearray))


def _is_string(value: object) -> bool:
    return not isinstance(value, (bool, Mapping)) and not _is_number(value) and not _is_list(value)


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "string": _is_string,
    "number": _is_finite_number,
    "integer": lambda value: _is_finite_number(value) and value == int(value),
    "boolean": lambda value: isinstance(value, bool),
    "array": _is_list,
    "object": lambda value: isinstance(value, Mapping),
    "messages": are_messages,
}
