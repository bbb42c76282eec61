"""Commands on files that are no databases, or damaged ones."""

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from builders import Registry, make_prompt
from command_line import CommandLine
from ports import free_port
from serving import run_command
from sqlalchemy import text

from promptuary.store import backup

NOT_DERIVED = "size or outline do not belong to the content"


@pytest.mark.parametrize("command", [("db", "check"), ("db", "upgrade"), ("serve", "--port={port}"), ("user", "list")])
def test_commands_refuse_a_file_that_is_no_database_with_one_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear diary, " * 1000)
    url = f"sqlite:///{tmp_path}/notes.txt"
    arguments = [part.format(port=free_port()) for part in command]
    run = partial(run_command, database_url=url) if command[0] == "serve" else CommandLine(tmp_path, url).admin
    answer = run(*arguments)
    assert (answer.returncode, answer.stderr) == (1, "Error: The database is damaged or not a database: file is not a database.\n")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_command_reports_damage_and_exits_with_1(registry: Registry, database_url: str, tmp_path: Path) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, versions=7)
        tx.connection.execute(text("UPDATE versions SET size_bytes = 1"))
    checked = CommandLine(tmp_path, database_url).admin("db", "check")
    assert (checked.returncode, checked.stdout) == (1, "")
    assert checked.stderr.count(NOT_DERIVED) == 7


def test_commands_refuse_rows_that_break_a_rule_with_one_sentence(sqlite_registry: Registry, tmp_path: Path) -> None:
    sound = tmp_path / "backup.db"
    with sqlite_registry.database.write() as tx:
        make_prompt(tx, sqlite_registry.actor)
    backup.write_backup(sqlite_registry.database, sound)
    with closing(sqlite3.connect(sound, isolation_level=None)) as connection:
        connection.executescript("UPDATE prompts SET created_at = 'yesterday'")
    restored = CommandLine(tmp_path, f"sqlite:///{tmp_path / 'new.db'}").admin("db", "restore", str(sound))
    assert (restored.returncode, restored.stdout, restored.stderr.count("\n")) == (1, "", 1)
    copied = CommandLine(tmp_path, f"sqlite:///{sound}").admin("db", "backup", "copy.db")
    assert (copied.returncode, copied.stdout, copied.stderr.count("\n")) == (1, "", 1)
    assert not (tmp_path / "copy.db").exists()
