"""Payloads of changes: the JSON that databases hold is read, and written again byte for byte."""

import json
from datetime import UTC, datetime
from typing import get_args

import pytest

from promptuary.model.access import Role, Scope
from promptuary.model.changes import Attribution, Change, ChangeFilter, ChangeKind
from promptuary.model.changes import payloads as told
from promptuary.model.changes.payloads import KeyFacts, MemberFacts, Payload, Unreadable, UserFacts, read_payload
from promptuary.model.prompts import LabelPointer

VERSION = '"version": 1, "description": "Note é", "has_config": true'
CREATED = told.PromptCreated(1, "Note é", has_config=True)
VIEWER = MemberFacts(2, "new@example.com", Role.VIEWER)
EDITOR = MemberFacts(2, "new@example.com", Role.EDITOR)
USER = UserFacts(2, "new@example.com")
NAMED = UserFacts(2, "new@example.com", "Ada", "")
KEY = KeyFacts("k", 2, "test", frozenset({Scope.WRITE, Scope.READ}))
LABELS = (LabelPointer("canary", 2), LabelPointer("a", 3))

HOOK = told.WebhookFacts("w", "Deploys", "hooks.example", "json")
CHOSEN = told.WebhookFacts("w", "Deploys", "hooks.example", "slack", ("label.moved",), "production", "support-*")

SHOWN_HOOK = '{"webhook_id": "w", "name": "Deploys", "host": "hooks.example", "format": "json", "events": []}'
SHOWN_CHOSEN = (
    '{"webhook_id": "w", "name": "Deploys", "host": "hooks.example", "format": "slack", "events": ["label.moved"], '
    '"label": "production", "prompt_name": "support-*"}'
)
REQUEST = told.RequestFacts(7, "Warmer", 2, ("a", "b"), ("production",))
SHOWN_REQUEST = '{"request_id": 7, "title": "Warmer", "revision": 2, "prompt_names": ["a", "b"], "labels": ["production"]}'
SHOWN_VIEWER = '{"user_id": 2, "email": "new@example.com", "role": "viewer"}'
SHOWN_EDITOR = '{"user_id": 2, "email": "new@example.com", "role": "editor"}'
SHOWN_USER = '{"user_id": 2, "email": "new@example.com"}'
SHOWN_NAMED = '{"user_id": 2, "email": "new@example.com", "first_name": "Ada", "last_name": ""}'
SHOWN_KEY = '{"key_id": "k", "user_id": 2, "label": "test", "scopes": ["llm_prompt:read", "llm_prompt:write"]}'

STORED: list[tuple[Payload, str | None, str | None]] = [
    (CREATED, None, f"{{{VERSION}}}"),
    (
        told.PromptCreated(1, None, has_config=False, source=told.CopySource("a", 3)),
        None,
        '{"version": 1, "description": null, "has_config": false, "duplicated_from": "a", "source_version": 3}',
    ),
    (
        told.PromptPublished(2, 3, None, has_config=False, config_changed=True),
        '{"version": 2}',
        '{"version": 3, "description": null, "has_config": false, "config_changed": true}',
    ),
    (told.PromptDuplicated("b"), None, '{"duplicated_to": "b"}'),
    (told.PromptArchived(3, 3, LABELS), '{"version": 3, "version_count": 3, "labels": {"canary": 2, "a": 3}}', None),
    (told.PromptArchived(3, 3, ()), '{"version": 3, "version_count": 3, "labels": {}}', None),
    (told.PromptRestored(3, 3, None), None, '{"version": 3, "version_count": 3}'),
    (told.PromptRestored(3, 3, "a"), '{"name": "a"}', '{"version": 3, "version_count": 3}'),
    (
        told.PromptImported(None, 1, 1, LABELS, is_archived=False),
        None,
        '{"version": 1, "versions_added": 1, "labels": {"canary": 2, "a": 3}, "is_archived": false}',
    ),
    (
        told.PromptImported(1, 2, 1, (), is_archived=True),
        '{"version": 1}',
        '{"version": 2, "versions_added": 1, "labels": {}, "is_archived": true}',
    ),
    (told.LabelCreated("production", 1), None, '{"label": "production", "version": 1}'),
    (told.LabelMoved("production", 1, 3), '{"label": "production", "version": 1}', '{"label": "production", "version": 3}'),
    *(
        (payload(REQUEST), None, SHOWN_REQUEST)
        for payload in (
            told.RequestOpened,
            told.RequestChanged,
            told.RequestApproved,
            told.RequestCommented,
            told.RequestMerged,
            told.RequestClosed,
        )
    ),
    (
        told.LabelRuleSet("prod*", "admin", 2, allows_own_approval=False, breaking_needs_admin=True),
        None,
        '{"pattern": "prod*", "role": "admin", "approvals": 2, "allows_own_approval": false, "breaking_needs_admin": true}',
    ),
    (told.LabelRuleRemoved("prod*"), '{"pattern": "prod*"}', None),
    (told.LabelRemoved("production", 3), '{"label": "production", "version": 3}', None),
    (told.ProjectCreated("Sécond"), None, '{"name": "Sécond"}'),
    (told.ProjectRenamed("Sécond", "T"), '{"name": "Sécond"}', '{"name": "T"}'),
    (told.ProjectTokenRotated(), None, None),
    (told.MemberSet(None, VIEWER), None, SHOWN_VIEWER),
    (told.MemberSet(VIEWER, EDITOR), SHOWN_VIEWER, SHOWN_EDITOR),
    (told.MemberRemoved(EDITOR), SHOWN_EDITOR, None),
    (told.UserCreated(USER), None, SHOWN_USER),
    (told.UserChanged(NAMED, NAMED), SHOWN_NAMED, SHOWN_NAMED),
    (told.UserChanged(USER, None), SHOWN_USER, None),
    (told.UserDisabled(USER), None, SHOWN_USER),
    (told.UserEnabled(USER), None, SHOWN_USER),
    (told.UserPasswordSet(2), None, '{"user_id": 2}'),
    (told.KeyCreated(KEY), None, SHOWN_KEY),
    (told.KeyRevoked(KEY), SHOWN_KEY, None),
    (told.WebhookCreated(HOOK), None, SHOWN_HOOK),
    (told.WebhookChanged(HOOK, CHOSEN), SHOWN_HOOK, SHOWN_CHOSEN),
    (told.WebhookRemoved(CHOSEN), SHOWN_CHOSEN, None),
    (told.WebhookEnabled(HOOK), None, SHOWN_HOOK),
    (told.WebhookDisabled(HOOK), None, SHOWN_HOOK),
    (told.WebhookDisabled(HOOK, "gone"), None, f'{SHOWN_HOOK[:-1]}, "reason": "gone"}}'),
    (told.WebhookSecretRotated(HOOK), None, SHOWN_HOOK),
    (told.WebhookTested(HOOK), None, SHOWN_HOOK),
    (told.WebhookRedelivered(HOOK, "msg_1"), None, f'{SHOWN_HOOK[:-1]}, "message_id": "msg_1"}}'),
    (told.DatabaseRestored(), None, None),
]
"""Payloads, and what databases hold of them."""

