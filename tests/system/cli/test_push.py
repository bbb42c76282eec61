"""``promptuary push``: what was edited becomes versions, and nobody's version is overwritten."""

import json
from typing import Any

import pytest
from builders import make_key
from cli_harness import RemoteCli

from promptuary.model.access import Scope

LINES = "".join(f"line {number}\n" for number in range(1, 10))


def _edit(cli: RemoteCli, file: str, old: str, new: str) -> None:
    path = cli.folder / "prompts" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _steps(finished: Any) -> dict[str, tuple[str, int | None]]:
    return {each["name"]: (each["action"], each["version"]) for each in json.loads(finished.stdout)}


def test_edits_are_published_new_files_created_and_deleted_ones_reported(cli: RemoteCli) -> None:
    cli.create("text", "Hello!", config={"model": "a"})
    cli.create("configured", "Hello!", config={"model": "a"})
    cli.create("still", "Hello!")
    cli.create("deleted", "Hello!")
    cli.json("pull")
    folder = cli.folder / "prompts"
    _edit(cli, "text.md", "Hello!", "Hi!")
    _edit(cli, "configured.md", "model: a", "model: b\n  temperature: 0.5")
    (folder / "made.md").write_text("---\nvariables: [name]\ndescription: Made here\n---\nHi {{name}}!\n")
    (folder / "README.md").write_text("# About these prompts\n")
    (folder / "deleted.md").unlink()
    planned = cli.run("push", "--dry-run", "--note", "Shorter", "--json")
    assert _steps(planned) == {
        "configured": ("publish", 1),
        "made": ("create", None),
        "text": ("publish", 1),
        "deleted": ("deleted", 1),
    }
    assert cli.latest("text")["version"] == 1
    assert _steps(cli.run("push", "--note", "Shorter", "--json")) == {
        "configured": ("publish", 2),
        "made": ("create", 1),
        "text": ("publish", 2),
        "deleted": ("deleted", 1),
    }
    assert (cli.latest("text")["prompt"], cli.latest("text")["config"]) == ("Hi!", {"model": "a"})
    assert cli.latest("configured")["config"] == {"model": "b", "temperature": 0.5}
    assert cli.latest("made")["prompt"] == "Hi {{name}}!"
    assert cli.latest("deleted")["version"] == 1
    history = cli.api.get("resolve/name/text/").json()["versions"]
    assert [each["version_description"] for each in history] == ["Shorter", None]
    assert "variables:\n- name\n" in (folder / "made.md").read_text()
    assert _steps(cli.run("push", "--archive", "--json")) == {"deleted": ("archive", None)}
    assert cli.api.get("name/deleted/").status_code == 404
    assert cli.run("push").stdout == "Nothing was edited.\n"
    assert cli.run("verify").stdout == "4 prompts: all files match the lock file.\n"


def test_the_description_in_a_file_is_the_note_when_it_is_new(cli: RemoteCli) -> None:
    cli.create("greeting", "One", version_description="First")
    cli.json("pull")
    _edit(cli, "greeting.md", "One\n", "Two\n")
    cli.json("push")
    _edit(cli, "greeting.md", "Two\n", "Three\n")
    _edit(cli, "greeting.md", "version: 2\n", "version: 2\ndescription: Third\n")
    cli.json("push")
    history = cli.api.get("resolve/name/greeting/").json()["versions"]
    assert [each["version_description"] for each in history] == ["Third", None, "First"]


@pytest.mark.parametrize("is_json", [False, True])
def test_what_others_changed_elsewhere_is_merged(cli: RemoteCli, is_json: bool) -> None:  # noqa: FBT001 - a parameter
    def content(text: str) -> object:
        return text.splitlines() if is_json else text

    cli.create("greeting", content(LINES), config={"model": "a", "temperature": 1})
    cli.json("pull")
    cli.publish("greeting", 1, prompt=content(LINES.replace("line 2", "theirs")), config={"model": "b", "temperature": 1})
    _edit(cli, "greeting.md", "line 8", "mine")
    _edit(cli, "greeting.md", "temperature: 1", "temperature: 2")
    merged = cli.json("push")
    assert [(each["action"], each["version"]) for each in merged] == [("merge", 3)]
    latest = cli.latest("greeting")
    expected = content(LINES.replace("line 2", "theirs").replace("line 8", "mine"))
    assert latest["prompt"] == (json.dumps(expected) if is_json else expected)
    assert latest["config"] == {"model": "b", "temperature": 2}
    assert cli.json("status") == [{"name": "greeting", "file": "greeting.md", "version": 3, "here": "unchanged", "there": ""}]
    assert "theirs" in (cli.folder / "prompts" / "greeting.md").read_text()


