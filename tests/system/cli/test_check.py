"""``promptuary check``: what is wrong with files, by line, without a server, a key and a lock file."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine

from promptuary.files import Lock, LockEntry, hashes_of, render_lock

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"


@pytest.fixture(autouse=True)
def _outside_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


@pytest.fixture
def prompts(command_line: CommandLine) -> Path:
    folder = command_line.folder / "prompts"
    folder.mkdir()
    return folder


def _write(prompts: Path, name: str, content: str, head: str = "") -> None:
    (prompts / f"{name}.md").write_text(f"---\nname: {name}\n{head}---\n{content}\n")


def _report(command_line: CommandLine) -> Any:
    finished = command_line.run("check", "--json")
    report = json.loads(finished.stdout)
    assert finished.returncode == (1 if report["problems"] else 0)
    assert finished.stderr == ""
    return report


def _places(findings: Any) -> list[tuple[str, int, str]]:
    return [(each["file"].removeprefix("prompts/"), each["line"], each["sentence"]) for each in findings]


def test_valid_files_pass_although_nothing_was_pulled(command_line: CommandLine, prompts: Path) -> None:
    _write(prompts, "greeting", "Hello {{name}}!", "version: 3\nvariables: [name]\n")
    _write(prompts, "reply", "@@@prompt:name=greeting|label=production@@@ Bye")
    (prompts / "README.md").write_text("# Prompts\n")
    (prompts / "prompts.lock").write_text("{}")
    assert "prompts.lock cannot be read" in command_line.run("check").stderr
    (prompts / "prompts.lock").unlink()
    finished = command_line.run("check")
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "2 prompts: all files are valid.\n", "")


@pytest.mark.parametrize("output", [[], ["--json"], ["--format", "github"]])
def test_a_folder_without_prompts_fails_and_is_named(command_line: CommandLine, prompts: Path, output: list[str]) -> None:
    for folder, sentence in (
        ("missing", "There is no folder missing. Name the folder of prompts, or run promptuary pull."),
        ("prompts", "prompts has no prompts. Run promptuary pull."),
    ):
        finished = command_line.run("check", folder, *output)
        assert (finished.returncode, finished.stdout, finished.stderr) == (1, "", f"Error: {sentence}\n")
    (prompts / "notes.md").write_text("Not a prompt\n")
    lines = command_line.run("check").stderr.splitlines()
    assert lines[0] == "prompts/notes.md:1: Warning: The file is left out: it has no front matter."
    assert lines[1:] == ["Error: prompts has no prompts. Run promptuary pull."]


def test_a_folder_from_which_all_prompts_were_removed_is_valid(command_line: CommandLine, prompts: Path) -> None:
    entry = LockEntry("greeting", "greeting.md", 1, (), None, *hashes_of("Hello", None, None))
    lock = Lock("http://127.0.0.1:8000", "1", entries={"greeting": entry})
    (prompts / "prompts.lock").write_bytes(render_lock(lock))
    assert command_line.run("check").stdout == "0 prompts: all files are valid.\n"


def test_the_folder_of_the_configuration_is_named_if_it_is_missing(command_line: CommandLine) -> None:
    environments = '[env.a]\nhost = "https://a.example.com"\nproject = 1\n[env.b]\nhost = "https://b.example.com"\nproject = 1\n'
    (command_line.folder / "promptuary.toml").write_text(f'folder = "texts"\n{environments}')
    for arguments in ((), ("--env", "b")):
        finished = command_line.run("check", *arguments)
        assert (finished.returncode, finished.stderr) == (
            1,
            "Error: There is no folder texts. Name the folder of prompts, or run promptuary pull.\n",
        )


def test_every_problem_has_its_file_and_its_line(command_line: CommandLine, prompts: Path) -> None:
    (prompts / "broken.md").write_text("---\nname: broken\nversion: one\n---\nText\n")
    (prompts / "binary.md").write_bytes(b"---\n---\n\xff")
    _write(prompts, "huge", "x" * 1_000_001)
    _write(prompts, "long", "Text", f"description: {'x' * 401}\n")
    _write(prompts, "loop", "First\n@@@prompt:name=round|label=production@@@")
    _write(prompts, "round", "@@@prompt:name=loop|version=2@@@")
    _write(prompts, "lost", "First\nSecond\n@@@prompt:name=nowhere|label=production@@@")
    _write(prompts, "variables", "First {{a}}\nSecond {{b}}", "variables: [a, c]\n")
    _write(prompts, "whole", "@@@prompt:name=variables|label=x@@@", "variables: [a]\n")
    (prompts / "promptuary.toml").write_text('[variables]\nmissing = ["x"]\n')
    report = _report(command_line)
    assert report["prompts"] == 7
    assert report["warnings"] == []
    found = _places(report["problems"])
    assert found[:2] == [
        ("binary.md", 1, "The file is not UTF-8 text."),
        ("broken.md", 3, "version must be a number from 1."),
    ]
    assert found[2] == ("huge.md", 4, "Prompt payload must be 1000000 bytes or fewer.")
    assert found[3][:2] == ("long.md", 3)
    assert [each[:2] for each in found[4:6]] == [("loop.md", 5), ("lost.md", 6)]
    assert found[5][2] == "It references nowhere, which is not in the folder."
    assert found[6] == ("promptuary.toml", 1, "It declares variables of missing, which has no file.")
    assert found[7][:2] == ("round.md", 4)
    assert found[8:] == [
        ("variables.md", 3, "It does not have {{c}}, which programs fill in."),
        ("variables.md", 6, "It has {{b}}, which is not declared."),
        ("whole.md", 5, "It has {{b}}, which is not declared."),
    ]
    shown = command_line.run("check")
    assert shown.stdout == ""
    assert "prompts/variables.md:6: It has {{b}}, which is not declared.\n" in shown.stderr


def test_warnings_do_not_fail_a_check(command_line: CommandLine, prompts: Path) -> None:
    _write(prompts, "hidden", "First\nab\u200bc", "config: {a: \u202eb}\n")
    _write(prompts, "escaped", '"a\\u200b"', "format: json\n")
    _write(prompts, "blocks", "First\n{{#if paid}}")
    _write(prompts, "unused", "Text", "variables:\n  a: {}\n")
    (prompts / "notes.md").write_text("Not a prompt\n")
    report = _report(command_line)
    assert report["problems"] == []
    assert _places(report["warnings"]) == [
        ("blocks.md", 5, "Text, although it looks like a variable: {{#if paid}}"),
        ("escaped.md", 1, "Hidden character in content, line 1, column 2: U+200B ZERO WIDTH SPACE."),
        ("hidden.md", 3, "Hidden character in column 13: U+202E RIGHT-TO-LEFT OVERRIDE."),
        ("hidden.md", 6, "Hidden character in column 3: U+200B ZERO WIDTH SPACE."),
        ("unused.md", 3, "The variable 'a' is declared and not used."),
        ("notes.md", 1, "The file is left out: it has no front matter."),
    ]


def test_github_gets_annotations_that_no_text_leaves(
    command_line: CommandLine, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(prompts, "lost", "100%\n@@@prompt:name=nowhere|label=production@@@")
    _write(prompts, "blocks", "{{ a:b,c\tx }} {{::error::x}}")
    expected = "::error file=prompts/lost.md,line=5::It references nowhere, which is not in the folder.\n"
    assert expected in command_line.run("check", "--format", "github").stdout
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(command_line.folder.parent))
    lines = command_line.run("check").stdout.splitlines()
    start = f"file={command_line.folder.name}/prompts/"
    assert all(line.startswith((f"::error {start}", f"::warning {start}")) for line in lines)
    assert len(lines) == 3


def test_the_configuration_at_the_root_names_the_folder_and_declares_variables(command_line: CommandLine) -> None:
    folder = command_line.folder / "texts"
    folder.mkdir()
    (command_line.folder / "promptuary.toml").write_text('folder = "texts"\n[variables]\ngreeting = ["name"]\nlost = []\n')
    _write(folder, "greeting", "Hello {{day}}!")
    finished = command_line.run("check")
    assert finished.returncode == 1
    assert finished.stderr.splitlines() == [
        "texts/greeting.md:1: It does not have {{name}}, which programs fill in.",
        "texts/greeting.md:4: It has {{day}}, which is not declared.",
        "promptuary.toml:1: It declares variables of lost, which has no file.",
    ]
    (folder / "promptuary.toml").write_text('[variables]\ngreeting = ["day"]\nlost = []\n')
    (folder / "lost.md").write_text("---\n---\nFound\n")
    assert command_line.run("check").returncode == 0
    (command_line.folder / "promptuary.toml").write_text('api_key = "x"\n')
    assert command_line.run("check").stderr.startswith("Error: promptuary.toml: It has 'api_key'. Keys do not belong in this file")
    assert command_line.run("check", "--env", "dev").returncode == 1


@pytest.mark.parametrize("name", ["prompt", "configuration"])
def test_the_schemas_are_printed(command_line: CommandLine, name: str) -> None:
    assert command_line.run("schema", name).stdout == (SCHEMAS / f"{name}.schema.json").read_text()
