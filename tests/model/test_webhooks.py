"""Rules of webhooks: patterns, addresses, secrets, signatures, retries, and the texts for Slack."""

import json
import time
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier

from promptuary.model.changes import Attribution, Change, ChangeKind
from promptuary.model.changes import payloads as told
from promptuary.model.errors import InvalidValue
from promptuary.model.patterns import matches_pattern
from promptuary.model.prompts import LabelPointer
from promptuary.model.webhook_messages import escape_for_slack, make_payload, render_body
from promptuary.model.webhooks import (
    AFFECTED,
    EVENT_KINDS,
    EVENT_TYPES,
    RETRY_TIME,
    EventFilter,
    Secrets,
    WebhookFormat,
    WebhookSettings,
    check_pattern,
    check_url,
    events_of,
    is_secret,
    make_secret,
    message_id,
    retry_at,
    retry_delay,
    sign,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def change(payload: told.Payload, name: str | None = "greeting", sequence: int = 7) -> Change:
    return Change(sequence, payload.kind, 1, "id", name, payload, Attribution(), NOW)


MOVED = change(told.LabelMoved("production", 1, 2, ("parent-a", "parent-b")))


@given(st.text("ab-"), st.text("ab-*", min_size=1))
def test_a_pattern_matches_what_its_stars_can_stand_for(name: str, pattern: str) -> None:
    assert matches_pattern(name, pattern) is fnmatchcase(name, pattern)


@pytest.mark.parametrize(
    ("name", "does"), [("support-reply", True), ("support-", True), ("Support-reply", False), ("support", False)]
)
def test_patterns_tell_capital_letters_apart(name: str, *, does: bool) -> None:
    assert matches_pattern(name, "support-*") is does


@pytest.mark.timeout(60)
def test_a_pattern_of_many_stars_takes_little_time() -> None:
    assert not matches_pattern("a" * 255, "*a" * 127 + "b")
    assert not matches_pattern("a" * 100_000, "*a" * 50_000 + "*b")


@pytest.mark.parametrize("pattern", ["", " ", "a b", "support/?", "a" * 256, "ü*"])
def test_what_no_name_can_match_is_no_pattern(pattern: str) -> None:
    with pytest.raises(InvalidValue):
        check_pattern(pattern)


@pytest.mark.parametrize(
    "url", ["https://hooks.example.com/in?key=1", "http://10.0.0.1:8080", "https://[2001:db8::1]/", "http://localhost/"]
)
def test_addresses_of_endpoints_are_taken(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com",
        "ftp://hooks.example.com/",
        "https://",
        "https:///path",
        "https://user:password@hooks.example.com/",
        "https://hooks.example.com:port/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nX: y",
        "https://[::1/",
        "https://hooks.example.com/" + "a" * 2000,
        "https://hooks.example.com/\0",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(InvalidValue) as error:
        check_url(url)
    assert error.value.field == "url"


def test_every_event_is_a_kind_of_change_or_of_a_changed_part() -> None:
    assert {*EVENT_TYPES} == {kind.value for kind in EVENT_KINDS} | {AFFECTED}
    of_prompts_and_requests = {kind for kind in ChangeKind if kind.value.startswith(("prompt.", "label.", "request."))}
    assert {*EVENT_KINDS} == of_prompts_and_requests


def test_a_change_is_an_event_and_one_for_each_other_prompt_that_serves_another_text() -> None:
    assert [(event.type, event.prompt_name, event.part) for event in events_of(MOVED)] == [
        ("label.moved", "greeting", 0),
        ("prompt.affected", "parent-a", 1),
        ("prompt.affected", "parent-b", 2),
    ]
    assert events_of(change(told.ProjectTokenRotated(), None)) == []


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (EventFilter(), ["greeting", "parent-a", "parent-b"]),
        (EventFilter(frozenset({"prompt.affected"})), ["parent-a", "parent-b"]),
        (EventFilter(frozenset({"label.moved"}), "production"), ["greeting"]),
        (EventFilter(label="staging"), []),
        (EventFilter(label="production", prompt_name="*-b"), ["parent-b"]),
    ],
)
def test_a_filter_chooses_by_type_label_and_name_together(chosen: EventFilter, names: list[str]) -> None:
    assert [event.prompt_name for event in events_of(MOVED) if chosen.matches(event)] == names


def test_archiving_is_an_event_of_the_labels_that_it_removes() -> None:
    [event] = events_of(change(told.PromptArchived(1, 1, (LabelPointer("production", 1),))))
    assert EventFilter(label="production").matches(event)
    assert not EventFilter(label="staging").matches(event)


def test_the_id_of_a_message_is_its_own_and_always_the_same() -> None:
    first, *_ = events = events_of(MOVED)
    ids = {message_id(webhook, event) for webhook in ("a", "b") for event in events}
    assert len(ids) == 6
    assert message_id("a", first) == message_id("a", events_of(MOVED)[0])
    assert message_id("a", first) != message_id("a", events_of(change(told.LabelMoved("production", 1, 2), sequence=8))[0])
    assert all("." not in each and len(each) <= 64 for each in ids)


