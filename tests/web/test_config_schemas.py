"""JSON Schemas in configs are checked like the reference implementation of JSON Schema checks them."""

from itertools import product

import pytest
from jsonschema.validators import validator_for

from promptuary.web.prompts.config_schemas import DRAFTS, find_schema_problem

KEYWORDS = ("$id", "$defs", "items", "prefixItems", "properties", "minimum", "exclusiveMinimum", "required", "type", "dependencies")
VALUES: tuple[object, ...] = (
    5,
    -1,
    1.0,
    "x",
    "string",
    True,
    [],
    [{}],
    ["a", "a"],
    {},
    {"a": {"type": 5}},
    {"type": 5},
    {"not": {"not": 5}},
)


@pytest.mark.parametrize("draft", DRAFTS)
def test_every_draft_is_checked_by_its_own_schema(draft: str) -> None:
    reference = validator_for({"$schema": draft})
    check = reference(reference.META_SCHEMA)
    schemas = [{"$schema": f"{draft}#", keyword: value} for keyword, value in product(KEYWORDS, VALUES)]
    expected = [check.is_valid(schema) for schema in schemas]
    assert [find_schema_problem("response_schema", schema) is None for schema in schemas] == expected
    assert {True, False} <= set(expected)


def test_a_deep_schema_is_checked_and_a_long_place_is_cut_before_what_is_wrong() -> None:
    schema: dict[str, object] = {"type": "strng"}
    for _ in range(60):
        schema = {"anyOf": [{"properties": {"{x}": schema}}]}
    problem = find_schema_problem("response_schema", schema)
    assert problem is not None
    assert problem.startswith("This is not a JSON Schema: ...")
    assert problem.endswith("anyOf[0].properties.{x}.type has a value that JSON Schema does not allow.")
