"""``promptuary login`` and ``promptuary logout``: which server the commands that work over HTTP ask, and with which key."""

import os
import platform
import sys
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Annotated

import typer

from promptuary.cli.inputs import read_line
from promptuary.cli.output import AsJson, say, show_record
from promptuary.cli.remote import ProfileName, checked_name
from promptuary.remote import CURRENT, Forbidden, Remote, RemoteAccounts, RemoteError, RemotePrompts, find_project
from promptuary.remote.device_login import CollectedKey, begin_login, collect_key
from promptuary.remote.profiles import (
    Profile,
    checked_host,
    make_profile,
    read_profiles,
    remove_profile,
    selected_name,
    write_profile,
)

_SOURCE = "The profile"


def login(
    host: Annotated[str, typer.Option(help="Address of the server, such as https://prompts.example.com.")],
    project: Annotated[
        str, typer.Option(help="The project's ID. Default: that of the approved ones, or the current project of the key's owner.")
    ] = "",
    with_token: Annotated[
        bool, typer.Option("--with-token", help="Read a key from standard input, also on a terminal, in place of a browser.")
    ] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address of the page and open no browser.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Log in to a server with a browser, or with a key, for later commands.

    On a terminal, it prints a code and opens a page of the server, on which you approve the login. Without a terminal, or with
    --with-token, the key is read from standard input. It is checked and stored.
    """
    name = checked_name(profile) or selected_name(read_profiles())
    address = checked_host(host, _SOURCE)
    _check_project(project)
    if with_token or not sys.stdin.isatty():
        made = _profile_of(address, _read_key(), project or CURRENT)
        _store(name, made, as_json=as_json)
        return
    collected = _log_in_by_browser(address, opens_browser=not no_browser)
    if collected is None:
        say("This server offers no login with a browser yet.", err=True)
        _store(name, _profile_of(address, _read_key(), project or CURRENT), as_json=as_json)
        return
    try:
        _store(name, _profile_of(address, collected.value, _project_of(collected, project)), as_json=as_json)
    except BaseException:
        # No other program knows the key.
        with suppress(RemoteError), Remote(Profile(address, collected.value, CURRENT)) as remote:
            RemoteAccounts(remote).revoke_key()
        raise


def logout(
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke the key on the server, too.")] = False,
    profile: ProfileName = None,
) -> None:
    """Remove a profile and its key. With --revoke the server refuses the key from then on; otherwise it stays valid."""
    profiles = read_profiles()
    name = checked_name(profile) or selected_name(profiles)
    if revoke and name in profiles:
        with Remote(profiles[name]) as remote:
            RemoteAccounts(remote).revoke_key()
    path = remove_profile(name)
    say(f"Profile {name} is removed from {path}{', and its key is revoked' if revoke else ''}.")


def _store(name: str, made: Profile, *, as_json: bool) -> None:
    """Check a profile by asking its server, store it, and print it. Raises `RemoteError`."""
    with Remote(made) as remote:
        found = find_project(remote)
        reached = _count_prompts(remote)
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


def _count_prompts(remote: Remote) -> int | None:
    """Return the number of prompts that the key reads, `None` for a key that manages other things."""
    try:
        return RemotePrompts(remote).count()
    except Forbidden:
        return None


def _log_in_by_browser(host: str, *, opens_browser: bool) -> CollectedKey | None:
    """Show a code and a page, wait for the answer there, and return the key; `None` if the server is too old for that."""
    begun = begin_login(host, platform.node())
    if begun is None:
        return None
    say(f"Open this page, and approve the login if it shows the code {begun.user_code}:\n\n  {begun.page}\n", err=True)
    if opens_browser and _has_browser():
        webbrowser.open(begun.page)
    say("Waiting for your answer there ...", err=True)
    return collect_key(host, begun)


def _has_browser() -> bool:
    """Return `True` if a browser has a window to open in, so that none takes over the terminal."""
    if sys.platform in {"darwin", "win32"}:
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def _project_of(collected: CollectedKey, wanted: str) -> str:
    """Return the project of a profile with a key that was approved for some projects."""
    ids: Sequence[int] = collected.project_ids or ()
    return wanted or (str(min(ids)) if ids else CURRENT)


def _check_project(project: str) -> None:
    """Refuse a project that can be none before a key is made for it. Raises `RemoteError`."""
    if project and project != CURRENT and not (project.isascii() and project.isdigit()):
        raise RemoteError(f"{_SOURCE}: the project must be its number, or @current.")


def _profile_of(host: str, key: str, project: str) -> Profile:
    return make_profile({"host": host, "api_key": key, "project": project}, _SOURCE)


def _read_key() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Key", hide_input=True, err=True))
    try:
        return read_line().strip()
    except UnicodeDecodeError:
        raise RemoteError("The key is not UTF-8 text.") from None
