"""``promptuary push``: what was edited becomes versions, and nobody's version is overwritten."""

import json
from typing import Any

import pytest
from builders import make_key
from desks import Desk

from promptuary.model.access import Scope

LINES = "".join(f"line {number}\n" for number in range(1, 10))


def _edit(desk: Desk, file: str, old: str, new: str) -> None:
    path = desk.folder / "prompts" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _steps(finished: Any) -> dict[str, tuple[str, int | None]]:
    return {each["name"]: (each["action"], each["version"]) for each in json.loads(finished.stdout)}


def test_edits_are_published_new_files_created_and_deleted_ones_reported(desk: Desk) -> None:
    desk.create("text", "Hello!", config={"model": "a"})
    desk.create("configured", "Hello!", config={"model": "a"})
    desk.create("still", "Hello!")
    desk.create("deleted", "Hello!")
    desk.json("pull")
    folder = desk.folder / "prompts"
    _edit(desk, "text.md", "Hello!", "Hi!")
    _edit(desk, "configured.md", "model: a", "model: b\n  temperature: 0.5")
    (folder / "made.md").write_text("---\nvariables: [name]\ndescription: Made here\n---\nHi {{name}}!\n")
    (folder / "README.md").write_text("# About these prompts\n")
    (folder / "deleted.md").unlink()
    planned = desk.run("push", "--dry-run", "--note", "Shorter", "--json")
    assert _steps(planned) == {
        "configured": ("publish", 1),
        "made": ("create", None),
        "text": ("publish", 1),
        "deleted": ("deleted", 1),
    }
    assert desk.latest("text")["version"] == 1
    assert _steps(desk.run("push", "--note", "Shorter", "--json")) == {
        "configured": ("publish", 2),
        "made": ("create", 1),
        "text": ("publish", 2),
        "deleted": ("deleted", 1),
    }
    assert (desk.latest("text")["prompt"], desk.latest("text")["config"]) == ("Hi!", {"model": "a"})
    assert desk.latest("configured")["config"] == {"model": "b", "temperature": 0.5}
    assert desk.latest("made")["prompt"] == "Hi {{name}}!"
    assert desk.latest("deleted")["version"] == 1
    history = desk.api.get("resolve/name/text/").json()["versions"]
    assert [each["version_description"] for each in history] == ["Shorter", None]
    assert "variables:\n- name\n" in (folder / "made.md").read_text()
    assert _steps(desk.run("push", "--archive", "--json")) == {"deleted": ("archive", None)}
    assert desk.api.get("name/deleted/").status_code == 404
    assert desk.run("push").stdout == "Nothing was edited.\n"
    assert desk.run("verify").stdout == "4 prompts: all files match the lock file.\n"


def test_the_description_in_a_file_is_the_note_when_it_is_new(desk: Desk) -> None:
    desk.create("greeting", "One", version_description="First")
    desk.json("pull")
    _edit(desk, "greeting.md", "One\n", "Two\n")
    desk.json("push")
    _edit(desk, "greeting.md", "Two\n", "Three\n")
    _edit(desk, "greeting.md", "version: 2\n", "version: 2\ndescription: Third\n")
    desk.json("push")
    history = desk.api.get("resolve/name/greeting/").json()["versions"]
    assert [each["version_description"] for each in history] == ["Third", None, "First"]


@pytest.mark.parametrize("is_json", [False, True])
def test_what_others_changed_elsewhere_is_merged(desk: Desk, is_json: bool) -> None:  # noqa: FBT001 - a parameter
    def content(text: str) -> object:
        return text.splitlines() if is_json else text

    desk.create("greeting", content(LINES), config={"model": "a", "temperature": 1})
    desk.json("pull")
    desk.publish("greeting", 1, prompt=content(LINES.replace("line 2", "theirs")), config={"model": "b", "temperature": 1})
    _edit(desk, "greeting.md", "line 8", "mine")
    _edit(desk, "greeting.md", "temperature: 1", "temperature: 2")
    merged = desk.json("push")
    assert [(each["action"], each["version"]) for each in merged] == [("merge", 3)]
    latest = desk.latest("greeting")
    expected = content(LINES.replace("line 2", "theirs").replace("line 8", "mine"))
    assert latest["prompt"] == (json.dumps(expected) if is_json else expected)
    assert latest["config"] == {"model": "b", "temperature": 2}
    assert desk.json("status") == [{"name": "greeting", "file": "greeting.md", "version": 3, "here": "unchanged", "there": ""}]
    assert "theirs" in (desk.folder / "prompts" / "greeting.md").read_text()


