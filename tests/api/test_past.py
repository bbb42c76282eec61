"""Fetches, lists and histories as of a time of the past."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from builders import Api, make_api, make_registry
from reference_requests import archive, create, fetch, label, publish
from wire import Clock

from promptuary.store.engine.database import Database


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def api(module_database: Database, clock: Clock) -> Iterator[Api]:
    """The application on both databases, one for all tests, which only read what is in it."""
    database = Database(module_database.engine, clock=clock)
    with make_api(make_registry(database)) as api:
        yield api


class Times:
    """A clock that goes on by an hour, and the times by their names."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._first = clock.now.replace(minute=0, second=0, microsecond=0)

    def go_to(self, hour: int) -> None:
        self._clock.now = self._first + timedelta(hours=hour)

    def at(self, hour: float) -> str:
        return (self._first + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def times(api: Api, clock: Clock) -> Times:
    """The past of some prompts.

    1: tone 1 with production; greeting 1. 2: greeting 2 refers to tone, staging is at 2. 3: tone 2 has production.
    4: staging is removed from greeting. 5: greeting is archived. 6: another greeting is created. 9: now.
    """
    times = Times(clock)
    times.go_to(1)
    create(api, "tone", "Be kind.", labels=["production"])
    create(api, "greeting", "Hi.")
    times.go_to(2)
    publish(api, "greeting", 1, "Hello. @@@prompt:name=tone|label=production@@@")
    label(api, "greeting", 2, "staging")
    times.go_to(3)
    publish(api, "tone", 1, "Be brief.")
    label(api, "tone", 2)
    times.go_to(4)
    api.client.delete(f"{api.path}name/greeting/labels/staging/")
    times.go_to(5)
    archive(api, "greeting")
    times.go_to(6)
    create(api, "greeting", "Another one.")
    times.go_to(9)
    return times


@pytest.mark.parametrize(
    ("hour", "label", "version", "text"),
    [
        (0.5, "", None, ""),
        (1, "", 1, "Hi."),
        (1.5, "", 1, "Hi."),
        (1.5, "staging", None, ""),
        (2, "", 2, "Hello. Be kind."),
        (2.5, "staging", 2, "Hello. Be kind."),
        (3, "staging", 2, "Hello. Be brief."),
        (4, "staging", None, ""),
        (4.5, "", 2, "Hello. Be brief."),
        (5, "", None, ""),
        (6, "", 1, "Another one."),
        (9, "", 1, "Another one."),
    ],
)
def test_a_fetch_is_answered_as_it_was_then(
    api: Api, times: Times, hour: float, label: str, version: int | None, text: str
) -> None:
    answer = fetch(api, "greeting", f"?at={times.at(hour)}" + (f"&label={label}" if label else ""))
    assert answer.status_code == (404 if version is None else 200)
    if version is not None:
        body = answer.json()
        assert (body["version"], body["latest_version"], body["is_latest"], body["prompt"]) == (version, version, True, text)
        assert (body.get("label"), body["deleted"]) == (label or None, False)


def test_a_fetch_of_the_past_counts_as_none(api: Api, times: Times) -> None:
    api.usage.take()
    fetch(api, "tone", f"?at={times.at(3)}")
    api.client.get(f"{api.path}?at={times.at(3)}")
    assert api.usage.take() == []


def test_a_text_with_its_tags_can_be_had_as_well(api: Api, times: Times) -> None:
    body = fetch(api, "greeting", f"?at={times.at(2)}&resolve=false").json()
    assert body["prompt"] == "Hello. @@@prompt:name=tone|label=production@@@"


def test_an_id_of_a_version_leads_to_its_prompt_of_then(api: Api, times: Times) -> None:
    first = fetch(api, "greeting", f"?at={times.at(1)}").json()
    assert fetch(api, first["id"], f"?at={times.at(4.5)}").json()["name"] == "greeting"
    assert fetch(api, first["id"], f"?at={times.at(5)}").status_code == 404


def test_a_list_is_that_of_then(api: Api, times: Times) -> None:
    def rows(query: str) -> list[tuple[str, int, list[str]]]:
        found: list[dict[str, Any]] = api.client.get(f"{api.path}?order_by=name&{query}").json()["results"]
        return [(row["name"], row["version"], row["labels"]) for row in found]

    assert rows(f"at={times.at(0)}") == []
    assert rows(f"at={times.at(1)}") == [("greeting", 1, []), ("tone", 1, ["production"])]
    assert rows(f"at={times.at(2)}") == [("greeting", 2, ["staging"]), ("tone", 1, ["production"])]
    assert rows(f"at={times.at(2)}&label=staging") == [("greeting", 2, ["staging"])]
    assert rows(f"at={times.at(4)}&label=staging") == []
    assert rows(f"at={times.at(5)}") == [("tone", 2, ["production"])]
    assert rows(f"at={times.at(2)}&search=GREET") == [("greeting", 2, ["staging"])]
    assert rows(f"at={times.at(2)}&created_by_id={api.registry.user.id}&limit=1&offset=1") == [("tone", 1, ["production"])]
    assert rows(f"at={times.at(2)}&created_by_id=99") == []


@pytest.mark.parametrize("order", ["created_at", "version", "latest_version", "first_version_created_at", "prompt_size_bytes"])
def test_a_list_of_then_has_all_orders(api: Api, times: Times, order: str) -> None:
    up, down = (
        [row["name"] for row in api.client.get(f"{api.path}?at={times.at(2)}&order_by={sign}{order}").json()["results"]]
        for sign in ("", "-")
    )
    if order == "first_version_created_at":
        # Both prompts are of one moment, so that their ids decide, in both directions alike.
        assert up == down
        assert sorted(up) == ["greeting", "tone"]
    else:
        assert (up, down) == (["tone", "greeting"], ["greeting", "tone"])


def test_a_list_of_then_resolves_the_references_of_then(api: Api, times: Times) -> None:
    body = api.client.get(f"{api.path}?at={times.at(2)}&resolve=true&order_by=name").json()
    assert [row["prompt"] for row in body["results"]] == ["Hello. Be kind.", "Be kind."]
    assert (body["count"], body["unresolved"]) == (2, [])


def test_the_history_and_the_labels_are_those_of_then(api: Api, times: Times) -> None:
    path = f"{api.path}resolve/name/greeting/"
    body = api.client.get(f"{path}?at={times.at(3)}").json()
    assert [(row["version"], row["is_latest"], row["labels"]) for row in body["versions"]] == [
        (2, True, ["staging"]),
        (1, False, []),
    ]
    assert [(each["name"], each["version"], each["created_at"]) for each in body["labels"]] == [("staging", 2, times.at(2))]
    assert list(body) == ["prompt", "versions", "has_more", "labels"]
    assert api.client.get(f"{path}?at={times.at(1)}&version=2").status_code == 404
    assert api.client.get(f"{path}?at={times.at(3)}&version=1").json()["prompt"]["latest_version"] == 2
    assert api.client.get(f"{path}?at={times.at(3)}&limit=1").json()["has_more"] is True
    assert api.client.get(f"{path}?at={times.at(3)}&version_id={body['versions'][1]['id']}").json()["prompt"]["version"] == 1


def test_a_label_that_is_still_there_has_its_id(api: Api, times: Times) -> None:
    past, now = (api.client.get(f"{api.path}resolve/name/tone/{query}").json()["labels"] for query in (f"?at={times.at(8)}", ""))
    assert past == now


@pytest.mark.parametrize("at", ["tomorrow", "2026-13-01", "9", "2026-03-01T12:00:00+99:00", "0001-01-01T00:00:00+23:59", "a%00b"])
@pytest.mark.parametrize("path", ["", "name/greeting/", "resolve/name/greeting/"])
def test_a_time_that_is_none_is_refused(api: Api, path: str, at: str) -> None:
    answer = api.client.get(f"{api.path}{path}?at={at}")
    assert (answer.status_code, answer.json()["attr"]) == (400, "at")
    assert answer.json()["detail"].startswith("Datetime has wrong format.")


@pytest.mark.parametrize("path", ["", "name/greeting/", "resolve/name/greeting/"])
def test_a_time_of_the_future_is_refused(api: Api, times: Times, path: str) -> None:
    answer = api.client.get(f"{api.path}{path}?at={times.at(9.1)}")
    assert (answer.status_code, answer.json()["detail"]) == (400, "The time is in the future. Use a time of the past.")


@pytest.mark.parametrize("query", ["archived=true&", "version=1&"])
def test_what_a_time_does_not_go_with_is_refused(api: Api, query: str) -> None:
    path = "name/greeting/" if "version" in query else ""
    answer = api.client.get(f"{api.path}{path}?{query}at=2026-01-01")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Use either")


@pytest.mark.parametrize(
    "at", ["2026-03-01", "2026-03-01T11:30", "2026-03-01T12:30:00%2B01:00", "20260301T113000Z", "0001-01-01T00:00:00Z"]
)
def test_times_are_read_in_all_usual_forms(api: Api, times: Times, at: str) -> None:  # noqa: ARG001 - the times are set
    assert fetch(api, "greeting", f"?at={at}").status_code == 404
