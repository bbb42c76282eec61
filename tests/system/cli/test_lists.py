"""Lists for people: whole values, the most important columns first, as many as the terminal has room for."""

import pytest
from builders import make_registry
from command_line import CommandLine

from promptuary.model.access import Scope
from promptuary.registry.operator import keys, users


def _add_key(command_line: CommandLine, label: str) -> str:
    with command_line.opened_database() as database:
        registry = make_registry(database)
        with database.write() as tx:
            return keys.create_key(tx, email=registry.user.email, label=label, scopes=[Scope.READ]).key.id


@pytest.mark.parametrize("columns", [60, 120])
def test_a_list_fits_the_terminal_and_keeps_its_values_whole(
    command_line: CommandLine, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_id = _add_key(command_line, "Deploy")
    monkeypatch.setenv("COLUMNS", str(columns))
    header, row, *_ = command_line.admin("key", "list").stdout.splitlines()
    assert header.startswith("id ")
    assert row.startswith(f"{key_id}  Deploy")
    assert max(len(header), len(row)) <= columns


def test_what_a_narrow_terminal_has_no_room_for_is_named(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    _add_key(command_line, "Deploy")
    monkeypatch.setenv("COLUMNS", "80")
    last = command_line.admin("key", "list").stdout.splitlines()[-1]
    assert last.endswith("scopes, projects, mask, created_at: in a wider terminal, or with --json.")


def test_a_list_that_goes_to_a_file_has_all_columns(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    _add_key(command_line, "Deploy")
    monkeypatch.delenv("COLUMNS", raising=False)
    header = command_line.admin("key", "list").stdout.splitlines()[0]
    assert header.split() == [
        "id",
        "label",
        "email",
        "revoked_at",
        "last_used_at",
        "scopes",
        "projects",
        "mask",
        "created_at",
    ]


def test_values_cannot_play_tricks_on_the_terminal(command_line: CommandLine) -> None:
    _add_key(command_line, "a\n\x1b[31mred")
    listed = command_line.admin("key", "list").stdout
    assert r"a\n\x1b[31mred" in listed
    assert "\x1b" not in listed


def test_wide_characters_keep_the_columns_straight(command_line: CommandLine) -> None:
    with command_line.opened_database() as database, database.write() as tx:
        users.create_user(tx, email="a@example.com", first_name="東京", last_name="x")
        users.create_user(tx, email="b@example.com", first_name="Lund", last_name="y")
    lines = command_line.admin("user", "list").stdout.splitlines()
    assert "東京        x" in lines[1]
    assert "Lund        y" in lines[2]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [("user", "There are no users."), ("project", "There are no projects."), ("key", "There are no keys.")],
)
def test_an_empty_list_says_so(command_line: CommandLine, command: str, sentence: str) -> None:
    assert command_line.admin(command, "list").stdout == f"{sentence}\n"
    assert command_line.admin_json(command, "list") == []
