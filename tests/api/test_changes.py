"""The feed of changes as JSON: pages, cursors, filters, refusals, and what it says when the log was trimmed."""

from datetime import timedelta

import pytest
from builders import Api, bearer, make_key, make_member, make_prompt
from promptuary_client.change_log import is_cursor
from sqlalchemy import delete, update
from wire import Clock, Json, user_basic

from promptuary.model.access import Scope
from promptuary.registry import labels, prompts
from promptuary.registry.operator import projects
from promptuary.store import tables
from promptuary.store.changes import last_sequence, trim_changes


def write_history(api: Api) -> None:
    """Seven changes of two prompts."""
    actor = api.registry.actor
    with api.registry.database.write() as tx:
        make_prompt(tx, actor, name="a", versions=2)
        make_prompt(tx, actor, name="b")
        labels.move_label(tx, actor, name="a", label="production", version=1)
        labels.move_label(tx, actor, name="a", label="production", version=2)
        labels.move_label(tx, actor, name="b", label="canary", version=1)
        prompts.archive_prompt(tx, actor, name="b")


def changes(api: Api, query: str = "") -> Json:
    answer = api.client.get(f"{api.path}changes/{query}")
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def kinds(body: Json) -> list[tuple[str, str]]:
    return [(change["kind"], change["prompt_name"]) for change in body["results"]]


def test_changes_of_prompts_are_listed_in_order_and_nothing_else_is(api: Api) -> None:
    write_history(api)
    body = changes(api)
    assert kinds(body) == [
        ("prompt.created", "a"),
        ("prompt.published", "a"),
        ("prompt.created", "b"),
        ("label.created", "a"),
        ("label.moved", "a"),
        ("label.created", "b"),
        ("prompt.archived", "b"),
    ]
    assert (body["has_more"], body["reset"]) == (False, False)
    assert changes(api, f"?after={body['next_cursor']}") == body | {"results": []}


def test_a_change_tells_what_was_where_by_whom(sqlite_api: Api) -> None:
    write_history(sqlite_api)
    moved = changes(sqlite_api)["results"][4]
    assert moved | {"cursor": "", "prompt_id": ""} == {
        "cursor": "",
        "kind": "label.moved",
        "prompt_name": "a",
        "prompt_id": "",
        "version": 2,
        "label": "production",
        "from_version": 1,
        "to_version": 2,
        "affected_prompts": [],
        "actor": user_basic(sqlite_api.registry.user),
        "created_at": "2026-03-01T12:30:00.000120Z",
    }


def test_pages_have_all_changes_once(api: Api) -> None:
    write_history(api)
    found, page = [], changes(api, "?limit=2")
    found += page["results"]
    while page["has_more"]:
        page = changes(api, f"?limit=2&after={page['next_cursor']}")
        found += page["results"]
    assert found == changes(api)["results"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?name=b", ["prompt.created", "label.created", "prompt.archived"]),
        ("?label=production", ["label.created", "label.moved"]),
        ("?label=canary", ["label.created", "prompt.archived"]),
        ("?label=canary&label=production", ["label.created", "label.moved", "label.created", "prompt.archived"]),
        ("?name=unknown", []),
        ("?name=&label=canary", ["label.created", "prompt.archived"]),
    ],
)
def test_filters_let_through_changes_of_those_prompts_or_labels(api: Api, query: str, expected: list[str]) -> None:
    write_history(api)
    body = changes(api, query)
    assert [change["kind"] for change in body["results"]] == expected
    assert body["next_cursor"] == changes(api)["next_cursor"]


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("after=x", "after"),
        ("after=-1", "after"),
        ("after=1.5", "after"),
        ("after=" + "9" * 21, "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("name=not%20a%20name", "name__0"),
        ("name=a&name=%00", "name__1"),
        ("label=latest", "label__0"),
        ("&".join(["name=a"] * 1001), "name"),
    ],
)
def test_bad_values_are_refused_alike_for_pages_and_streams(sqlite_api: Api, query: str, attr: str) -> None:
    for accept in ("application/json", "text/event-stream"):
        answer = sqlite_api.client.get(f"{sqlite_api.path}changes/?{query}", headers={"Accept": accept})
        assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_a_cursor_beyond_the_end_is_reset(own_api: Api) -> None:
    write_history(own_api)
    expected = {"results": [], "next_cursor": changes(own_api)["next_cursor"], "has_more": False, "reset": True}
    assert changes(own_api, "?after=99999999999999999999") == expected


