"""``promptuary admin key``: personal API keys, with which programs act for a user."""

from typing import Annotated

import typer

from promptuary.cli.admin.context import MAX_LISTED, opened_database
from promptuary.cli.output import AsJson, format_timestamp, show_record, show_records
from promptuary.model.access import Scope
from promptuary.model.accounts import Key
from promptuary.registry.operator import keys

app = typer.Typer(
    help="Personal API keys. A key has the permissions of its user, within its scopes and projects.", no_args_is_help=True
)


@app.command("create")
def create(
    email: Annotated[str, typer.Option(help="The user the key belongs to.")],
    label: Annotated[str, typer.Option(help="A name for the key, such as the program that uses it.")],
    scopes: Annotated[
        list[Scope],
        typer.Option(
            "--scope", help="A permission of the key. Repeatable. Writing does not include releasing. '*' allows everything."
        ),
    ],
    project_ids: Annotated[list[int] | None, typer.Option("--project", help="Limit the key to this project. Repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create a key. Its value is printed once; only a hash is stored."""
    with opened_database() as database, database.write() as tx:
        new = keys.create_key(tx, email=email, label=label, scopes=scopes, project_ids=project_ids)
    record = {
        "id": new.key.id,
        "label": new.key.label,
        "scopes": sorted(new.key.scopes),
        "projects": _projects(new.key),
        "value": new.value,
    }
    show_record(record, as_json=as_json, note="Keep the value in a safe place. It is not shown again.")


@app.command("list")
def list_all(
    email: Annotated[str | None, typer.Option(help="Only the keys of this user.")] = None, as_json: AsJson = False
) -> None:
    """List keys, usable ones first. Values are not stored; the mask shows their ends."""
    with opened_database() as database, database.read() as tx:
        found = keys.list_keys(tx, email=email, limit=MAX_LISTED)
    show_records([_record(key) for key in found], as_json=as_json, nothing="There are no keys.")


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's ID, as shown by promptuary admin key list.")],
    as_json: AsJson = False,
) -> None:
    """Revoke a key immediately and permanently."""
    with opened_database() as database, database.write() as tx:
        key = keys.revoke_key(tx, key_id)
    show_record(_record(key), as_json=as_json)


def _record(key: Key) -> dict[str, object]:
    # In the order of what people look for: a narrow terminal shows the first ones only.
    return {
        "id": key.id,
        "label": key.label,
        "email": key.email,
        "revoked_at": format_timestamp(key.revoked_at),
        "last_used_at": format_timestamp(key.last_used_at),
        "scopes": sorted(key.scopes),
        "projects": _projects(key),
        "mask": key.mask,
        "created_at": format_timestamp(key.created_at),
    }


def _projects(key: Key) -> list[int] | None:
    return None if key.project_ids is None else sorted(key.project_ids)
