"""Rows that no program of ours writes are found by ``promptuary admin db check`` and refused by ``promptuary admin db restore``."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from builders import Registry
from full_database import SECRET, fill, fill_what_backups_leave_out
from wire import Clock

from promptuary.model.errors import Damaged, InvalidBackup, Unavailable
from promptuary.registry.operator.users import list_users
from promptuary.store import backup, integrity_checks, schema
from promptuary.store.engine.database import Database

DAMAGE = [
    "UPDATE prompts SET name = '../../x' WHERE name = 'greeting'",
    "UPDATE prompts SET name = X'00ff80' WHERE name = 'greeting'",
    "UPDATE prompts SET name = CAST(X'ff80' AS TEXT) WHERE name = 'greeting'",
    "UPDATE prompts SET name = 'new' WHERE name = 'greeting'",
    "UPDATE prompts SET created_at = 'yesterday'",
    "UPDATE prompts SET created_at = '2026-13-45 00:00:00.000000'",
    "UPDATE prompts SET latest_version = 'many'",
    "UPDATE prompts SET latest_version = 2.5",
    "UPDATE versions SET content = 'no JSON'",
    "UPDATE versions SET content = X'ff'",
    "UPDATE versions SET content = '[NaN]'",
    "UPDATE versions SET config = '[1]'",
    "UPDATE versions SET config = '\"x\"'",
    "UPDATE versions SET description = '   '",
    "UPDATE versions SET version = version + 10",
    "UPDATE versions SET outline = '[['",
    "UPDATE versions SET size_bytes = -1",
    "UPDATE labels SET name = 'Production'",
    "UPDATE labels SET name = 'latest'",
    "UPDATE labels SET version_id = (SELECT id FROM versions WHERE prompt_id <> labels.prompt_id LIMIT 1)",
    "UPDATE keys SET scopes = '[\"root\"]'",
    "UPDATE keys SET scopes = '[]'",
    "UPDATE keys SET scopes = '{}'",
    "UPDATE keys SET scopes = '[[]]'",
    "UPDATE keys SET project_ids = '[\"1\"]'",
    "UPDATE keys SET value_hash = 'x'",
    "UPDATE keys SET label = ''",
    "UPDATE keys SET last_used_at = 12",
    "UPDATE users SET email = 'nobody'",
    "UPDATE users SET email = 'Editor@Example.com'",
    "UPDATE users SET is_active = 7",
    "UPDATE users SET password_hash = 'secret'",
    "UPDATE users SET first_name = X'00'",
    "UPDATE users SET uuid = '../../x'",
    "UPDATE users SET uuid = CAST(X'1b5d303b7807' AS TEXT)",
    "UPDATE keys SET mask = CAST(X'6100' AS TEXT)",
    "UPDATE labels SET id = 'a b'",
    "UPDATE users SET invited_to_id = 'here'",
    "UPDATE users SET invited_to_id = 0",
    "UPDATE users SET address_changed_at = 'lately'",
    "UPDATE versions SET recorded_author = '{}'",
    "UPDATE versions SET recorded_author = 'no JSON'",
    "UPDATE versions SET recorded_author = X'ff'",
    "UPDATE labels SET recorded_author = '[1]'",
    'UPDATE labels SET recorded_author = \'{"email": 1, "first_name": "", "last_name": ""}\'',
    "PRAGMA ignore_check_constraints = 1; UPDATE members SET role = 'root'",
    "UPDATE projects SET name = ''",
    "UPDATE projects SET api_token = 'x y'",
    "UPDATE fetches SET count = 0",
    "UPDATE fetches SET day = 'today'",
    "UPDATE fetches SET label = '../'",
    "UPDATE webhooks SET url = 'ftp://hooks.example'",
    "UPDATE webhooks SET events = '[\"prompt.stolen\"]'",
    "UPDATE webhooks SET events = '{}'",
    "UPDATE webhooks SET prompt_name = 'a b'",
    "UPDATE webhooks SET label = 'Production'",
    "UPDATE webhooks SET secret = 'whsec_short'",
    "UPDATE webhooks SET cursor_sequence = -1",
    "PRAGMA ignore_check_constraints = 1; UPDATE webhooks SET format = 'xml'",
    "UPDATE webhook_deliveries SET message_id = '../x'",
    "UPDATE webhook_deliveries SET payload = '[1]'",
    "UPDATE webhook_deliveries SET payload = 'no JSON'",
    "UPDATE webhook_deliveries SET format = 'xml'",
    "UPDATE webhook_deliveries SET attempts = -1",
    "UPDATE changes SET kind = 'prompt.stolen'",
    "UPDATE changes SET after = '[1]'",
    "UPDATE changes SET after = '{\"cut'",
    "UPDATE changes SET at = 'now'",
    "PRAGMA ignore_check_constraints = 1; UPDATE webhooks SET disabled_reason = 'bored'",
    "PRAGMA ignore_check_constraints = 1; UPDATE webhook_deliveries SET state = 'lost'",
    "UPDATE label_moves SET created_at = 'yesterday'",
    "UPDATE label_moves SET kind = 'weird'",
    "UPDATE label_moves SET release_id = '../../x'",
    "UPDATE label_moves SET to_version = 99999",
    "UPDATE prompt_periods SET started_at = 'yesterday'",
    "UPDATE prompt_periods SET name = '../../x'",
    "UPDATE label_rules SET created_at = 'yesterday'",
    "UPDATE label_rules SET pattern = X'ff'",
    "UPDATE label_rules SET pattern = CAST(X'1b5d303b7807' AS TEXT)",
    "UPDATE label_rules SET allows_own_approval = 7",
    "UPDATE change_requests SET created_at = 'yesterday'",
    "UPDATE change_requests SET title = X'ff'",
    "UPDATE change_requests SET revision = -3",
    "UPDATE change_request_moves SET to_version = 'abc'",
    "UPDATE change_request_moves SET to_version = 99999",
    "UPDATE change_request_moves SET label = 'the text of a prompt'",
    "UPDATE change_request_approvals SET created_at = 'yesterday'",
    "UPDATE change_request_comments SET text = ' '",
]


@pytest.fixture(scope="module")
def written_backup(sqlite_registry_template: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a database that is in use, to be copied."""
    folder = tmp_path_factory.mktemp("backup")
    path = shutil.copy(sqlite_registry_template.database.address, folder / "promptuary.db")
    with closing_database(Database.open(f"sqlite:///{path}", clock=Clock())) as database:
        fill(replace(sqlite_registry_template, database=database))
        backup.write_backup(database, folder / "backup.db")
    return folder / "backup.db"


