"""Prompts from a bundle, with both clients: when they are served, that no server is asked offline, and what is not believed."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import faults
import pytest
from client_service import EitherMaker
from faults import Proxy

from promptuary_client import ConfigurationError, ErrorEvent, InvalidBundleError, Promptuary, Reference, UnreachableError

CHAT = [{"role": "system", "content": "Grüß 👋 \0 \ud800"}, {"placeholder": "history"}]


def row(name: str, content: object, **more: Any) -> dict[str, Any]:
    canonical = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(canonical).hexdigest()
    return {"name": name, "version": 7, "labels": [], "label": None, "content": content, "config": None, "sha256": digest} | more


def bundle(folder: Path, *rows: dict[str, Any], **more: Any) -> Path:
    head = {"format": "promptuary-bundle", "format_version": 1, "server": "http://localhost", "project": 1}
    path = folder / "prompts.bundle.json"
    path.write_text(json.dumps(head | {"prompts": rows} | more))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    latest = row("greeting", "Hello, {{name}}!", config={"model": "small"}, labels=["staging"])
    return bundle(
        tmp_path, latest, row("greeting", "Hi!", version=5, label="production"), row("chat", CHAT), row("nothing", "lost")
    )


def test_the_bundle_is_served_while_the_server_fails_and_the_servers_word_once_it_does_not(
    make_either: EitherMaker, proxy: Proxy, path: Path
) -> None:
    proxy.fault = faults.cut
    client = make_either(proxy.url, bundle=path)
    prompt = client.get("greeting", fallback="not this")
    assert (prompt.source, prompt.version, prompt.text, prompt.config) == ("bundle", 7, "Hello, {{name}}!", {"model": "small"})
    assert prompt.age is None
    proxy.fault = faults.no_fault
    client.until(lambda: client.get("greeting").source == "cache")
    assert client.get("greeting").version == 3


def test_a_bundle_of_the_environment_is_used(
    make_either: EitherMaker, proxy: Proxy, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTUARY_BUNDLE", str(path))
    proxy.fault = faults.server_error
    assert make_either(proxy.url).get("greeting").source == "bundle"


def test_a_bundle_has_what_was_asked_for_when_it_was_made(make_either: EitherMaker, path: Path) -> None:
    client = make_either(bundle=path, offline=True)
    versions = {label: client.get("greeting", label=label).version for label in ("production", "staging")}
    assert versions == {"production": 5, "staging": 7}
    assert (client.get("greeting", version=5).text, client.get("greeting").version) == ("Hi!", 7)
    with pytest.raises(UnreachableError):
        client.get("greeting", version=6)
    # What is the latest version is not what a label points at.
    with pytest.raises(UnreachableError):
        client.get("chat", label="production")


def test_messages_of_a_bundle_are_compiled_as_those_of_the_server(make_either: EitherMaker, path: Path) -> None:
    prompt = make_either(bundle=path, offline=True).get("chat")
    assert prompt.compile(history=[{"role": "user", "content": "Hello!"}]) == [CHAT[0], {"role": "user", "content": "Hello!"}]
    assert prompt.text == json.dumps(CHAT, ensure_ascii=False)


def test_assembled_contents_of_a_bundle_say_what_they_were_made_of(make_either: EitherMaker, tmp_path: Path) -> None:
    references = [{"name": "tone", "version": 3, "label": "production"}, {"name": "rules", "version": 1, "label": None}]
    path = bundle(tmp_path, row("greeting", "Hi!", resolved_references=references), row("plain", "Hi!"), format_version=2)
    client = make_either(bundle=path, offline=True)
    assert client.get("greeting").references == (Reference("tone", 3, "production"), Reference("rules", 1))
    # It does not have the text with its tags; that of a prompt without references is the same.
    assert client.get("plain", resolve=False).source == "bundle"
    assert client.get("greeting", resolve=False, fallback="{}").source == "fallback"


def test_memory_and_disk_come_before_the_bundle(make_either: EitherMaker, proxy: Proxy, path: Path, tmp_path: Path) -> None:
    first = make_either(proxy.url, bundle=path, ttl=0)
    assert first.get("greeting").source == "server"
    first.until(lambda: any((tmp_path / "cache").rglob("*.prompt")))
    proxy.fault = faults.server_error
    assert (first.get("greeting").source, first.get("greeting").version) == ("cache", 3)
    assert make_either(proxy.url, bundle=path).get("greeting").source == "disk"


def test_the_servers_word_that_there_is_no_such_prompt_counts_more_than_the_bundle(make_either: EitherMaker, path: Path) -> None:
    assert make_either(bundle=path).get("nothing", fallback="the code's").source == "fallback"


def test_offline_no_server_is_asked_whatever_is_done(make_either: EitherMaker, proxy: Proxy, path: Path) -> None:
    client = make_either(proxy.url, bundle=path, offline=True, live=True, ttl=0, max_stale=0)
    sources = [client.get(name, fallback="the code's").source for name in ("greeting", "greeting", "unknown", "unknown")]
    assert sources == ["bundle", "bundle", "fallback", "fallback"]
    assert isinstance(client.call("prefetch").error, UnreachableError)
    with pytest.raises(UnreachableError, match="offline"):
        client.call("publish", "greeting", "new", base_version=1)
    with pytest.raises(UnreachableError, match="offline"):
        client.get("unknown")
    assert (proxy.requests, client.client.is_live) == ([], False)


def test_offline_the_disk_is_used_all_the_same(make_either: EitherMaker, path: Path, tmp_path: Path) -> None:
    first = make_either()
    first.get("greeting")
    first.until(lambda: any((tmp_path / "cache").rglob("*.prompt")))
    assert make_either(bundle=path, offline=True).get("greeting").source == "disk"


def test_offline_neither_address_nor_key_is_needed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"OFFLINE": "1", "BUNDLE": str(path), "HOST": "", "API_KEY": ""}.items():
        monkeypatch.setenv(f"PROMPTUARY_{name}", value)
    with Promptuary() as client:
        assert client.get("greeting").source == "bundle"
    monkeypatch.setenv("PROMPTUARY_OFFLINE", "0")
    with pytest.raises(ConfigurationError, match="PROMPTUARY_HOST"):
        Promptuary()
    monkeypatch.setenv("PROMPTUARY_OFFLINE", "maybe")
    with pytest.raises(ConfigurationError, match="PROMPTUARY_OFFLINE must be 1 or 0"):
        Promptuary()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "another"}, "another format"),
        ({"format_version": 3}, "has version 3, and this client reads versions 1 and 2"),
        ({"prompts": [row("a", "b", resolved_references=[{"name": "c"}])]}, "references of 'a'"),
        ({"prompts": [row("a", "b") | {"content": "c"}]}, "content of 'a' is not the one that was written"),
        ({"prompts": [row("a", "b"), row("a", "c")]}, "two contents for a"),
        ({"prompts": [row("a", "b", version="7")]}, "form of a prompt"),
        ({"prompts": [row("a", "b", version=True)]}, "form of a prompt"),
        ({"prompts": [row("a", "b", config=[])]}, "form of a prompt"),
        ({"prompts": [row("a", "b", labels=[1])]}, "labels of 'a'"),
        ({"prompts": [row("a", "b", sha256=None)]}, "content of 'a'"),
        ({"prompts": [{"name": "a"}]}, "damaged"),
        ({"prompts": None}, "damaged"),
    ],
)
def test_a_bundle_that_cannot_be_believed_is_reported_and_not_used(
    make_either: EitherMaker, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    _assert_is_reported(make_either, bundle(tmp_path, row("greeting", "Hi!"), **change), message)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"5", b"\xff", b"[" * 200_000, b"\0", b"{}"])
def test_a_file_that_is_no_bundle_is_reported_and_not_used(make_either: EitherMaker, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    _assert_is_reported(make_either, tmp_path / "file", "damaged, or not a bundle")


@pytest.mark.parametrize("path", ["/nowhere/prompts.json", "/", "a\0b", "~nobody-of-this-name/x"])
def test_a_bundle_that_cannot_be_read_is_reported_and_not_used(make_either: EitherMaker, path: str) -> None:
    _assert_is_reported(make_either, path, "cannot be read")


def test_a_bundle_of_the_environment_that_cannot_be_read_does_not_stop_a_program(
    make_either: EitherMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTUARY_BUNDLE", "/nowhere/prompts.json")
    assert make_either().get("greeting").source == "server"


def test_a_bundle_that_begins_with_a_byte_order_mark_is_read(make_either: EitherMaker, path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert make_either(bundle=path, offline=True).get("greeting").source == "bundle"


def _assert_is_reported(make_either: EitherMaker, path: str | Path, message: str) -> None:
    events: list[ErrorEvent] = []
    client = make_either(bundle=path, on_error=events.append)
    assert [(event.key, type(event.error), event.has_content) for event in events] == [(None, InvalidBundleError, False)]
    assert re.search(message, str(events[0].error))
    assert client.get("greeting").source == "server"
    offline = make_either(bundle=path, offline=True, cache_dir=False)
    assert offline.get("greeting", fallback="the code's").source == "fallback"
    with pytest.raises(UnreachableError, match=message):
        offline.get("greeting")
