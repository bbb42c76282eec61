"""Files of Windows, and texts that are empty: ``prompt create`` and ``publish`` take them as ``pull`` and ``push`` do."""

import json

import pytest
from cli_harness import RemoteCli

BOM = b"\xef\xbb\xbf"


def test_files_of_windows_say_the_same_by_every_way(cli: RemoteCli) -> None:
    (cli.folder / "text.txt").write_bytes(BOM + b"One\r\nTwo\r\n")
    (cli.folder / "value.json").write_bytes(BOM + b'{"a":\r\n1}\r\n')
    cli.json("prompt", "create", "made", "--file", "text.txt", "--config", "@value.json")
    cli.json("prompt", "create", "piped", stdin=BOM + b"One\r\nTwo\r\n")
    cli.json("prompt", "create", "value", "--file", "value.json", "--as-json")
    cli.json("prompt", "publish", "piped", "--base-version", "1", "--file", "text.txt")
    (cli.folder / "prompts").mkdir()
    (cli.folder / "prompts" / "pushed.md").write_bytes(BOM + b"--- \r\nconfig: {a: 1}\r\n---\r\nOne\r\nTwo\r\n")
    assert [(each["action"], each["name"]) for each in cli.json("push")] == [("create", "pushed")]
    for name in ("made", "piped", "pushed"):
        assert cli.latest(name)["prompt"] == "One\nTwo"
    assert cli.latest("made")["config"] == cli.latest("pushed")["config"] == {"a": 1}
    assert cli.latest("value")["prompt"] == '{"a": 1}'


def test_a_text_that_has_crlf_keeps_it_when_it_comes_back(cli: RemoteCli) -> None:
    cli.create("windows", "One\r\nTwo")
    shown = cli.run("prompt", "show", "windows", "--content").stdout
    cli.json("prompt", "publish", "windows", "--base-version", "1", stdin=shown.replace("Two", "Three").encode())
    assert cli.latest("windows")["prompt"] == "One\r\nThree"
    cli.json("pull")
    path = cli.folder / "prompts" / "windows.md"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n").replace(b"Three", b"Four"))
    cli.json("push")
    assert cli.latest("windows")["prompt"] == "One\r\nFour"


@pytest.mark.parametrize("source", [[], ["--file", "empty.txt"], ["--file", "/dev/null"], ["--file", "-"]])
def test_nothing_is_not_published_without_consent(cli: RemoteCli, source: list[str]) -> None:
    cli.create("greeting", "One")
    (cli.folder / "empty.txt").write_text("\n")
    sentence = "The content is empty, so nothing is published. To publish an empty one, add --yes."
    assert cli.error("prompt", "create", "made", *source) == sentence
    assert cli.error("prompt", "publish", "greeting", "--base-version", "1", *source) == sentence
    assert cli.json("prompt", "publish", "greeting", "--base-version", "1", *source, "--yes")["prompt"] == ""


def test_what_is_no_utf_8_is_said_without_words_of_python(cli: RemoteCli) -> None:
    (cli.folder / "wide.txt").write_bytes("One".encode("utf-16"))
    assert cli.error("prompt", "create", "a", "--file", "wide.txt") == "The content is UTF-16 text. Save it as UTF-8."
    assert cli.error("prompt", "create", "a", "--config", "@wide.txt", stdin="x") == "The config is UTF-16 text. Save it as UTF-8."
    assert "surrogate" in cli.error("prompt", "create", "a", "--as-json", stdin='"\\ud800"')
    assert "surrogate" in cli.error("prompt", "create", "a", "--config", '{"a": "\\ud800"}', stdin="x")
    assert "is larger than" in cli.error("prompt", "create", "a", "--file", "/dev/zero")


def test_a_push_names_every_bad_file_and_those_it_leaves_out(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.json("pull")
    folder = cli.folder / "prompts"
    (folder / "README.md").write_text("About.\n")
    assert cli.run("push").stderr == "README.md is left out: it has no front matter.\n"
    (folder / "bad.md").write_text("---\nversion: zero\n---\n")
    (folder / "wide.md").write_bytes("---\n---\nHi\n".encode("utf-16"))
    pushed = cli.run("push")
    assert pushed.stderr.splitlines() == [
        "prompts/bad.md: version must be a number from 1.",
        "prompts/wide.md: The file is UTF-16 text. Save it as UTF-8.",
        "Error: Nothing was pushed: 2 files are invalid.",
    ]


def test_a_label_says_where_it_was_and_stays_where_others_moved_it(cli: RemoteCli) -> None:
    cli.create("greeting", "One", config={"model": "a", "stop": ["x"]})
    cli.publish("greeting", 1, prompt="Two")
    label = ["prompt", "label", "greeting", "production", "--version"]
    assert cli.run(*label, "1").stdout == "greeting: production points at version 1.\n"
    assert cli.run(*label, "1").stdout == "greeting: production points at version 1 already.\n"
    assert cli.run(*label, "2").stdout == "greeting: production points at version 2, and no longer at 1.\n"
    assert cli.json(*label, "1")["from_version"] == 2
    shown = cli.run("prompt", "show", "greeting", "--version", "1").stdout
    assert json.loads(next(line for line in shown.splitlines() if line.startswith("config")).removeprefix("config")) == {
        "model": "a",
        "stop": ["x"],
    }
    for command in (["show", "greeting", "--version", "9"], ["diff", "greeting", "9"], ["diff", "greeting", "1", "9"]):
        assert cli.error("prompt", *command) == "greeting has no version 9; the latest is 2."
