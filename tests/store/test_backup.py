"""Backups: complete, consistent, portable between the databases, and careful with what is there already."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from builders import Registry, as_admin, make_key, make_member, make_prompt, make_registry, make_user, make_webhook
from sqlalchemy import func, select, text

from promptuary.model.access import Role, Scope
from promptuary.model.accounts import Browser, SessionLimits
from promptuary.model.errors import InvalidBackup, LinkEnded, NotEmpty, Unavailable
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import (
    change_requests,
    device_logins,
    label_rules,
    labels,
    prompts,
    sessions,
    sign_in_links,
    usage,
    webhooks,
)
from promptuary.registry.operator import keys, projects
from promptuary.registry.request_merging import WantedPosition
from promptuary.store import backup, changes, integrity_checks, row_rules, schema, tables
from promptuary.store.engine.database import Database
from promptuary.store.tables import metadata

AWKWARD = ["# Title\0\n\uffff", "🙂 é ß", "", {"b": 1, "a": [1e300, 12345678901234567890, None]}, 0, False, []]


def fill(registry: Registry) -> None:
    """Put something into every table and every kind of column."""
    actor = registry.actor
    with registry.database.write() as tx:
        make_member(tx, registry.project, role=Role.VIEWER)
        keys.revoke_key(tx, make_key(tx, registry.user, Scope.READ, project_ids=[registry.project.id]).key.id)
        make_key(tx, registry.user)
        for number, value in enumerate(AWKWARD):
            make_prompt(tx, actor, name=f"awkward-{number}", prompt=value, versions=number + 1)
        prompts.publish_version(tx, actor, name="awkward-0", base_version=1, config={"m": "\0"}, description="Ünicode")
        labels.move_label(tx, actor, name="awkward-1", label="production", version=2)
        make_prompt(tx, actor, name="parent", prompt=f"{AWKWARD[0]}@@@prompt:name=awkward-1|label=production@@@")
        labels.move_label(tx, actor, name="awkward-3", label="production", version=2)
        prompts.archive_prompt(tx, actor, name="awkward-5")
        part = prompts.fetch_prompt(tx, actor, "awkward-1").id
        fetched = FetchKey(prompts.fetch_prompt(tx, actor, "awkward-3").id, "", "production", (part,))
        usage.record_fetches(tx, [FetchCount(tx.clock().date(), fetched, 2**40, tx.clock())])
        webhook = make_webhook(tx, actor)
        webhooks.rotate_secret(tx, as_admin(actor), webhook.id)
        webhooks.send_test(tx, as_admin(actor), webhook.id)
        label_rules.add_rule(tx, as_admin(actor), pattern="canary", approvals=2, allows_own_approval=True)
        request = change_requests.open_request(
            tx,
            actor,
            title="Ünicode",
            positions=[WantedPosition("awkward-1", "canary", 1), WantedPosition("awkward-2", "canary", 2)],
        )
        change_requests.approve_request(tx, actor, request_id=request.id, revision=request.revision)
        change_requests.comment_on_request(tx, actor, request_id=request.id, text="Ünicode")


NOT_BACKED_UP = {
    *row_rules.DERIVED,
    tables.sessions,
    tables.sign_in_links,
    tables.device_authorizations,
    tables.leases,
}


def rows_of(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as tx:
        return {
            table.name: sorted((tuple(row) for row in tx.connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table not in NOT_BACKED_UP
        }


def restored_rows_of(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """All rows but the entry that says that they were restored."""
    rows = rows_of(database)
    return rows | {"changes": [row for row in rows["changes"] if row[1] != "database.restored"]}


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database.open(url)
    yield database
    database.close()


@pytest.fixture
def target(empty_database_url: str) -> Iterator[Database]:
    with opened(empty_database_url) as database:
        yield database


@pytest.fixture(scope="module")
def written_backup(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup beside the database that it was made of, to be copied."""
    folder = tmp_path_factory.mktemp("backup")
    with opened(f"sqlite:///{shutil.copy(sqlite_template, folder / 'source.db')}") as database:
        fill(make_registry(database))
        backup.write_backup(database, folder / "backup.db")
    return folder / "backup.db"


