from dataclasses import replace

import pytest
from builders import Api, make_prompt
from wire import NO_SUCH_PROMPT, NOT_AN_INTEGER, NULL, REQUIRED, Clock, full_prompt, invalid, wire

from promptuary.model.prompts import Draft, latest_version
from promptuary.registry import labels, prompts
from promptuary.store import prompts as prompt_rows
from promptuary.store import versions as version_rows

CONFLICT = "The prompt changed since you opened it. Reload the latest version and try again."
NOTHING_GIVEN = "Either 'prompt', 'edits' or 'config' is required."
TOO_SMALL = "Ensure this value is greater than or equal to 1."
TOO_MANY = "Prompt has reached the maximum of 2000 versions. Archive and recreate the prompt to continue publishing."
UNKNOWN_ID = "00000000-0000-4000-8000-000000000007"


@pytest.fixture
def greeting(sqlite_api: Api) -> str:
    """The path of a prompt with one version and a config."""
    return _make_greeting(sqlite_api)


def _make_greeting(api: Api) -> str:
    with api.registry.database.write() as tx:
        prompts.create_prompt(tx, api.registry.actor, name="greeting", prompt="Hello!", config={"t": 1}, description="First")
    return f"{api.path}name/greeting/"


def test_a_published_version_is_answered_in_full(own_sqlite_api: Api, clock: Clock) -> None:
    greeting = _make_greeting(own_sqlite_api)
    clock.now = clock.now.replace(hour=13)
    body = {"base_version": 1, "prompt": "# Hi", "version_description": " Shorter "}
    answer = own_sqlite_api.client.patch(greeting, json=body)
    expected = full_prompt(
        answer.json()["id"],
        own_sqlite_api.registry.user,
        prompt="# Hi",
        config={"t": 1},
        version=2,
        version_description="Shorter",
        created_at="2026-03-01T13:30:00.000120Z",
        updated_at="2026-03-01T13:30:00.000120Z",
        latest_version=2,
        version_count=2,
        outline=[{"level": 1, "text": "Hi"}],
    )
    assert (answer.status_code, answer.text) == (200, wire(expected))


def test_the_version_before_stays_as_it_was_but_for_being_the_latest(own_sqlite_api: Api, clock: Clock) -> None:
    greeting = _make_greeting(own_sqlite_api)
    before = own_sqlite_api.client.get(greeting).json()
    clock.now = clock.now.replace(hour=13)
    own_sqlite_api.client.patch(greeting, json={"base_version": 1, "prompt": "Hi"})
    after = own_sqlite_api.client.get(f"{greeting}?version=1").json()
    assert after == before | {"is_latest": False, "latest_version": 2, "version_count": 2}


@pytest.mark.parametrize(
    ("sent", "config"),
    [({"prompt": "x"}, {"t": 1}), ({"prompt": "x", "config": None}, None), ({"prompt": "x", "config": {"u": 2}}, {"u": 2})],
)
def test_an_absent_config_is_carried_forward_and_null_clears_it(
    sqlite_api: Api, greeting: str, sent: dict[str, object], config: object
) -> None:
    published = sqlite_api.client.patch(greeting, json={"base_version": 1, **sent}).json()
    assert (published["prompt"], published["config"]) == ("x", config)


@pytest.mark.parametrize("config", [None, {"u": 2}])
def test_a_config_alone_publishes_the_same_content(sqlite_api: Api, greeting: str, config: object) -> None:
    published = sqlite_api.client.patch(greeting, json={"base_version": 1, "config": config}).json()
    assert (published["version"], published["prompt"], published["config"]) == (2, "Hello!", config)


def test_the_description_is_not_carried_forward(sqlite_api: Api, greeting: str) -> None:
    assert sqlite_api.client.patch(greeting, json={"base_version": 1, "prompt": "x"}).json()["version_description"] is None


@pytest.mark.parametrize("description", ["", " \n"])
def test_a_blank_description_is_none(sqlite_api: Api, greeting: str, description: str) -> None:
    body = {"base_version": 1, "prompt": "x", "version_description": description}
    assert sqlite_api.client.patch(greeting, json=body).json()["version_description"] is None


@pytest.mark.parametrize("base_version", [1, "1", 1.0, "1.0", " 1 "])
def test_a_base_version_may_be_any_spelling_of_an_integer(sqlite_api: Api, greeting: str, base_version: object) -> None:
    answer = sqlite_api.client.patch(greeting, json={"base_version": base_version, "prompt": "x"})
    assert (answer.status_code, answer.json()["version"]) == (200, 2)


def test_labels_do_not_move(api: Api) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor)
        labels.move_label(tx, api.registry.actor, name="greeting", label="production", version=1)
    published = api.client.patch(f"{api.path}name/greeting/", json={"base_version": 1, "prompt": "x"}).json()
    assert published["labels"] == []
    assert api.client.get(f"{api.path}name/greeting/?label=production").json()["version"] == 1


@pytest.mark.parametrize("prompt", ["", 0, False, [], {}])
def test_empty_prompts_are_published(api: Api, prompt: object) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor)
    published = api.client.patch(f"{api.path}name/greeting/", json={"base_version": 1, "prompt": prompt}).json()
    assert published["prompt"] == (prompt if prompt == "" else wire(prompt))


def test_any_versions_uuid_names_the_prompt(api: Api) -> None:
    with api.registry.database.write() as tx:
        first = make_prompt(tx, api.registry.actor)
    for base_version in (1, 2):
        body = {"base_version": base_version, "prompt": "x"}
        published = api.client.patch(f"{api.path}name/{first.id}/", json=body).json()
        assert (published["name"], published["version"]) == ("greeting", base_version + 1)


