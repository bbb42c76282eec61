"""Fetching from a real server, with both clients: what is served, where it says it came from, and what it costs the server."""

import pytest
from client_service import CONFIG, EitherMaker, Service
from faults import Proxy, close_silently

from promptuary_client import ConfigurationError, NotFound, Promptuary


def test_the_whole_use_takes_four_lines(service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("PROMPTUARY_HOST", service.server.url)
    monkeypatch.setenv("PROMPTUARY_API_KEY", service.key.value)
    monkeypatch.setenv("PROMPTUARY_PROJECT", str(service.registry.project.id))
    monkeypatch.setenv("PROMPTUARY_CACHE_DIR", f"{tmp_path}/cache")
    prompts = Promptuary(deadline=60)
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
    with pytest.raises(NotFound, match="No prompt matching 'nothing' in this project") as caught:
        client.get("nothing")
    assert caught.value.status == 404


def test_a_prompt_that_is_made_after_it_was_missed_is_found_at_once(make_either: EitherMaker, service: Service) -> None:
    client = make_either()
    with pytest.raises(NotFound):
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
        ({"deadline": 0}, "deadline"),
        ({"ttl": float("nan")}, "ttl"),
        ({"max_stale": -1}, "max_stale"),
        ({"max_entries": 0}, "max_entries"),
    ],
)
def test_settings_that_cannot_be_are_refused_when_the_client_is_made(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Promptuary(**({"host": "http://localhost", "api_key": "phx_a"} | options))  # type: ignore[arg-type]
