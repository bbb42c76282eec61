"""Every kind of damage is found by ``promptuary admin db check``."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from builders import Registry, make_prompt, make_registry
from sqlalchemy import text

from promptuary.model.errors import Unavailable
from promptuary.model.label_history import MoveKind
from promptuary.registry import labels, prompts
from promptuary.store import derived_history, integrity_checks
from promptuary.store.engine.database import Database, rehearsing
from promptuary.store.lists import entries

MISNUMBERED = "but the latest should be"
MISLABELLED = "label production of prompt"
NOT_DERIVED = "size or outline do not belong to the content"
NO_CONTENT = "the content is not JSON, or null"
PAGE = 4096
REINDEX = "run promptuary admin db reindex"
NO_AUTHOR = "the recorded author has no name and address"
NO_CONFIG = "the config is not a JSON object"


def fill(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name="greeting", prompt="# Hello\0 \uffff", versions=3)
        make_prompt(tx, registry.actor, name="other", prompt={"a": [1, None, 1e300], "ü": "# not\n# headings"})
        make_prompt(tx, registry.actor, name="archived", versions=2)
        prompts.publish_version(tx, registry.actor, name="other", base_version=1, config={"model": "m"})
        for version in (1, 2, 1):
            labels.move_label(tx, registry.actor, name="greeting", label="production", version=version)
        prompts.archive_prompt(tx, registry.actor, name="archived")


@pytest.fixture(scope="module")
def filled(module_database: Database) -> Registry:
    """A database in use; the damage that tests do to it is undone."""
    registry = make_registry(module_database)
    fill(registry)
    return registry


def test_a_database_in_use_is_sound(filled: Registry) -> None:
    with filled.database.read() as tx:
        assert integrity_checks.list_problems(tx) == []


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("DELETE FROM versions WHERE version = 1", MISNUMBERED),
        ("DELETE FROM versions WHERE version = 3", MISNUMBERED),
        ("DELETE FROM versions", MISNUMBERED),
        ("UPDATE versions SET version = 7 WHERE version = 3", MISNUMBERED),
        ("UPDATE prompts SET latest_version = 4 WHERE name = 'greeting'", MISNUMBERED),
        ("UPDATE labels SET prompt_id = (SELECT id FROM prompts WHERE name = 'other')", MISLABELLED),
        ("UPDATE prompts SET archived_at = created_at", MISLABELLED),
        ("UPDATE versions SET content = '\"other\"' WHERE version = 2", NOT_DERIVED),
        ("UPDATE versions SET size_bytes = 1", NOT_DERIVED),
        ("UPDATE versions SET outline = '[[1, \"x\"]]'", NOT_DERIVED),
        ("UPDATE versions SET outline = '[[1, '", NOT_DERIVED),
        ("UPDATE versions SET content = '\"cut off'", NO_CONTENT),
        ("UPDATE versions SET content = ''", NO_CONTENT),
        ("UPDATE versions SET content = 'null'", NO_CONTENT),
        ("UPDATE versions SET recorded_author = '{\"cut'", NO_AUTHOR),
        ('UPDATE labels SET recorded_author = \'{"email": "nobody", "first_name": "", "last_name": ""}\'', NO_AUTHOR),
        ("UPDATE versions SET config = '{\"cut'", NO_CONFIG),
        ("UPDATE versions SET config = '[]'", NO_CONFIG),
        ("UPDATE search_texts SET text = 'x'", REINDEX),
        ("UPDATE search_texts SET name = 'x'", REINDEX),
        ("DELETE FROM search_texts", REINDEX),
        ("DELETE FROM list_entries", REINDEX),
        ("DELETE FROM list_entries WHERE label = 'production'", REINDEX),
        ("UPDATE list_entries SET latest_version = 9", REINDEX),
        ("UPDATE list_entries SET created_at = '2020-01-01 00:00:00.000000'", REINDEX),
        ("UPDATE prompts SET archived_at = NULL", REINDEX),
        ("DELETE FROM label_moves WHERE from_version = 1", "its history has a gap"),
        ("UPDATE label_moves SET to_version = 3 WHERE from_version = 2", "it is elsewhere than its history ends"),
        ("DELETE FROM labels", "it is elsewhere than its history ends"),
        ("DELETE FROM prompt_periods", "when it was active is not recorded"),
        ("UPDATE prompt_periods SET ended_at = NULL", "when it was active is not recorded"),
        ("UPDATE prompt_periods SET ended_at = started_at", "when it was active is not recorded"),
    ],
)
def test_damage_is_reported(filled: Registry, damage: str, problem: str) -> None:
    with filled.database.write() as tx, rehearsing(tx):
        tx.connection.execute(text(damage))
        found = integrity_checks.list_problems(tx)
    assert any(problem in sentence for sentence in found)
    # What is derived from damaged rows may be missed, too.
    assert all(problem in sentence or REINDEX in sentence for sentence in found)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "damage",
    [
        "INSERT INTO search_texts_index(search_texts_index) VALUES ('delete-all')",
        "INSERT INTO search_texts_index(search_texts_index, rowid, name, text) SELECT 'delete', id, name, text FROM search_texts",
        "INSERT INTO search_texts_index(rowid, name, text) VALUES (99, 'stray', 'stray')",
    ],
)
def test_an_index_of_trigrams_that_does_not_fit_is_reported_and_mended(registry: Registry, damage: str) -> None:
    fill(registry)
    with registry.database.write() as tx:
        tx.connection.exec_driver_sql(damage)
    with registry.database.write() as tx:
        assert any(REINDEX in sentence for sentence in integrity_checks.list_problems(tx))
        entries.rebuild(tx)
        assert integrity_checks.list_problems(tx) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("deletion", "table"),
    [
        ("DELETE FROM projects", "projects"),
        ("DELETE FROM users", "users"),
        ("DELETE FROM prompts", "prompts"),
        ("DELETE FROM versions", "versions"),
    ],
)
def test_rows_that_others_refer_to_are_missed(registry: Registry, database_url: str, deletion: str, table: str) -> None:
    fill(registry)
    with closing(sqlite3.connect(path_of(database_url), isolation_level=None)) as connection:
        connection.execute(deletion)
    with registry.database.read() as tx:
        assert any(f"refers to a missing row of {table}" in sentence for sentence in integrity_checks.list_problems(tx))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_page_of_the_file_can_be_overwritten_unnoticed(registry: Registry, database_url: str, tmp_path: Path) -> None:
    fill(registry)
    registry.database.close()
    with closing(sqlite3.connect(path_of(database_url))) as connection:
        connection.execute("VACUUM")  # Pages without content cannot be damaged.
    whole = path_of(database_url).read_bytes()
    damaged = tmp_path / "damaged.db"
    for start in range(0, len(whole), PAGE):
        damaged.write_bytes(whole[:start] + b"\xa5" * PAGE + whole[start + PAGE :])
        assert problems_of(damaged) != []


def path_of(database_url: str) -> Path:
    return Path(database_url.removeprefix("sqlite:///"))


def problems_of(path: Path) -> list[str]:
    database = Database.open(f"sqlite:///{path}")
    try:
        with database.read() as tx:
            return integrity_checks.list_problems(tx)
    except Unavailable as error:
        return [str(error)]
    finally:
        database.close()


def test_a_reindex_completes_the_history_of_what_an_older_server_did(registry: Registry) -> None:
    fill(registry)
    with registry.database.write() as tx:
        for statement in (
            "UPDATE labels SET version_id = (SELECT id FROM versions WHERE version = 3)",
            "UPDATE prompts SET archived_at = NULL WHERE name = 'archived'",
            "DELETE FROM prompt_periods WHERE name = 'other'",
        ):
            tx.connection.execute(text(statement))
        entries.rebuild(tx)
        derived_history.complete(tx)
        assert integrity_checks.list_problems(tx) == []
        moves = labels.list_history(tx, registry.actor, name="greeting", label="production", limit=10).moves
    assert [(move.from_version, move.to_version, move.cause.kind) for move in moves] == [
        (1, 3, MoveKind.UNRECORDED),
        (2, 1, MoveKind.DIRECT),
        (1, 2, MoveKind.DIRECT),
        (None, 1, MoveKind.DIRECT),
    ]
    with registry.database.write() as tx:
        tx.connection.execute(text("UPDATE prompts SET archived_at = created_at WHERE name = 'archived'"))
        entries.rebuild(tx)
        derived_history.complete(tx)
        assert integrity_checks.list_problems(tx) == []
