"""JSON Schemas within a config, checked against the schema of JSON Schema: those of tools, and that of responses.

Providers put them into different places. What is no schema by its place is not checked.
"""

from collections.abc import Iterator, Mapping

MAX_MESSAGE = 160
"""Maximum characters of what the check says: it may quote a part of the schema."""

RESPONSE_KEYS = ("response_schema", "response_format", "output_schema", "output_format", "json_schema")
"""Keys of the schema of responses; the first is used for a new one."""

_PARAMETERS = ("parameters", "input_schema", "inputSchema")
_DRAFTS = frozenset(
    [f"https://json-schema.org/draft/{draft}/schema" for draft in ("2020-12", "2019-09")]
    + [f"http://json-schema.org/draft-0{draft}/schema" for draft in (4, 6, 7)]
)

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
    elif _get(value, "type") not in {"json_object", "text"}:
        yield (), value


def _get(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, Mapping) else None


def _problem_of(schema: object, place: Place) -> str | None:
    # Loaded with the first schema, so that servers start no slower.
    import jsonschema_rs  # noqa: PLC0415

    if not isinstance(schema, (dict, bool)):
        return f"This is not a JSON Schema. At {_shown(place)}: it must be an object."
    try:
        jsonschema_rs.meta.validate(_without_foreign_draft(schema))
    except jsonschema_rs.ValidationError as error:
        path = _shown((*place, *error.instance_path))
        message = error.message if len(error.message) <= MAX_MESSAGE else f"{error.message[:MAX_MESSAGE]}..."
        if error.instance_path and error.instance_path[-1] == "type":
            message = "this is not a type of JSON Schema"
        return f"This is not a JSON Schema. At {path}: {message}."
    return None


def _without_foreign_draft(schema: dict[str, object] | bool) -> dict[str, object] | bool:  # noqa: FBT001 - a schema may be one
    """Return a schema that names no draft but those of JSON Schema: the library would fetch any other one from its address."""
    if isinstance(schema, bool) or "$schema" not in schema:
        return schema
    draft = schema["$schema"]
    if isinstance(draft, str) and draft.removesuffix("#") not in _DRAFTS:
        return {key: value for key, value in schema.items() if key != "$schema"}
    return schema


def _shown(place: Place) -> str:
    return ".".join(map(str, place)) or "the top"
