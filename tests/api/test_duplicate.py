import pytest
from builders import Api, make_prompt
from wire import BLANK, NO_SUCH_PROMPT, NULL, REQUIRED, full_prompt, invalid, wire

from promptuary.registry import labels, prompts

TAKEN = {"attr": "new_name", "detail": "A prompt with this name already exists."}


def _make_source(api: Api) -> None:
    actor = api.registry.actor
    with api.registry.database.write() as tx:
        make_prompt(tx, actor)
        prompts.publish_version(
            tx, actor, name="greeting", base_version=1, prompt={"a": [1]}, config={"t": 1}, description="Not copied"
        )
        labels.move_label(tx, actor, name="greeting", label="production", version=2)


def test_a_copy_has_the_latest_content_and_config_and_nothing_else(sqlite_api: Api) -> None:
    _make_source(sqlite_api)
    answer = sqlite_api.client.post(f"{sqlite_api.path}name/greeting/duplicate/", json={"new_name": " copy "})
    expected = full_prompt(
        answer.json()["id"],
        sqlite_api.registry.user,
        name="copy",
        prompt='{"a": [1]}',
        config={"t": 1},
        activity_item_id="copy",
    )
    assert (answer.status_code, answer.text) == (201, wire(expected))


@pytest.mark.parametrize("new_name", ["greeting", "other"])
def test_a_taken_name_is_refused_without_type_and_code(api: Api, new_name: str) -> None:
    _make_source(api)
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, name="other")
    answer = api.client.post(f"{api.path}name/greeting/duplicate/", json={"new_name": new_name})
    assert (answer.status_code, answer.text) == (400, wire(TAKEN))


def test_the_name_of_an_archived_prompt_may_be_used(api: Api) -> None:
    _make_source(api)
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, name="old", versions=2)
        prompts.archive_prompt(tx, api.registry.actor, name="old")
    answer = api.client.post(f"{api.path}name/greeting/duplicate/", json={"new_name": "old"})
    assert (answer.status_code, answer.json()["version"]) == (201, 1)


def test_an_unknown_source_is_a_404(api: Api) -> None:
    answer = api.client.post(f"{api.path}name/missing/duplicate/", json={"new_name": "copy"})
    assert (answer.status_code, answer.text) == (404, wire({"detail": NO_SUCH_PROMPT.format("missing")}))


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ({}, "required", REQUIRED),
        ({"name": "copy"}, "required", REQUIRED),
        ({"new_name": None}, "null", NULL),
        ({"new_name": ""}, "blank", BLANK),
        ({"new_name": "x" * 256}, "max_length", "Ensure this field has no more than 255 characters."),
        ({"new_name": "New"}, "reserved_name", "'new' is a reserved name and cannot be used."),
        ({"new_name": "a b"}, "invalid_name", "Only letters, numbers, hyphens (-) and underscores (_) are allowed."),
        ({"new_name": "a\0"}, "null_characters_not_allowed", "Null characters are not allowed."),
        ({"new_name": False}, "invalid_input", "Not a valid string."),
    ],
)
def test_a_bad_name_is_refused(sqlite_api: Api, body: dict[str, object], code: str, detail: str) -> None:
    answer = sqlite_api.client.post(f"{sqlite_api.path}name/missing/duplicate/", json=body)
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, "new_name")))