def test_each_secret_signs_and_the_verifier_of_the_specification_accepts_either() -> None:
    first, second = make_secret(), make_secret()
    assert first != second
    assert is_secret(first)
    assert not is_secret("whsec_x")
    assert not is_secret(first.removeprefix("whsec_"))
    timestamp, body = int(time.time()), '{"a":"ü"}'.encode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(timestamp)}
    headers["webhook-signature"] = sign([first, second], message="msg_1", timestamp=timestamp, body=body)
    for secret in (first, second):
        assert Verifier(secret).verify(body, headers) == {"a": "ü"}


def test_a_former_secret_signs_until_its_time_is_over() -> None:
    secrets = Secrets("new", "old", NOW)
    assert secrets.valid_at(NOW - timedelta(seconds=1)) == ["new", "old"]
    assert secrets.valid_at(NOW) == ["new"]
    assert Secrets("new").valid_at(NOW) == ["new"]
    assert "new" not in repr(secrets)


def test_delays_grow_from_seconds_to_hours_and_vary() -> None:
    seconds = [retry_delay(failures, 0.5).total_seconds() for failures in (1, 2, 3, 4, 5, 6, 7, 8, 9, 100_000)]
    assert seconds == [5, 15, 45, 135, 405, 1215, 3645, 7200, 7200, 7200]
    assert (retry_delay(1, 0).total_seconds(), retry_delay(1, 1).total_seconds()) == (4, 6)


def test_the_last_attempt_is_at_the_end_of_the_time_for_retries() -> None:
    assert retry_at(NOW, NOW, failures=1, jitter=0.5) == NOW + timedelta(seconds=5)
    end = NOW + RETRY_TIME
    assert retry_at(NOW, end - timedelta(minutes=1), failures=40, jitter=0.5) == end
    assert retry_at(NOW, end, failures=41, jitter=0.5) is None


def test_a_webhook_is_known_by_the_host_of_its_address_alone() -> None:
    assert WebhookSettings("https://hooks.slack.com/services/T1/B2/secret").host == "hooks.slack.com"


ACTOR = {"first_name": "Ada <b>", "last_name": "L", "email": "ada@example.com"}
FACTS = {"project": {"id": 1, "name": "Shop & co"}, "prompt_name": "greeting", "version": 2, "label": "production"}
FACTS |= {"from_version": 1, "to_version": 2, "actor": ACTOR, "url": "https://p/?a=1&b=2"}


@pytest.mark.parametrize(
    ("event_type", "data", "text"),
    [
        (
            "label.moved",
            FACTS | {"kind": "label.moved", "label": "a"},
            "Ada &lt;b&gt; L moved the label a from version 1 to version 2 of <https://p/?a=1&amp;b=2|greeting>. (Shop &amp; co)",
        ),
        (
            "prompt.published",
            FACTS | {"kind": "prompt.published", "actor": None, "url": None},
            "The operator published version 2 of greeting. (Shop &amp; co)",
        ),
        (
            "prompt.archived",
            FACTS | {"kind": "prompt.archived", "actor": ACTOR | {"first_name": "", "last_name": ""}, "url": None},
            "ada@example.com archived greeting. (Shop &amp; co)",
        ),
        (
            "prompt.affected",
            FACTS | {"prompt_name": "parent", "url": None, "cause": FACTS | {"kind": "label.moved", "label": "a", "actor": None}},
            "parent serves another text: The operator moved the label a from version 1 to version 2 of greeting. (Shop &amp; co)",
        ),
        (
            "change_request.opened",
            FACTS | {"kind": "change_request.opened", "url": None},
            "Ada &lt;b&gt; L did change_request.opened with greeting. (Shop &amp; co)",
        ),
        ("test", FACTS, "This is a test of the webhook of the project Shop &amp; co."),
        (
            "reset",
            FACTS | {"url": None},
            "Events of the project Shop &amp; co are missing: they are no longer available. Look at its prompts",
        ),
    ],
)
def test_slack_reads_what_happened_in_a_sentence(event_type: str, data: dict[str, object], text: str) -> None:
    assert json.loads(render_body(make_payload(event_type, NOW, data), WebhookFormat.SLACK)) == {"text": text}


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_every_kind_of_event_has_words_for_slack(kind: ChangeKind) -> None:
    body = render_body(make_payload(kind.value, NOW, FACTS | {"kind": kind.value}), WebhookFormat.SLACK)
    assert " did " not in body.decode()


def test_json_is_the_form_of_the_specification() -> None:
    body = render_body(make_payload("test", NOW, {"a": 1}), WebhookFormat.JSON)
    assert body == b'{"type":"test","timestamp":"2026-06-01T12:00:00Z","data":{"a":1}}'


def test_no_markup_of_slack_is_left_in_a_text() -> None:
    assert escape_for_slack("<!channel> &lt;") == "&lt;!channel&gt; &amp;lt;"