@pytest.fixture
def sound_backup(written_backup: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(written_backup, tmp_path / "backup.db"))


def test_a_restored_database_equals_the_one_that_was_backed_up_row_by_row(
    registry: Registry, target: Database, tmp_path: Path
) -> None:
    fill(registry)
    backup.write_backup(registry.database, tmp_path / "backup.db")
    backup.restore_backup(target, tmp_path / "backup.db")
    assert restored_rows_of(target) == rows_of(registry.database)
    assert all(rows_of(registry.database).values())
    with target.read() as tx:
        assert integrity_checks.list_problems(tx) == []
    # The file is a database by itself.
    with opened(f"sqlite:///{tmp_path / 'backup.db'}") as file, file.read() as tx:
        assert integrity_checks.list_problems(tx) == []


def test_ids_go_on_behind_the_restored_ones(sound_backup: Path, target: Database) -> None:
    backup.restore_backup(target, sound_backup)
    with target.write() as tx:
        last = changes.last_sequence(tx)
        highest_user = tx.connection.execute(text("SELECT max(id) FROM users")).scalar_one()
        highest_project = tx.connection.execute(text("SELECT max(id) FROM projects")).scalar_one()
        assert make_user(tx, email="new@example.com").id == highest_user + 1
        assert projects.create_project(tx, name="New").id == highest_project + 1
        assert changes.last_sequence(tx) == last + 2


def test_an_empty_database_can_be_backed_up_and_restored(database: Database, target: Database, tmp_path: Path) -> None:
    backup.write_backup(database, tmp_path / "backup.db")
    backup.restore_backup(target, tmp_path / "backup.db")
    with target.write() as tx:
        assert make_user(tx).id == 1


