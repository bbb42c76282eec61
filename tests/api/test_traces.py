"""What requests leave behind besides their answer: the use of a key, and who did what in the change log."""

from datetime import datetime, timedelta

import pytest
from builders import Api, make_prompt
from wire import Clock

from promptuary.model.changes import Change, ChangeKind
from promptuary.registry.operator import keys
from promptuary.store import changes


@pytest.fixture
def sqlite_api(own_sqlite_api: Api) -> Api:
    """The application of the test alone: what it does reaches beyond a project."""
    return own_sqlite_api


def _last_used(api: Api) -> datetime | None:
    with api.registry.database.read() as tx:
        [key] = keys.list_keys(tx, limit=10)
    return key.last_used_at


def test_the_use_of_a_key_is_noted_once_an_hour(sqlite_api: Api, clock: Clock) -> None:
    assert _last_used(sqlite_api) is None
    first = clock.now
    sqlite_api.client.get(sqlite_api.path)
    assert _last_used(sqlite_api) == first
    clock.now = first + timedelta(minutes=59)
    sqlite_api.client.get(sqlite_api.path)
    assert _last_used(sqlite_api) == first
    clock.now = first + timedelta(minutes=61)
    sqlite_api.client.post(sqlite_api.path, json={"name": "a", "prompt": "x"})
    assert _last_used(sqlite_api) == clock.now


def test_a_key_that_was_refused_entry_was_not_used(sqlite_api: Api) -> None:
    assert sqlite_api.client.get("/api/projects/99/llm_prompts/").status_code == 404
    assert _last_used(sqlite_api) is None


def _newest_change(api: Api) -> Change:
    with api.registry.database.read() as tx:
        return changes.list_changes(tx, limit=1000)[-1]


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"),
    [
        ("POST", "", {"name": "a", "prompt": "x"}, ChangeKind.PROMPT_CREATED),
        ("PATCH", "name/greeting/", {"base_version": 1, "prompt": "x"}, ChangeKind.PROMPT_PUBLISHED),
        ("POST", "name/greeting/duplicate/", {"new_name": "copy"}, ChangeKind.PROMPT_DUPLICATED),
        ("POST", "name/greeting/archive/", None, ChangeKind.PROMPT_ARCHIVED),
        ("PUT", "name/greeting/labels/a/", {"version": 1}, ChangeKind.LABEL_CREATED),
    ],
)
def test_a_change_tells_of_user_key_and_request(
    api: Api, method: str, path: str, body: dict[str, object] | None, kind: ChangeKind
) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor)
    api.client.request(method, api.path + path, json=body, headers={"X-Request-ID": "traced-1"})
    change = _newest_change(api)
    assert (change.kind, change.by.request_id) == (kind, "traced-1")
    assert (change.by.user_id, change.by.key_id) == (api.registry.user.id, api.key.key.id)
    assert change.project_id == api.registry.project.id


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"name": "greeting", "prompt": "x"}),
        ("PATCH", "name/greeting/", {"base_version": 2, "prompt": "x"}),
        ("PATCH", "name/greeting/", {"base_version": 1, "edits": [{"old": "not there", "new": ""}]}),
        ("POST", "name/greeting/duplicate/", {"new_name": "greeting"}),
        ("PUT", "name/greeting/labels/a/", {"version": 2}),
        ("DELETE", "name/greeting/labels/a/", None),
        ("GET", "name/greeting/", None),
    ],
)
def test_refusals_and_reads_change_nothing(api: Api, method: str, path: str, body: dict[str, object] | None) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor)
    before = _newest_change(api)
    api.client.request(method, api.path + path, json=body)
    assert _newest_change(api) == before
