"""``promptuary verify``, ``status``, ``diff`` and ``bundle``: what a folder says of itself."""

import json
import os
from typing import Any

import pytest
from cli_harness import RemoteCli

from promptuary.files import content_sha256

OFFLINE = {"host": "http://127.0.0.1:1", "api_key": "phx_none", "project": "1"}


def _edit(cli: RemoteCli, file: str, old: str, new: str) -> None:
    path = cli.folder / "prompts" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _problems(cli: RemoteCli) -> list[tuple[str, str]]:
    finished = cli.run("verify", "--json", **OFFLINE)
    report: Any = json.loads(finished.stdout)
    assert finished.returncode == (1 if report["problems"] else 0)
    return [(each["file"], each["sentence"]) for each in report["problems"]]


def test_files_that_are_as_the_lock_says_pass_and_others_do_not(cli: RemoteCli) -> None:
    for name in ("a-content", "a-config", "a-label", "gone", "fine", "bad"):
        cli.create(name, "Hello!", config={"model": "a"})
    cli.json("pull")
    assert _problems(cli) == []
    _edit(cli, "a-content.md", "Hello!", "Hello! ")
    _edit(cli, "a-config.md", "model: a", "model: b")
    _edit(cli, "a-label.md", "version: 1", "version: 1\nlabels: [production]")
    _edit(cli, "bad.md", "model: a", "model: [")
    folder = cli.folder / "prompts"
    (folder / "gone.md").unlink()
    (folder / "made.md").write_text("---\n---\nHi\n")
    (folder / "README.md").write_text("No prompt.\n")
    assert _problems(cli)[2] == ("a-label.md", "The file's version or labels differ from the lock file. Run promptuary pull.")
    assert [file for file, _ in _problems(cli)] == ["a-config.md", "a-content.md", "a-label.md", "bad.md", "gone.md", "made.md"]
    told = cli.run("verify", **OFFLINE)
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 6)
    assert told.stderr.splitlines()[4] == "prompts/gone.md: The file is in the lock file and does not exist."


def test_variables_that_programs_fill_in_must_be_there(cli: RemoteCli) -> None:
    cli.create("greeting", "Hello {{name}}, {{day}}!")
    cli.create("chat", [{"role": "user", "content": "{{question}}"}])
    cli.json("pull")
    folder = cli.folder / "prompts"
    _edit(cli, "greeting.md", "version: 1", "version: 1\nvariables: [name, town]")
    (folder / "promptuary.toml").write_text('[variables]\nchat = ["question"]\nmissing = ["x"]\n')
    assert _problems(cli) == [
        ("greeting.md", "It does not have {{town}}, which programs fill in."),
        ("greeting.md", "It has {{day}}, which is not declared."),
        ("promptuary.toml", "It declares variables of missing, which has no file."),
    ]
    (folder / "promptuary.toml").write_text('[variables]\nchat = ["question"]\ngreeting = ["name", "day"]\n')
    assert _problems(cli) == []
    (folder / "promptuary.toml").write_text("[variables]\nchat = 1\n")
    assert cli.error("verify") == "prompts/promptuary.toml: [variables] must have a list of texts for each prompt."
    (folder / "promptuary.toml").write_text("[variables\n")
    assert cli.error("verify").startswith("prompts/promptuary.toml is not TOML: ")


def test_a_folder_without_a_lock_does_not_pass(cli: RemoteCli) -> None:
    assert _problems(cli) == [("prompts.lock", "There is no lock file. Run promptuary pull.")]
    assert cli.error("bundle") == "prompts has no lock file. Run promptuary pull."


def test_one_prompt_is_told_in_singular(cli: RemoteCli) -> None:
    cli.create("text", "x")
    assert cli.run("pull").returncode == 0
    assert cli.run("pull").stdout == "1 prompt: nothing is new on the server.\n"
    assert cli.run("status").stdout == "1 prompt: no local edits, and nothing new on the server.\n"
    assert cli.run("verify").stdout == "1 prompt: all files match the lock file.\n"
    assert cli.run("bundle").stdout.startswith("prompts.bundle.json has 1 prompt (")


