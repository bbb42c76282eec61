import json

import pytest
from builders import Api, make_prompt
from wire import BLANK, NULL, REQUIRED, Clock, full_prompt, invalid, wire

INVALID_NAME = "Only letters, numbers, hyphens (-) and underscores (_) are allowed."
RESERVED = "'new' is a reserved name and cannot be used."
TOO_LONG_NAME = "Ensure this field has no more than 255 characters."
BAD_CONFIG = 'Config must be a JSON object, e.g. {"model": "your-model-name", "temperature": 0}.'
TAKEN = "A prompt with this name already exists."


def test_a_created_prompt_is_answered_in_full(sqlite_api: Api) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, json={"name": "greeting", "prompt": "Hello!"})
    expected = full_prompt(answer.json()["id"], sqlite_api.registry.user)
    assert (answer.status_code, answer.text) == (201, wire(expected))
    assert answer.headers["content-type"] == "application/json"


def test_every_field_that_may_be_sent_is_kept(sqlite_api: Api) -> None:
    body = {
        "name": "greeting",
        "prompt": "# Title\n\nHi {{name}}",
        "config": {"b": 1, "a": [None, 1.50, "é"]},
        "version_description": "  First draft ",
    }
    answer = sqlite_api.client.post(sqlite_api.path, json=body)
    expected = full_prompt(
        answer.json()["id"],
        sqlite_api.registry.user,
        prompt="# Title\n\nHi {{name}}",
        config={"b": 1, "a": [None, 1.5, "é"]},
        version_description="First draft",
        outline=[{"level": 1, "text": "Title"}],
    )
    assert (answer.status_code, answer.text) == (201, wire(expected))


def test_whole_seconds_are_shown_without_a_fraction(own_sqlite_api: Api, clock: Clock) -> None:
    clock.now = clock.now.replace(microsecond=0)
    created = own_sqlite_api.client.post(own_sqlite_api.path, json={"name": "greeting", "prompt": "x"}).json()
    assert created["created_at"] == created["updated_at"] == created["first_version_created_at"] == "2026-03-01T12:30:00Z"


def test_unknown_and_read_only_keys_are_ignored(sqlite_api: Api) -> None:
    ignored = {"version": 7, "deleted": True, "id": "x", "is_latest": False, "surprise": {}}
    answer = sqlite_api.client.post(sqlite_api.path, json={"name": "greeting", "prompt": "Hello!", **ignored})
    assert (answer.status_code, answer.text) == (201, wire(full_prompt(answer.json()["id"], sqlite_api.registry.user)))


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("", ""),
        (0, "0"),
        (False, "false"),
        (1.5, "1.5"),
        ([], "[]"),
        ({}, "{}"),
        ({"b": [1, None], "a": "é\u2028"}, '{"b": [1, null], "a": "é\u2028"}'),
        ("null", "null"),
        ('"quoted"', '"quoted"'),
        (" spaces stay \n", " spaces stay \n"),
        ("nul \0 stays", "nul \0 stays"),
        ("🦔", "🦔"),
    ],
)
def test_any_json_but_null_is_a_prompt_and_is_answered_as_text(api: Api, prompt: object, text: str) -> None:
    created = api.client.post(api.path, json={"name": "any", "prompt": prompt})
    fetched = api.client.get(f"{api.path}name/any/")
    assert (created.status_code, created.json()["prompt"]) == (201, text)
    assert fetched.json()["prompt"] == text


@pytest.mark.parametrize(
    ("name", "stored"),
    [("  padded\n", "padded"), (123, "123"), ("A-b_9", "A-b_9"), ("x" * 255, "x" * 255), ("newer", "newer")],
)
def test_names_are_trimmed_and_numbers_become_strings(sqlite_api: Api, name: object, stored: str) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, json={"name": name, "prompt": "x"})
    assert (answer.status_code, answer.json()["name"]) == (201, stored)


@pytest.mark.parametrize("description", [None, "", "  \n "])
def test_a_blank_description_is_none(sqlite_api: Api, description: str | None) -> None:
    body = {"name": "greeting", "prompt": "x", "version_description": description}
    assert sqlite_api.client.post(sqlite_api.path, json=body).json()["version_description"] is None


def test_a_null_config_is_no_config(sqlite_api: Api) -> None:
    body = {"name": "greeting", "prompt": "x", "config": None}
    assert sqlite_api.client.post(sqlite_api.path, json=body).json()["config"] is None


