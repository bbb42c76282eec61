"""Changing prompts and reading about them, with both clients, against a real server; hooks; prefetching."""

import uuid
from typing import Any

import httpx2
import pytest
from client_service import EitherMaker, Service
from faults import Proxy, after_answer, hang, server_error, status
from opentelemetry import trace
from opentelemetry.sdk.trace import Span, TracerProvider

from promptuary_client import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    ErrorEvent,
    InvalidRequestError,
    LabelMovedError,
    NotFoundError,
    PermissionDeniedError,
    Prompt,
    PromptKey,
    PromptuaryError,
    RequestTimeoutError,
    ServerError,
)


@pytest.fixture
def name() -> str:
    return f"made-{uuid.uuid4().hex}"


def test_a_prompt_lives_from_creation_to_archive(make_either: EitherMaker, name: str) -> None:
    client = make_either()
    created = client.call("create", name, "Hello, {{name}}!", config={"model": "a"}, description="First")
    published = client.call("publish", name, "Hi, {{name}}!", base_version=1)
    edited = client.call("edit", name, [("Hi", "Hey"), ("!", "")], base_version=2, config=None)
    label = client.call("move_label", name, "production", version=2)
    history = client.call("history", name, limit=2)
    assert (created.version, created.config, created.description) == (1, {"model": "a"}, "First")
    assert (published.version, published.content, published.config) == (2, "Hi, {{name}}!", {"model": "a"})
    assert (edited.version, edited.content, edited.config) == (3, "Hey, {{name}}", None)
    assert (label.name, label.prompt, label.version) == ("production", name, 2)
    assert [summary.version for summary in history.versions] == [3, 2]
    assert (history.has_more, history.selected.version) == (True, 3)
    assert history.versions[1].labels == ("production",)
    client.call("remove_label", name, "production")
    copy = client.call("duplicate", name, f"{name}-copy")
    assert (copy.name, copy.version, copy.content) == (f"{name}-copy", 1, "Hey, {{name}}")
    assert client.call("list_prompts", search=name).count == 2
    for each in (name, f"{name}-copy"):
        client.call("archive", each)
    assert client.call("list_prompts", search=name).prompts == ()


def test_labels_and_variables_come_with_a_version(make_either: EitherMaker, name: str) -> None:
    client = make_either(ttl=3600)
    declared = {"name": {"type": "string", "default": "you"}}
    created = client.call("create", name, "Hello, {{name}}!", variables=declared, labels=["staging", "canary"])
    assert sorted(created.labels) == ["canary", "staging"]
    assert client.get(name, label="staging").compile() == "Hello, you!"
    published = client.call("publish", name, "Hi, {{name}}!", base_version=1, labels=["staging"])
    assert (published.labels, published.raw["variables"]) == (("staging",), created.raw["variables"])
    assert client.get(name, label="staging").text == "Hi, {{name}}!"
    edited = client.call("edit", name, [("Hi", "Hey")], base_version=2, variables=None, labels=("canary",))
    assert (edited.labels, "variables" in edited.raw) == (("canary",), False)
    with pytest.raises(ValueError, match="cannot be sent as JSON"):
        client.call("create", "x", {"score": float("nan")})
    for method, arguments in (("create", ("x", "y")), ("publish", (name, "y"))):
        with pytest.raises(ValueError, match="`labels` is a list"):
            client.call(method, *arguments, labels="staging", **({} if method == "create" else {"base_version": 3}))
    client.call("archive", name, reason="Replaced")
    client.call("restore", name)
    assert client.call("label_history", name, "staging").moves[0].reason == "Replaced"
    client.call("archive", name)


def test_the_history_has_a_version_in_full(make_either: EitherMaker, name: str) -> None:
    client = make_either()
    client.call("create", name, "one")
    client.call("publish", name, "two", base_version=1)
    assert client.call("history", name, version=1).selected.content == "one"
    history = client.call("history", name)
    assert (history.raw["prompt"]["prompt"], history.latest.content) == ("two", "two")
    with pytest.raises(NotFoundError):
        client.call("history", name, version=9)
    row = client.call("list_prompts", search=name, content="none").prompts[0]
    assert "prompt" not in row.raw
    client.call("archive", name)


def test_a_program_sees_its_own_changes_at_once(make_either: EitherMaker, name: str) -> None:
    client = make_either(ttl=3600)
    client.call("create", name, "one")
    assert client.get(name).text == "one"
    client.call("publish", name, "two", base_version=1)
    assert client.get(name).text == "two"
    client.call("move_label", name, "production", version=1)
    assert client.get(name, label="production").text == "one"
    client.call("move_label", name, "production", version=2)
    assert client.get(name, label="production").text == "two"
    client.call("archive", name)


