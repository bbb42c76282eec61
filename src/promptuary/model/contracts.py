"""Contracts: the variables that a version declares, with what callers have to know of each.

A contract is a JSON object: ``{"customer": {"type": "string", "description": "...", "required": true, "default": "...",
"enum": [...], "examples": [...]}}``. Each key of a declaration may be missing; `type` is then ``string`` and ``required`` is true.
A variable with a default need not be given. With a contract, only declared names are variables, and all other braces are text.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NoReturn

from promptuary.model.chats import is_message
from promptuary.model.content import byte_size
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import dump, dump_compact
from promptuary.model.templates import Template
from promptuary.model.variables import is_name

MAX_BYTES = 100_000
"""Largest contract: bytes of its compact JSON in UTF-8."""

MAX_VARIABLES = 1000
MAX_NAME = 100

_KEYS = ("type", "description", "required", "default", "enum", "examples")


class VariableType(StrEnum):
    """Type of the values of a variable. ``messages`` is that of placeholders."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"
    MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class NoDefault:
    """Stands for a default that is missing; null is one."""


NO_DEFAULT: Final = NoDefault()


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as callers see it. ``choices`` are the only allowed values, `None` if all of the type are."""

    name: str
    type: VariableType = VariableType.STRING
    description: str = ""
    is_required: bool = True
    default: object = NO_DEFAULT
    choices: tuple[object, ...] | None = None
    examples: tuple[object, ...] = ()

    @property
    def must_be_given(self) -> bool:
        """`True` if callers have to give a value."""
        return self.is_required and isinstance(self.default, NoDefault)


Contract = Mapping[str, Variable]


def encode_contract(value: object) -> str | None:
    """Return the JSON text under which a contract is stored; `InvalidValue` unless it is `None` or a contract."""
    if value is None:
        return None

    def refuse(message: str) -> NoReturn:
        raise InvalidValue("invalid_variables", message, field="variables")

    if not isinstance(value, dict):
        refuse('Variables must be a JSON object, e.g. {"customer": {"type": "string", "required": true}}.')
    if len(value) > MAX_VARIABLES:
        refuse(f"At most {MAX_VARIABLES} variables can be declared.")
    for name, declaration in value.items():
        _check(name, declaration, refuse)
    if byte_size(value) > MAX_BYTES:
        raise InvalidValue("max_size", f"Variables must be {MAX_BYTES} bytes or fewer.", field="variables")
    return dump(value)


def contract_of(value: object) -> Contract | None:
    """Return the contract that a JSON value is, `None` for `None`. Raises `InvalidValue`."""
    return read_contract(encode_contract(value))


def read_contract(stored: str | None) -> Contract | None:
    """Return a stored contract, in the order in which it was written."""
    if stored is None:
        return None
    return MappingProxyType({name: _variable(name, declaration) for name, declaration in json.loads(stored).items()})


def variables_of(template: Template, contract: Contract | None) -> Contract:
    """Return all that callers fill in: what is declared, or inferred from the text, and placeholders.

    A placeholder takes messages, also if it is declared as another type.
    """
    declared = {name: Variable(name) for name in template.variables} if contract is None else contract
    return {**declared, **{name: _placeholder(name, declared.get(name)) for name in template.placeholders}}


def _placeholder(name: str, declared: Variable | None) -> Variable:
    if declared is None or declared.type is not VariableType.MESSAGES:
        return Variable(name, VariableType.MESSAGES, declared.description if declared else "")
    return declared


def fits(value: object, variable_type: VariableType) -> bool:
    """Return `True` if a JSON value is of a type."""
    return _TYPES[variable_type](value)


def list_doubts(template: Template, contract: Contract | None) -> Iterator[str]:
    """Yield a sentence for each part of a contract that the text does not bear out: allowed, but hardly meant."""
    placeholders = set(template.placeholders)
    for name in {} if contract is None else contract:
        is_messages = contract is not None and contract[name].type is VariableType.MESSAGES
        if name in placeholders and not is_messages:
            yield f"The placeholder '{name}' is declared as {contract[name].type}. Its type is messages."  # type: ignore[index]
        elif name in template.variables and is_messages:
            yield f"The variable '{name}' is declared as messages, which only placeholders take."
        elif name not in placeholders and name not in template.variables:
            yield f"The variable '{name}' is declared and not used."
    if contract is not None:
        yield from (f"The placeholder '{name}' is not declared." for name in template.placeholders if name not in contract)


def _check(name: str, declaration: object, refuse: Callable[[str], NoReturn]) -> None:
    if not is_name(name) or len(name) > MAX_NAME:
        shown = name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}..."
        refuse(f"'{shown}' is not a name of a variable: 1 to {MAX_NAME} letters, marks, digits, '_', '.' and '-'.")
    if not isinstance(declaration, dict):
        refuse(f"The declaration of '{name}' must be an object.")
    for key in declaration:
        if key not in _KEYS:
            refuse(f"The declaration of '{name}' has the unknown key '{key[:MAX_NAME]}'. Known are {', '.join(_KEYS)}.")
    kind = declaration.get("type", VariableType.STRING)
    if not isinstance(kind, str) or kind not in set(VariableType):
        refuse(f"The type of '{name}' must be one of {', '.join(VariableType)}.")
    if not isinstance(declaration.get("description", ""), str):
        refuse(f"The description of '{name}' must be a string.")
    if not isinstance(declaration.get("required", True), bool):
        refuse(f"'required' of '{name}' must be true or false.")
    _check_values(name, VariableType(kind), declaration, refuse)


def _check_values(name: str, kind: VariableType, declaration: Mapping[str, object], refuse: Callable[[str], NoReturn]) -> None:
    for key in ("enum", "examples"):
        values = declaration.get(key, [] if key == "examples" else None)
        if key in declaration and not isinstance(values, list):
            refuse(f"'{key}' of '{name}' must be a list.")
        if isinstance(values, list) and not all(fits(value, kind) for value in values):
            refuse(f"'{key}' of '{name}' must have values of the type {kind} only.")
    choices = declaration.get("enum")
    if choices == []:
        refuse(f"'enum' of '{name}' must not be empty.")
    if "default" in declaration:
        default = declaration["default"]
        if not fits(default, kind):
            refuse(f"The default of '{name}' must be of the type {kind}.")
        if isinstance(choices, list) and dump_compact(default) not in set(map(dump_compact, choices)):
            refuse(f"The default of '{name}' must be one of the values in 'enum'.")


def _variable(name: str, declaration: Mapping[str, object]) -> Variable:
    choices, examples = declaration.get("enum"), declaration.get("examples")
    return Variable(
        name,
        VariableType(str(declaration.get("type", VariableType.STRING))),
        str(declaration.get("description", "")),
        declaration.get("required", True) is True,
        declaration.get("default", NO_DEFAULT),
        tuple(choices) if isinstance(choices, list) else None,
        tuple(examples) if isinstance(examples, list) else (),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return _is_number(value) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _are_messages(value: object) -> bool:
    return isinstance(value, list) and all(map(is_message, value))


_TYPES: Mapping[VariableType, Callable[[object], bool]] = {
    VariableType.STRING: lambda value: isinstance(value, str),
    VariableType.NUMBER: _is_number,
    VariableType.INTEGER: _is_integer,
    VariableType.BOOLEAN: lambda value: isinstance(value, bool),
    VariableType.ARRAY: lambda value: isinstance(value, list),
    VariableType.OBJECT: lambda value: isinstance(value, dict),
    VariableType.MESSAGES: _are_messages,
}