def test_a_cursor_that_the_trimmed_log_has_left_behind_is_reset(own_sqlite_api: Api, clock: Clock) -> None:
    write_history(own_sqlite_api)
    first = changes(own_sqlite_api, "?limit=1")
    clock.now += timedelta(days=1)
    with own_sqlite_api.registry.database.write() as tx:
        trim_changes(tx, before=clock.now)
    newest = changes(own_sqlite_api)["next_cursor"]
    assert changes(own_sqlite_api, f"?after={first['next_cursor']}") == {
        "results": [],
        "next_cursor": newest,
        "has_more": False,
        "reset": True,
    }
    assert changes(own_sqlite_api, f"?after={newest}")["reset"] is False


def test_a_cursor_of_an_entry_that_is_another_one_by_now_is_reset(own_api: Api, clock: Clock) -> None:
    write_history(own_api)
    body = changes(own_api)
    lost = body["results"][-1]
    assert body["next_cursor"] == lost["cursor"]
    with own_api.registry.database.write() as tx:
        # A replica that becomes the primary, or an older copy of the database, gives lost sequences again.
        newest = tables.changes.c.sequence == last_sequence(tx)
        tx.connection.execute(update(tables.changes).where(newest).values(at=clock.now + timedelta(seconds=1)))
    again = changes(own_api, f"?after={lost['cursor']}")
    assert (again["reset"], again["results"]) == (True, [])
    assert again["next_cursor"] == changes(own_api)["next_cursor"] != lost["cursor"]
    assert changes(own_api, f"?after={again['next_cursor']}")["reset"] is False
    assert changes(own_api, f"?after={body['results'][0]['cursor']}")["reset"] is False


def test_a_cursor_of_an_entry_that_the_log_lacks_is_reset(own_api: Api) -> None:
    write_history(own_api)
    body = changes(own_api)
    with own_api.registry.database.write() as tx:
        tx.connection.execute(delete(tables.changes).where(tables.changes.c.sequence == last_sequence(tx) - 1))
    assert changes(own_api, f"?after={body['results'][-2]['cursor']}")["reset"] is True


def test_a_cursor_whose_own_entry_alone_was_trimmed_goes_on(own_api: Api) -> None:
    write_history(own_api)
    body = changes(own_api)
    with own_api.registry.database.write() as tx:
        tx.connection.execute(delete(tables.changes).where(tables.changes.c.sequence < last_sequence(tx)))
    assert changes(own_api, f"?after={body['results'][-2]['cursor']}") == body | {"results": body["results"][-1:]}


def test_cursors_that_are_sequences_alone_go_on(own_api: Api) -> None:
    write_history(own_api)
    body = changes(own_api)
    with own_api.registry.database.read() as tx:
        last = last_sequence(tx)
    assert changes(own_api, f"?after={last}") == body | {"results": []}
    assert changes(own_api, f"?after={last - 1}") == body | {"results": body["results"][-1:]}
    assert changes(own_api, "?after=0") == body


def test_cursors_are_what_clients_take_for_cursors(own_api: Api) -> None:
    write_history(own_api)
    body = changes(own_api)
    cursors = [body["next_cursor"], *(change["cursor"] for change in body["results"])]
    assert all(is_cursor(cursor) for cursor in cursors)
    assert sorted(cursors[1:], key=int) == cursors[1:]


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_only_those_who_may_read_the_project_follow_it(sqlite_api: Api, accept: str) -> None:
    with sqlite_api.registry.database.write() as tx:
        project = projects.create_project(tx, name="Other")
        stranger = make_key(tx, make_member(tx, project))
        other = make_key(tx, sqlite_api.registry.user, Scope.READ, project_ids=[project.id])
    path = sqlite_api.path
    asked = [
        (sqlite_api.client_with({}), f"{path}changes/"),
        (sqlite_api.client_with({"Authorization": "Bearer phx_wrong"}), f"{path}changes/"),
        (sqlite_api.client_with(bearer(stranger)), f"{path}changes/"),
        (sqlite_api.client_with(bearer(other)), f"{path}changes/"),
        (sqlite_api.client, "/api/projects/999/llm_prompts/changes"),
    ]
    statuses = [client.get(url, headers={"Accept": accept}).status_code for client, url in asked]
    assert statuses == [401, 401, 403, 403, 404]


def test_changes_have_both_spellings_and_only_get(sqlite_api: Api) -> None:
    write_history(sqlite_api)
    other = sqlite_api.path.replace("projects", "environments")
    assert sqlite_api.client.get(f"{other}changes").json() == changes(sqlite_api)
    assert sqlite_api.client.post(f"{other}changes").status_code == 405
    assert sqlite_api.client.head(f"{other}changes", headers={"Accept": "text/event-stream"}).content == b""
    assert sqlite_api.client.get(f"{other}changes", headers={"Accept": "text/html"}).status_code == 406
