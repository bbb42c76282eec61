"""JSON Schemas within a config, checked against the schema of JSON Schema: those of tools, and that of responses.

Providers put them into different places. What is no schema by its place is not checked.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from urllib.parse import urljoin

MAX_MESSAGE = 160
"""Maximum characters of what the check says: it may quote a part of the schema."""

RESPONSE_KEYS = ("response_schema", "response_format", "output_schema", "output_format", "json_schema")
"""Keys of the response schema; the first is used for a new one."""

DRAFTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
    "http://json-schema.org/draft-06/schema",
    "http://json-schema.org/draft-04/schema",
)
"""Addresses of the drafts of JSON Schema that are checked, the newest first."""

_PARAMETERS = ("parameters", "input_schema", "inputSchema")
_NO_ALTERNATIVE = "cannot be validated by any definition"
_NOT_ALLOWED = "has a value that JSON Schema does not allow"

Place = tuple[str | int, ...]


def find_schema_problem(key: str, value: object) -> str | None:
    """Return what is wrong with the first schema in a value of a config that is none, with its place; `None` if all are right."""
    schemas = _schemas_of_tools(value) if key == "tools" else _schemas_of_response(value)
    for place, schema in schemas:
        problem = _problem_of(schema, place)
        if problem is not None:
            return problem
    return None


def _schemas_of_tools(tools: object) -> Iterator[tuple[Place, object]]:
    for number, tool in enumerate(tools if isinstance(tools, list) else ()):
        for holder, place in ((tool, (number,)), (_get(tool, "function"), (number, "function"))):
            for key in _PARAMETERS:
                if _get(holder, key) is not None:
                    yield (*place, key), _get(holder, key)


def _schemas_of_response(value: object) -> Iterator[tuple[Place, object]]:
    wrapped = _get(value, "json_schema")
    if isinstance(wrapped, Mapping):
        yield ("json_schema", "schema"), _get(wrapped, "schema")
    elif _get(value, "type") == "json_schema" or ("schema" in value if isinstance(value, Mapping) else False):
        yield ("schema",), _get(value, "schema")
    elif _get(value, "type") not in ("json_object", "text"):
        yield (), value


def _get(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, Mapping) else None


def _problem_of(schema: object, place: Place) -> str | None:
    # Loaded with the first schema, so that servers start no slower.
    from fastjsonschema import JsonSchemaValueException  # noqa: PLC0415

    try:
        _check_of(_draft_of(schema))(schema)
    except JsonSchemaValueException as error:
        # It speaks of "data" and the keys below, as in "data.properties.a must be object".
        path, problem = ".".join(map(str, place)), error.message.removeprefix("data").replace(_NO_ALTERNATIVE, _NOT_ALLOWED)
        message = f"{path}{problem}".lstrip(". ")
        return f"This is not a JSON Schema: {message if len(message) <= MAX_MESSAGE else f'...{message[-MAX_MESSAGE:]}'}."
    return None


def _draft_of(schema: object) -> str:
    """Return the address of the draft that a schema names, or of the newest one where it names none or one of others."""
    named = _get(schema, "$schema")
    draft = named.removesuffix("#") if isinstance(named, str) else ""
    return draft if draft in DRAFTS else DRAFTS[0]


@cache
def _check_of(draft: str) -> Callable[[object], object]:
    """Return the check of schemas against the schema of a draft, which is compiled to Python: a megabyte takes 0.3 seconds.

    Drafts since 2019 are written in vocabularies, which refer to the draft that uses them: here they are made one.
    """
    import fastjsonschema  # noqa: PLC0415
    from jsonschema_specifications import REGISTRY  # noqa: PLC0415

    schema = dict(REGISTRY.contents(draft))
    for vocabulary in schema.pop("allOf", ()):
        part = REGISTRY.contents(urljoin(draft, vocabulary["$ref"]))
        for key in ("properties", "$defs"):
            schema[key] = {**part.get(key, {}), **schema.get(key, {})}
    text = re.sub(r'"\$(dynamicRef|recursiveRef|ref)": "[^"#]*#(meta(?="))?', '"$ref": "#', json.dumps(schema))
    check: Callable[[object], object] = fastjsonschema.compile(
        json.loads(text), use_formats=False, use_default=False, detailed_exceptions=False
    )
    return check
