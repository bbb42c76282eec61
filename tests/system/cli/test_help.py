"""``--help`` teaches: every command says what it does, every option what it means."""

import re
from pathlib import Path

import pytest
import typer
from command_line import CommandLine, all_commands

from promptuary.cli.application import app
from promptuary.cli.commands import LOCATIONS

COMMANDS = all_commands()


def test_the_commands_are_those_that_are_tested_here(command_line: CommandLine) -> None:
    shown = command_line.run("--help")
    assert shown.returncode == 0
    assert "A prompt registry: " in shown.stdout
    assert set(COMMANDS) == {
        "serve",
        "mcp",
        "demo",
        "login",
        "logout",
        "export",
        "import",
        "prompt list",
        "prompt show",
        "prompt history",
        "prompt diff",
        "prompt label",
        "prompt dependents",
        "prompt archive",
        "prompt restore",
        "prompt create",
        "prompt publish",
        "prompt edit",
        "label set",
        "label undo",
        "label history",
        "promote",
        "releases list",
        "releases show",
        "releases undo",
        "request open",
        "request list",
        "request show",
        "request approve",
        "request merge",
        "request refresh",
        "request close",
        "request comment",
        "rule list",
        "rule add",
        "rule remove",
        "at",
        "pull",
        "push",
        "check",
        "plan",
        "apply",
        "sync",
        "schema",
        "status",
        "diff",
        "verify",
        "bundle",
        "stubs",
        "user create",
        "user list",
        "user disable",
        "user enable",
        "user set-password",
        "user sign-in-link",
        "project create",
        "project list",
        "project rotate-token",
        "member set",
        "member list",
        "member remove",
        "key create",
        "key list",
        "key revoke",
        "webhook create",
        "webhook list",
        "webhook enable",
        "webhook disable",
        "webhook rotate-secret",
        "webhook test",
        "webhook deliveries",
        "webhook redeliver",
        "webhook remove",
        "db upgrade",
        "db check",
        "db reindex",
        "db backup",
        "db restore",
    }


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_and_each_of_its_options_are_explained(words: str) -> None:
    command = COMMANDS[words]
    assert re.fullmatch(r"[A-Z].+\.", command.help, flags=re.DOTALL)
    for parameter in command.params:
        assert re.fullmatch(r"[A-Z'].+\.", parameter.help), parameter.name


@pytest.mark.parametrize("words", ["serve", "demo", "user", "key create", "db restore"])
def test_help_is_shown_without_touching_anything(tmp_path: Path, words: str) -> None:
    shown = CommandLine(tmp_path).run(*words.split(), "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "--help" in shown.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", LOCATIONS)
def test_the_list_of_commands_shows_the_first_sentence_of_each_command(name: str) -> None:
    command = typer.main.get_group(app).commands[name]
    assert command.help is not None
    assert re.split(r"(?<=\.) ", " ".join(command.help.split()))[0] == LOCATIONS[name].summary


def test_the_list_of_commands_names_all_of_them_in_full(command_line: CommandLine) -> None:
    shown = command_line.run("--help").stdout
    lines = " ".join(shown.partition("Commands:")[2].split())
    assert lines == " ".join(f"{name} {place.summary}" for name, place in LOCATIONS.items())
