"""Archived prompts, usage, the history of labels and promotions, with both clients, against a real server."""

import uuid
from datetime import date, datetime, timezone
from typing import Any

import pytest
from client_service import EitherMaker, Service
from faults import Proxy, status

from promptuary_client import (
    ConflictError,
    InvalidRequestError,
    InvalidResponseError,
    Label,
    LabelMovedError,
    MovesRefusedError,
    NotFoundError,
    PermissionDeniedError,
    ReleasedLabel,
)


@pytest.fixture
def name() -> str:
    return f"made-{uuid.uuid4().hex}"


def test_an_archived_prompt_is_listed_and_restored_without_its_labels(make_either: EitherMaker, name: str) -> None:
    client = make_either(ttl=3600)
    first = client.call("create", name, "one")
    client.call("move_label", name, "production", version=1)
    client.call("archive", name)
    second = client.call("create", name, "another")
    with pytest.raises(ConflictError, match="already exists"):
        client.call("restore", name)
    client.call("archive", name)
    listed = client.call("list_prompts", search=name, archived=True).prompts
    assert {row.id for row in listed} == {first.id, second.id}
    assert all(row.archived_at for row in listed)
    restored = client.call("restore", name, version_id=first.id)
    assert (restored.latest.content, restored.latest.labels, restored.latest.archived_at) == ("one", (), None)
    assert restored.former_labels == (Label("production", name, 1),)
    assert client.get(name).text == "one"
    client.call("archive", name)
    # Of several it is the one that was archived last.
    assert client.call("restore", name).latest.content == "one"
    client.call("archive", name)
    with pytest.raises(NotFoundError):
        client.call("restore", f"{name}-never")


def test_usage_is_counted_by_version_label_key_and_day(make_either: EitherMaker, service: Service, name: str) -> None:
    service.publish(name, "one")
    service.publish(name, "two")
    service.point(name, "live", 1)
    client = make_either(cache_dir=False)
    for options in ({"label": "live"}, {"version": 1}, {}):
        client.get(name, **options)
    client.until(lambda: client.call("usage", name).fetches == 3)
    found = client.call("usage", name, last=datetime.now(timezone.utc))
    latest, old = found.versions
    assert (latest.version, latest.fetches, latest.labels) == (2, 1, {None: 1})
    assert (old.version, old.fetches, old.labels) == (1, 2, {"live": 1, None: 1})
    assert [(key.user, key.fetches) for key in old.keys] == [(service.registry.user.email, 2)]
    assert old.keys[0].last_fetched_at == old.last_fetched_at
    assert sum(old.days.values()) == 2
    assert all(found.first <= day <= found.last for day in old.days)
    assert (found.inside_other_prompts.fetches, found.inside_other_prompts.prompts, found.has_more) == (0, {}, False)
    assert [each.version for each in client.call("usage", name, version=1).versions] == [1]
    page = client.call("usage", name, limit=1, offset=1)
    assert ([each.version for each in page.versions], page.has_more) == ([1], False)
    assert client.call("usage", name, first=date(2020, 1, 1), last=date(2020, 1, 2)).fetches == 0


def test_usage_refuses_what_is_no_day_and_no_prompt(make_either: EitherMaker, proxy: Proxy) -> None:
    client = make_either(proxy.url)
    with pytest.raises(ValueError, match="`first` is a date"):
        client.call("usage", "greeting", first="2026-11-29")
    with pytest.raises(InvalidRequestError):
        client.call("usage", "greeting", first=date(2026, 1, 2), last=date(2026, 1, 1))
    with pytest.raises(NotFoundError):
        client.call("usage", "never")
    proxy.fault = status(200, b'{"from": "2026"}')
    with pytest.raises(InvalidResponseError, match="not the usage"):
        client.call("usage", "greeting")


def test_moves_of_a_label_are_listed_and_undone(make_either: EitherMaker, name: str) -> None:
    client = make_either(ttl=3600)
    client.call("create", name, "one")
    client.call("publish", name, "two", base_version=1)
    for version in (1, 2):
        client.call("move_label", name, "production", version=version)
    assert client.get(name, label="production").text == "two"
    with pytest.raises(LabelMovedError) as moved:
        client.call("undo_label", name, "production", expected_version=1)
    assert moved.value.current_version == 2
    undone = client.call("undo_label", name, "production", expected_version=2, reason="Too long.")
    assert (undone, client.get(name, label="production").text) == (Label("production", name, 1), "one")
    history = client.call("label_history", name, "production", limit=2)
    assert [(move.from_version, move.to_version, move.kind, move.reason) for move in history.moves] == [
        (2, 1, "undo", "Too long."),
        (1, 2, "direct", None),
    ]
    assert (history.count, history.has_more) == (3, True)
    assert all(move.created_by and move.created_at for move in history.moves)
    (first,) = client.call("label_history", name, "production", offset=2).moves
    assert (first.from_version, first.to_version) == (None, 1)
    client.call("move_label", name, "fresh", version=1)
    with pytest.raises(InvalidRequestError, match="nothing to go back to"):
        client.call("undo_label", name, "fresh", expected_version=1)
    client.call("remove_label", name, "fresh")
    client.call("move_label", name, "fresh", version=2)
    assert client.call("undo_label", name, "fresh", expected_version=2) is None
    with pytest.raises(NotFoundError):
        client.call("label_history", name, "never")
    client.call("archive", name)


