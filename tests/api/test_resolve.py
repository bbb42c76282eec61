import uuid

import pytest
from builders import Api, make_prompt
from wire import NO_SUCH_PROMPT, NOON, NOT_AN_INTEGER, full_prompt, invalid, user_basic, wire

from promptuary.registry import labels, prompts

NOT_A_UUID = "Must be a valid UUID."
AT_LEAST_1 = "Ensure this value is greater than or equal to 1."


def _make_versions(api: Api, count: int) -> list[str]:
    """A prompt with that many versions, the first described; returns their ids."""
    actor = api.registry.actor
    with api.registry.database.write() as tx:
        made = [prompts.create_prompt(tx, actor, name="greeting", prompt="Hello!", description="First")]
        made += [
            prompts.publish_version(tx, actor, name="greeting", base_version=base, prompt=f"v{base + 1}")
            for base in range(1, count)
        ]
    return [version.id for version in made]


def _numbers(api: Api, query: str) -> tuple[list[int], bool]:
    body = api.client.get(f"{api.path}resolve/name/greeting/?{query}").json()
    return [version["version"] for version in body["versions"]], body["has_more"]


def test_the_whole_answer_is_that_of_the_contract(sqlite_api: Api) -> None:
    registry = sqlite_api.registry
    first, second = _make_versions(sqlite_api, 2)
    with registry.database.write() as tx:
        placed = labels.move_label(tx, registry.actor, name="greeting", label="production", version=1)
    answer = sqlite_api.client.get(f"{sqlite_api.path}resolve/name/greeting/")
    author = user_basic(registry.user)
    expected = {
        "prompt": full_prompt(second, registry.user, prompt="v2", version=2, latest_version=2, version_count=2),
        "versions": [
            {
                "id": second,
                "version": 2,
                "version_description": None,
                "created_by": author,
                "created_at": NOON,
                "is_latest": True,
                "labels": [],
                "last_fetched_at": None,
            },
            {
                "id": first,
                "version": 1,
                "version_description": "First",
                "created_by": author,
                "created_at": NOON,
                "is_latest": False,
                "labels": ["production"],
                "last_fetched_at": None,
            },
        ],
        "has_more": False,
        "labels": [
            {
                "id": placed.label.id,
                "name": "production",
                "prompt_name": "greeting",
                "version": 1,
                "created_by": author,
                "created_at": NOON,
                "updated_at": NOON,
            }
        ],
        "referenced_by": [],
        "references": [],
    }
    assert (answer.status_code, answer.text) == (200, wire(expected))


@pytest.mark.parametrize(
    ("query", "version"), [("", 3), ("version=1", 1), ("version=2.0", 2), ("version=", 3), ("version_id=", 3), ("label=x", 3)]
)
def test_a_version_is_selected_and_the_history_stays(api: Api, query: str, version: int) -> None:
    _make_versions(api, 3)
    body = api.client.get(f"{api.path}resolve/name/greeting/?{query}").json()
    assert (body["prompt"]["version"], body["prompt"]["is_latest"]) == (version, version == 3)
    assert [line["version"] for line in body["versions"]] == [3, 2, 1]


def test_a_version_is_selected_by_id_in_any_spelling(api: Api) -> None:
    first = _make_versions(api, 2)[0]
    for spelling in (first, first.upper(), first.replace("-", "")):
        body = api.client.get(f"{api.path}resolve/name/greeting/?version_id={spelling}").json()
        assert body["prompt"]["id"] == first


def test_version_and_id_must_both_match(api: Api) -> None:
    first = _make_versions(api, 2)[0]
    path = f"{api.path}resolve/name/greeting/?version_id={first}"
    assert api.client.get(f"{path}&version=1").status_code == 200
    assert api.client.get(f"{path}&version=2").status_code == 404


def test_the_history_shows_fifty_versions_unless_told_otherwise(sqlite_api: Api) -> None:
    _make_versions(sqlite_api, 51)
    assert _numbers(sqlite_api, "") == ([*range(51, 1, -1)], True)
    assert _numbers(sqlite_api, "limit=51") == ([*range(51, 0, -1)], False)