@pytest.mark.parametrize(
    ("body", "code", "detail", "attr"),
    [
        ({}, "required", REQUIRED, "base_version"),
        ({"prompt": "x"}, "required", REQUIRED, "base_version"),
        ({"prompt": "x", "base_version": None}, "null", NULL, "base_version"),
        ({"prompt": "x", "base_version": "abc"}, "invalid_input", NOT_AN_INTEGER, "base_version"),
        ({"prompt": "x", "base_version": ""}, "invalid_input", NOT_AN_INTEGER, "base_version"),
        ({"prompt": "x", "base_version": 1.5}, "invalid_input", NOT_AN_INTEGER, "base_version"),
        ({"prompt": "x", "base_version": True}, "invalid_input", NOT_AN_INTEGER, "base_version"),
        ({"prompt": "x", "base_version": [1]}, "invalid_input", NOT_AN_INTEGER, "base_version"),
        ({"prompt": "x", "base_version": 0}, "min_value", TOO_SMALL, "base_version"),
        ({"prompt": "x", "base_version": -(10**40)}, "min_value", TOO_SMALL, "base_version"),
        ({"prompt": "x", "base_version": 10**2000}, "max_string_length", "String value too large.", "base_version"),
        ({"base_version": 1}, "invalid_input", NOTHING_GIVEN, None),
        ({"base_version": 1, "version_description": "x"}, "invalid_input", NOTHING_GIVEN, None),
        (
            {"base_version": 1, "prompt": "x", "edits": [{"old": "a", "new": "b"}]},
            "invalid_input",
            "Provide either 'prompt' or 'edits', not both.",
            None,
        ),
        ({"base_version": 1, "prompt": None}, "null", NULL, "prompt"),
        ({"base_version": 1, "prompt": "x", "version_description": None}, "null", NULL, "version_description"),
        (
            {"base_version": 1, "prompt": "x", "version_description": "x" * 401},
            "max_length",
            "Ensure this field has no more than 400 characters.",
            "version_description",
        ),
        (
            {"base_version": 1, "config": []},
            "invalid_config",
            'Config must be a JSON object, e.g. {"model": "your-model-name", "temperature": 0}.',
            "config",
        ),
        (
            {"base_version": 1, "prompt": "x" * 999_999},
            "max_size",
            "Prompt payload must be 1000000 bytes or fewer.",
            "prompt",
        ),
    ],
    ids=range(19),
)
def test_a_bad_field_is_refused_and_nothing_is_published(
    sqlite_api: Api, greeting: str, body: dict[str, object], code: str, detail: str, attr: str | None
) -> None:
    answer = sqlite_api.client.patch(greeting, json=body)
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, attr)))
    assert sqlite_api.client.get(greeting).json()["version"] == 1


def test_an_unknown_name_is_a_404_behind_the_validation_of_the_body(sqlite_api: Api) -> None:
    path = f"{sqlite_api.path}name/missing/"
    answer = sqlite_api.client.patch(path, json={"base_version": 1, "prompt": "x"})
    assert (answer.status_code, answer.text) == (404, wire({"detail": NO_SUCH_PROMPT.format("missing")}))
    assert sqlite_api.client.patch(path, json={}).status_code == 400


def test_an_unknown_uuid_is_a_404_before_the_validation_of_the_body(sqlite_api: Api) -> None:
    answer = sqlite_api.client.patch(f"{sqlite_api.path}name/{UNKNOWN_ID}/", json={})
    assert (answer.status_code, answer.text) == (404, wire({"detail": NO_SUCH_PROMPT.format(UNKNOWN_ID)}))


@pytest.mark.parametrize("base_version", [1, 2, 4, 10**30])
def test_another_base_than_the_latest_version_is_a_conflict(api: Api, base_version: int) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, versions=3)
    answer = api.client.patch(f"{api.path}name/greeting/", json={"base_version": base_version, "prompt": "x"})
    assert (answer.status_code, answer.text) == (409, wire({"detail": CONFLICT, "current_version": 3}))


def test_a_conflict_comes_before_errors_of_edits(sqlite_api: Api, greeting: str) -> None:
    body = {"base_version": 7, "edits": [{"old": "not there", "new": ""}]}
    assert sqlite_api.client.patch(greeting, json=body).status_code == 409


def _fill_to_2000_versions(api: Api) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor)
        prompt = prompt_rows.find_prompt(tx, project_id=api.registry.project.id, name="greeting")
        assert prompt is not None
        for number in range(2, 2001):
            version = latest_version(
                replace(prompt, latest_version=number),
                Draft('"x"', None, None),
                version_id=f"version-{number}",
                created_by=None,
                created_at=tx.clock(),
            )
            version_rows.insert_version(tx, version)
        prompt_rows.update_latest_version(tx, prompt.id, 2000)


def test_a_prompt_has_at_most_2000_versions(sqlite_api: Api) -> None:
    _fill_to_2000_versions(sqlite_api)
    path = f"{sqlite_api.path}name/greeting/"
    refused = sqlite_api.client.patch(path, json={"base_version": 2000, "edits": [{"old": "not there", "new": ""}]})
    assert (refused.status_code, refused.text) == (400, wire({"detail": TOO_MANY}))
    outdated = sqlite_api.client.patch(path, json={"base_version": 1999, "prompt": "x"})
    assert (outdated.status_code, outdated.json()["current_version"]) == (409, 2000)
    assert sqlite_api.client.get(path).json()["version_count"] == 2000
