"""Profile, connection and folder of commands that work over HTTP or on a folder of prompts."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer

from promptuary.cli.output import say, show_json
from promptuary.model.names import check_label_name
from promptuary.remote import Remote, RemoteError, RemotePrompts, RemoteReleases, read_profile

ProfileName = Annotated[
    str | None,
    typer.Option("--profile", help="The profile, as stored by promptuary login. Default: that of the environment, else 'default'."),
]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Skip confirmations.")]


@contextmanager
def reached_prompts(profile: str | None) -> Iterator[RemotePrompts]:
    """Provide the prompts of a profile's project."""
    if profile is not None and not profile.strip():
        raise RemoteError("The name of the profile is empty.")
    with Remote(read_profile(profile)) as remote:
        yield RemotePrompts(remote)


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
        say(_line(record, width))


def show_step(step: Any, *, fields: Sequence[str], width: int) -> None:  # noqa: ANN401 - a dataclass of `sync`
    """Print what was done to one prompt, as `show_steps` does; ``width`` is that of the actions."""
    say(_line({name: asdict(step)[name] for name in fields}, width))


def agrees(question: str) -> bool:
    """Ask for confirmation on a terminal; without a terminal, the answer is no."""
    return sys.stdin.isatty() and bool(typer.confirm(question, err=True))


def require_agreement(question: str, *, is_agreed: bool) -> None:
    """Ask the person at the terminal about what the command says itself. Programs are not asked. Raises `RemoteError`."""
    if not is_agreed and sys.stdin.isatty() and not typer.confirm(question, err=True):
        raise RemoteError("Nothing was done.")


def _line(record: Mapping[str, object], width: int) -> str:
    version = "" if record.get("version") is None else f" (version {record['version']})"
    detail = f": {record['detail']}" if record["detail"] else ""
    name = record["name"] or record["file"]
    return f"{record['action']!s:<{width}}  {name}{version}{detail}"
