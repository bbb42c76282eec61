"""`docs/cli.md` names every command and option, and its examples print what they show."""

import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest
from command_line import CommandLine, all_commands

PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()
COMMANDS = all_commands()

CHANGING = [
    (re.compile(r"ph([xc])_[A-Za-z0-9_-]{43}"), r"ph\1_..."),
    (re.compile(r"phx_[A-Za-z0-9_-]{4}\.\.\.[A-Za-z0-9_-]{4}"), "phx_..."),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "MOMENT"),
    (re.compile(r"[\d,]+ bytes"), "SIZE bytes"),
]


def _lasting(text: str) -> str:
    """Put words in place of what differs from run to run."""
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return text


def test_the_examples_print_what_the_page_shows(command_line: CommandLine) -> None:
    (command_line.folder / "password.txt").write_text("correct horse battery\n")
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    environment = command_line.environment() | {"PATH": path, "COLUMNS": "100"}
    shown = "".join(re.findall(r"^```console\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE))
    commands = [line.removeprefix("$ ") for line in shown.splitlines() if line.startswith("$ ")]
    printed = ""
    for command in commands:
        run = subprocess.run(
            ["/bin/sh", "-c", command], cwd=command_line.folder, env=environment, capture_output=True, check=True, text=True
        )
        printed += f"$ {command}\n{run.stdout}"
    assert _lasting(printed) == _lasting(shown)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_and_each_of_its_options_is_on_the_page(words: str) -> None:
    names = [
        name for parameter in COMMANDS[words].params for name in parameter.opts if name.startswith("--") and not parameter.hidden
    ]
    assert f"promptuary {words}" in PAGE
    assert [name for name in names if name not in PAGE] == []