def test_the_bundle_has_everything_and_is_the_same_every_time(cli: RemoteCli) -> None:
    contents = {"text": "Grüße\r\n", "chat": [{"role": "user", "content": "x"}], "value": {"b": 1, "a": [1.0]}}
    for name, content in contents.items():
        cli.create(name, content, config={"model": "m"} if name == "text" else None)
        cli.label(name, "production", 1)
    cli.json("pull", "--label", "production")
    made = cli.run("bundle", **OFFLINE)
    assert (made.returncode, made.stdout.startswith("prompts.bundle.json has 3 prompts (")) == (0, True)
    data = (cli.folder / "prompts.bundle.json").read_bytes()
    bundle: Any = json.loads(data)
    assert list(bundle) == ["format", "format_version", "server", "project", "prompts"]
    assert (bundle["format"], bundle["format_version"], bundle["server"]) == ("promptuary-bundle", 1, cli.host)
    assert [each["name"] for each in bundle["prompts"]] == sorted(contents)
    assert bundle["prompts"][1] == {
        "name": "text",
        "version": 1,
        "labels": ["production"],
        "label": "production",
        "content": "Grüße\r\n",
        "config": {"model": "m"},
        "sha256": content_sha256("Grüße\r\n"),
    }
    assert json.dumps(bundle["prompts"][2]["content"]) == json.dumps(contents["value"])
    cli.json("pull", "--force")
    assert cli.run("bundle", "-o", "-", **OFFLINE).stdout.encode() == data
    _edit(cli, "text.md", "Grüße", "Hallo")
    assert cli.error("bundle") == "Files are not what was pulled: text. Run promptuary verify."


def test_status_says_what_was_edited_and_what_the_server_has(cli: RemoteCli) -> None:
    for name in ("still", "edited", "behind", "archived", "gone"):
        cli.create(name, "Hello!")
    cli.json("pull")
    assert cli.run("status").stdout == "5 prompts: no local edits, and nothing new on the server.\n"
    _edit(cli, "edited.md", "Hello!", "Hi!")
    cli.publish("behind", 1, prompt="Hi!")
    cli.api.post("name/archived/archive/")
    cli.create("other", "Hello!")
    folder = cli.folder / "prompts"
    (folder / "gone.md").unlink()
    (folder / "made.md").write_text("---\n---\nHi\n")
    (folder / "bad.md").write_text("---\nname: [\n---\n")
    (folder / "notes.md").write_text("No prompt.\n")
    states = {each["name"]: (each["here"], each["there"]) for each in cli.json("status")}
    assert states | {"": ("", "")} == {
        "still": ("unchanged", ""),
        "edited": ("edited", ""),
        "behind": ("unchanged", "version 2"),
        "archived": ("unchanged", "no longer there"),
        "other": ("", "version 1"),
        "gone": ("deleted", ""),
        "made": ("new", ""),
        "": ("", ""),
    }
    offline = {each["name"]: each["here"] for each in json.loads(cli.run("status", "--offline", "--json", **OFFLINE).stdout)}
    assert offline["edited"] == "edited"
    assert "other" not in offline
    shown = cli.run("status").stdout
    assert "bad.md" in shown
    assert shown.endswith("notes.md is no prompt: it has no front matter.\n")


@pytest.mark.parametrize("content", ["One\nTwo\n", ["One", "Two"]])
def test_diff_shows_what_was_edited(cli: RemoteCli, content: object) -> None:
    cli.create("greeting", content, config={"model": "a"})
    cli.create("still", "Hello!")
    cli.json("pull")
    assert cli.run("diff").stdout == "Nothing was edited.\n"
    _edit(cli, "greeting.md", "Two", "Three\x1b[31m" if isinstance(content, str) else "Three")
    _edit(cli, "greeting.md", "model: a", "model: b")
    shown = cli.run("diff").stdout
    assert shown.startswith("greeting: version 1 and the file\n")
    assert "\x1b" not in shown
    assert [line[0] for line in shown.splitlines() if "Two" in line or "Three" in line] == ["-", "+"]
    assert shown.endswith('- config model: "a"\n+ config model: "b"\n')
    both = cli.json("diff")
    assert [(each["name"], each["version"], each["old"]["content"]) for each in both] == [("greeting", 1, content)]
    assert cli.json("diff", "--name", "still") == []


def test_a_bundle_replaces_no_pipe_and_no_folder(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.json("pull")
    pipe, folder = cli.folder / "pipe", cli.folder / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for place in (pipe, folder):
        assert cli.error("bundle", "--output", str(place), "--yes").endswith("it is there and is no regular file.")
    assert pipe.is_fifo()