@pytest.fixture
def sound(written_backup: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(written_backup, tmp_path / "backup.db"))


@pytest.fixture
def other(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'other.db')}")
    yield database
    database.close()


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_breaks_a_rule_is_refused_and_found_and_no_prompt_is_shown(sound: Path, other: Database, damage: str) -> None:
    with closing(sqlite3.connect(sound, isolation_level=None)) as connection:
        connection.executescript(damage)
    with pytest.raises(InvalidBackup) as error:
        backup.restore_backup(other, sound)
    assert SECRET not in str(error.value)
    with closing_database(Database.open(f"sqlite:///{sound}")) as damaged:
        with damaged.read() as tx:
            problems = integrity_checks.list_problems(tx)
        assert problems != []
        assert SECRET not in " ".join(problems)
        # It may be copied as it is; what cannot is refused without a word of what is in it.
        with contextlib.suppress(Damaged):
            backup.write_backup(damaged, sound.with_name("copy.db"))
    with other.read() as tx:
        assert list_users(tx, limit=1) == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE device_authorizations SET device_code_hash = 'x'",
        "UPDATE device_authorizations SET user_code_hash = 'x'",
        "UPDATE device_authorizations SET user_id = NULL",
        "UPDATE device_authorizations SET scopes = '[\"everything\"]'",
        "UPDATE device_authorizations SET interval_seconds = 0",
        "UPDATE sign_in_links SET value_hash = 'x'",
        "UPDATE sign_in_links SET is_operators = 2",
        "UPDATE sign_in_links SET is_operators = 1",
        "UPDATE sign_in_links SET project_id = 0",
        "UPDATE sign_in_links SET made_by_id = 'mallory'",
        "UPDATE sign_in_links SET made_by_id = NULL",
        "UPDATE sign_in_links SET expires_at = 'never'",
        "UPDATE sessions SET value_hash = 'x'",
        "UPDATE sessions SET expires_at = X'00'",
    ],
)
def test_links_and_sessions_that_break_a_rule_are_found(sqlite_registry: Registry, damage: str) -> None:
    with sqlite_registry.database.write() as tx:
        fill_what_backups_leave_out(tx, sqlite_registry)
        assert integrity_checks.find_problem(tx) is None
        tx.connection.exec_driver_sql(damage)
        assert integrity_checks.find_problem(tx) is not None


@contextmanager
def closing_database(database: Database) -> Iterator[Database]:
    yield database
    database.close()


def test_a_database_in_use_breaks_no_rule(registry: Registry) -> None:
    fill(registry)
    with registry.database.read() as tx:
        assert integrity_checks.list_problems(tx) == []
        assert integrity_checks.find_problem(tx) is None


@pytest.mark.parametrize("table", ["prompts", "versions", "projects", "users"])
def test_rot_in_a_table_makes_a_server_unready_and_shows_no_prompt(sound: Path, tmp_path: Path, table: str) -> None:
    with closing(sqlite3.connect(sound)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table]).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    whole = sound.read_bytes()
    sound.write_bytes(whole[: (page - 1) * size] + b"\xa5" * size + whole[page * size :])
    with closing_database(Database.open(f"sqlite:///{sound}")) as damaged:
        with pytest.raises(Unavailable):
            schema.is_usable(damaged)
        with pytest.raises(Unavailable) as error:
            backup.write_backup(damaged, tmp_path / "copy.db")
    assert SECRET not in error.value.for_operators
    assert not (tmp_path / "copy.db").exists()


def test_what_a_killed_backup_has_left_goes_with_the_next_one_and_nothing_else(sqlite_registry: Registry, tmp_path: Path) -> None:
    left, foreign = tmp_path / ".backup-abcdefgh", tmp_path / ".backup-mynotes1"
    for folder, name in ((left, "backup.db"), (foreign, "notes.txt")):
        folder.mkdir()
        (folder / name).write_text("x")
    with backup.drafted(sqlite_registry.database, tmp_path) as draft:
        assert not left.exists()
        assert draft.parent.stat().st_mode & 0o777 == 0o700
        assert draft.stat().st_mode & 0o777 == 0o600
        # One that is being written stays.
        backup.write_backup(sqlite_registry.database, tmp_path / "backup.db")
        assert draft.exists()
    assert (foreign / "notes.txt").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == [foreign.name]