def test_a_contradiction_is_said_and_left_to_people(cli: RemoteCli) -> None:
    cli.create("greeting", LINES)
    cli.create("other", "One")
    cli.json("pull")
    cli.publish("greeting", 1, prompt=LINES.replace("line 2", "theirs"))
    _edit(cli, "greeting.md", "line 2", "mine")
    _edit(cli, "other.md", "One", "Two")
    before = (cli.folder / "prompts" / "greeting.md").read_bytes()
    pushed = cli.run("push")
    assert pushed.returncode == 1
    assert pushed.stdout == (
        "conflict  greeting (version 2): version 2 is on the server, made from 1: both changed line 2 of the content\n"
        "publish   other (version 2)\n"
    )
    assert (cli.folder / "prompts" / "greeting.md").read_bytes() == before
    assert cli.latest("greeting")["version"] == 2
    kept = cli.json("pull", "--mine")
    assert [(each["name"], each["action"]) for each in kept] == [("greeting", "kept"), ("other", "unchanged")]
    assert (cli.folder / "prompts" / "greeting.md").read_bytes() == before
    assert [(each["action"], each["version"]) for each in cli.json("push")] == [("publish", 3)]
    assert "mine" in cli.latest("greeting")["prompt"]


def test_a_key_that_both_added_is_a_contradiction(cli: RemoteCli) -> None:
    cli.create("greeting", {"aa": 1, "bb": 2, "cc": 3, "dd": 4, "ee": 5})
    cli.json("pull")
    cli.publish("greeting", 1, prompt={"aa": 1, "kk": "THEIRS", "bb": 2, "cc": 3, "dd": 4, "ee": 5})
    _edit(cli, "greeting.md", '"dd": 4,', '"dd": 4,\n  "kk": "MINE",')
    pushed = cli.run("push")
    assert pushed.returncode == 1
    assert pushed.stdout == (
        "conflict  greeting (version 2): version 2 is on the server, made from 1: the merged content would have the key kk twice\n"
    )
    assert "MINE" in (cli.folder / "prompts" / "greeting.md").read_text()
    assert cli.latest("greeting")["version"] == 2


def test_what_is_there_already_is_taken_note_of_and_not_published_twice(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.json("pull")
    lock = (cli.folder / "prompts" / "prompts.lock").read_bytes()
    _edit(cli, "greeting.md", "One", "Two")
    (cli.folder / "prompts" / "made.md").write_text("---\n---\nNew\n")
    cli.json("push")
    # As if it had been killed before it wrote the lock.
    (cli.folder / "prompts" / "prompts.lock").write_bytes(lock)
    assert [(each["action"], each["version"]) for each in cli.json("push")] == [("adopt", 2), ("adopt", 1)]
    assert (cli.latest("greeting")["version"], cli.latest("made")["version"]) == (2, 1)


def test_a_prompt_that_was_archived_and_made_anew_is_not_taken_for_the_old_one(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.create("archived", "One")
    cli.json("pull")
    for name in ("greeting", "archived"):
        _edit(cli, f"{name}.md", "One", "Two")
        cli.api.post(f"name/{name}/archive/")
    cli.create("greeting", "Another")
    pushed = cli.run("push")
    assert pushed.returncode == 1
    assert "the server has another content for the pulled version" in pushed.stdout
    assert "no longer on the server; pull --mine, then push, creates it" in pushed.stdout
    assert cli.latest("greeting")["prompt"] == "Another"


def test_one_file_that_cannot_be_read_keeps_all_from_being_pushed(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.json("pull")
    _edit(cli, "greeting.md", "One", "Two")
    (cli.folder / "prompts" / "bad.md").write_text("---\nversion: zero\n---\n")
    assert cli.error("push") == "Nothing is pushed. prompts/bad.md: version must be a number from 1."
    assert cli.latest("greeting")["version"] == 1
    assert cli.error("push", "nowhere") == "nowhere has no prompts. Run promptuary pull."


def test_a_key_that_may_not_write_is_refused_and_the_file_stays(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.json("pull")
    _edit(cli, "greeting.md", "One", "Two")
    assert cli.registry is not None
    with cli.registry.database.write() as tx:
        key = make_key(tx, cli.registry.user, Scope.READ)
    pushed = cli.run("push", api_key=key.value)
    assert pushed.returncode == 1
    assert "API key missing required scope 'llm_prompt:write'" in pushed.stdout
    assert "Two" in (cli.folder / "prompts" / "greeting.md").read_text()
    assert [each["here"] for each in cli.json("status")] == ["edited"]
