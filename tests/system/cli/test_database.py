"""``promptuary admin db``: upgrade, check, backup and restore as an operator runs them."""

import os
import subprocess
from functools import partial
from pathlib import Path

import pytest
from builders import make_prompt, make_registry, make_user
from command_line import CommandLine
from ports import free_port
from serving import PROGRAM
from simultaneous import simultaneously
from sqlalchemy import text

from promptuary.store import schema
from promptuary.store.engine.database import Database


def _fill(command_line: CommandLine) -> None:
    with command_line.opened_database() as database:
        registry = make_registry(database)
        with database.write() as tx:
            make_prompt(tx, registry.actor, prompt="Grüße\0", versions=3)


def test_an_empty_database_is_upgraded_once(empty_database_url: str, tmp_path: Path) -> None:
    command_line = CommandLine(tmp_path, empty_database_url)
    first, second = command_line.admin("db", "upgrade"), command_line.admin("db", "upgrade")
    assert (first.returncode, first.stdout, first.stderr) == (0, f"The database is now at schema {schema.HEAD}.\n", "")
    assert (second.returncode, second.stdout, second.stderr) == (0, f"The database is already at schema {schema.HEAD}.\n", "")


def test_several_processes_can_upgrade_one_empty_database_at_once(empty_database_url: str, tmp_path: Path) -> None:
    commands = CommandLine(tmp_path, empty_database_url)
    upgrades = simultaneously([partial(commands.admin, "db", "upgrade")] * 4)
    assert [(each.returncode, each.stderr) for each in upgrades] == [(0, "")] * 4
    database = Database.open(empty_database_url)
    assert schema.is_current(database)
    database.close()


@pytest.mark.parametrize("command", [("db", "upgrade"), ("user", "list"), ("serve", "--port={port}")])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_of_a_newer_version_is_left_alone(command_lines: CommandLine, command: tuple[str, ...]) -> None:
    with command_lines.opened_database() as database, database.write() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    run = command_lines.run if command[0] == "serve" else command_lines.admin
    refused = run(*(part.format(port=free_port()) for part in command))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "Error: The database has schema 9999, which a newer Promptuary has written. Upgrade Promptuary.\n"


def test_a_sound_database_is_found_sound(command_lines: CommandLine) -> None:
    _fill(command_lines)
    checked = command_lines.admin("db", "check")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "The database is sound.\n", "")


def test_what_is_not_sound_is_told_line_by_line_with_status_1(command_lines: CommandLine) -> None:
    _fill(command_lines)
    with command_lines.opened_database() as database, database.write() as tx:
        tx.connection.execute(text("DELETE FROM versions WHERE version = 2"))
        tx.connection.execute(text("UPDATE versions SET size_bytes = 1 WHERE version = 3"))
    checked = command_lines.admin("db", "check")
    first, second, third = checked.stderr.splitlines()
    assert (checked.returncode, checked.stdout) == (1, "")
    assert first.endswith("2 versions from 1 to 3, but the latest should be 3")
    assert second.endswith("size or outline do not belong to the content")
    assert third == "lists do not match the prompts; run promptuary admin db reindex"


def test_lists_and_search_are_built_anew(command_lines: CommandLine) -> None:
    _fill(command_lines)
    with command_lines.opened_database() as database, database.write() as tx:
        tx.connection.execute(text("DELETE FROM list_entries"))
        tx.connection.execute(text("UPDATE search_texts SET text = 'x'"))
    assert command_lines.admin("db", "check").returncode == 1
    built = command_lines.admin("db", "reindex")
    # The server of the tests has no contributed extensions.
    is_sqlite = "sqlite" in command_lines.database_url
    note = "" if is_sqlite else "PostgreSQL has no extension pg_trgm, so each search reads all texts.\n"
    assert (built.returncode, built.stdout, built.stderr) == (
        0,
        f"Lists, search and references were rebuilt; the history of labels is complete.\n{note}",
        "",
    )
    assert command_lines.admin("db", "check").stdout == "The database is sound.\n"


