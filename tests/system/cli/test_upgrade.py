"""An upgrade of the schema that is killed on its way changes nothing, and the next one does it all."""

import subprocess

import psutil
from builders import make_registry
from command_line import CommandLine
from serving import PROGRAM, wait_until
from sqlalchemy import func, select

from promptuary.registry import labels, prompts
from promptuary.store import integrity_checks, schema
from promptuary.store.engine.database import Database
from promptuary.store.tables import version_references

PARENTS = 300
TEXT = "@@@prompt:name=part|label=production@@@ @@@prompt:name=part|version=1@@@"


def kill_upgrade(command_line: CommandLine, seconds: float) -> None:
    """Start an upgrade and kill it when it has worked for some seconds, or has ended."""
    with subprocess.Popen(
        [*PROGRAM, "admin", "db", "upgrade"],
        cwd=command_line.folder,
        env=command_line.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        watched = psutil.Process(process.pid)

        def has_worked() -> bool:
            return process.poll() is not None or watched.cpu_times().user >= seconds

        wait_until(has_worked)
        process.kill()


def count_references(database: Database) -> int:
    with database.read() as tx:
        return int(tx.connection.execute(select(func.count()).select_from(version_references)).scalar_one())


def test_an_upgrade_that_is_killed_half_way_leaves_the_old_schema_or_the_new_one(command_lines: CommandLine) -> None:
    with command_lines.opened_database() as database:
        registry = make_registry(database)
        with database.write() as tx:
            prompts.create_prompt(tx, registry.actor, name="part", prompt="text")
            labels.move_label(tx, registry.actor, name="part", label="production", version=1)
            for number in range(PARENTS):
                prompts.create_prompt(tx, registry.actor, name=f"parent-{number}", prompt=TEXT)
        schema.downgrade(database, target="0010")
        for seconds in (0.2, 0.5, 0.8, 1.1, 1.4):
            kill_upgrade(command_lines, seconds)
            with database.read() as tx:
                revision = schema.current_revision(tx)
            assert revision in {"0010", schema.HEAD}
            assert revision == "0010" or count_references(database) == 2 * PARENTS
        schema.upgrade(database)
        assert count_references(database) == 2 * PARENTS
        with database.read() as tx:
            assert integrity_checks.list_problems(tx) == []
