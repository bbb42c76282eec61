"""The config as fields: what they show comes back unchanged, what is typed is checked, and nothing is added."""

import json
from typing import Any

import pytest
from builders import Api
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from prompt_pages import headline, latest, make, path, publish, text_of
from web_forms import Fields, edited, form_of

from promptuary.model.errors import InvalidValue
from promptuary.web.prompts.config_form import FIELDS, ConfigForm, config_of, show_config

KEYS = [key for field in FIELDS for key in field.keys] + ["stop", "seed"]
LINES = st.text(st.sampled_from("ab \n\r\0é"), max_size=3)
VALUES: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | LINES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(LINES, inner, max_size=2),
    max_leaves=4,
)
TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}}
CONFIG: dict[str, Any] = {
    "stop": ["END"],
    "max_completion_tokens": 500,
    "model": "small",
    "tools": [TOOL],
    "temperature": 0.70,
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
}


def act(web: Api, name: str) -> str:
    return path(web, f"prompts/greeting/{name}/")


def editing(web: Api, browser: TestClient) -> Fields:
    return form_of(browser.get(act(web, "edit")), act(web, "review"))


def published(web: Api, browser: TestClient, form: Fields) -> dict[str, object] | None:
    review = browser.post(act(web, "review"), data=form)
    assert headline(review).startswith("Publish version"), text_of(review)
    browser.post(act(web, "publish"), data=form_of(review, act(web, "publish")))
    return latest(web)[2]


@given(config=st.none() | st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_a_config_that_nobody_changed_comes_back_as_it_was(config: dict[str, object] | None) -> None:
    shown = show_config(config)
    assert json.dumps(config_of(shown, config)) == json.dumps(config)


def test_known_values_are_in_fields_and_the_others_in_the_json() -> None:
    shown = show_config(CONFIG)
    assert {name: shown.values[name] for name in ("model", "temperature", "max_tokens")} == {
        "model": "small",
        "temperature": "0.7",
        "max_tokens": "500",
    }
    assert (shown.keys["max_tokens"], shown.keys["response"]) == ("max_completion_tokens", "response_format")
    assert json.loads(shown.rest) == {"stop": ["END"]}


@pytest.mark.parametrize(
    ("config", "rest"),
    [
        ({"model": {"name": "x"}, "temperature": "0.7"}, {"model": {"name": "x"}, "temperature": "0.7"}),
        ({"model": "a\nb", "max_tokens": 1.5, "tools": {}}, {"model": "a\nb", "max_tokens": 1.5, "tools": {}}),
        ({"model": " x ", "temperature": True}, {"model": " x ", "temperature": True}),
        ({"max_tokens": None, "max_output_tokens": 7}, {"max_tokens": None}),
    ],
)
def test_what_a_field_cannot_give_back_stays_in_the_json(config: dict[str, object], rest: dict[str, object]) -> None:
    assert json.loads(show_config(config).rest) == rest


def typed(rest: str = "", **values: str) -> ConfigForm:
    return ConfigForm(values, {field.name: field.keys[0] for field in FIELDS}, rest)


@pytest.mark.parametrize(
    ("form", "config"),
    [
        (typed(), None),
        (typed(" "), None),
        (typed("{}"), {}),
        (typed(model=" small "), {"model": "small"}),
        (typed(temperature="0", max_tokens=" 12 "), {"temperature": 0, "max_tokens": 12}),
        (typed('{"stop": []}', model="x"), {"model": "x", "stop": []}),
        (typed(tools="[]", response='{"type": "object"}'), {"tools": [], "response_schema": {"type": "object"}}),
    ],
)
def test_only_what_is_typed_is_in_the_config(form: ConfigForm, config: object) -> None:
    assert json.dumps(config_of(form, None)) == json.dumps(config)


@pytest.mark.parametrize(
    ("form", "field", "message"),
    [
        (typed(temperature="warm"), "config.temperature", "This must be a number, such as 0.7."),
        (typed(temperature="0,7"), "config.temperature", "This must be a number"),
        (typed(temperature="NaN"), "config.temperature", "This must be a number"),
        (typed(temperature="true"), "config.temperature", "This must be a number"),
        (typed(max_tokens="1.5"), "config.max_tokens", "This must be a whole number"),
        (typed(max_tokens='"5"'), "config.max_tokens", "This must be a whole number"),
        (typed(tools="{}"), "config.tools", "This must be a JSON list"),
        (typed(tools="[1"), "config.tools", "This is not valid JSON."),
        (typed(response="[]"), "config.response", "This must be a JSON object"),
        (typed('{"a": '), "config", "This is not valid JSON."),
        (typed('{"model": "y"}', model="x"), "config", "'model' is in the field 'Model' and in the other values"),
        (typed('{"a": "\\ud800"}'), "config", "Surrogate characters are not allowed"),
        (
            typed(response='{"type": "strng"}'),
            "config.response",
            "not a JSON Schema: type has a value that JSON Schema does not allow.",
        ),
        (typed(response='{"properties": []}'), "config.response", "not a JSON Schema: properties must be object."),
        (
            typed(tools='[{"input_schema": {"required": "q"}}]'),
            "config.tools",
            "not a JSON Schema: 0.input_schema.required must be array.",
        ),
        (
            typed(tools='[{"function": {"parameters": 5}}]'),
            "config.tools",
            "not a JSON Schema: 0.function.parameters must be object or boolean.",
        ),
        (typed('{"output_schema": {"minimum": "1"}}'), "config.response", "not a JSON Schema: minimum must be number."),
    ],
)
def test_what_makes_no_config_is_refused_at_its_field(form: ConfigForm, field: str, message: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        config_of(form, None)
    assert refused.value.field == field
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "config",
    [
        {"response_format": {"type": "json_object"}},
        {"response_schema": {"type": ["object", "null"]}},
        {"response_format": {"type": "json_schema", "schema": {"type": ["string", "null"]}}},
        {"tools": [{"type": "web_search"}, "odd", {"function": {"name": "f"}}]},
        {"response_schema": {"$ref": "http://127.0.0.1:9/other", "pattern": "\\p{L}"}},
        {"response_schema": {"$schema": "http://127.0.0.1:9/unknown", "type": "object"}},
        {"response_schema": {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{}]}},
        {"response_schema": {"$defs": {"a": {"$schema": "http://127.0.0.1:9/inner", "type": "object"}}}},
        {"response_schema": {"properties": {"__proto__": {"type": "string"}}}},
    ],
)
def test_schemas_of_every_form_are_taken_and_none_is_fetched(config: dict[str, object]) -> None:
    assert config_of(show_config(config), None) == config


