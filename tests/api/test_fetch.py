import uuid

import pytest
from builders import Api, make_prompt
from wire import NO_SUCH_PROMPT, NOON, NOT_AN_INTEGER, invalid, wire

from promptuary.registry import labels, prompts

PUBLIC_KEYS = [
    "id",
    "name",
    "prompt",
    "config",
    "version",
    "created_at",
    "updated_at",
    "deleted",
    "is_latest",
    "latest_version",
    "version_count",
    "first_version_created_at",
    "outline",
]
BAD_LABEL = (
    "Use lowercase letters, numbers, dots (.), hyphens (-) and underscores (_), starting and ending with a letter or number."
)
ONLY_NUMBERS = "Label names cannot be numbers only, to avoid confusion with version numbers."
NO_SUCH_LABEL = "No prompt matching '{}' with label '{}'. Fetch it without a label to see which labels it has."
NO_SUCH_VERSION = "No prompt matching '{}' at version {}. Fetch it without a version to see which versions it has."


def _make_three_versions(api: Api) -> list[str]:
    """A prompt with three versions, label "production" on the second; returns the versions' ids."""
    with api.registry.database.write() as tx:
        made = [make_prompt(tx, api.registry.actor, prompt="# Title")]
        made += [
            prompts.publish_version(tx, api.registry.actor, name="greeting", base_version=base, prompt=f"v{base + 1}")
            for base in (1, 2)
        ]
        labels.move_label(tx, api.registry.actor, name="greeting", label="production", version=2)
    return [version.id for version in made]


def test_a_prompt_is_fetched_by_name_with_the_keys_of_the_contract_in_order(api: Api) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, prompt="# Title")
    answer = api.client.get(f"{api.path}name/greeting/")
    assert answer.status_code == 200
    assert list(answer.json()) == [*PUBLIC_KEYS, "resolved_references"]


def test_the_whole_answer_of_a_fetch_is_that_of_the_contract(sqlite_api: Api) -> None:
    with sqlite_api.registry.database.write() as tx:
        made = prompts.create_prompt(
            tx, sqlite_api.registry.actor, name="greeting", prompt="## Hi\nthere", config={"model": "m"}, description="Hidden"
        )
    answer = sqlite_api.client.get(f"{sqlite_api.path}name/greeting/")
    expected = {
        "id": made.id,
        "name": "greeting",
        "prompt": "## Hi\nthere",
        "config": {"model": "m"},
        "version": 1,
        "created_at": NOON,
        "updated_at": NOON,
        "deleted": False,
        "is_latest": True,
        "latest_version": 1,
        "version_count": 1,
        "first_version_created_at": NOON,
        "outline": [{"level": 2, "text": "Hi"}],
        "resolved_references": [],
    }
    assert (answer.status_code, answer.text) == (200, wire(expected))
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("query", "version", "prompt"),
    [
        ("", 3, "v3"),
        ("?version=1", 1, "# Title"),
        ("?version=2", 2, "v2"),
        ("?version=1.0", 1, "# Title"),
        ("?version=%201%20", 1, "# Title"),
        ("?version=", 3, "v3"),
        ("?label=", 3, "v3"),
        ("?content=", 3, "v3"),
        ("?label=production", 2, "v2"),
        ("?label=%20production%20", 2, "v2"),
        ("?version=&label=production", 2, "v2"),
        ("?version=1&version=2", 2, "v2"),
        ("?resolve=false", 3, "v3"),
        ("?unknown=1", 3, "v3"),
    ],
)
def test_a_version_is_chosen_by_number_or_label(api: Api, query: str, version: int, prompt: str) -> None:
    _make_three_versions(api)
    fetched = api.client.get(f"{api.path}name/greeting/{query}").json()
    assert (fetched["version"], fetched["prompt"], fetched["latest_version"]) == (version, prompt, 3)
    assert (fetched["version_count"], fetched["is_latest"]) == (3, version == 3)


def test_the_label_is_shown_only_when_it_was_asked_for(api: Api) -> None:
    _make_three_versions(api)
    by_label = api.client.get(f"{api.path}name/greeting/?label=production").json()
    by_version = api.client.get(f"{api.path}name/greeting/?version=2").json()
    assert list(by_label) == [*PUBLIC_KEYS, "label", "resolved_references"]
    assert by_label["label"] == "production"
    assert list(by_version) == [*PUBLIC_KEYS, "resolved_references"]


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ("full", [*PUBLIC_KEYS, "resolved_references"]),
        ("preview", ["id", "name", "prompt_preview", *PUBLIC_KEYS[4:]]),
        ("none", ["id", "name", *PUBLIC_KEYS[4:]]),
    ],
)
def test_content_says_how_much_of_the_prompt_is_shown(api: Api, content: str, keys: list[str]) -> None:
    _make_three_versions(api)
    fetched = api.client.get(f"{api.path}name/greeting/?version=1&content={content}").json()
    assert list(fetched) == keys
    assert fetched["outline"] == [{"level": 1, "text": "Title"}]


