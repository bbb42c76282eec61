"""``promptuary prompt``: prompts of a server, read and written over HTTP."""

import sys
from pathlib import Path

import pytest
from cli_harness import RemoteCli

EDITOR = """\
import pathlib, sys
path = pathlib.Path(sys.argv[-1])
text = path.read_text()
path.write_text(text.replace("One", "Two"))
"""


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that makes a Two of each One; drafts go to a folder of the test."""
    program = tmp_path / "editor.py"
    program.write_text(EDITOR)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"'{sys.executable}' '{program}'")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return program


def _drafts(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "state" / "promptuary" / "drafts"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_a_prompt_is_created_published_shown_compared_and_labelled(cli: RemoteCli) -> None:
    created = cli.json("prompt", "create", "greeting", "--config", '{"model": "a"}', "--note", "First", stdin="Hello!\nYou.\n")
    assert (created["prompt"], created["config"], created["version"]) == ("Hello!\nYou.", {"model": "a"}, 1)
    (cli.folder / "text.txt").write_text("Hi!\nYou.\n")
    publish = ["prompt", "publish", "greeting", "--base-version", "1", "--file", "text.txt"]
    assert cli.run(*publish, "--note", "Shorter").stdout == "Version 2 of greeting is published.\n"
    assert cli.error(*publish) == (
        "Version 2 of greeting was published meanwhile, and yours is made from 1. "
        "See promptuary prompt diff greeting 1 2, then publish with --base-version 2."
    )
    config = cli.json("prompt", "publish", "greeting", "--base-version", "2", "--config", "null")
    assert (config["version"], config["prompt"], config["config"]) == (3, "Hi!\nYou.", None)
    label = ["prompt", "label", "greeting", "production"]
    assert cli.run(*label, "--version", "2").stdout == "greeting: production points at version 2.\n"
    assert cli.run("prompt", "show", "greeting", "--label", "production", "--content").stdout == "Hi!\nYou.\n"
    shown = cli.run("prompt", "show", "greeting", "--version", "2").stdout
    assert shown.splitlines()[:4] == [
        "name         greeting",
        "version      2 of 3",
        "labels       production",
        "description  Shorter",
    ]
    assert shown.endswith("\n\nHi!\nYou.\n")
    assert cli.run("prompt", "diff", "greeting", "1", "2").stdout == (
        "greeting: version 1 and version 2\n- Hello!\n+ Hi!\n  You.\n"
    )
    assert cli.run("prompt", "diff", "greeting").stdout == 'greeting: version 2 and version 3\n- config model: "a"\n'
    assert [each["version"] for each in cli.json("prompt", "history", "greeting")] == [3, 2, 1]
    assert cli.run(*label, "--remove").stdout == "greeting: production is removed.\n"
    assert cli.error(*label, "--remove") == "Label 'production' not found on prompt 'greeting'."


def test_prompts_are_listed_archived_and_restored(cli: RemoteCli) -> None:
    for name in ("beta", "alpha"):
        cli.create(name, f"Text of {name}")
    cli.label("beta", "production", 1)
    assert [each["name"] for each in cli.json("prompt", "list")] == ["alpha", "beta"]
    assert [each["name"] for each in cli.json("prompt", "list", "--search", "OF BETA")] == ["beta"]
    assert [each["name"] for each in cli.json("prompt", "list", "--label", "production")] == ["beta"]
    assert cli.run("prompt", "list").stdout.splitlines()[2].split()[:3] == ["beta", "1", "production=1"]
    assert cli.run("prompt", "archive", "beta").returncode == 0
    assert [each["name"] for each in cli.json("prompt", "list", "--archived")] == ["beta"]
    assert cli.run("prompt", "restore", "beta").stdout == "beta is back at version 1. Its labels were production=1.\n"
    assert [each["name"] for each in cli.json("prompt", "list")] == ["alpha", "beta"]


def test_a_history_of_many_versions_is_whole(cli: RemoteCli) -> None:
    cli.create("greeting", "0")
    for base in range(1, 104):
        cli.publish("greeting", base, prompt=str(base))
    assert [each["version"] for each in cli.json("prompt", "history", "greeting")] == list(range(104, 0, -1))


@pytest.mark.parametrize(("content", "edited"), [("One\n", "Two\n"), ({"One": [1.0]}, {"Two": [1.0]})])
@pytest.mark.usefixtures("editor")
def test_an_edit_in_an_editor_is_published(cli: RemoteCli, tmp_path: Path, content: object, edited: object) -> None:
    cli.create("greeting", content, config={"model": "a"})
    published = cli.json("prompt", "edit", "greeting", "--note", "Counted")
    assert (published["version"], published["version_description"], published["config"]) == (2, "Counted", {"model": "a"})
    cli.json("pull")
    again = cli.run("prompt", "edit", "greeting")
    assert again.stdout == "Nothing was changed.\n"
    assert _drafts(tmp_path) == []
    row = cli.api.get("").json()["results"][0]
    assert row["prompt"] == (edited if isinstance(edited, str) else '{"Two": [1.0]}')


def test_a_draft_is_kept_when_it_cannot_be_published(cli: RemoteCli, tmp_path: Path, editor: Path) -> None:
    cli.create("greeting", "One\n")
    # Somebody publishes while the editor is open.
    address, headers = f"{cli.api.base_url}name/greeting/", {"Authorization": f"Bearer {cli.key}"}
    sent = f"{address!r}, json={{'base_version': 1, 'prompt': 'X'}}, headers={headers}"
    editor.write_text(f"{EDITOR}import httpx2\nhttpx2.patch({sent}).raise_for_status()\n")
    sentence = cli.error("prompt", "edit", "greeting")
    (draft,) = _drafts(tmp_path)
    assert sentence.startswith("Version 2 of greeting was published meanwhile, and yours is made from 1. ")
    assert sentence.endswith(f" The draft, made from version 1, is kept in {draft}.")
    assert draft.read_text() == "Two\n\n"
    published = cli.json("prompt", "publish", "greeting", "--base-version", "2", "--file", str(draft))
    assert (published["version"], published["prompt"]) == (3, "Two\n")


def test_what_is_wrong_with_an_editor_is_said(
    cli: RemoteCli, tmp_path: Path, editor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.create("greeting", "One")
    cli.create("value", {"One": 1})
    editor.write_text(f"{EDITOR}sys.exit(3)\n")
    assert cli.error("prompt", "edit", "greeting").startswith("The editor ended with status 3, so nothing is published. ")
    editor.write_text(f"{EDITOR}path.write_text('{{')\n")
    assert cli.error("prompt", "edit", "value").startswith("The content is not JSON: ")
    assert [draft.read_text() for draft in _drafts(tmp_path)] == ["Two\n", "{"]
    monkeypatch.setenv("EDITOR", "no-such-editor")
    assert cli.error("prompt", "edit", "greeting").startswith("The editor 'no-such-editor' does not start: ")
    monkeypatch.delenv("EDITOR")
    assert cli.run("prompt", "edit", "greeting").returncode == 2
    assert len(_drafts(tmp_path)) == 2
    assert cli.latest("greeting")["version"] == 1


def test_what_cannot_be_is_refused(cli: RemoteCli) -> None:
    cli.create("greeting", "Hello!")
    assert cli.error("prompt", "show", "nothing").startswith("No prompt matching 'nothing' in this project.")
    for words in (["prompt", "show"], ["render"], ["prompt", "dependents"], ["at", "2026-01-01"], ["log"], ["prompt", "archive"]):
        for name in ("../../x", "..", "a/b"):
            assert cli.error(*words, name) == f"'{name}' is not a valid name."
    assert cli.error("prompt", "create", "greeting", stdin="x") == "name: A prompt with this name already exists."
    assert cli.error("prompt", "create", "a", stdin=b"\xff") == "The content is not UTF-8 text."
    assert cli.error("prompt", "create", "a", "--file", "none.txt") == "Cannot read none.txt: No such file or directory."
    assert cli.error("prompt", "create", "a", "--as-json", stdin="{").startswith("The content is not JSON: ")
    assert cli.error("prompt", "create", "a", "--config", "[]", stdin="x") == "The config must be an object of JSON, or null."
    assert cli.error("prompt", "create", "a", stdin="x" * 1_000_001) == "prompt: Prompt payload must be 1000000 bytes or fewer."
    for misuse in (["publish", "greeting"], ["label", "greeting", "x"], ["show", "greeting", "--version", "1", "--label", "x"]):
        assert cli.run("prompt", *misuse).returncode == 2
    assert cli.latest("greeting")["version"] == 1


def test_a_text_cannot_take_hold_of_the_terminal(cli: RemoteCli) -> None:
    cli.create("greeting", "a\x1b[31mred\tb")
    assert cli.run("prompt", "show", "greeting").stdout.endswith("\n\na\\x1b[31mred\tb\n")
    assert cli.run("prompt", "show", "greeting", "--content").stdout == "a\x1b[31mred\tb\n"