def test_a_schema_that_was_published_before_keeps_nobody_from_publishing() -> None:
    config = {"response_schema": {"type": "OBJECT"}}
    assert config_of(show_config(config), config) == config


def test_a_schema_of_a_megabyte_is_checked() -> None:
    schema = {"type": "object", "properties": {f"p{number}": {"type": "string", "minLength": 1} for number in range(20_000)}}
    assert config_of(typed(response=json.dumps(schema)), None) == {"response_schema": schema}
    schema["properties"]["p19999"] = {"type": 5}  # type: ignore[index]  # it is an object
    with pytest.raises(InvalidValue, match=r"JSON Schema: properties\.p19999\.type has a value"):
        config_of(typed(response=json.dumps(schema)), None)


def test_an_untouched_config_keeps_its_bytes_and_a_changed_one_its_order(web: Api, browser: TestClient) -> None:
    make(web, config=CONFIG)
    form = editing(web, browser)
    assert json.dumps(published(web, browser, edited(form, prompt="new"))) == json.dumps(CONFIG)
    changed = published(web, browser, edited(editing(web, browser), **{"config.temperature": "1", "config.max_tokens": ""}))
    wanted = {key: value for key, value in CONFIG.items() if key != "max_completion_tokens"} | {"temperature": 1}
    assert json.dumps(changed) == json.dumps(wanted)
    assert (
        published(web, browser, edited(editing(web, browser), **{each: "" for each in form if each.startswith("config")})) is None
    )


def test_a_problem_of_a_field_is_told_there_and_all_that_was_typed_is_kept(web: Api, browser: TestClient) -> None:
    make(web, config=CONFIG)
    changes = {"config.tools": '[{"function": {"parameters": {"type": "strng"}}}]', "config.model": "large", "config": '{"a":1}'}
    for name in ("review", "publish"):
        shown = browser.post(act(web, name), data=edited(editing(web, browser), prompt="kept", **changes))
        assert shown.status_code == 400
        assert "Tools: This is not a JSON Schema: 0.function.parameters.type has a value" in text_of(shown)
        assert 'id="config.tools-problem"' in shown.text
        again = form_of(shown, act(web, "review"))
        assert {key: again[key] for key in changes} == changes
        assert (again["prompt"], again["config.max_tokens.key"]) == ("kept", "max_completion_tokens")


def test_a_key_keeps_its_name_on_the_way_back_from_the_review(web: Api, browser: TestClient) -> None:
    make(web)
    form = edited(editing(web, browser), config='{"max_output_tokens": 5}')
    review = browser.post(act(web, "review"), data=form)
    back = browser.post(act(web, "edit"), data=form_of(review, act(web, "publish")))
    form = form_of(back, act(web, "review"))
    assert (form["config.max_tokens"], form["config"]) == ("5", "")
    assert published(web, browser, edited(form, **{"config.max_tokens": "6"})) == {"max_output_tokens": 6}


def test_configs_of_two_are_merged_key_by_key(web: Api, browser: TestClient) -> None:
    make(web, config=CONFIG)
    form = edited(editing(web, browser), **{"config.model": "large"})
    publish(web, base=1, prompt="one\ntwo\nthree\n", config=CONFIG | {"temperature": 0})
    merged = browser.post(act(web, "publish"), data=form)
    browser.post(act(web, "publish"), data=form_of(merged, act(web, "publish")))
    assert latest(web)[2] == CONFIG | {"model": "large", "temperature": 0}