READABLE = [line for line in STORED if line[1:] != (None, None)]


def parse(text: str | None) -> dict[str, object] | None:
    return None if text is None else json.loads(text)


def dump(side: dict[str, object] | None) -> str | None:
    return None if side is None else json.dumps(side, ensure_ascii=False)


def make_change(kind: ChangeKind, payload: Payload | Unreadable) -> Change:
    return Change(1, kind, 1, "id", "a", payload, Attribution(), datetime(2026, 1, 1, tzinfo=UTC))


def test_every_kind_that_is_written_has_a_payload_and_an_example_here() -> None:
    assert {payload.kind for payload in get_args(Payload)} == {*ChangeKind} - {ChangeKind.UNKNOWN}
    assert {type(payload) for payload, _, _ in STORED} == {*get_args(Payload)}


@pytest.mark.parametrize(("payload", "before", "after"), STORED)
def test_what_a_database_holds_is_read_and_written_byte_for_byte(payload: Payload, before: str | None, after: str | None) -> None:
    assert read_payload(payload.kind, parse(before), parse(after)) == payload
    assert tuple(map(dump, payload.to_json())) == (before, after)


@pytest.mark.parametrize(("payload", "before", "after"), READABLE)
def test_keys_that_a_newer_version_adds_are_ignored(payload: Payload, before: str | None, after: str | None) -> None:
    more: list[dict[str, object] | None] = [side and {"new": [1], **side, "newer": None} for side in map(parse, (before, after))]
    assert read_payload(payload.kind, *more) == payload


@pytest.mark.parametrize(("payload", "before", "after"), READABLE)
def test_a_payload_that_lacks_a_key_or_has_another_type_is_unreadable_and_keeps_what_there_is(
    payload: Payload, before: str | None, after: str | None
) -> None:
    assert read_payload(payload.kind, None, None) == Unreadable({}, {})
    strange: list[dict[str, object] | None] = [side and dict.fromkeys(side, 1.5) for side in map(parse, (before, after))]
    assert read_payload(payload.kind, *strange) == Unreadable(strange[0] or {}, strange[1] or {})


@pytest.mark.parametrize(
    ("kind", "side"), [(ChangeKind.MEMBER_SET, {**json.loads(SHOWN_VIEWER), "role": "owner"}), (ChangeKind.UNKNOWN, {"version": 1})]
)
def test_what_only_a_newer_version_knows_is_unreadable(kind: ChangeKind, side: dict[str, object]) -> None:
    assert read_payload(kind, None, side) == Unreadable({}, side)


def test_a_change_tells_its_labels_and_its_description() -> None:
    kinds = (told.PromptCreated, told.PromptDuplicated, told.PromptArchived, told.LabelCreated, told.LabelMoved, told.LabelRemoved)
    stored = [payload for payload, _, _ in reversed(STORED) if isinstance(payload, kinds)]
    found = {type(payload): make_change(payload.kind, payload) for payload in stored}
    assert {kind: change.labels for kind, change in found.items() if change.labels} == {
        told.PromptArchived: {"canary", "a"},
        told.LabelCreated: {"production"},
        told.LabelMoved: {"production"},
        told.LabelRemoved: {"production"},
    }
    assert [change.description for change in found.values() if change.description] == ["Note é"]


def test_a_change_of_an_unknown_kind_tells_the_labels_and_the_description_that_it_seems_to_have() -> None:
    before: dict[str, object] = {"label": "a", "labels": {"b": 1}}
    change = make_change(ChangeKind.UNKNOWN, Unreadable(before, {"label": "c", "description": "Note"}))
    assert change.labels == {"a", "b", "c"}
    assert change.description == "Note"
    assert ChangeFilter(labels=frozenset({"b"})).matches(change)
    assert make_change(ChangeKind.UNKNOWN, Unreadable({"label": 1, "labels": []}, {})).labels == frozenset()