@pytest.mark.parametrize(
    ("change", "code", "detail", "attr"),
    [
        ({"name": ...}, "required", REQUIRED, "name"),
        ({"name": None}, "null", NULL, "name"),
        ({"name": ""}, "blank", BLANK, "name"),
        ({"name": "  "}, "blank", BLANK, "name"),
        ({"name": "x" * 256}, "max_length", TOO_LONG_NAME, "name"),
        ({"name": "new"}, "reserved_name", RESERVED, "name"),
        ({"name": " NeW "}, "reserved_name", RESERVED, "name"),
        ({"name": "two words"}, "invalid_name", INVALID_NAME, "name"),
        ({"name": "a/b"}, "invalid_name", INVALID_NAME, "name"),
        ({"name": "ünicode"}, "invalid_name", INVALID_NAME, "name"),
        ({"name": "a.b"}, "invalid_name", INVALID_NAME, "name"),
        ({"name": "line\nbreak"}, "invalid_name", INVALID_NAME, "name"),
        ({"name": 1.5}, "invalid_name", INVALID_NAME, "name"),
        ({"name": "a\0b"}, "null_characters_not_allowed", "Null characters are not allowed.", "name"),
        ({"name": True}, "invalid_input", "Not a valid string.", "name"),
        ({"name": ["x"]}, "invalid_input", "Not a valid string.", "name"),
        ({"name": {"x": 1}}, "invalid_input", "Not a valid string.", "name"),
        ({"prompt": ...}, "required", REQUIRED, "prompt"),
        ({"prompt": None}, "null", NULL, "prompt"),
        ({"config": []}, "invalid_config", BAD_CONFIG, "config"),
        ({"config": "{}"}, "invalid_config", BAD_CONFIG, "config"),
        ({"config": 0}, "invalid_config", BAD_CONFIG, "config"),
        (
            {"version_description": "x" * 401},
            "max_length",
            "Ensure this field has no more than 400 characters.",
            "version_description",
        ),
        (
            {"version_description": "a\0"},
            "null_characters_not_allowed",
            "Null characters are not allowed.",
            "version_description",
        ),
        ({"version_description": []}, "invalid_input", "Not a valid string.", "version_description"),
    ],
)
def test_a_bad_field_is_refused(sqlite_api: Api, change: dict[str, object], code: str, detail: str, attr: str) -> None:
    body = {name: value for name, value in ({"name": "a", "prompt": "x"} | change).items() if value is not ...}
    answer = sqlite_api.client.post(sqlite_api.path, json=body)
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, attr)))
    assert sqlite_api.client.get(sqlite_api.path).json()["count"] == 0


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "name"),
        ({"version_description": 1, "config": 1}, "name"),
        ({"name": "a", "version_description": [], "config": 1}, "prompt"),
        ({"name": "a", "prompt": 1, "version_description": [], "config": 1}, "config"),
    ],
)
def test_only_the_first_error_is_reported(sqlite_api: Api, body: dict[str, object], attr: str) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, json=body)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_an_active_name_is_taken_and_errors_of_fields_come_before_that(api: Api) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor)
    taken = api.client.post(api.path, json={"name": "greeting", "prompt": "x"})
    assert (taken.status_code, taken.text) == (400, wire(invalid("unique", TAKEN, "name")))
    field = api.client.post(api.path, json={"name": "greeting", "prompt": "x", "config": 1})
    assert field.json()["code"] == "invalid_config"


def test_names_differ_by_case(api: Api) -> None:
    first = api.client.post(api.path, json={"name": "Name", "prompt": "upper"})
    second = api.client.post(api.path, json={"name": "name", "prompt": "lower"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert api.client.get(f"{api.path}name/Name/").json()["prompt"] == "upper"


_BIGGEST = {
    "ascii": "x" * 999_998,
    "two bytes a character": "é" * 499_999,
    "escapes": "\n" * 499_999,
    "a list": ["x" * 999_996],
}
_TOO_BIG = {
    "ascii": "x" * 999_999,
    "two bytes a character": "é" * 500_000,
    "escapes": "\n" * 500_000,
    "a list": ["x" * 999_997],
}


@pytest.mark.parametrize("kind", _BIGGEST)
def test_a_prompt_may_have_a_million_bytes_of_compact_json(sqlite_api: Api, kind: str) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, json={"name": "big", "prompt": _BIGGEST[kind]})
    assert answer.status_code == 201


@pytest.mark.parametrize("kind", _TOO_BIG)
def test_a_bigger_prompt_is_refused(sqlite_api: Api, kind: str) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, json={"name": "big", "prompt": _TOO_BIG[kind]})
    expected = invalid("max_size", "Prompt payload must be 1000000 bytes or fewer.", "prompt")
    assert (answer.status_code, answer.text) == (400, wire(expected))


def test_a_config_may_have_a_million_bytes_of_compact_json_however_it_is_sent(sqlite_api: Api) -> None:
    raw = json.dumps({"name": "big", "prompt": "x", "config": {"a": "x" * 999_992}}, indent=8)
    answer = sqlite_api.client.post(sqlite_api.path, content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201


def test_a_bigger_config_is_refused(sqlite_api: Api) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, json={"name": "big", "prompt": "x", "config": {"a": "x" * 999_993}})
    expected = invalid("max_size", "Config must be 1000000 bytes or fewer.", "config")
    assert (answer.status_code, answer.text) == (400, wire(expected))


@pytest.mark.parametrize(
    ("length", "item"),
    [(72, "n" * 72), (73, "n" * 39 + "#70de3e7ff2b090cfe3c453ece416cd1d")],
)
def test_the_activity_item_of_a_long_name_is_shortened(sqlite_api: Api, length: int, item: str) -> None:
    created = sqlite_api.client.post(sqlite_api.path, json={"name": "n" * length, "prompt": "x"}).json()
    assert created["activity_item_id"] == item
