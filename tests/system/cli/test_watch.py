"""``promptuary watch``: changes as they happen, with a connection that breaks."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from answering import Answer, answering
from cli_harness import RemoteCli
from command_line import CommandLine
from ports import free_port
from serving import PROGRAM, interruptible


@contextmanager
def _watching(cli: RemoteCli, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command; it is connected when the block begins."""
    environment = CommandLine(cli.folder).environment(host=cli.host, api_key=cli.key, project=cli.project)
    command = interruptible(*PROGRAM, "watch", *arguments)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == f"Connected to {cli.host}. Ctrl+C ends this.\n"
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().removesuffix("\n")


def test_changes_are_printed_as_they_happen_until_it_is_interrupted(cli: RemoteCli) -> None:
    with _watching(cli) as process:
        cli.create("greeting", "One")
        cli.label("greeting", "production", 1)
        cli.publish("greeting", 1, prompt="Two")
        cli.label("greeting", "production", 2)
        cli.api.delete("name/greeting/labels/production/")
        told = [_line(process).partition("  ")[2] for _ in range(5)]
        author = told[0].partition(" by ")[2]
        assert told == [
            f"greeting: version 1 created by {author}",
            f"greeting: production set to version 1 by {author}",
            f"greeting: version 2 published by {author}",
            f"greeting: production moved from version 1 to 2 by {author}",
            f"greeting: production removed from version 2 by {author}",
        ]
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
        assert (process.returncode, output, errors) == (130, "", "")


def test_lines_of_json_are_of_the_named_prompts_and_labels_and_begin_behind_a_cursor(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.create("tone", "kind")
    with _watching(cli, "greeting", "--label", "production", "--json") as process:
        cli.label("tone", "production", 1)
        cli.label("greeting", "staging", 1)
        cli.label("greeting", "production", 1)
        change = json.loads(_line(process))
        assert (change["prompt_name"], change["label"], change["to_version"]) == ("greeting", "production", 1)
    cli.publish("greeting", 1, prompt="Two")
    with _watching(cli, "--after", change["cursor"], "--json") as process:
        assert json.loads(_line(process))["kind"] == "prompt.published"
    assert cli.error("watch", "--after", "x") == "after: A valid cursor is required."


def test_a_lost_connection_is_told_and_what_happened_meanwhile_follows(tmp_path: Path) -> None:
    asked: list[dict[str, list[str]]] = []

    def respond(_method: str, path: str, _body: bytes) -> Answer:
        asked.append(parse_qs(urlsplit(path).query))
        later = [_stream(("ready", "11", {}), ("change", "12", _change("12"))), (503, {}, b'{"detail": "Stopping."}')]
        return [*later, _stream(("reset", "14", {}), ("change", "15", _change("15")))][min(len(asked), 3) - 1]

    with answering(respond) as host, _watching(RemoteCli(tmp_path, host, "phx_x", "1"), "--json") as process:
        assert [json.loads(_line(process))["cursor"] for _ in range(2)] == ["12", "15"]
        assert process.stderr is not None
        assert [process.stderr.readline() for _ in range(3)] == [
            f"{host} ended the connection. Trying again.\n",
            "Stopping. Trying again.\n",
            "Some changes were missed: the server does not have them any more.\n",
        ]
    assert [query.get("after") for query in asked[:3]] == [None, ["12"], ["12"]]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((200, {}, b"event: change\nid: 1\ndata: {\n\n"), "The server sent a change that is not JSON."),
        ((200, {}, b"event: ready\nid: one\n\n"), "The server answered with an event that is invalid"),
        ((200, {}, b'event: change\nid: 1\ndata: {"kind": 1}\n\n'), "The server answered with a change that has no cursor."),
        ((200, {}, b"x" * 1_100_000), "The server sent an event without an end."),
        ((200, {}, b"<html>"), "answered with something that is no stream of changes. Check the host."),
        ((404, {}, b"<html>"), "answered with status 404 and not like a Promptuary server"),
        ((503, {}, b'{"detail": "Stopping."}'), "Stopping."),
    ],
)
def test_what_is_no_stream_of_changes_ends_it_with_a_sentence(tmp_path: Path, answer: Answer, sentence: str) -> None:
    with answering(lambda *_: answer) as host:
        assert sentence in RemoteCli(tmp_path, host, "phx_x", "1").error("watch")


def _stream(*events: tuple[str, str, object]) -> Answer:
    lines = (f"event: {kind}\nid: {cursor}\ndata: {json.dumps(data)}\n\n" for kind, cursor, data in events)
    return 200, {"Content-Type": "text/event-stream"}, f": heartbeat\n\n{''.join(lines)}".encode()


def _change(cursor: str) -> dict[str, object]:
    nothing: dict[str, object] = {"label": None, "from_version": None, "to_version": None, "affected_prompts": [], "actor": None}
    kind = {"kind": "prompt.published", "prompt_name": "greeting", "version": 1, "created_at": "2026-01-01T00:00:00Z"}
    return {"cursor": cursor, **kind, **nothing}


def test_a_server_that_is_not_there_at_all_ends_it(cli: RemoteCli) -> None:
    port = free_port()
    assert cli.error("watch", host=f"http://127.0.0.1:{port}").startswith(f"Cannot reach http://127.0.0.1:{port}: ")
    assert cli.run("watch", api_key="phx_wrong").returncode == 1


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [("ALL_PROXY", "junk://x", "Unknown scheme for proxy URL"), ("SSL_CERT_FILE", "/nowhere/ca.pem", "No such file or directory")],
)
def test_an_environment_that_allows_no_connection_is_said_in_one_sentence(
    cli: RemoteCli, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for command in (["watch"], ["prompt", "list"]):
        sentence = cli.error(*command)
        assert sentence.startswith("The server cannot be reached: ")
        assert reason in sentence
        assert "http_client_factory" not in sentence
