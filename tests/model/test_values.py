"""Values for variables, by the cases that the client library, agents and the scripts of the pages have in common."""

import json
from pathlib import Path
from typing import Any

import pytest

from promptuary.model.content import encode_prompt, text_of
from promptuary.model.contracts import contract_of, variables_of
from promptuary.model.templates import Template
from promptuary.model.values import list_problems, read_values, text_of_value, with_defaults

VECTORS = json.loads((Path(__file__).parent.parent / "vectors/values.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", VECTORS, ids=[case["name"] for case in VECTORS])
def test_values_are_checked(case: dict[str, Any]) -> None:
    contract = contract_of(case["variables"])
    variables = variables_of(Template(text_of(encode_prompt(case["content"])), contract), contract)
    assert list_problems(variables, case["values"]) == case.get("problems", [])
    as_texts = {name: text_of_value(value) for name, value in case["values"].items()}
    assert list_problems(variables, read_values(variables, as_texts)) == case.get("problems", [])


@pytest.mark.parametrize("case", [case for case in VECTORS if isinstance(case.get("filled"), str)], ids=lambda case: case["name"])
def test_values_and_defaults_are_put_in(case: dict[str, Any]) -> None:
    contract = contract_of(case["variables"])
    template = Template(text_of(encode_prompt(case["content"])), contract)
    values = with_defaults(variables_of(template, contract), case["values"])
    assert template.fill({name: text_of_value(value) for name, value in values.items()}) == case["filled"]
