"""JSON schemas in words: what a field takes, and what a schema consists of."""

import json
from collections.abc import Mapping
from typing import Any

from docsite.markdown import code, table

Json = Mapping[str, Any]

_FORMATS = {"date-time": "moment", "uuid": "UUID"}
_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
}


def kind_of(schema: Json) -> str:
    """Return what values a schema takes, in a few words of Markdown; schemas with a name are linked to."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{anchor(name)})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind_of(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return "one of " + ", ".join(code(each) for each in schema["enum"])
    if "const" in schema:
        return code(schema["const"])
    kinds = schema.get("type", "any JSON")
    return " or ".join(_kind(each, schema) for each in ([kinds] if isinstance(kinds, str) else kinds))


def bounds_of(schema: Json) -> str:
    """Return the bounds of a schema's values, and its default, as a sentence; nothing if it has none."""
    holder = [schema, *(each for each in schema.get("anyOf", []) if "$ref" not in each)]
    found = [text.format(_number(each[name])) for name, text in _BOUNDS.items() for each in holder if name in each]
    found += [f"matches {code(each['pattern'])}" for each in holder if "pattern" in each]
    if schema.get("default") not in (None, "", []):
        found.append(f"default {code(json.dumps(schema['default']))}")
    return "; ".join(found).capitalize() + "." if found else ""


def fields_of(schema: Json) -> str:
    """Return a table of an object's fields."""
    required = set(schema.get("required", []))
    rows = [
        (
            code(name) + ("" if name in required else " (optional)"),
            kind_of(field),
            " ".join(filter(None, [field.get("description", ""), bounds_of(field)])),
        )
        for name, field in schema.get("properties", {}).items()
    ]
    return table(("field", "value", "meaning"), rows)


def anchor(name: str) -> str:
    """Return the anchor of a schema."""
    return f"schema-{name.lower()}"


def _kind(kind: str, schema: Json) -> str:
    if kind == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), "string")
    return kind


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else str(value)
