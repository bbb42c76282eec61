"""What the API counts as a fetch, and how it tells which versions are in use."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import Api, bearer, make_key, make_prompt
from wire import NO_SUCH_PROMPT, NOON, Clock, Json, invalid, user_basic, wire

from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import labels, prompts, usage
from promptuary.registry.operator import keys

WRONG_FORMAT = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."
EMPTY = "The first day must not come after the last."
TOO_LONG = "Ensure the range has no more than 366 days."


def write_counts(api: Api) -> None:
    """Write what was counted, as the server does every few seconds."""
    with api.registry.database.write() as tx:
        usage.record_fetches(tx, api.usage.take())


def usage_of(api: Api, query: str = "") -> Json:
    write_counts(api)
    answer = api.client.get(f"{api.path}name/greeting/usage/?{query}")
    assert answer.status_code == 200
    body: Json = answer.json()
    return body


def counts(api: Api) -> dict[tuple[int, str | None], int]:
    """Fetches by version and label."""
    return {
        (version["version"], label["label"]): label["fetches"]
        for version in usage_of(api)["versions"]
        for label in version["labels"]
    }


def make_versions(api: Api, count: int) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, versions=count)
        labels.move_label(tx, api.registry.actor, name="greeting", label="production", version=1)


def test_the_whole_answer_says_who_uses_which_version(own_sqlite_api: Api, clock: Clock) -> None:
    registry = own_sqlite_api.registry
    make_versions(own_sqlite_api, 2)
    path = f"{own_sqlite_api.path}name/greeting/"
    with registry.database.write() as tx:
        revoked = make_key(tx, registry.user)
        first = prompts.fetch_prompt(tx, registry.actor, "greeting", version=1).id
        second = prompts.fetch_prompt(tx, registry.actor, "greeting").id
    own_sqlite_api.client.get(f"{path}?label=production")
    own_sqlite_api.client.get(f"{path}?label=production", headers=bearer(revoked))
    own_sqlite_api.client.get(path)
    clock.now += timedelta(days=1)
    own_sqlite_api.client.get(f"{path}?version=1")
    with registry.database.write() as tx:
        keys.revoke_key(tx, revoked.key.id)
    write_counts(own_sqlite_api)
    next_noon = NOON.replace("-01T", "-02T")
    author = user_basic(registry.user)

    def shown(key: Json, fetches: int, last_fetched_at: str) -> Json:
        return {**key, "user": author, "fetches": fetches, "last_fetched_at": last_fetched_at}

    own_key = {"id": own_sqlite_api.key.key.id, "label": "test", "mask": own_sqlite_api.key.key.mask, "revoked_at": None}
    revoked_key = {"id": revoked.key.id, "label": "test", "mask": revoked.key.mask, "revoked_at": next_noon}
    expected = {
        "from": "2026-02-01",
        "to": "2026-03-02",
        "fetches": 4,
        "inside_other_prompts": {"fetches": 0, "prompts": [], "days": []},
        "versions": [
            {
                "id": second,
                "version": 2,
                "fetches": 1,
                "last_fetched_at": NOON,
                "labels": [{"label": None, "fetches": 1}],
                "label_count": 1,
                "keys": [shown(own_key, 1, NOON)],
                "key_count": 1,
                "days": [{"day": "2026-03-01", "fetches": 1}],
            },
            {
                "id": first,
                "version": 1,
                "fetches": 3,
                "last_fetched_at": next_noon,
                "labels": [{"label": "production", "fetches": 2}, {"label": None, "fetches": 1}],
                "label_count": 2,
                "keys": [shown(own_key, 2, next_noon), shown(revoked_key, 1, NOON)],
                "key_count": 2,
                "days": [{"day": "2026-03-01", "fetches": 2}, {"day": "2026-03-02", "fetches": 1}],
            },
        ],
        "has_more": False,
    }
    answer = own_sqlite_api.client.get(f"{path}usage/")
    assert (answer.status_code, answer.text) == (200, wire(expected))


@pytest.mark.parametrize(
    ("query", "counted"),
    [
        ("", {(2, None): 1}),
        ("version=1", {(1, None): 1}),
        ("label=production", {(1, "production"): 1}),
        ("label=%20production%20", {(1, "production"): 1}),
        ("content=preview", {(2, None): 1}),
        ("content=none&label=production", {(1, "production"): 1}),
        ("label=missing", {}),
        ("version=3", {}),
        ("version=x", {}),
        ("version=1&label=production", {}),
    ],
)
def test_every_fetch_that_is_answered_counts_by_the_label_that_was_asked_for(
    api: Api, query: str, counted: dict[tuple[int, str | None], int]
) -> None:
    make_versions(api, 2)
    api.client.get(f"{api.path}name/greeting/?{query}")
    assert counts(api) == counted
    # The second answer comes from memory.
    api.client.get(f"{api.path}name/greeting/?{query}")
    assert counts(api) == dict.fromkeys(counted, 2)


@pytest.mark.parametrize(
    ("query", "counted"),
    [
        ("", {(2, None): 1}),
        ("content=full&label=production", {(1, "production"): 1}),
        ("content=preview", {}),
        ("content=none", {}),
        ("search=nothing", {}),
        ("offset=1", {}),
        ("order_by=x", {}),
    ],
)
def test_a_list_counts_for_the_rows_whose_text_it_hands_out(
    api: Api, query: str, counted: dict[tuple[int, str | None], int]
) -> None:
    make_versions(api, 2)
    api.client.get(f"{api.path}?{query}")
    assert counts(api) == counted


def test_a_client_that_has_the_prompt_already_still_uses_it(api: Api) -> None:
    make_versions(api, 1)
    for path in (f"{api.path}name/greeting/", api.path):
        tag = api.client.get(path).headers["etag"]
        for _ in range(2):
            assert api.client.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert counts(api) == {(1, None): 6}


def test_head_and_what_people_look_at_do_not_count(api: Api) -> None:
    make_versions(api, 1)
    for _ in range(2):
        assert api.client.head(f"{api.path}name/greeting/").status_code == 200
        assert api.client.head(api.path).status_code == 200
        assert api.client.get(f"{api.path}resolve/name/greeting/").status_code == 200
        assert api.client.get(f"{api.path}name/greeting/usage/").status_code == 200
    assert counts(api) == {}


def test_a_fetch_by_the_id_of_a_version_counts_for_the_version_that_is_served(api: Api) -> None:
    make_versions(api, 2)
    with api.registry.database.read() as tx:
        first = prompts.fetch_prompt(tx, api.registry.actor, "greeting", version=1).id
    for _ in range(2):
        assert api.client.get(f"{api.path}name/{first}/").json()["version"] == 2
    assert counts(api) == {(2, None): 2}


def test_a_moved_label_counts_for_the_version_it_pointed_at_then(api: Api) -> None:
    make_versions(api, 2)
    for version in (1, 2):
        api.client.put(f"{api.path}name/greeting/labels/production/", json={"version": version})
        for _ in range(2):
            api.client.get(f"{api.path}name/greeting/?label=production")
    assert counts(api) == {(2, "production"): 2, (1, "production"): 2}


def test_the_history_says_when_each_version_was_fetched_last(own_sqlite_api: Api, clock: Clock) -> None:
    make_versions(own_sqlite_api, 3)
    own_sqlite_api.client.get(f"{own_sqlite_api.path}name/greeting/?version=1")
    own_sqlite_api.client.get(f"{own_sqlite_api.path}name/greeting/?version=2")
    clock.now += timedelta(hours=1)
    own_sqlite_api.client.get(f"{own_sqlite_api.path}name/greeting/?version=1")
    write_counts(own_sqlite_api)
    history = own_sqlite_api.client.get(f"{own_sqlite_api.path}resolve/name/greeting/").json()["versions"]
    assert [list(line)[-1] for line in history] == ["last_fetched_at"] * 3
    assert [line["last_fetched_at"] for line in history] == [None, NOON, NOON.replace("T12", "T13")]


def test_usage_is_of_the_days_that_were_asked_for(own_sqlite_api: Api, clock: Clock) -> None:
    make_versions(own_sqlite_api, 2)
    for version in (1, 2, 2):
        own_sqlite_api.client.get(f"{own_sqlite_api.path}name/greeting/?version={version}")
        clock.now += timedelta(days=1)

    def found(query: str) -> tuple[int, list[tuple[int, str]]]:
        body = usage_of(own_sqlite_api, query)
        return body["fetches"], [(version["fetches"], version["last_fetched_at"][:10]) for version in body["versions"]]

    both = (3, [(2, "2026-03-03"), (1, "2026-03-01")])
    assert found("") == found("from=2026-03-01") == found("from=2026-03-01&to=2026-03-03") == both
    assert found("from=&to=%20&version=") == both
    # When a version was fetched last does not depend on the range.
    assert found("from=2026-03-02&to=2026-03-02") == (1, [(1, "2026-03-03")])
    assert found("to=2026-03-01") == (1, [(1, "2026-03-01")])
    assert found("version=1") == (1, [(1, "2026-03-01")])
    assert found("from=2026-03-04") == (0, [])


def test_versions_are_paged_from_the_newest_and_the_sum_is_of_all(api: Api) -> None:
    make_versions(api, 5)
    for version in (1, 2, 4, 5):
        api.client.get(f"{api.path}name/greeting/?version={version}")

    def page(query: str) -> tuple[list[int], bool, int]:
        body = usage_of(api, query)
        return [version["version"] for version in body["versions"]], body["has_more"], body["fetches"]

    assert page("") == page("limit=4") == page("limit=100&offset=0") == ([5, 4, 2, 1], False, 4)
    assert page("limit=2") == ([5, 4], True, 4)
    assert page("limit=2&offset=2") == ([2, 1], False, 4)
    assert page(f"offset={10**40}") == ([], False, 4)


def test_a_key_of_which_nothing_is_known_is_shown_as_such(sqlite_api: Api) -> None:
    make_versions(sqlite_api, 1)
    with sqlite_api.registry.database.write() as tx:
        version_id = prompts.fetch_prompt(tx, sqlite_api.registry.actor, "greeting").id
        moment = datetime(2026, 3, 1, tzinfo=UTC)
        for key_id in ("", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"):
            usage.record_fetches(tx, [FetchCount(moment.date(), FetchKey(version_id, key_id, ""), 1, moment)])
    unknown = {
        "label": None,
        "mask": None,
        "revoked_at": None,
        "user": None,
        "fetches": 1,
        "last_fetched_at": "2026-03-01T00:00:00Z",
    }
    [version] = usage_of(sqlite_api)["versions"]
    assert version["keys"] == [{"id": None, **unknown}, {"id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", **unknown}]


@pytest.mark.parametrize(
    ("query", "code", "detail", "attr"),
    [
        ("from=x", "invalid_input", WRONG_FORMAT, "from"),
        ("from=2026-3-1", "invalid_input", WRONG_FORMAT, "from"),
        ("from=20260301", "invalid_input", WRONG_FORMAT, "from"),
        ("from=2026-02-30", "invalid_input", WRONG_FORMAT, "from"),
        ("from=2026-03-01T00:00:00", "invalid_input", WRONG_FORMAT, "from"),
        ("from=%D9%A2026-03-01", "invalid_input", WRONG_FORMAT, "from"),
        ("from=2026-03-01%00", "invalid_input", WRONG_FORMAT, "from"),
        ("from=0000-01-01", "invalid_input", WRONG_FORMAT, "from"),
        ("to=yesterday", "invalid_input", WRONG_FORMAT, "to"),
        ("from=2026-03-02", "invalid_input", EMPTY, "from"),
        ("from=2026-02-02&to=2026-02-01", "invalid_input", EMPTY, "from"),
        ("from=2025-02-28", "invalid_input", TOO_LONG, "from"),
        ("from=0001-01-01&to=9999-12-31", "invalid_input", TOO_LONG, "from"),
        ("version=0", "min_value", "Ensure this value is greater than or equal to 1.", "version"),
        ("limit=101", "max_value", "Ensure this value is less than or equal to 100.", "limit"),
        ("offset=-1", "min_value", "Ensure this value is greater than or equal to 0.", "offset"),
    ],
)
def test_a_bad_query_is_refused(sqlite_api: Api, query: str, code: str, detail: str, attr: str) -> None:
    answer = sqlite_api.client.get(f"{sqlite_api.path}name/missing/usage/?{query}")
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, attr)))


@pytest.mark.parametrize("query", ["to=0001-01-01", "from=9999-12-31&to=9999-12-31", "from=0001-01-01&to=0002-01-01"])
def test_no_day_is_too_far_away(api: Api, query: str) -> None:
    make_versions(api, 1)
    assert usage_of(api, query)["fetches"] == 0


def test_what_is_not_there_is_a_404_with_a_detail_only(api: Api) -> None:
    make_versions(api, 1)
    with api.registry.database.read() as tx:
        version_id = prompts.fetch_prompt(tx, api.registry.actor, "greeting").id
    at_version = f"No prompt matching 'greeting' at version {10**20}. Fetch it without a version to see which versions it has."
    for name, query, detail in [
        ("missing", "", NO_SUCH_PROMPT.format("missing")),
        (version_id, "", NO_SUCH_PROMPT.format(version_id)),
        ("greeting", f"version={10**20}", at_version),
    ]:
        answer = api.client.get(f"{api.path}name/{name}/usage/?{query}")
        assert (answer.status_code, answer.text) == (404, wire({"detail": detail}))
