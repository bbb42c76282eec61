from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from posthog.ai.prompts import Prompts

from promptuary.model.variables import Occurrence, fill_in, find_variables, variable_names

PIECES = st.sampled_from(
    ["{", "}", "{{", "}}", "name", "user-id", "a.b", "Größe_1", " ", "\n", "\\1", "{{name}}", "{{{a.b}}}", "🙂"]
)
TEXTS = st.lists(PIECES).map("".join) | st.text()
VALUES = st.dictionaries(
    st.sampled_from(["name", "user-id", "a.b", "Größe_1"]), st.text() | st.integers() | st.none() | st.just("{{name}}")
)
CLIENT = Prompts(personal_api_key="phx_x", project_api_key="phc_x", host="http://127.0.0.1:1")


@given(text=TEXTS, values=VALUES)
@example(text="{{{name}}} {{ name }} {{}} {{name}", values={"name": "{{a.b}}", "a.b": 1})
def test_values_are_filled_in_as_by_the_posthog_client(text: str, values: dict[str, object]) -> None:
    assert fill_in(text, values) == CLIENT.compile(text, values)  # type: ignore[arg-type]  # it takes any value


@given(text=TEXTS)
def test_a_variable_stands_where_it_is_said_to_stand(text: str) -> None:
    found = find_variables(text)
    assert all(text[place.start : place.end] == f"{{{{{place.name}}}}}" for place in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert variable_names(text) == tuple(dict.fromkeys(place.name for place in found))


@given(text=TEXTS)
def test_what_has_no_value_stays(text: str) -> None:
    assert fill_in(text, {}) == text
    assert fill_in(text, {name: f"{{{{{name}}}}}" for name in variable_names(text)}) == text


def test_variables_are_listed_once_in_the_order_of_their_first_use() -> None:
    assert variable_names("{{b}} {{a}} {{b}} {{ c }} {{d e}}") == ("b", "a")
    assert find_variables("x{{b}}") == (Occurrence("b", 1, 6),)


def test_a_long_text_of_braces_is_read_in_one_go() -> None:
    assert find_variables("{" * 500_000 + "{{a" * 100_000) == ()