def test_a_backup_is_restored_into_a_new_database(command_lines: CommandLine, tmp_path: Path) -> None:
    _fill(command_lines)
    written = command_lines.admin("db", "backup", "backup.db")
    size = (tmp_path / "backup.db").stat().st_size
    assert (written.returncode, written.stdout) == (0, f"Backup written to backup.db ({size:,} bytes).\n")
    other = CommandLine(tmp_path, f"sqlite:///{tmp_path / 'other.db'}")
    restored = other.admin("db", "restore", "backup.db")
    assert (restored.returncode, restored.stdout) == (0, "Restored from backup.db.\n")
    assert other.admin_json("user", "list") == command_lines.admin_json("user", "list")
    assert other.admin("db", "check").returncode == 0


def test_a_backup_does_not_overwrite_a_file(command_line: CommandLine) -> None:
    (command_line.folder / "backup.db").write_text("precious")
    refused = command_line.admin("db", "backup", "backup.db")
    assert (refused.returncode, refused.stderr) == (
        1,
        "Error: backup.db exists already. Choose another name, or add --force to replace it.\n",
    )
    assert (command_line.folder / "backup.db").read_text() == "precious"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_outdated_database_waits_for_the_upgrade(command_lines: CommandLine) -> None:
    with command_lines.opened_database() as database, database.write() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    refused = command_lines.admin("user", "list")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert (
        refused.stderr
        == f"Error: The database has schema 0000, this version needs {schema.HEAD}. Run promptuary admin db upgrade.\n"
    )


def test_a_restore_replaces_data_only_when_it_is_told_to(command_lines: CommandLine) -> None:
    _fill(command_lines)
    command_lines.admin("db", "backup", "backup.db")
    before = command_lines.admin_json("user", "list")
    with command_lines.opened_database() as database, database.write() as tx:
        make_user(tx)
    refused = command_lines.admin("db", "restore", "backup.db")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "Error: The database already holds data. Add --replace to delete it first.\n"
    assert len(command_lines.admin_json("user", "list")) == len(before) + 1
    assert command_lines.admin("db", "restore", "backup.db", "--replace").returncode == 0
    assert command_lines.admin_json("user", "list") == before


@pytest.mark.parametrize("content", [b"", b"Dear reader, " * 1000])
def test_a_file_that_is_no_backup_is_refused(command_line: CommandLine, content: bytes) -> None:
    (command_line.folder / "letter.txt").write_bytes(content)
    refused = command_line.admin("db", "restore", "letter.txt")
    assert (refused.returncode, refused.stderr) == (1, "Error: letter.txt is not a Promptuary backup.\n")


def test_a_sqlite_file_of_another_program_is_refused(command_line: CommandLine) -> None:
    other = Database.open(f"sqlite:///{command_line.folder / 'other.db'}")
    with other.write() as tx:
        tx.connection.execute(text("CREATE TABLE recipes (name TEXT)"))
    other.close()
    refused = command_line.admin("db", "restore", "other.db")
    assert (refused.returncode, refused.stderr) == (1, "Error: other.db is not a Promptuary backup.\n")


FRESH = [
    *(("db", "backup", "backup.db"), ("db", "backup", "-"), ("db", "check"), ("db", "reindex")),
    *(("user", "list"), ("project", "list"), ("key", "list"), ("member", "list", "--project", "1")),
    *(("user", "create", "--email", "a@example.com"), ("project", "create", "--name", "Shop")),
    *(("user", "disable", "--email", "a@example.com"), ("user", "sign-in-link", "--email", "a@example.com")),
    *(("key", "revoke", "x"), ("project", "rotate-token", "--project", "1")),
]


