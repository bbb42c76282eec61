"""``promptuary admin db``: the database's schema, soundness and backups."""

from pathlib import Path
from typing import Annotated

import typer

from promptuary.cli.admin.context import open_database, opened_database
from promptuary.cli.configuration import read_settings
from promptuary.cli.output import say, write_to_stdout
from promptuary.cli.progress import progress
from promptuary.model.errors import NotEmpty
from promptuary.registry.unresolved import UnresolvedTag, list_unresolved_of_all
from promptuary.store import backup, derived_history, integrity_checks, recent_fetches, references, schema
from promptuary.store.lists import entries

app = typer.Typer(help="Upgrade, check, back up and restore the database.", no_args_is_help=True)

_ROWS = "Copying rows"


@app.command("upgrade")
def upgrade() -> None:
    """Upgrade the database to the schema of this version. promptuary serve does so at each start."""
    database = open_database(read_settings())
    was_upgraded = schema.upgrade(database)
    with database.read() as tx:
        unresolved = list_unresolved_of_all(tx) if was_upgraded else []
    database.close()
    say(f"The database {'is now' if was_upgraded else 'is already'} at schema {schema.HEAD}.")
    _say_unresolved(unresolved)


@app.command("check")
def check() -> None:
    """Read the whole database and report problems: files, references, version numbers, labels, contents."""
    with opened_database() as database, database.read() as tx:
        problems = integrity_checks.list_problems(tx)
        unresolved = [] if problems else list_unresolved_of_all(tx)
    for problem in problems:
        say(problem, err=True)
    if problems:
        raise typer.Exit(1)
    say("The database is sound.")
    _say_unresolved(unresolved)


def _say_unresolved(unresolved: list[tuple[int, UnresolvedTag]]) -> None:
    """Print the versions in use that programs cannot fetch, because a reference cannot be resolved."""
    for project_id, each in unresolved:
        say(f"Project {project_id}: version {each.version} of '{each.name}' cannot be fetched: {each.tag}: {each.detail}", err=True)


@app.command("reindex")
def reindex() -> None:
    """Rebuild the tables of lists, search and references, and complete the history of labels. Meanwhile writes wait."""
    with opened_database() as database, database.write() as tx:
        has_index = entries.rebuild(tx)
        recent_fetches.rebuild(tx)
        references.derive_all(tx)
        derived_history.complete(tx)
    say("Lists, search and references were rebuilt; the history of labels is complete.")
    if not has_index:
        say("PostgreSQL has no extension pg_trgm, so each search reads all texts.")


@app.command("backup")
def write_backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, or - for standard output.")],
    force: Annotated[bool, typer.Option("--force", "--yes", "-y", help="Replace the file if it exists.")] = False,
) -> None:
    """Write all data to one file, also while servers write to the database."""
    with opened_database() as database:
        if str(target) == "-":
            with progress() as shown, backup.drafted(database, advance=shown.add(_ROWS).advance) as draft:
                write_to_stdout(draft)
        else:
            with progress() as shown:
                backup.write_backup(database, target, replaces=force, advance=shown.add(_ROWS).advance)
            say(f"Backup written to {target} ({target.stat().st_size:,} bytes).")


@app.command("restore")
def restore_backup(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A file that promptuary admin db backup wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Delete existing data first.")] = False,
) -> None:
    """Restore a backup into the database, in one transaction. SQLite and PostgreSQL read each other's backups."""
    with opened_database(creates=True) as database:
        try:
            with progress() as shown:
                backup.restore_backup(database, source, replace=replace, advance=shown.add(_ROWS).advance)
        except NotEmpty as error:
            message = f"{error} Add --replace to delete it first."
            raise NotEmpty(message) from None
    say(f"Restored from {source}.")