def test_a_contradiction_is_said_and_left_to_people(desk: Desk) -> None:
    desk.create("greeting", LINES)
    desk.create("other", "One")
    desk.json("pull")
    desk.publish("greeting", 1, prompt=LINES.replace("line 2", "theirs"))
    _edit(desk, "greeting.md", "line 2", "mine")
    _edit(desk, "other.md", "One", "Two")
    before = (desk.folder / "prompts" / "greeting.md").read_bytes()
    pushed = desk.run("push")
    assert pushed.returncode == 1
    assert pushed.stdout == (
        "conflict  greeting (version 2): version 2 is on the server, made from 1: both changed line 2 of the content\n"
        "publish   other (version 2)\n"
    )
    assert (desk.folder / "prompts" / "greeting.md").read_bytes() == before
    assert desk.latest("greeting")["version"] == 2
    kept = desk.json("pull", "--mine")
    assert [(each["name"], each["action"]) for each in kept] == [("greeting", "kept"), ("other", "unchanged")]
    assert (desk.folder / "prompts" / "greeting.md").read_bytes() == before
    assert [(each["action"], each["version"]) for each in desk.json("push")] == [("publish", 3)]
    assert "mine" in desk.latest("greeting")["prompt"]


def test_a_key_that_both_added_is_a_contradiction(desk: Desk) -> None:
    desk.create("greeting", {"aa": 1, "bb": 2, "cc": 3, "dd": 4, "ee": 5})
    desk.json("pull")
    desk.publish("greeting", 1, prompt={"aa": 1, "kk": "THEIRS", "bb": 2, "cc": 3, "dd": 4, "ee": 5})
    _edit(desk, "greeting.md", '"dd": 4,', '"dd": 4,\n  "kk": "MINE",')
    pushed = desk.run("push")
    assert pushed.returncode == 1
    assert pushed.stdout == (
        "conflict  greeting (version 2): version 2 is on the server, made from 1: the merged content would have the key kk twice\n"
    )
    assert "MINE" in (desk.folder / "prompts" / "greeting.md").read_text()
    assert desk.latest("greeting")["version"] == 2


def test_what_is_there_already_is_taken_note_of_and_not_published_twice(desk: Desk) -> None:
    desk.create("greeting", "One")
    desk.json("pull")
    lock = (desk.folder / "prompts" / "prompts.lock").read_bytes()
    _edit(desk, "greeting.md", "One", "Two")
    (desk.folder / "prompts" / "made.md").write_text("---\n---\nNew\n")
    desk.json("push")
    # As if it had been killed before it wrote the lock.
    (desk.folder / "prompts" / "prompts.lock").write_bytes(lock)
    assert [(each["action"], each["version"]) for each in desk.json("push")] == [("adopt", 2), ("adopt", 1)]
    assert (desk.latest("greeting")["version"], desk.latest("made")["version"]) == (2, 1)


def test_a_prompt_that_was_archived_and_made_anew_is_not_taken_for_the_old_one(desk: Desk) -> None:
    desk.create("greeting", "One")
    desk.create("archived", "One")
    desk.json("pull")
    for name in ("greeting", "archived"):
        _edit(desk, f"{name}.md", "One", "Two")
        desk.api.post(f"name/{name}/archive/")
    desk.create("greeting", "Another")
    pushed = desk.run("push")
    assert pushed.returncode == 1
    assert "the server has another content for the pulled version" in pushed.stdout
    assert "no longer on the server; pull --mine, then push, creates it" in pushed.stdout
    assert desk.latest("greeting")["prompt"] == "Another"


def test_one_file_that_cannot_be_read_keeps_all_from_being_pushed(desk: Desk) -> None:
    desk.create("greeting", "One")
    desk.json("pull")
    _edit(desk, "greeting.md", "One", "Two")
    (desk.folder / "prompts" / "bad.md").write_text("---\nversion: zero\n---\n")
    assert desk.error("push") == "Nothing is pushed. prompts/bad.md: version must be a number from 1."
    assert desk.latest("greeting")["version"] == 1
    assert desk.error("push", "nowhere") == "nowhere has no prompts. Run promptuary pull."


def test_a_key_that_may_not_write_is_refused_and_the_file_stays(desk: Desk) -> None:
    desk.create("greeting", "One")
    desk.json("pull")
    _edit(desk, "greeting.md", "One", "Two")
    assert desk.registry is not None
    with desk.registry.database.write() as tx:
        key = make_key(tx, desk.registry.user, Scope.READ)
    pushed = desk.run("push", api_key=key.value)
    assert pushed.returncode == 1
    assert "API key missing required scope 'llm_prompt:write'" in pushed.stdout
    assert "Two" in (desk.folder / "prompts" / "greeting.md").read_text()
    assert [each["here"] for each in desk.json("status")] == ["edited"]