def test_refusals_are_typed_and_carry_the_servers_words(make_either: EitherMaker, name: str) -> None:
    client = make_either()
    client.call("create", name, "one one")
    with pytest.raises(InvalidRequestError, match="already exists") as taken:
        client.call("create", name, "again")
    assert (taken.value.status, taken.value.code, taken.value.attr) == (400, "unique", "name")
    with pytest.raises(ConflictError, match="changed since you opened it") as conflict:
        client.call("publish", name, "two", base_version=7)
    assert conflict.value.current_version == 1
    with pytest.raises(InvalidRequestError, match="matches 2 times") as unclear:
        client.call("edit", name, [("one", "two")], base_version=1)
    assert unclear.value.edit_index == 0
    with pytest.raises(NotFoundError, match="has no version 9"):
        client.call("move_label", name, "production", version=9)
    with pytest.raises(InvalidRequestError, match="reserved label"):
        client.call("move_label", name, "latest", version=1)
    client.call("archive", name)


def test_a_label_that_was_moved_in_the_meantime_is_a_typed_error_that_says_where_it_is(make_either: EitherMaker, name: str) -> None:
    client = make_either()
    client.call("create", name, "one")
    client.call("publish", name, "two", base_version=1)
    with pytest.raises(LabelMovedError, match="moved in the meantime") as unset:
        client.call("move_label", name, "production", version=1, expected_version=2)
    assert (unset.value.status, unset.value.current_version) == (409, None)
    assert client.call("move_label", name, "production", version=1, expected_version=None).version == 1
    for expected in (None, 2):
        with pytest.raises(LabelMovedError) as moved:
            client.call("move_label", name, "production", version=2, expected_version=expected)
        assert moved.value.current_version == 1
    assert client.call("move_label", name, "production", version=2, expected_version=1).version == 2
    assert client.call("move_label", name, "production", version=1).version == 1
    with pytest.raises(LabelMovedError) as left:
        client.call("remove_label", name, "production", expected_version=2)
    assert left.value.current_version == 1
    with pytest.raises(ValueError, match="nothing to remove"):
        client.call("remove_label", name, "production", expected_version=None)
    client.call("remove_label", name, "production", expected_version=1)
    client.call("archive", name)


@pytest.mark.parametrize("bad", ["a/b", "..", "", "a\0b", "a\ud800"])
def test_a_name_that_would_be_another_path_is_not_sent(make_either: EitherMaker, proxy: Proxy, bad: str) -> None:
    client = make_either(proxy.url)
    for operation, arguments in (
        ("archive", (bad,)),
        ("remove_label", ("greeting", bad)),
        ("history", (bad,)),
        ("duplicate", (bad, "x")),
        ("restore", (bad,)),
        ("usage", (bad,)),
        ("label_history", (bad, "production")),
        ("label_history", ("greeting", bad)),
        ("undo_release", (bad,)),
    ):
        with pytest.raises(InvalidRequestError, match="is not a valid name"):
            client.call(operation, *arguments)
    for arguments in ((bad, "production"), ("greeting", bad)):
        with pytest.raises(InvalidRequestError, match="is not a valid name"):
            client.call("undo_label", *arguments, expected_version=1)
    assert proxy.requests == []


def test_a_wrong_key_is_told_apart_from_a_missing_scope(make_either: EitherMaker) -> None:
    with pytest.raises(AuthenticationError, match="invalid"):
        make_either(api_key="phx_wrong").get("greeting")
    with pytest.raises((PermissionDeniedError, NotFoundError), match=r"roject"):
        make_either(project=999).call("list_prompts")


def test_a_projects_token_is_for_reading_only(make_either: EitherMaker) -> None:
    with pytest.raises(ConfigurationError, match="token is read-only"):
        make_either(project="phc_any").call("archive", "greeting")
    for method, arguments in (("restore", ("greeting",)), ("promote", ("staging", "production")), ("undo_release", ("x",))):
        with pytest.raises(ConfigurationError, match="token is read-only"):
            make_either(project="phc_any").call(method, *arguments)


@pytest.mark.parametrize(("fault", "error", "seconds"), [(server_error, ServerError, 60), (hang, RequestTimeoutError, 0.2)])
def test_a_change_that_fails_says_how(
    make_either: EitherMaker, proxy: Proxy, fault: Any, error: type[PromptuaryError], seconds: float
) -> None:
    proxy.fault = fault
    with pytest.raises(error):
        make_either(proxy.url, request_timeout=seconds).call("publish", "greeting", "lost", base_version=3)


def test_prefetching_takes_one_request_and_gets_none(make_either: EitherMaker, proxy: Proxy) -> None:
    client = make_either(proxy.url, ttl=3600)
    result = client.call("prefetch", label="staging")
    assert (result.count, result.error) == (5, None)
    prompts = [client.get(f"staging-{number}", label="staging") for number in range(5)]
    assert {(prompt.source, prompt.version, prompt.label) for prompt in prompts} == {("cache", 1, "staging")}
    assert len(proxy.requests) == 1


def test_what_was_prefetched_is_on_disk_too(make_either: EitherMaker, proxy: Proxy) -> None:
    make_either(proxy.url).call("prefetch", label="staging")
    proxy.fault = server_error
    assert make_either(proxy.url).get("staging-3", label="staging").source == "disk"


def test_prefetching_pages_through_the_whole_project(
    make_either: EitherMaker, monkeypatch: pytest.MonkeyPatch, proxy: Proxy
) -> None:
    monkeypatch.setattr("promptuary_client.prefetch.PAGE", 2)
    result = make_either(proxy.url).call("prefetch", label="staging")
    assert (result.count, len(proxy.requests)) == (5, 3)


