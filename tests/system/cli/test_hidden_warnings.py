"""Characters that readers cannot see: commands that write warn of them and do their work nevertheless, and no output hides one."""

import json
import re
from pathlib import Path

import pytest
from cli_harness import RemoteCli

TAG = "\U000e0041"


def _write(cli: RemoteCli, file: str, text: str) -> None:
    path = cli.folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_creating_warns_of_hidden_characters_by_line_and_column(cli: RemoteCli) -> None:
    _write(cli, "text.txt", f"One\nTwo\u200b\u202e{TAG}\n")
    finished = cli.run("prompt", "create", "made", "--file", "text.txt", "--config", '{"a": "b\\u2060"}')
    assert (finished.returncode, finished.stdout) == (0, "Version 1 of made is created.\n")
    assert finished.stderr.splitlines() == [
        "Warning: made has 4 hidden characters:",
        "  content, line 2, column 4: U+200B ZERO WIDTH SPACE",
        "  content, line 2, column 5: U+202E RIGHT-TO-LEFT OVERRIDE",
        "  content, line 2, column 6: U+E0041 TAG LATIN CAPITAL LETTER A",
        "  config, line 2, column 10: U+2060 WORD JOINER",
    ]
    assert cli.latest("made")["prompt"] == f"One\nTwo\u200b\u202e{TAG}"


def test_publishing_warns_only_of_those_that_the_base_does_not_have(cli: RemoteCli) -> None:
    cli.create("greeting", "Old\u200b line\nLast", config={"a": "\u200b"})
    same = cli.run("prompt", "publish", "greeting", "--base-version", "1", stdin="Old\u200b line\nNew last\n".encode())
    assert (same.returncode, same.stderr) == (0, "")
    more = cli.run("prompt", "publish", "greeting", "--base-version", "2", stdin="First\u200b\nOld\u200b line\n".encode())
    assert more.stderr.splitlines() == [
        "Warning: greeting has 1 new hidden character:",
        "  content, line 1, column 6: U+200B ZERO WIDTH SPACE",
    ]
    only_config = cli.run("prompt", "publish", "greeting", "--base-version", "3", "--config", '{"a": "\u200b\u200b"}')
    assert only_config.stderr.splitlines()[0] == "Warning: greeting has 1 new hidden character:"
    as_json = cli.run("prompt", "publish", "greeting", "--base-version", "4", "--json", stdin="\u2061".encode())
    assert json.loads(as_json.stdout)["version"] == 5
    assert "U+2061 FUNCTION APPLICATION" in as_json.stderr


def test_messages_are_compared_with_those_of_the_base(cli: RemoteCli) -> None:
    cli.create("chat", [{"role": "user", "content": "a\u200b"}])
    chat = [{"role": "user", "content": "a\u200b"}, {"role": "user", "content": "b\u200b"}]
    source = json.dumps(chat).encode()
    finished = cli.run("prompt", "publish", "chat", "--base-version", "1", "--as-json", stdin=source)
    assert finished.stderr.splitlines()[1:] == ["  message 2, line 2, column 2: U+200B ZERO WIDTH SPACE"]


def test_a_refused_publication_says_only_why(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    error = cli.error("prompt", "publish", "greeting", "--base-version", "7", stdin="a\u200b".encode())
    assert "hidden" not in error


def test_editing_warns_as_publishing_does(cli: RemoteCli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cli.create("greeting", "One\u200b")
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "One\\342\\200\\213\\nTwo\\342\\200\\213\\n" > "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("VISUAL", str(editor))
    finished = cli.run("prompt", "edit", "greeting")
    assert finished.returncode == 0, finished
    assert finished.stderr.splitlines() == [
        "Warning: greeting has 1 new hidden character:",
        "  content, line 2, column 4: U+200B ZERO WIDTH SPACE",
    ]


def test_verify_warns_of_all_and_passes(cli: RemoteCli) -> None:
    cli.create("chat", [{"role": "user", "content": "Hi"}, {"role": "user", "content": "you\u200b"}])
    cli.create("many", "a\u200b\n" * 12)
    cli.create("plain", "👩\u200d👩 and \r\n")
    cli.json("pull")
    finished = cli.run("verify")
    assert (finished.returncode, finished.stdout) == (0, "3 prompts: all files match the lock file.\n")
    assert finished.stderr.splitlines() == [
        "Warning: prompts/chat.md has 1 hidden character:",
        "  message 2, line 2, column 4: U+200B ZERO WIDTH SPACE",
        "Warning: prompts/many.md has 12 hidden characters:",
        *(f"  content, line {line}, column 2: U+200B ZERO WIDTH SPACE" for line in range(1, 11)),
        "  and 2 more",
    ]
    report = cli.run("verify", "--json")
    assert json.loads(report.stdout) == {"prompts": 3, "problems": []}


def test_push_warns_of_those_that_are_new_also_before_it_is_done(cli: RemoteCli) -> None:
    cli.create("greeting", "Old\u200b")
    cli.json("pull")
    _write(cli, "prompts/made.md", "---\n---\nMade\u202e\n")
    path = cli.folder / "prompts/greeting.md"
    path.write_text(path.read_text(encoding="utf-8").replace("Old", "New\u200b Old"), encoding="utf-8")
    warnings = [
        "Warning: greeting has 1 new hidden character:",
        "  content, line 1, column 4: U+200B ZERO WIDTH SPACE",
        "Warning: made has 1 hidden character:",
        "  content, line 1, column 5: U+202E RIGHT-TO-LEFT OVERRIDE",
    ]
    for options in (["--dry-run"], []):
        finished = cli.run("push", *options)
        assert (finished.returncode, finished.stderr.splitlines()) == (0, warnings)
    assert cli.latest("greeting")["version"] == 2


@pytest.mark.parametrize(
    "character", ["\u200b", "\u3164", "\u2800", "\u034f", "\u115f", "\ufe00", "\U000e0100", TAG, "\u202e", "\xa0"]
)
def test_no_output_for_people_hides_a_character(cli: RemoteCli, character: str) -> None:
    cli.create("greeting", f"a{character}b", version_description=f"c{character}d")
    escape = character.encode("unicode_escape").decode()
    shown = cli.run("prompt", "show", "greeting").stdout
    assert f"\na{escape}b\n" in shown
    assert character not in shown
    record = cli.run("prompt", "show", "greeting", "--json").stdout
    assert character not in record
    assert json.loads(record)["prompt"] == f"a{character}b"
    assert cli.run("prompt", "show", "greeting", "--content").stdout == f"a{character}b\n"
    cli.publish("greeting", 1, prompt="ab")
    assert re.search(rf"- a{re.escape(escape)}b", cli.run("prompt", "diff", "greeting").stdout)
