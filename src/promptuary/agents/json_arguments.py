"""Arguments that clients send as JSON text though the tool's schema says array or object; some models and clients do so."""

from collections.abc import Mapping
from typing import Any

from promptuary.model.json_text import InvalidJson, parse

_REF = "#/$defs/"
_READ = frozenset({"array", "object"})


def read_json_texts(arguments: Mapping[str, object], schema: Mapping[str, Any]) -> dict[str, object]:
    """Return the arguments with JSON texts read where the schema takes an array or an object and no text.

    A text that is not the JSON of such a value stays as it is, for the schema to refuse. Nothing is read for an argument that takes
    any value, such as a prompt.
    """
    definitions = schema.get("$defs", {})
    declared = schema.get("properties", {})
    return {name: _read(value, declared.get(name, {}), definitions) for name, value in arguments.items()}


def _read(value: object, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> object:
    if "$ref" in schema:
        schema = definitions.get(schema["$ref"].removeprefix(_REF), {})
    types = _types_of(schema)
    if isinstance(value, str) and types & _READ and "string" not in types:
        value = _parsed(value, is_nullable="null" in types)
    if isinstance(value, list) and "items" in schema:
        return [_read(item, schema["items"], definitions) for item in value]
    return value


def _types_of(schema: Mapping[str, Any]) -> set[str]:
    declared = schema.get("type", [])
    types = {declared} if isinstance(declared, str) else set(declared)
    return types.union(*(_types_of(choice) for choice in schema.get("anyOf", [])))


def _parsed(text: str, *, is_nullable: bool) -> object:
    try:
        value = parse(text)
    except InvalidJson:
        return text
    return value if isinstance(value, list | dict) or (value is None and is_nullable) else text
