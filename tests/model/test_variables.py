"""Variables in texts, by the cases that the client library and the scripts of the pages have in common."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from posthog.ai.prompts import Prompts

from promptuary.model.variables import Occurrence, fill_in, find_variables, is_name, variable_at, variable_names

VECTORS = json.loads((Path(__file__).parent.parent / "vectors/variables.json").read_text(encoding="utf-8"))
PIECES = st.sampled_from(
    ["{", "}", "{{", "}}", "name", "user-id", "a.b", "Größe_1", " ", "\n", "\\1", "{{name}}", "{{{a.b}}}", "🙂"]
)
TEXTS = st.lists(PIECES).map("".join) | st.text()
VALUES = st.dictionaries(st.sampled_from(["name", "user-id", "a.b", "Größe_1"]), st.text() | st.just("{{name}}"))
CLIENT = Prompts(personal_api_key="phx_x", project_api_key="phc_x", host="http://127.0.0.1:1")


@pytest.mark.parametrize("case", VECTORS, ids=[case["name"] for case in VECTORS])
def test_variables_are_found_and_filled_in(case: dict[str, Any]) -> None:
    assert list(variable_names(case["text"])) == case["variables"]
    if "filled" in case:
        assert fill_in(case["text"], case["values"]) == case["filled"]


@given(text=TEXTS, values=VALUES)
@example(text="{{{name}}} {{}} {{name}", values={"name": "{{a.b}}", "a.b": "1"})
def test_without_spaces_values_are_filled_in_as_by_the_posthog_client(text: str, values: dict[str, Any]) -> None:
    plain = text.replace(" ", "").replace("\t", "")
    assert fill_in(plain, values) == CLIENT.compile(plain, values)


@given(text=TEXTS)
def test_a_variable_stands_where_it_is_said_to_stand(text: str) -> None:
    found = list(find_variables(text))
    assert all(text[place.start : place.end].strip("{ \t}") == place.name for place in found)
    assert [variable_at(text, place.start) for place in found] == found
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert variable_names(text) == tuple(dict.fromkeys(place.name for place in found))


@given(text=TEXTS)
def test_what_has_no_value_stays(text: str) -> None:
    assert fill_in(text, {}) == text
    assert variable_names(fill_in(text, {name: f"{{{{{name}}}}}" for name in variable_names(text)})) == variable_names(text)


def test_variables_are_listed_once_in_the_order_of_their_first_use() -> None:
    assert variable_names("{{b}} {{a}} {{b}} {{ c }} {{d e}}") == ("b", "a", "c")
    assert list(find_variables("x{{ b }}")) == [Occurrence("b", 1, 8)]
    assert variable_at("x{{b}}", 0) is None


def test_only_declared_names_count() -> None:
    assert variable_names("{{a}} {{b}}", declared={"a"}) == ("a",)
    assert fill_in("{{a}} {{b}}", {"a": "1", "b": "2"}, declared={"a"}) == "1 {{b}}"
    assert variable_at("{{b}}", 0, declared={"a"}) is None
    assert [is_name(text) for text in ("a.b", "", "a b")] == [True, False, False]


def test_a_long_text_of_braces_is_read_in_one_go() -> None:
    assert list(find_variables("{" * 500_000 + "{{a" * 100_000)) == []
