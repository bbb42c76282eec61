"""Fetching from a real server, with both clients: what is served, where it says it came from, and what it costs the server."""

import copy
import json
import pickle
from dataclasses import asdict, replace

import pytest
from client_service import CONFIG, EitherMaker, Service
from faults import Proxy, close_silently

from promptuary_client import DEFAULT, ConfigurationError, ErrorEvent, NotFoundError, PromptKey, Promptuary, UnusedValuesError


def test_the_whole_use_takes_four_lines(service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("PROMPTUARY_HOST", service.server.url)
    monkeypatch.setenv("PROMPTUARY_API_KEY", service.key.value)
    monkeypatch.setenv("PROMPTUARY_PROJECT", str(service.registry.project.id))
    monkeypatch.setenv("PROMPTUARY_CACHE_DIR", f"{tmp_path}/cache")
    prompts = Promptuary(timeout=60)
    prompt = prompts.get("greeting", fallback="Hello!")
    text = prompt.compile(name="Acme")
    openai_kwargs = prompt.config
    prompts.close()
    assert (text, openai_kwargs) == ("Grüß Gott, Acme!", CONFIG)


def test_the_first_answer_is_the_servers_and_the_second_is_from_memory(make_either: EitherMaker) -> None:
    client = make_either()
    first, second = client.get("greeting"), client.get("greeting")
    assert (first.source, first.version, first.label, first.text) == ("server", 3, None, "Grüß Gott, {{name}}!")
    assert (second.source, second.version, second.text) == ("cache", 3, first.text)
    assert first.age is not None
    assert second.age is not None
    assert 0 <= first.age <= second.age


def test_versions_and_labels_are_fetched_each_for_itself(make_either: EitherMaker) -> None:
    client = make_either()
    old, labelled = client.get("greeting", version=1), client.get("greeting", label="production")
    assert (old.version, old.label, old.text) == (1, None, "Hello, {{name}}!")
    assert (labelled.version, labelled.label, labelled.text) == (2, "production", "Hello, {{name}}! v2")


@pytest.mark.parametrize("project", ["number", "token", "@current"])
def test_a_project_is_named_by_number_or_token_or_as_the_current_one(
    make_either: EitherMaker, service: Service, project: str
) -> None:
    names = {"number": service.registry.project.id, "token": service.registry.project.api_token}
    assert make_either(project=names.get(project, project)).get("greeting").version == 3


def test_a_prompt_that_does_not_exist_is_a_typed_error_with_the_servers_text(make_either: EitherMaker) -> None:
    client = make_either()
    with pytest.raises(NotFoundError, match="No prompt matching 'nothing' in this project") as caught:
        client.get("nothing")
    assert caught.value.status == 404


def test_a_prompt_that_is_made_after_it_was_missed_is_found_at_once(make_either: EitherMaker, service: Service) -> None:
    client = make_either()
    with pytest.raises(NotFoundError):
        client.get("made-later")
    service.publish("made-later", "Here I am.")
    assert client.get("made-later").text == "Here I am."
    service.archive("made-later")


@pytest.mark.parametrize("name", ["", "a/b", "..", "a\0b", "\ud800", "a" * 70_000])
def test_a_name_that_no_prompt_can_have_is_not_found(make_either: EitherMaker, name: str) -> None:
    client = make_either()
    assert client.get(name, fallback="Hello!").source == "fallback"
    with pytest.raises(Exception, match=r"No prompt|status 4|cannot be reached"):
        client.get(name)


@pytest.mark.parametrize("name", ["team/support", "", "..", "a\nb"])
def test_a_name_that_cannot_be_asked_for_is_reported_although_there_is_a_fallback(
    make_either: EitherMaker, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    events: list[ErrorEvent] = []
    client = make_either(on_error=events.append)
    assert [client.get(name, fallback="Hello!").source for _ in range(3)] == ["fallback"] * 3
    assert [(event.key, type(event.error), event.has_content) for event in events] == [(PromptKey(name), NotFoundError, False)]
    (line,) = [record.getMessage() for record in caplog.records if record.name == "promptuary_client"]
    assert f"No prompt can have the name {name!r}." in line
    assert line.isprintable()


def test_a_label_that_cannot_be_asked_for_is_reported(make_either: EitherMaker) -> None:
    events: list[ErrorEvent] = []
    client = make_either(on_error=events.append)
    assert client.get("greeting", label="a\0b", fallback="Hello!").source == "fallback"
    assert [str(event.error) for event in events] == [r"No prompt can have the label 'a\x00b'."]


@pytest.mark.parametrize("label", ["", " ", "\t\n"])
def test_an_empty_label_is_a_mistake_of_the_caller_wherever_it_is_given(make_either: EitherMaker, label: str) -> None:
    client = make_either()
    for method, arguments in (("get", ("greeting",)), ("prefetch", ()), ("list_prompts", ())):
        with pytest.raises(ValueError, match="The label is empty"):
            client.call(method, *arguments, label=label)
    with pytest.raises(ValueError, match="The label is empty"):
        make_either(offline=True).get("greeting", label=label, fallback="Hello!")
    with pytest.raises(ConfigurationError, match="`label` is empty"):
        make_either(label=label)


def test_the_label_of_the_client_is_fetched_unless_a_label_or_version_is_asked_for(make_either: EitherMaker) -> None:
    client = make_either(label="production")
    fetched = [client.get("greeting"), client.get("greeting", version=1), client.get("greeting", label=None)]
    assert [(prompt.version, prompt.label) for prompt in fetched] == [(2, "production"), (1, None), (3, None)]
    staging = make_either(label="staging")
    assert staging.call("prefetch").count == 5
    assert (staging.get("staging-1").source, staging.get("staging-1").version) == ("cache", 1)
    assert client.call("list_prompts", search="staging").count == 5


def test_the_label_of_the_environment_is_fetched_unless_the_client_has_its_own(
    make_either: EitherMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTUARY_LABEL", " production\n")
    fetched = [make_either(**options).get("greeting") for options in ({}, {"label": DEFAULT}, {"label": None})]
    assert [(prompt.version, prompt.label) for prompt in fetched] == [(2, "production"), (2, "production"), (3, None)]
    assert make_either().get("greeting", label=None).version == 3
    assert make_either(label="staging").get("staging-0").version == 1
    for empty in ("", " \t"):
        monkeypatch.setenv("PROMPTUARY_LABEL", empty)
        with pytest.raises(ConfigurationError, match="PROMPTUARY_LABEL is empty"):
            make_either()
        assert make_either(label=None).get("greeting").version == 3


@pytest.mark.parametrize("fallback", [5, {"role": "user", "content": "x"}, ["text"], [None], b"text"])
def test_a_fallback_that_could_not_be_served_is_refused_while_the_server_is_well(
    make_either: EitherMaker, fallback: object
) -> None:
    with pytest.raises(ValueError, match="a text or a list of messages"):
        make_either().get("greeting", fallback=fallback)


@pytest.mark.parametrize("fallback", [[], [{"content": "no role, {{name}}"}], [{"role": "user", "content": ("{{name}}",)}]])
def test_a_list_as_a_fallback_is_a_chat_whatever_is_in_it(make_either: EitherMaker, fallback: list[dict[str, object]]) -> None:
    prompt = make_either().get("nothing", fallback=fallback)
    assert prompt.is_chat
    assert json.dumps(prompt.compile_messages(name="Ada")) == json.dumps(fallback).replace("{{name}}", "Ada")


def test_values_that_a_prompt_does_not_use_are_reported_once(make_either: EitherMaker, caplog: pytest.LogCaptureFixture) -> None:
    events: list[ErrorEvent] = []
    client = make_either(on_error=events.append)
    for _ in range(3):
        prompt = client.get("greeting", label="production")
        assert prompt.compile(name="Ada", nmae="Ada") == "Hello, Ada! v2"
        assert client.get("nothing", fallback="{{a}}").compile({"a": 1, "b": 2}) == "1"
        client.get("greeting").compile(name="Ada")
    found = [(event.key, event.error.names) for event in events if isinstance(event.error, UnusedValuesError)]
    # A fallback is often simpler than the prompt, on purpose.
    assert found == [(PromptKey("greeting", label="production"), ("nmae",))]
    sentence = "Prompt greeting: Values were given that the prompt does not use: nmae. Did you mean 'name' instead of 'nmae'?"
    assert sentence in caplog.messages


def test_a_prompt_is_copied_and_pickled_without_its_client(make_either: EitherMaker) -> None:
    prompt = make_either().get("greeting")
    copies = [pickle.loads(pickle.dumps(prompt)), copy.deepcopy(prompt), replace(prompt)]  # noqa: S301
    assert [each == prompt and each.compile(name="Ada", unused=1) == "Grüß Gott, Ada!" for each in copies] == [True] * 3
    assert asdict(prompt)["version"] == 3


@pytest.mark.parametrize("options", [{"version": 1, "label": "production"}, {"version": 0}, {"version": True}, {"version": "1"}])
def test_what_no_server_could_answer_is_a_mistake_of_the_caller(make_either: EitherMaker, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"version"):
        make_either().get("greeting", fallback="Hello!", **options)


def test_a_fallback_has_the_codes_own_config_and_no_version(make_either: EitherMaker) -> None:
    prompt = make_either().get("nothing", fallback="Hello, {{name}}!", fallback_config={"model": "own"})
    assert (prompt.source, prompt.version, prompt.age, prompt.config) == ("fallback", None, None, {"model": "own"})
    assert prompt.compile(name="Acme") == "Hello, Acme!"
    assert prompt.is_fallback


def test_messages_can_be_a_fallback(make_either: EitherMaker) -> None:
    prompt = make_either().get("nothing", fallback=[{"role": "user", "content": "Hello, {{name}}!"}])
    assert prompt.compile(name="Acme") == [{"role": "user", "content": "Hello, Acme!"}]


def test_a_refresh_that_finds_nothing_new_gets_304_without_a_body(make_either: EitherMaker, proxy: Proxy) -> None:
    client = make_either(proxy.url, ttl=0, max_stale=0)
    texts = [client.get("greeting").text for _ in range(3)]
    assert len(set(texts)) == 1
    statuses = [answer.split(b" ", 2)[1] for answer in proxy.answers]
    assert statuses == [b"200", b"304", b"304"]
    assert all(answer.endswith(b"\r\n\r\n") for answer in proxy.answers[1:])


def test_a_connection_that_the_server_closed_meanwhile_is_no_failure(make_either: EitherMaker, proxy: Proxy) -> None:
    proxy.fault = close_silently
    client = make_either(proxy.url, ttl=0, max_stale=0)
    assert [client.get("greeting").source for _ in range(5)] == ["server"] * 5


def test_stale_content_is_served_at_once_and_replaced_in_the_background(
    make_either: EitherMaker, proxy: Proxy, service: Service
) -> None:
    service.publish("changing", "old")
    client = make_either(proxy.url, ttl=0)
    assert client.get("changing").text == "old"
    service.publish("changing", "new")
    # The server is made to wait for the test: nothing but memory can answer now.
    proxy.fault = proxy.hold
    assert (client.get("changing").text, client.get("changing").source) == ("old", "cache")
    proxy.released.set()
    client.until(lambda: client.get("changing").text == "new")


def test_content_is_not_asked_for_again_while_it_is_fresh(make_either: EitherMaker, proxy: Proxy) -> None:
    client = make_either(proxy.url, ttl=3600)
    assert [client.get("greeting").source for _ in range(5)] == ["server", "cache", "cache", "cache", "cache"]
    assert len(proxy.requests) == 1


def test_memory_is_bounded_and_forgets_what_was_not_used_for_longest(make_either: EitherMaker, proxy: Proxy) -> None:
    client = make_either(proxy.url, max_entries=2, cache_dir=False)
    for name in ("staging-0", "staging-1", "staging-0", "staging-2"):
        client.get(name)
    assert client.get("staging-0").source == "cache"
    assert client.get("staging-1").source == "server"


def test_what_a_caller_does_to_a_config_stays_with_that_caller(make_either: EitherMaker) -> None:
    client = make_either()
    client.get("greeting").config["tools"].append("mine")
    assert client.get("greeting").config == CONFIG


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": "localhost:8000"}, "must look like"),
        ({"host": "http://user:pw@localhost"}, "must look like"),
        ({"host": "http://localhost:port"}, "must look like"),
        ({"host": ""}, "PROMPTUARY_HOST"),
        ({"api_key": ""}, "PROMPTUARY_API_KEY"),
        ({"api_key": "phx_a\nb"}, "characters"),
        ({"project": "../1"}, "project"),
        ({"timeout": 0}, "timeout"),
        ({"ttl": float("nan")}, "ttl"),
        ({"max_stale": -1}, "max_stale"),
        ({"max_entries": 0}, "max_entries"),
    ],
)
def test_settings_that_cannot_be_are_refused_when_the_client_is_made(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Promptuary(**({"host": "http://localhost", "api_key": "phx_a"} | options))  # type: ignore[arg-type]
