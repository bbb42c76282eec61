"""``promptuary log``: the versions of a prompt."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import typer

from promptuary.cli.output import AsJson, Record, author_of, show_json, show_records, to_the_second
from promptuary.cli.remote import ProfileName, reached_prompts
from promptuary.cli.version_choices import PromptName
from promptuary.remote import RemoteError, RemotePrompts


def show_log(
    name: PromptName,
    limit: Annotated[int | None, typer.Option(help="Maximum number of versions. Default: all.", min=1)] = None,
    before: Annotated[int | None, typer.Option(help="Only versions older than this one.", min=1)] = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """List the versions of a prompt, newest first: labels, note, author and time of each."""
    with reached_prompts(profile) as prompts:
        versions = list(islice(_versions(prompts, name, before), limit))
    if as_json:
        show_json(versions)
    else:
        show_records([_record(each) for each in versions], as_json=False, nothing="There are no versions.")


def _versions(prompts: RemotePrompts, name: str, before: int | None) -> Iterator[dict[str, Any]]:
    """Go through the versions, newest first, page by page."""
    while True:
        page = prompts.resolve(name, before_version=before)
        versions = page["versions"]
        if before is not None and versions and versions[0]["version"] >= before:
            raise RemoteError("The server answered with a history that has no end.")
        yield from versions
        if not versions or not page["has_more"]:
            return
        before = versions[-1]["version"]


def _record(row: dict[str, Any]) -> Record:
    return {
        "version": row["version"],
        "labels": row["labels"],
        "description": row["version_description"],
        "author": author_of(row),
        "created_at": to_the_second(row["created_at"]),
    }
