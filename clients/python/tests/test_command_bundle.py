"""Bundles that ``promptuary bundle`` writes of a real server's prompts, read by both clients."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_harness import RemoteCli, make_cli
from client_service import EitherMaker, Service

CHAT = [
    {"role": "system", "content": "Be {{tone}}.", "name": "guide"},
    {"type": "placeholder", "name": "history"},
    {"role": "user", "content": [{"type": "text", "text": "{{question}}"}]},
]
CONTENTS: dict[str, Any] = {
    "text": "Hello, {{name}}!",
    "crlf": "one\r\ntwo\rthree\n\n",
    "blank": " \n",
    "unicode": "Gr\u00fc\u00df Gott \U0001f44b \u202e \u2028 \ufeff \0",
    "fence": "---\nname: other\n---\n<!-- role: user -->\n",
    "messages": [{"role": "user", "content": "Hi, {{name}}"}, {"role": "assistant", "content": "line\nline\n"}],
    "chat": CHAT,
    "object": {"b": 1, "a": [1.0, 1e300, -0.0, 12345678901234567890123, None, True], "\u00e9": {"": []}},
    "number": 0.1,
    "list": [],
    "truth": False,
    "json-text": json.dumps(CHAT),
    "-": "a dash",
    "--help": "an option",
    "_": "an underscore",
    "NEWS": "upper case",
    "news": "lower case",
    "con": "a device",
    "1": "a digit",
    "n" * 255: "a long name",
}


@pytest.fixture(scope="module")
def prepared(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteCli]:
    """A project of its own that has every kind of prompt, at two versions and three labels."""
    folder = tmp_path_factory.mktemp("cli")
    with make_cli(service.server, str(service.registry.database.engine.url), folder) as cli:
        for name, content in CONTENTS.items():
            cli.create(name, "an older version", config={"model": "old"})
            cli.publish(name, 1, prompt=content, config={"model": name, "tools": [{"n": 1.0}], "none": None})
            cli.label(name, "production", 1)
            cli.label(name, "staging", 2)
            cli.label(name, "v1.0_x-y", 2)
        yield cli


@pytest.fixture
def cli(prepared: RemoteCli, tmp_path: Path) -> RemoteCli:
    """An empty folder for commands on the prepared project."""
    return prepared.at(tmp_path / "cli")


def _reader(make_either: EitherMaker, cli: RemoteCli, path: Path | None, **options: Any) -> Any:
    return make_either(cli.host, api_key=cli.key, project=cli.project, bundle=path, **options)


def _facts(prompt: Any) -> tuple[Any, ...]:
    return (prompt.name, prompt.version, prompt.text, prompt.config, prompt.is_chat, prompt.variables, prompt.placeholders)


@pytest.mark.parametrize("label", [None, "staging", "production"])
def test_a_bundle_of_the_command_serves_what_the_server_serves(make_either: EitherMaker, cli: RemoteCli, label: str | None) -> None:
    cli.json("pull", *([] if label is None else ["--label", label]))
    cli.json("bundle")
    path = cli.folder / "prompts.bundle.json"
    online = _reader(make_either, cli, None, cache_dir=False)
    offline = _reader(make_either, cli, path, cache_dir=False, offline=True)
    for name in CONTENTS:
        version = 1 if label == "production" else 2
        asked: list[dict[str, Any]] = [{"version": version}, {} if label is None else {"label": label}]
        asked += [] if version == 1 else [{"label": "staging"}, {"label": "v1.0_x-y"}]
        for options in asked:
            served = offline.get(name, **options)
            assert (served.source, served.age) == ("bundle", None)
            assert _facts(served) == _facts(online.get(name, **options))


def test_assembled_prompts_of_a_bundle_are_those_of_the_server(make_either: EitherMaker, service: Service, tmp_path: Path) -> None:
    with make_cli(service.server, str(service.registry.database.engine.url), tmp_path) as cli:
        cli.create("tone", 'Say "hi", {{name}}.', variables={"name": {"description": "part"}})
        cli.label("tone", "production", 1)
        cli.publish("tone", 1, prompt="Not released.")
        cli.create("reply", "@@@prompt:name=tone|label=production@@@\n{{other}}")
        cli.create("chat", [{"role": "system", "content": "<@@@prompt:name=reply|version=1@@@>"}])
        cli.create("plain", "Hello!")
        cli.json("pull")
        cli.json("bundle")
        online = _reader(make_either, cli, None, cache_dir=False)
        offline = _reader(make_either, cli, cli.folder / "prompts.bundle.json", cache_dir=False, offline=True)
        for name in ("reply", "chat", "plain", "tone"):
            served, bundled = online.get(name), offline.get(name)
            assert bundled.source == "bundle"
            assert _facts(bundled) == _facts(served)
            assert (bundled.references, bundled.contract) == (served.references, served.contract)
        assert [str(reference) for reference in offline.get("chat").references] == ["reply@v1", "tone@v1"]


def test_a_bundle_of_the_environment_serves_while_the_server_is_down(
    make_either: EitherMaker, cli: RemoteCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.json("pull")
    cli.json("bundle", "-o", "released.json")
    monkeypatch.setenv("PROMPTUARY_BUNDLE", str(cli.folder / "released.json"))
    client = make_either("http://127.0.0.1:1", api_key=cli.key, cache_dir=False)
    prompt = client.get("chat", fallback="not this")
    assert prompt.source == "bundle"
    assert prompt.compile(tone="kind", question="Why?", history=[])[0] == {"role": "system", "content": "Be kind.", "name": "guide"}


def test_a_healthy_server_is_asked_although_there_is_a_bundle(make_either: EitherMaker, cli: RemoteCli) -> None:
    cli.json("pull")
    cli.json("bundle")
    client = _reader(make_either, cli, cli.folder / "prompts.bundle.json")
    assert [client.get("text").source, client.get("number").source] == ["server", "server"]
