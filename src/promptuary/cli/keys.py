"""``promptuary key``: one's own personal API keys, over HTTP with a key that may manage them."""

from typing import Annotated, Any

import typer

from promptuary.cli.output import AsJson, Record, say, show_record, show_records, to_the_second
from promptuary.cli.remote import ProfileName, Yes, moved_option, reached_accounts, require_agreement
from promptuary.model.access import Scope

app = typer.Typer(
    help="Your personal API keys, over HTTP. Requires a key with the scope key:write, which makes and revokes only keys that may "
    "do nothing that it may not itself.",
    no_args_is_help=True,
)


@app.command("create")
def create(
    label: Annotated[str, typer.Option(help="A name for the key, such as the program that uses it.")],
    scopes: Annotated[
        list[Scope],
        typer.Option(
            "--scope", help="A permission of the key. Repeatable. Writing does not include releasing. '*' allows everything."
        ),
    ],
    project_ids: Annotated[
        list[int] | None,
        typer.Option("--project", help="Limit the key to this project. Repeatable. Default: the projects of the present key."),
    ] = None,
    email: Annotated[str | None, moved_option("key create", "--email")] = None,  # noqa: ARG001 - its use is an error
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Create a key for yourself. Its value is printed once; only a hash is stored."""
    with reached_accounts(profile, on_host="key create") as accounts:
        key = accounts.create_key(label, [scope.value for scope in scopes], project_ids or [])
    record = {
        "id": key["id"],
        "label": key["label"],
        "scopes": key["scopes"],
        "projects": key["scoped_teams"],
        "value": key["value"],
    }
    show_record(record, as_json=as_json, note="Keep the value in a safe place. It is not shown again.")


@app.command("list")
def list_all(
    email: Annotated[str | None, moved_option("key list", "--email")] = None,  # noqa: ARG001 - its use is an error
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """List your keys, usable ones first. Values are not stored; the mask shows their ends."""
    with reached_accounts(profile, on_host="key list") as accounts:
        found = accounts.list_keys()
    show_records([_record(key) for key in found], as_json=as_json, nothing="You have no keys.")


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's ID, as shown by promptuary key list.")],
    yes: Yes = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key of yours immediately and permanently."""
    with reached_accounts(profile, on_host="key revoke") as accounts:
        key = accounts.get_key(key_id)
        require_agreement(f"Revoke the key {key['label']}?", is_agreed=yes)
        accounts.revoke_key(key["id"])
    if as_json:
        show_record({"id": key["id"], "label": key["label"], "revoked": True}, as_json=True)
    else:
        say(f"The key {key['label']} is revoked.")


def _record(key: dict[str, Any]) -> Record:
    # In the order of what people look for: a narrow terminal shows the first ones only.
    return {
        "id": key["id"],
        "label": key["label"],
        "revoked_at": _shown(key["revoked_at"]),
        "last_used_at": _shown(key["last_used_at"]),
        "scopes": key["scopes"],
        "projects": key["scoped_teams"],
        "mask": key["mask_value"],
        "created_at": _shown(key["created_at"]),
    }


def _shown(moment: str | None) -> str | None:
    return None if moment is None else to_the_second(moment)
