"""``--help`` teaches: every command says what it does, every option what it means."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from command_line import CommandLine, all_commands

from promptuary.cli.application import app
from promptuary.cli.commands import ADMIN_LOCATIONS, LOCATIONS

COMMANDS = all_commands()


def test_the_commands_are_those_that_are_tested_here(command_line: CommandLine) -> None:
    shown = command_line.run("--help")
    assert shown.returncode == 0
    assert "A prompt registry: " in shown.stdout
    assert set(COMMANDS) == {
        "serve",
        "mcp",
        "login",
        "logout",
        "whoami",
        "profile list",
        "profile use",
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
        "log",
        "render",
        "usage",
        "watch",
        "open",
        "completion",
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
        "admin user create",
        "admin user list",
        "admin user disable",
        "admin user enable",
        "admin user set-password",
        "admin user sign-in-link",
        "admin demo",
        "project list",
        "project create",
        "project rename",
        "project rotate-token",
        "member list",
        "member set",
        "member invite",
        "member remove",
        "key create",
        "key list",
        "key revoke",
        "admin project create",
        "admin project list",
        "admin project rotate-token",
        "admin member set",
        "admin member list",
        "admin member remove",
        "admin key create",
        "admin key list",
        "admin key revoke",
        "admin webhook create",
        "admin webhook list",
        "admin webhook enable",
        "admin webhook disable",
        "admin webhook rotate-secret",
        "admin webhook test",
        "admin webhook deliveries",
        "admin webhook redeliver",
        "admin webhook remove",
        "admin db upgrade",
        "admin db check",
        "admin db reindex",
        "admin db backup",
        "admin db restore",
    }


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_and_each_of_its_options_are_explained(words: str) -> None:
    command = COMMANDS[words]
    assert re.fullmatch(r"[A-Z].+\.", command.help, flags=re.DOTALL)
    for parameter in command.params:
        assert re.fullmatch(r"[A-Z'].+\.", parameter.help), parameter.name


@pytest.mark.parametrize(
    "words", ["", "serve", "admin", "admin demo", "admin user", "key create", "admin db restore", "label", "releases"]
)
def test_help_is_shown_by_both_names_without_touching_anything(tmp_path: Path, words: str) -> None:
    shown, short = (CommandLine(tmp_path).run(*words.split(), option) for option in ("--help", "-h"))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "-h, --help" in shown.stdout
    assert short.stdout == shown.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_help_of_everything_is_the_same_however_it_is_asked_for(command_line: CommandLine) -> None:
    shown = command_line.run("--help")
    assert command_line.run("--quiet", "--help").stdout == shown.stdout
    without = command_line.run()
    assert (without.returncode, without.stdout, without.stderr) == (2, "", shown.stdout)


def test_the_help_of_everything_names_all_options_of_the_root(command_line: CommandLine) -> None:
    options = command_line.run("--help").stdout.partition("Commands:")[0]
    assert [name for each in typer.main.get_group(app).params for name in each.opts if name not in options] == []


@pytest.mark.parametrize("words", COMMANDS)
def test_the_options_of_the_root_also_work_behind_a_command(words: str) -> None:
    assert {"quiet", "color"} <= {parameter.name for parameter in COMMANDS[words].params}


@pytest.mark.parametrize("words", [*LOCATIONS, *(f"admin {name}" for name in ADMIN_LOCATIONS)])
def test_the_list_of_commands_shows_the_first_sentence_of_each_command(words: str) -> None:
    command: Any = typer.main.get_group(app)
    for name in words.split():
        command = command.commands[name]
    place = LOCATIONS[words] if words in LOCATIONS else ADMIN_LOCATIONS[words.removeprefix("admin ")]
    assert re.split(r"(?<=\.) ", " ".join(command.help.split()))[0] == place.summary


def test_the_list_of_commands_names_all_of_them_in_full(command_line: CommandLine) -> None:
    for words, locations in ((["--help"], LOCATIONS), (["admin", "--help"], ADMIN_LOCATIONS)):
        shown = command_line.run(*words).stdout
        lines = " ".join(shown.partition("Commands:")[2].split())
        assert lines == " ".join(f"{name} {place.summary}" for name, place in locations.items())
