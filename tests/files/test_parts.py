"""Versions that files refer to, beside them in a folder: names that every system takes, and nothing through links."""

from pathlib import Path

import pytest

from promptuary.files import Document, InvalidFile, write_parts
from promptuary.files.parts import read_parts

NAMES = ["tone", "Tone", "con", "n" * 255, "-x", "_"]


def test_parts_come_back_as_they_were_and_the_same_parts_are_the_same_bytes(tmp_path: Path) -> None:
    documents = [Document(name, f"text of {name}\n@@@", version=version) for name in NAMES for version in (1, 23)]
    write_parts(tmp_path, documents)
    files = {path.name: path.read_bytes() for path in (tmp_path / ".references").iterdir()}
    assert len({name.casefold() for name in files}) == len(documents)
    found, problems = read_parts(tmp_path)
    assert (sorted(found), dict(problems)) == (sorted((each.name, each.version) for each in documents), {})
    assert {(each.name, each.version): each for each in documents} == found
    write_parts(tmp_path, reversed(documents))
    assert {path.name: path.read_bytes() for path in (tmp_path / ".references").iterdir()} == files


def test_parts_that_are_not_needed_are_removed_with_their_folder(tmp_path: Path) -> None:
    write_parts(tmp_path, [Document("a", "x", version=1), Document("b", "x", version=1)])
    write_parts(tmp_path, [Document("b", "x", version=1)])
    assert [path.name for path in (tmp_path / ".references").iterdir()] == ["b@1.md"]
    write_parts(tmp_path, [])
    assert not (tmp_path / ".references").exists()
    write_parts(tmp_path, [])
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_neither_followed_nor_written_through(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("secret")
    folder = tmp_path / "prompts/.references"
    folder.mkdir(parents=True)
    (folder / "a@1.md").symlink_to(tmp_path / "target")
    found, problems = read_parts(folder.parent)
    assert (dict(found), list(problems)) == ({}, [".references/a@1.md"])
    write_parts(folder.parent, [Document("a", "x", version=1)])
    assert ((tmp_path / "target").read_text(), (folder / "a@1.md").is_symlink()) == ("secret", False)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/.references").symlink_to(folder)
    with pytest.raises(InvalidFile, match="symbolic link"):
        write_parts(tmp_path / "other", [])


def test_a_file_without_a_version_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / ".references").mkdir()
    (tmp_path / ".references/a@1.md").write_text("---\nname: a\n---\nx\n")
    assert read_parts(tmp_path) == ({}, {".references/a@1.md": "The file has no version."})
