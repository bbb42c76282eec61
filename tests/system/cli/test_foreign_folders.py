"""A folder that somebody else made is no way to read or write what is not in it."""

from pathlib import Path

import pytest
from cli_harness import RemoteCli

from promptuary.files import InvalidFile, parse_document

TEXT = "---\nname: secret\n---\nSecret\n"


def test_a_symbolic_link_in_the_folder_is_neither_published_nor_written_through(cli: RemoteCli, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text(TEXT)
    cli.create("greeting", "One")
    cli.json("pull")
    folder = cli.folder / "prompts"
    (folder / "secret.md").symlink_to(outside)
    (folder / "loop.md").symlink_to(folder / "loop.md")
    pushed = cli.run("push")
    assert (pushed.returncode, cli.api.get("").json()["count"]) == (0, 1)
    (folder / "greeting.md").unlink()
    (folder / "greeting.md").symlink_to(outside)
    assert "It is a symbolic link, which is not followed." in cli.error("push")
    assert cli.run("verify").returncode == 1
    cli.create("secret", "Mine")
    cli.run("pull", "--force")
    assert outside.read_text() == TEXT
    assert "One" in (folder / "greeting.md").read_text()


def test_a_folder_that_a_link_leads_elsewhere_is_not_written_to(cli: RemoteCli, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    cli.create("greeting", "One")
    (cli.folder / "prompts").symlink_to(outside)
    assert cli.error("pull") == (
        f"A symbolic link leads prompts out of this folder, to {outside.resolve()}. Name that folder instead."
    )
    assert list(outside.iterdir()) == []
    (cli.folder / "inside").mkdir()
    (cli.folder / "link").symlink_to("inside")
    assert cli.json("pull", "link")[0]["action"] == "new"


def test_names_of_files_on_the_disk_are_escaped_when_they_are_printed(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.json("pull")
    (cli.folder / "prompts" / "a\x1b[2J.md").write_text(TEXT)
    (cli.folder / "prompts" / "b\x1b[2J.md").write_text("No prompt.\n")
    for command in ("verify", "status", "push", "pull"):
        finished = cli.run(command)
        assert "\x1b" not in finished.stdout + finished.stderr


@pytest.mark.parametrize(
    "head",
    ["config: !!int ''", "config: !!bool x", "config: !!float ''", 'description: "\\ud800"', "config: !!binary x", "a: !!set {b}"],
)
def test_front_matter_that_no_value_of_json_is_ends_in_one_sentence(head: str) -> None:
    with pytest.raises(InvalidFile):
        parse_document(f"---\nname: a\n{head}\n---\nHi\n".encode())