@pytest.mark.parametrize(
    ("text", "preview"),
    [("x" * 160, "x" * 160), ("x" * 161, "x" * 160 + "..."), ("🦔" * 161, "🦔" * 160 + "..."), ("", "")],
)
def test_a_preview_has_at_most_160_characters_and_dots(sqlite_api: Api, text: str, preview: str) -> None:
    with sqlite_api.registry.database.write() as tx:
        make_prompt(tx, sqlite_api.registry.actor, prompt=text)
    fetched = sqlite_api.client.get(f"{sqlite_api.path}name/greeting/?content=preview").json()
    assert fetched["prompt_preview"] == preview


def test_the_uuid_of_any_version_selects_the_prompt_and_not_the_version(api: Api) -> None:
    ids = _make_three_versions(api)
    assert [api.client.get(f"{api.path}name/{one}/").json()["version"] for one in ids] == [3, 3, 3]
    assert api.client.get(f"{api.path}name/{ids[2]}/?version=1").json()["id"] == ids[0]
    assert api.client.get(f"{api.path}name/{ids[0]}/?label=production").json()["id"] == ids[1]
    assert api.client.get(f"{api.path}name/{ids[0].upper()}/").json()["id"] == ids[2]


def test_a_prompt_that_is_named_like_a_uuid_wins(api: Api) -> None:
    ids = _make_three_versions(api)
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, name=ids[0], prompt="The namesake")
    assert api.client.get(f"{api.path}name/{ids[0]}/").json()["prompt"] == "The namesake"


def test_versions_of_an_archived_prompt_are_gone_by_uuid_too(api: Api) -> None:
    ids = _make_three_versions(api)
    with api.registry.database.write() as tx:
        prompts.archive_prompt(tx, api.registry.actor, name="greeting")
        make_prompt(tx, api.registry.actor, prompt="The next one")
    answer = api.client.get(f"{api.path}name/{ids[0]}/")
    assert (answer.status_code, answer.text) == (404, wire({"detail": NO_SUCH_PROMPT.format(ids[0])}))
    assert api.client.get(f"{api.path}name/greeting/?version=2").status_code == 404


UNKNOWN_ID = str(uuid.UUID(int=7))


@pytest.mark.parametrize(
    ("segment", "query", "detail"),
    [
        ("missing", "", NO_SUCH_PROMPT.format("missing")),
        ("not%20a%20name!", "", NO_SUCH_PROMPT.format("not a name!")),
        ("%C3%A4", "", NO_SUCH_PROMPT.format("ä")),
        ("a%00b", "", NO_SUCH_PROMPT.format("a\0b")),
        ("%FF", "", NO_SUCH_PROMPT.format("\ufffd")),
        (UNKNOWN_ID, "", NO_SUCH_PROMPT.format(UNKNOWN_ID)),
        ("Greeting", "", NO_SUCH_PROMPT.format("Greeting")),
        ("missing", "?version=2", NO_SUCH_VERSION.format("missing", 2)),
        ("greeting", "?version=4", NO_SUCH_VERSION.format("greeting", 4)),
        ("greeting", f"?version={10**30}", NO_SUCH_VERSION.format("greeting", 10**30)),
        ("missing", "?label=production", NO_SUCH_LABEL.format("missing", "production")),
        ("greeting", "?label=staging", NO_SUCH_LABEL.format("greeting", "staging")),
        (UNKNOWN_ID, "?label=staging", NO_SUCH_LABEL.format(UNKNOWN_ID, "staging")),
    ],
)
def test_what_is_not_there_is_a_404_with_a_detail_only(api: Api, segment: str, query: str, detail: str) -> None:
    _make_three_versions(api)
    answer = api.client.get(f"{api.path}name/{segment}/{query}")
    assert (answer.status_code, answer.text) == (404, wire({"detail": detail}))


@pytest.mark.parametrize(
    ("query", "code", "detail", "attr"),
    [
        ("version=0", "min_value", "Ensure this value is greater than or equal to 1.", "version"),
        ("version=-1", "min_value", "Ensure this value is greater than or equal to 1.", "version"),
        ("version=abc", "invalid_input", NOT_AN_INTEGER, "version"),
        ("version=1.5", "invalid_input", NOT_AN_INTEGER, "version"),
        ("version=true", "invalid_input", NOT_AN_INTEGER, "version"),
        ("version=%00", "invalid_input", NOT_AN_INTEGER, "version"),
        (f"version={'9' * 5000}", "max_string_length", "String value too large.", "version"),
        ("label=latest", "reserved_label_name", "'latest' is a reserved label. It always points to the newest version.", "label"),
        ("label=LATEST", "reserved_label_name", "'latest' is a reserved label. It always points to the newest version.", "label"),
        ("label=Production", "invalid_label_name", BAD_LABEL, "label"),
        ("label=3", "invalid_label_name", ONLY_NUMBERS, "label"),
        ("label=a%00", "invalid_label_name", BAD_LABEL, "label"),
        (f"label={'a' * 129}", "invalid_label_name", "Label names must be between 1 and 128 characters.", "label"),
        ("content=half", "invalid_choice", '"half" is not a valid choice.', "content"),
        ("version=1&label=production", "invalid_input", "Use either version or label, not both.", None),
    ],
)
def test_a_bad_query_is_refused_whether_or_not_the_prompt_exists(
    sqlite_api: Api, query: str, code: str, detail: str, attr: str | None
) -> None:
    answer = sqlite_api.client.get(f"{sqlite_api.path}name/missing/?{query}")
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, attr)))