def test_a_backup_while_others_write_has_every_version_of_every_prompt(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    stop = Event()

    def write(name: str) -> None:
        with registry.database.write() as tx:
            make_prompt(tx, registry.actor, name=name)
        base = 1
        while not stop.is_set():
            with registry.database.write() as tx:
                base = prompts.publish_version(tx, registry.actor, name=name, base_version=base, prompt=f"{base}").version
                labels.move_label(tx, registry.actor, name=name, label="newest", version=base)

    writers = [Thread(target=write, args=[f"prompt-{number}"]) for number in range(2)]
    for writer in writers:
        writer.start()
    counts = []
    with opened(database_url) as database:
        for number in range(5):
            backup.write_backup(database, tmp_path / f"{number}.db")
    stop.set()
    for writer in writers:
        writer.join()
    for number in range(5):
        with opened(f"sqlite:///{tmp_path}/{number}.db") as copy, copy.read() as tx:
            assert integrity_checks.list_problems(tx) == []
            told = changes.list_changes(tx, limit=1_000_000, project_id=registry.project.id)
            published = [change for change in told if change.kind.value in {"prompt.created", "prompt.published"}]
            counts.append(len(published))
            assert len(published) == tx.connection.execute(text("SELECT count(*) FROM versions")).scalar_one()
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_an_existing_file_is_never_overwritten(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    file.write_text("precious")
    with pytest.raises(NotEmpty, match="exists already"):
        backup.write_backup(database, file)
    assert file.read_text() == "precious"


def test_a_backup_into_a_missing_folder_is_refused_and_leaves_nothing(database: Database, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"Cannot write .*/missing/backup\.db: No such file or directory"):
        backup.write_backup(database, tmp_path / "missing" / "backup.db")
    assert not (tmp_path / "missing").exists()


def test_only_the_owner_can_read_a_database_and_its_backup(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/prompts.db") as source:
        schema.upgrade(source)
        backup.write_backup(source, tmp_path / "backup.db")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"prompts.db": 0o600, "backup.db": 0o600}


def test_a_backup_leaves_one_file_and_no_draft(written_backup: Path) -> None:
    assert sorted(path.name for path in written_backup.parent.iterdir()) == ["backup.db", "source.db"]


def test_data_that_is_there_is_replaced_only_when_told_so(registry: Registry, sound_backup: Path) -> None:
    before = rows_of(registry.database)
    with pytest.raises(NotEmpty, match="already holds data"):
        backup.restore_backup(registry.database, sound_backup)
    assert rows_of(registry.database) == before
    backup.restore_backup(registry.database, sound_backup, replace=True)
    with opened(f"sqlite:///{sound_backup}") as source:
        assert restored_rows_of(registry.database) == rows_of(source) != before


@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
def test_a_file_that_is_no_backup_is_refused_and_changes_nothing(target: Database, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "garbage").write_bytes(b"\xa5" * 100_000)
    (tmp_path / "folder").mkdir()
    with opened(f"sqlite:///{tmp_path}/foreign") as foreign, foreign.write() as tx:
        tx.connection.execute(text("CREATE TABLE songs (title TEXT)"))
    with opened(f"sqlite:///{tmp_path}/similar") as similar, similar.write() as tx:
        tx.connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        tx.connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": schema.HEAD})
    for name in ["empty", "garbage", "folder", "foreign", "similar", "missing", "/dev/zero"]:
        with pytest.raises(InvalidBackup):
            backup.restore_backup(target, tmp_path / name, replace=True)
    with target.read() as tx:
        assert schema.current_revision(tx) is None


@pytest.mark.parametrize("tenth", range(1, 10))
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_truncated_backup_is_refused_and_changes_nothing(
    registry: Registry, sound_backup: Path, tenth: int, tmp_path: Path
) -> None:
    before = rows_of(registry.database)
    whole = sound_backup.read_bytes()
    (tmp_path / "part.db").write_bytes(whole[: len(whole) * tenth // 10])
    with pytest.raises(InvalidBackup):
        backup.restore_backup(registry.database, tmp_path / "part.db", replace=True)
    assert rows_of(registry.database) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_folder_of_temporary_files_is_named_as_the_reason(registry: Registry, sound_backup: Path) -> None:
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, former[1]))
    try:
        with pytest.raises(Unavailable, match=r"^Cannot write to the folder of temporary files, .*: File too large\.$"):
            backup.restore_backup(registry.database, sound_backup, replace=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_of_a_newer_promptuary_is_refused(registry: Registry, sound_backup: Path) -> None:
    with opened(f"sqlite:///{sound_backup}") as newer, newer.write() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InvalidBackup, match="was written by a newer Promptuary"):
        backup.restore_backup(registry.database, sound_backup, replace=True)


def test_restoring_does_not_change_the_backup(sound_backup: Path, target: Database, tmp_path: Path) -> None:
    shutil.copyfile(sound_backup, tmp_path / "copy.db")
    backup.restore_backup(target, sound_backup)
    assert sound_backup.read_bytes() == (tmp_path / "copy.db").read_bytes()


def test_a_restored_backup_signs_nobody_in_and_whoever_was_is_out(registry: Registry, tmp_path: Path) -> None:
    database, limits = registry.database, SessionLimits(idle=timedelta(days=14), longest=timedelta(days=90))
    with database.write() as tx:
        new = sessions.begin_session(tx, registry.user.id, limits=limits, browser=Browser())
        link = sign_in_links.create_link(tx, registry.user)
        device_logins.begin_login(tx, device_name="laptop", address="", network="")
    backup.write_backup(database, tmp_path / "backup.db")
    with opened(f"sqlite:///{tmp_path / 'backup.db'}") as written, written.read() as tx:
        counts = [
            tx.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (tables.sessions, tables.sign_in_links, tables.device_authorizations, tables.users)
        ]
    assert counts == [0, 0, 0, 1]
    with database.read() as tx:
        assert sessions.find_session(tx, new.value, limits=limits) is not None
    backup.restore_backup(database, tmp_path / "backup.db", replace=True)
    with database.read() as tx:
        assert sessions.find_session(tx, new.value, limits=limits) is None
        with pytest.raises(LinkEnded):
            sign_in_links.get_link(tx, link)
