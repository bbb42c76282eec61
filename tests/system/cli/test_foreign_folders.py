"""A folder that somebody else made is no way to read or write what is not in it."""

from pathlib import Path

import pytest
from desks import Desk

from promptuary.files import InvalidFile, parse_document

TEXT = "---\nname: secret\n---\nSecret\n"


def test_a_symbolic_link_in_the_folder_is_neither_published_nor_written_through(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text(TEXT)
    desk.create("greeting", "One")
    desk.json("pull")
    folder = desk.folder / "prompts"
    (folder / "secret.md").symlink_to(outside)
    (folder / "loop.md").symlink_to(folder / "loop.md")
    pushed = desk.run("push")
    assert (pushed.returncode, desk.api.get("").json()["count"]) == (0, 1)
    (folder / "greeting.md").unlink()
    (folder / "greeting.md").symlink_to(outside)
    assert "It is a symbolic link, which is not followed." in desk.error("push")
    assert desk.run("verify").returncode == 1
    desk.create("secret", "Mine")
    desk.run("pull", "--force")
    assert outside.read_text() == TEXT
    assert "One" in (folder / "greeting.md").read_text()


def test_a_folder_that_a_link_leads_elsewhere_is_not_written_to(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    desk.create("greeting", "One")
    (desk.folder / "prompts").symlink_to(outside)
    assert desk.error("pull") == (
        f"A symbolic link leads prompts out of this folder, to {outside.resolve()}. Name that folder instead."
    )
    assert list(outside.iterdir()) == []
    (desk.folder / "inside").mkdir()
    (desk.folder / "link").symlink_to("inside")
    assert desk.json("pull", "link")[0]["action"] == "new"


def test_names_of_files_on_the_disk_are_escaped_when_they_are_printed(desk: Desk) -> None:
    desk.create("greeting", "One")
    desk.json("pull")
    (desk.folder / "prompts" / "a\x1b[2J.md").write_text(TEXT)
    (desk.folder / "prompts" / "b\x1b[2J.md").write_text("No prompt.\n")
    for command in ("verify", "status", "push", "pull"):
        finished = desk.run(command)
        assert "\x1b" not in finished.stdout + finished.stderr


@pytest.mark.parametrize(
    "head",
    ["config: !!int ''", "config: !!bool x", "config: !!float ''", 'description: "\\ud800"', "config: !!binary x", "a: !!set {b}"],
)
def test_front_matter_that_no_value_of_json_is_ends_in_one_sentence(head: str) -> None:
    with pytest.raises(InvalidFile):
        parse_document(f"---\nname: a\n{head}\n---\nHi\n".encode())