@pytest.mark.parametrize("command", FRESH)
def test_in_a_folder_without_a_database_commands_on_it_say_so_and_make_none(tmp_path: Path, command: tuple[str, ...]) -> None:
    refused = CommandLine(tmp_path).admin(*command)
    looked_for = tmp_path / "promptuary-data" / "promptuary.db"
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"Error: There is no Promptuary database at {looked_for}. "
        "Set PROMPTUARY_DATA_DIR or PROMPTUARY_DATABASE_URL to its location; promptuary serve creates a new one.\n"
    )
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("command", [("db", "backup", "backup.db"), ("db", "check"), ("user", "list")])
def test_an_empty_database_is_none(empty_database_url: str, tmp_path: Path, command: tuple[str, ...]) -> None:
    Database.open(empty_database_url).close()
    refused = CommandLine(tmp_path, empty_database_url).admin(*command)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: There is no Promptuary database at ")
    assert not (tmp_path / "backup.db").exists()


def test_every_command_of_the_host_names_its_database_first(tmp_path: Path, command_line: CommandLine) -> None:
    here, there = tmp_path / "promptuary-data" / "promptuary.db", tmp_path / "new" / "promptuary.db"
    written = command_line.run("admin", "db", "backup", "backup.db")
    assert (written.returncode, written.stderr) == (0, f"Database: {here}\n")
    restored = command_line.run("admin", "db", "restore", "backup.db", data_dir=str(there.parent))
    assert (restored.returncode, restored.stderr) == (0, f"Database: {there}\n")
    listed = command_line.run("admin", "user", "list", "--json", data_dir=str(there.parent))
    assert (listed.stdout, listed.stderr) == ("[]\n", f"Database: {there}\n")
    refused = command_line.run("admin", "key", "revoke", "x")
    assert refused.stderr == f"Database: {here}\nError: No personal API key has the id 'x'.\n"
    nowhere = command_line.run("admin", "user", "list", database_url="postgresql://user:top-secret@127.0.0.1:1/promptuary")
    assert nowhere.stderr.startswith("Database: postgresql://user:***@127.0.0.1:1/promptuary\nError: ")
    assert "top-secret" not in nowhere.stderr


@pytest.mark.parametrize("words", ["user list", "db check", "webhook list --project 1"])
def test_a_command_that_has_moved_still_works_and_names_its_successor(
    tmp_path: Path, command_line: CommandLine, words: str
) -> None:
    with command_line.opened_database() as database:
        make_registry(database)
    name = words.split(maxsplit=1)[0]
    old, new = command_line.run(*words.split()), command_line.run("admin", *words.split())
    assert (old.returncode, old.stdout) == (new.returncode, new.stdout) == (0, new.stdout)
    assert old.stderr == f"promptuary {name} is deprecated. Use: promptuary admin {name}\n{new.stderr}"
    assert new.stderr == f"Database: {tmp_path / 'promptuary-data' / 'promptuary.db'}\n"


def test_a_backup_replaces_a_file_when_it_is_told_to(command_line: CommandLine) -> None:
    (command_line.folder / "backup.db").write_text("old")
    assert command_line.admin("db", "backup", "backup.db", "--force").returncode == 0
    assert command_line.admin("db", "restore", "backup.db", "--replace").returncode == 0


def test_a_backup_replaces_no_pipe(command_line: CommandLine) -> None:
    _fill(command_line)
    pipe = command_line.folder / "pipe"
    os.mkfifo(pipe)
    assert command_line.admin("db", "backup", "pipe", "--force").returncode == 1
    assert pipe.is_fifo()


def test_a_backup_goes_to_standard_output(command_line: CommandLine) -> None:
    _fill(command_line)
    environment = command_line.environment()
    command = [*PROGRAM, "db", "backup", "-"]
    run = subprocess.run(command, cwd=command_line.folder, env=environment, capture_output=True, check=True)
    (command_line.folder / "piped.db").write_bytes(run.stdout)
    assert command_line.admin("db", "restore", "piped.db", data_dir="new").returncode == 0
    assert command_line.admin("user", "list", data_dir="new").stdout == command_line.admin("user", "list").stdout