@pytest.mark.parametrize(
    ("query", "numbers", "has_more"),
    [
        ("limit=2", [5, 4], True),
        ("limit=5", [5, 4, 3, 2, 1], False),
        ("limit=100", [5, 4, 3, 2, 1], False),
        ("limit=2&offset=3", [2, 1], False),
        ("limit=2&offset=2", [3, 2], True),
        ("offset=0", [5, 4, 3, 2, 1], False),
        ("offset=5", [], False),
        (f"offset={10**40}", [], False),
        ("before_version=3", [2, 1], False),
        ("before_version=4&limit=2", [3, 2], True),
        ("before_version=1", [], False),
        (f"before_version={10**40}", [5, 4, 3, 2, 1], False),
        ("before_version=3&version=5", [2, 1], False),
        ("before_version=3&offset=", [2, 1], False),
    ],
)
def test_the_history_is_paged_by_offset_or_from_a_version_down(api: Api, query: str, numbers: list[int], *, has_more: bool) -> None:
    _make_versions(api, 5)
    assert _numbers(api, query) == (numbers, has_more)


def test_all_labels_are_listed_by_name_whatever_the_page_shows(api: Api) -> None:
    _make_versions(api, 3)
    with api.registry.database.write() as tx:
        for label, version in (("staging", 3), ("a", 1), ("production", 1)):
            labels.move_label(tx, api.registry.actor, name="greeting", label=label, version=version)
    body = api.client.get(f"{api.path}resolve/name/greeting/?limit=1").json()
    assert [label["name"] for label in body["labels"]] == ["a", "production", "staging"]
    assert body["prompt"]["labels"] == body["versions"][0]["labels"] == ["staging"]


@pytest.mark.parametrize(
    ("name", "query"),
    [("missing", ""), ("greeting", "version=3"), ("greeting", f"version_id={uuid.UUID(int=7)}"), ("GREETING", "")],
)
def test_what_is_not_there_is_a_404_with_a_detail_only(api: Api, name: str, query: str) -> None:
    _make_versions(api, 2)
    answer = api.client.get(f"{api.path}resolve/name/{name}/?{query}")
    assert (answer.status_code, answer.text) == (404, wire({"detail": NO_SUCH_PROMPT.format(name)}))


def test_a_uuid_is_no_name_here(api: Api) -> None:
    first = _make_versions(api, 1)[0]
    assert api.client.get(f"{api.path}resolve/name/{first}/").status_code == 404


def test_versions_of_an_archived_prompt_stay_gone_when_the_name_is_used_again(api: Api) -> None:
    first = _make_versions(api, 1)[0]
    with api.registry.database.write() as tx:
        prompts.archive_prompt(tx, api.registry.actor, name="greeting")
        make_prompt(tx, api.registry.actor)
    assert api.client.get(f"{api.path}resolve/name/greeting/?version_id={first}").status_code == 404


@pytest.mark.parametrize(
    ("query", "code", "detail", "attr"),
    [
        ("version=0", "min_value", AT_LEAST_1, "version"),
        ("version=x", "invalid_input", NOT_AN_INTEGER, "version"),
        ("version_id=x", "invalid_input", NOT_A_UUID, "version_id"),
        ("version_id=%00", "invalid_input", NOT_A_UUID, "version_id"),
        ("limit=0", "min_value", AT_LEAST_1, "limit"),
        ("limit=101", "max_value", "Ensure this value is less than or equal to 100.", "limit"),
        ("limit=x", "invalid_input", NOT_AN_INTEGER, "limit"),
        ("offset=-1", "min_value", "Ensure this value is greater than or equal to 0.", "offset"),
        ("offset=x", "invalid_input", NOT_AN_INTEGER, "offset"),
        ("before_version=0", "min_value", AT_LEAST_1, "before_version"),
        ("offset=0&before_version=2", "invalid_input", "Use either offset or before_version, not both.", None),
    ],
)
def test_a_bad_query_is_refused(sqlite_api: Api, query: str, code: str, detail: str, attr: str | None) -> None:
    answer = sqlite_api.client.get(f"{sqlite_api.path}resolve/name/missing/?{query}")
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, attr)))
