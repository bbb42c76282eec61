"""``promptuary login`` and ``promptuary logout``: which server the commands that work over HTTP ask, and with which key."""

import sys
from dataclasses import replace
from typing import Annotated

import typer

from promptuary.cli.output import AsJson, say, show_record
from promptuary.cli.remote import ProfileName
from promptuary.remote import Remote, RemoteError, RemotePrompts, find_project
from promptuary.remote.profiles import DEFAULT_NAME, make_profile, remove_profile, write_profile


def login(
    host: Annotated[str, typer.Option(help="Address of the server, such as https://prompts.example.com.")],
    project: Annotated[
        str, typer.Option(help="The project's ID, or @current for the current project of the key's owner.")
    ] = "@current",
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Store a server, a project and a key for later commands. The key is read from standard input and checked."""
    name = _name_of(profile)
    made = make_profile({"host": host, "api_key": _read_key(), "project": project}, "The profile")
    with Remote(made) as remote:
        reached = RemotePrompts(remote).count()
        found = find_project(remote)
    # The current project is another one for each account, and may be another one tomorrow.
    made = replace(made, project=found.number)
    path = write_profile(name, made)
    record = {
        "profile": name,
        "host": made.host,
        "project": made.project,
        "project_name": found.name,
        "prompts": reached,
        "file": str(path),
    }
    show_record(record, as_json=as_json)


def logout(profile: ProfileName = None) -> None:
    """Remove a profile and its key. The key stays valid; promptuary key revoke revokes it."""
    name = _name_of(profile)
    say(f"Profile {name} is removed from {remove_profile(name)}.")


def _name_of(profile: str | None) -> str:
    if profile is not None and not profile.strip():
        raise RemoteError("The name of the profile is empty.")
    return profile or DEFAULT_NAME


def _read_key() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Key", hide_input=True))
    try:
        return sys.stdin.buffer.readline().decode().strip()
    except UnicodeDecodeError:
        raise RemoteError("The key is not UTF-8 text.") from None