@pytest.fixture
def listed(service: Service, monkeypatch: pytest.MonkeyPatch) -> str:
    """A label that nine prompts have, of which each page of a list has three."""
    monkeypatch.setattr("promptuary_client.prefetch.PAGE", 3)
    label = f"l-{uuid.uuid4().hex}"
    for number in range(9):
        service.publish(f"{label}-{number}", "Hello!")
        service.point(f"{label}-{number}", label, 1)
    return label


@pytest.mark.parametrize("gone", [(0,), (2,), (0, 1, 2), (1, 3, 4, 5)])
@pytest.mark.parametrize("page", [1, 2])
def test_prefetching_finds_all_that_stay_although_others_go_meanwhile(
    make_either: EitherMaker, service: Service, proxy: Proxy, listed: str, gone: tuple[int, ...], page: int
) -> None:
    client = make_either(proxy.url, label=listed, ttl=3600)

    def archive() -> None:
        for number in gone:
            service.archive(f"{listed}-{number}")

    proxy.fault = after_answer(page, archive)
    result = client.call("prefetch")
    sources = {client.get(f"{listed}-{number}").source for number in range(9) if number not in gone}
    assert (result.error, sources) == (None, {"cache"})
    assert result.count == 9 - sum(number >= 3 * page for number in gone)


def test_prefetching_finds_all_that_keep_a_label_although_others_lose_it_meanwhile(
    make_either: EitherMaker, service: Service, proxy: Proxy, listed: str
) -> None:
    client = make_either(proxy.url, label=listed, ttl=3600)
    proxy.fault = after_answer(1, lambda: service.remove_label(f"{listed}-0", listed))
    assert client.call("prefetch").count == 9
    assert client.get(f"{listed}-3").source == "cache"


def test_prefetching_counts_each_prompt_once_although_others_come_meanwhile(
    make_either: EitherMaker, service: Service, proxy: Proxy, listed: str
) -> None:
    def create() -> None:
        for number in range(5):
            service.publish(f"{listed}--{number}", "Early in the list")
            service.point(f"{listed}--{number}", listed, 1)

    proxy.fault = after_answer(2, create)
    result = make_either(proxy.url, label=listed).call("prefetch")
    assert (result.count, result.error) == (9, None)


def test_prefetching_ends_with_an_error_if_a_server_repeats_its_first_page_for_ever(
    make_either: EitherMaker, service: Service, proxy: Proxy, listed: str
) -> None:
    page = httpx2.get(
        f"{service.server.url}/api/projects/@current/llm_prompts/",
        params={"label": listed, "limit": 2},
        headers={"Authorization": f"Bearer {service.key.value}"},
    )
    proxy.fault = status(200, page.content)
    result = make_either(proxy.url, label=listed).call("prefetch")
    assert (result.count, str(result.error)) == (2, "The server answered with a list that has no end.")


def test_prefetching_from_a_server_that_fails_tells_why_and_does_not_raise(make_either: EitherMaker, proxy: Proxy) -> None:
    proxy.fault = server_error
    result = make_either(proxy.url).call("prefetch")
    assert (result.count, type(result.error)) == (0, ServerError)


def test_hooks_are_told_answers_and_troubles_and_cannot_break_a_fetch(make_either: EitherMaker, proxy: Proxy) -> None:
    answers: list[Prompt] = []
    events: list[ErrorEvent] = []

    def note(prompt: Prompt) -> None:
        answers.append(prompt)
        raise ValueError("The program's own mistake.")

    client = make_either(proxy.url, on_get=note, on_error=events.append, cache_dir=False)
    client.get("greeting", label="production")
    proxy.fault = server_error
    client.get("nothing", fallback="Hello!")
    assert [prompt.source for prompt in answers] == ["server", "fallback"]
    assert [(event.key, type(event.error), event.has_content) for event in events] == [(PromptKey("nothing"), ServerError, False)]


def test_a_prompt_sets_the_usual_attributes_of_traces(make_either: EitherMaker) -> None:
    spans = TracerProvider()
    client = make_either(on_get=lambda prompt: prompt.set_span_attributes(trace.get_current_span()))
    with spans.get_tracer("test").start_as_current_span("answer") as span:
        prompt = client.get("greeting", label="production")
    spans.shutdown()
    assert prompt.posthog_properties == {"$ai_prompt_name": "greeting", "$ai_prompt_version": 2}
    assert isinstance(span, Span)
    assert span.attributes == {
        "gen_ai.prompt.name": "greeting",
        "gen_ai.prompt.version": "2",
        "promptuary.prompt.label": "production",
        "promptuary.prompt.source": "server",
    }


def test_a_fallback_is_told_of_in_traces_without_a_version(make_either: EitherMaker) -> None:
    prompt = make_either().get("nothing", fallback="Hello!")
    assert prompt.posthog_properties == {"$ai_prompt_name": "nothing"}
    assert prompt.otel_attributes == {"gen_ai.prompt.name": "nothing", "promptuary.prompt.source": "fallback"}
