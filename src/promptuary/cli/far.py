"""What commands need that ask a server over HTTP or work on a folder of prompts: the profile, the connection, the folder."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from promptuary.cli.showing import say, show_json
from promptuary.remote import Remote, RemotePrompts, read_profile

ProfileName = Annotated[
    str | None,
    typer.Option("--profile", help="The profile to use, as promptuary login keeps them; else the environment's, or 'default'."),
]

DEFAULT_FOLDER = Path("prompts")

FolderPath = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the prompts.", file_okay=False)]


@contextmanager
def reached_prompts(profile: str | None) -> Iterator[RemotePrompts]:
    """Provide the prompts of a profile's project."""
    with Remote(read_profile(profile)) as remote:
        yield RemotePrompts(remote)


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


def _line(record: Mapping[str, object], width: int) -> str:
    version = "" if record.get("version") is None else f" (version {record['version']})"
    detail = f": {record['detail']}" if record["detail"] else ""
    name = record["name"] or record["file"]
    return f"{record['action']!s:<{width}}  {name}{version}{detail}"
