"""The reference of the command line, from the application that parses it: what `--help` says, for all commands at once."""

from collections.abc import Iterator
from typing import Any

import typer

from docsite.markdown import GENERATED, code, page, table
from promptuary.cli.application import app

_WIDE = 10_000
"""Columns enough for every line of help."""


def commands() -> Iterator[tuple[str, Any]]:
    """Return every command with its words, such as ``promptuary admin user create``, in the order of the help."""
    yield from _below(typer.main.get_group(app), "promptuary")


def _below(group: Any, words: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, f"{words} {name}")
        else:
            yield f"{words} {name}", command


def commands_as_markdown() -> str:
    """Return the page of all commands."""
    return page(
        "# All commands",
        f"{GENERATED} What the commands are for, with examples, is in [the command line](cli.md). "
        "Each command also has `--help` (`-h`), `--quiet` (`-q`) and `--color`.",
        *(part for words, command in commands() for part in _command(words, command)),
    )


def _command(words: str, command: Any) -> list[str]:
    context = typer.Context(command, info_name=words, terminal_width=_WIDE, max_content_width=_WIDE)
    shown = [(parameter, parameter.get_help_record(context)) for parameter in command.params]
    arguments = [record for parameter, record in shown if record and parameter.param_type_name == "argument"]
    options = [record for parameter, record in shown if record and parameter.param_type_name == "option"]
    return [
        f"## {words}",
        (command.help or "").strip(),
        f"```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```",
        table(("argument", "meaning"), map(_row, arguments)),
        table(("option", "meaning"), map(_row, options)),
    ]


def _row(record: tuple[str, str]) -> tuple[str, str]:
    names, meaning = record
    return code(names), meaning.replace("[", r"\[").replace("*", r"\*")
