"""Profile, connection and folder of commands that work over HTTP or on a folder of prompts."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer

from promptuary.cli.completing import complete_profiles
from promptuary.cli.output import say, show_json, show_line
from promptuary.model.names import check_label_name
from promptuary.remote import NoServer, Remote, RemoteAccounts, RemoteError, RemotePrompts, RemoteReleases, read_profile

ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="The profile, as stored by promptuary login. Default: that of the environment, else that of promptuary profile use.",
        autocompletion=complete_profiles,
    ),
]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Skip confirmations.")]

_OPEN = ("conflict", "left")
"""Actions after which there is something to do, so that --quiet does not leave them out."""


@contextmanager
def reached_prompts(profile: str | None) -> Iterator[RemotePrompts]:
    """Provide the prompts of a profile's project."""
    with Remote(read_profile(checked_name(profile))) as remote:
        yield RemotePrompts(remote)


@contextmanager
def reached_accounts(profile: str | None, *, on_host: str = "") -> Iterator[RemoteAccounts]:
    """Provide keys, members and projects of a profile's server. ``on_host`` is the command that needs no server."""
    try:
        found = read_profile(checked_name(profile))
    except NoServer as error:
        hint = f" On the host of the server: promptuary admin {on_host}" if on_host else ""
        raise NoServer(f"{error}{hint}") from None
    with Remote(found) as remote:
        yield RemoteAccounts(remote)


def checked_name(profile: str | None) -> str | None:
    """Return the name of a profile as it was given. Raises `RemoteError` for a blank one."""
    if profile is not None and not profile.strip():
        raise RemoteError("The name of the profile is empty.")
    return profile


def moved_option(command: str, name: str) -> Any:  # noqa: ANN401 - as Typer types it
    """Return an option that a command had when it worked on the database. Its use is an error that names the present command."""

    def refuse(value: object) -> None:
        if value is not None:
            raise RemoteError(f"This command asks a server over HTTP now. On the host of the server: promptuary admin {command}")

    return typer.Option(name, hidden=True, is_eager=True, callback=refuse, help=f"Moved to promptuary admin {command}.")


def require_labelling(prompts: RemotePrompts, labels: Sequence[str] | None) -> None:
    """Check labels that are to point at new versions at once, and that the server can do so. Raises `RemoteError`."""
    for label in labels or ():
        check_label_name(label, field="label")
    if labels:
        RemoteReleases(prompts.remote).require_known()


def show_steps(steps: Sequence[Any], *, as_json: bool, fields: Sequence[str], nothing: str) -> None:
    """Print what was done to each prompt: for people a line each."""
    records = [{name: asdict(step)[name] for name in fields} for step in steps]
    if as_json:
        show_json(records)
        return
    if not records:
        say(nothing)
    width = max((len(str(record["action"])) for record in records), default=0)
    for record in records:
        _show_line(record, width)


def show_step(step: Any, *, fields: Sequence[str], width: int) -> None:  # noqa: ANN401 - a dataclass of `sync`
    """Print what was done to one prompt, as `show_steps` does; ``width`` is that of the actions."""
    _show_line({name: asdict(step)[name] for name in fields}, width)


def agrees(question: str) -> bool:
    """Ask for confirmation on a terminal; without a terminal, the answer is no."""
    return sys.stdin.isatty() and bool(typer.confirm(question, err=True))


def require_agreement(question: str, *, is_agreed: bool) -> None:
    """Ask the person at the terminal about what the command says itself. Programs are not asked. Raises `RemoteError`."""
    if not is_agreed and sys.stdin.isatty() and not typer.confirm(question, err=True):
        raise RemoteError("Nothing was done.")


def _show_line(record: Mapping[str, object], width: int) -> None:
    show = show_line if record["action"] in _OPEN else say
    show(_line(record, width))


def _line(record: Mapping[str, object], width: int) -> str:
    version = "" if record.get("version") is None else f" (version {record['version']})"
    detail = f": {record['detail']}" if record["detail"] else ""
    name = record["name"] or record["file"]
    return f"{record['action']!s:<{width}}  {name}{version}{detail}"
