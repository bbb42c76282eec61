"""``promptuary admin user``: accounts of people."""

import sys
from typing import Annotated

import typer

from promptuary.cli.admin.context import MAX_LISTED, opened_database
from promptuary.cli.configuration import read_settings
from promptuary.cli.inputs import read_line
from promptuary.cli.output import AsJson, format_timestamp, say, show_record, show_records
from promptuary.model.accounts import User
from promptuary.model.errors import InvalidValue
from promptuary.registry import sign_in_links
from promptuary.registry.operator import users

app = typer.Typer(help="User accounts. A user works in the projects of which they are a member.", no_args_is_help=True)

DEFAULT_ADDRESS = "http://127.0.0.1:8000"
"""Default address of `promptuary serve`."""

Email = Annotated[str, typer.Option("--email", help="The user's e-mail address.")]


@app.command("create")
def create(
    email: Email,
    first_name: Annotated[str, typer.Option(help="First name.")] = "",
    last_name: Annotated[str, typer.Option(help="Last name.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create an account. Then: promptuary admin member set, promptuary admin key create."""
    password = _read_password() if password_stdin else None
    with opened_database() as database, database.write() as tx:
        user = users.create_user(tx, email=email, first_name=first_name, last_name=last_name, password=password)
    show_record(_record(user), as_json=as_json)


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List all accounts."""
    with opened_database() as database, database.read() as tx:
        found = users.list_users(tx, limit=MAX_LISTED)
    show_records([_record(user) for user in found], as_json=as_json, nothing="There are no users.")


@app.command("disable")
def disable(email: Email, as_json: AsJson = False) -> None:
    """Disable an account and its keys immediately. Versions that the user wrote stay."""
    with opened_database() as database, database.write() as tx:
        user = users.disable_user(tx, email=email)
    show_record(_record(user), as_json=as_json)


@app.command("enable")
def enable(email: Email, as_json: AsJson = False) -> None:
    """Enable a disabled account. Then: promptuary admin user sign-in-link."""
    with opened_database() as database, database.write() as tx:
        user = users.enable_user(tx, email=email)
    show_record(_record(user), as_json=as_json)


@app.command("set-password")
def set_password(email: Email) -> None:
    """Set the password of an account, read from standard input."""
    password = _read_password()
    with opened_database() as database, database.write() as tx:
        users.set_password(tx, email=email, password=password)
    say(f"The password of {email} is set.")


@app.command("sign-in-link")
def sign_in_link(email: Email, as_json: AsJson = False) -> None:
    """Create a one-time link with which a user without a password, or who forgot it, sets a new one."""
    settings = read_settings()
    with opened_database() as database, database.write() as tx:
        value = sign_in_links.create_link(tx, users.get_user(tx, email))
        expires_at = tx.clock() + sign_in_links.LASTS
    address = settings.public_url or DEFAULT_ADDRESS
    record = {"link": f"{address}/welcome/{value}", "expires_at": format_timestamp(expires_at)}
    show_record(record, as_json=as_json, note="The first person who opens it can sign in as this user. It is not shown again.")
    if not settings.public_url and not as_json:
        say(
            f"If the server has another address than {DEFAULT_ADDRESS}, put it in its place, or set PROMPTUARY_PUBLIC_URL.",
            err=True,
        )


def _read_password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    try:
        return read_line()
    except UnicodeDecodeError:
        message = "The password is not UTF-8 text."
        raise InvalidValue("invalid_password", message) from None


def _record(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "is_active": user.is_active,
        "has_password": user.has_password,
        "created_at": format_timestamp(user.created_at),
        "uuid": user.uuid,
    }