def test_moves_have_a_reason_and_an_admin_moves_a_protected_label_in_an_emergency(
    make_either: EitherMaker, service: Service, name: str
) -> None:
    client = make_either(api_key=service.make_admin_key())
    label, source = f"prod-{name}", f"from-{name}"
    client.call("create", name, "one")
    client.call("publish", name, "two", base_version=1)
    client.call("move_label", name, label, version=1, reason="First")
    client.call("move_label", name, source, version=2)
    rule = client.call("request", "POST", "llm_prompts/label_rules/", body={"pattern": label, "approvals": 1}).json()
    with pytest.raises(PermissionDeniedError, match="is protected"):
        client.call("move_label", name, label, version=2, reason="Now")
    urgent = {"reason": "It is down.", "emergency": True}
    client.call("move_label", name, label, version=2, **urgent)
    client.call("undo_label", name, label, expected_version=2, **urgent)
    release = client.call("promote", source, label, versions={name: 2}, names=[name], **urgent)
    client.call("undo_release", release.id, **urgent)
    with pytest.raises(MovesRefusedError):
        client.call("promote", source, label, versions={name: 1}, names=[name], **urgent)
    client.call("remove_label", name, label, expected_version=1, **urgent)
    moves = client.call("label_history", name, label).moves
    assert [move.reason for move in moves] == [*["It is down."] * 5, "First"]
    assert [(move.from_version, move.to_version) for move in moves[:2]] == [(1, None), (2, 1)]
    client.call("request", "DELETE", f"llm_prompts/label_rules/{rule['id']}/")
    client.call("archive", name)


def test_a_promotion_moves_all_labels_or_none_and_is_undone_as_a_whole(make_either: EitherMaker, name: str) -> None:
    client = make_either(ttl=3600)
    names = [f"{name}-{number}" for number in range(2)]
    source, target = f"from-{name}", f"to-{name}"
    for each in names:
        client.call("create", each, "one")
        client.call("publish", each, "two", base_version=1)
        client.call("move_label", each, target, version=1)
        client.call("move_label", each, source, version=2)
        assert client.get(each, label=target).text == "one"
    looked = client.call("promote", source, target, dry_run=True)
    assert (looked.is_dry_run, looked.id, len(looked.moves), looked.refused) == (True, None, 2, ())
    assert client.get(names[0], label=target).source == "cache"
    with pytest.raises(MovesRefusedError) as refused:
        client.call("promote", source, target, expected={names[0]: 1, names[1]: 2})
    assert [(each.name, each.current_version) for each in refused.value.refused] == [(names[1], 1)]
    released = client.call("promote", source, target, names=iter(names), reason="Friday")
    assert sorted(released.moves, key=lambda move: move.name) == [
        ReleasedLabel(each, target, 1, 2, is_breaking=False, affected_prompts=()) for each in names
    ]
    assert [client.get(each, label=target).text for each in names] == ["two", "two"]
    undone = client.call("undo_release", released.id)
    assert {(move.label, move.from_version, move.to_version) for move in undone.moves} == {(target, 2, 1)}
    assert [client.get(each, label=target).text for each in names] == ["one", "one"]
    for each in names:
        client.call("archive", each)


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        (("", "production"), {}, ValueError),
        (("staging", " "), {}, ValueError),
        (("staging", "production"), {"names": "greeting"}, ValueError),
        (("staging", "production"), {"names": ["greeting"]}, (MovesRefusedError, NotFoundError, InvalidRequestError)),
        (("staging", "staging"), {}, InvalidRequestError),
    ],
)
def test_a_promotion_that_cannot_be_is_refused(
    make_either: EitherMaker, arguments: tuple[str, str], options: dict[str, Any], error: Any
) -> None:
    with pytest.raises(error):
        make_either().call("promote", *arguments, **options)


def test_an_answer_of_another_form_is_named(make_either: EitherMaker, proxy: Proxy) -> None:
    client = make_either(proxy.url)
    proxy.fault = status(200, b"{}")
    for method, arguments in (
        ("restore", ("x",)),
        ("label_history", ("x", "production")),
        ("promote", ("staging", "production")),
        ("changes", ()),
    ):
        with pytest.raises(InvalidResponseError, match=r"^The answer"):
            client.call(method, *arguments)
    proxy.fault = status(409, b'{"detail": "No.", "refused": [5]}')
    with pytest.raises(InvalidResponseError, match="which labels cannot be moved"):
        client.call("promote", "staging", "production")
