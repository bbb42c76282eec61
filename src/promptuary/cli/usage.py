"""``promptuary usage``: how often the versions of a prompt were fetched."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import typer

from promptuary.cli.moments import read_day
from promptuary.cli.output import AsJson, Record, say, show_json, show_line, show_records, to_the_second
from promptuary.cli.remote import ProfileName, reached_prompts
from promptuary.cli.version_choices import PromptName
from promptuary.model.text import counted
from promptuary.remote.usage import read_usage

_MAX_NAMED = 5


def show_usage(
    name: PromptName,
    first: Annotated[
        date | None,
        typer.Option("--from", metavar="DAY", parser=read_day, help="The first day (UTC). Default: 29 days before --to."),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", metavar="DAY", parser=read_day, help="The last day (UTC), such as 2026-11-30. Default: today."),
    ] = None,
    version: Annotated[int | None, typer.Option("--version", help="Only this version.", min=1)] = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Show how often programs fetched a prompt: by version, label, key and day. Counts are a few seconds late."""
    with reached_prompts(profile) as prompts:
        usage = read_usage(prompts.remote, name, first=first, last=last, version=version)
    if as_json:
        show_json(usage)
        return
    show_line(f"{name}, {usage['from']} to {usage['to']} (UTC): {counted(usage['fetches'], 'fetch', 'fetches')}{_inside(usage)}.")
    versions = [each for each in usage["versions"] if each["fetches"]]
    if not versions:
        return
    say("")
    show_records([_record(each) for each in versions], as_json=False, nothing="")
    say("")
    show_records(_days(versions), as_json=False, nothing="")


def _inside(usage: dict[str, Any]) -> str:
    parents = usage["inside_other_prompts"]
    if not parents["fetches"]:
        return ""
    return f", and {parents['fetches']:,} as a part of {_listed(parents['prompts'], 'name', '')}"


def _record(version: dict[str, Any]) -> Record:
    last = version["last_fetched_at"]
    return {
        "version": version["version"],
        "fetches": version["fetches"],
        "last_fetched_at": None if last is None else to_the_second(last),
        "labels": _listed(version["labels"], "label", "no label"),
        "keys": _listed(version["keys"], "label", "unnamed key"),
    }


def _listed(rows: Sequence[dict[str, Any]], field: str, without: str) -> str:
    more = f" and {len(rows) - _MAX_NAMED} more" if len(rows) > _MAX_NAMED else ""
    return ", ".join(f"{row[field] or without} {row['fetches']:,}" for row in rows[:_MAX_NAMED]) + more


def _days(versions: Sequence[dict[str, Any]]) -> list[Record]:
    sums: Counter[str] = Counter()
    for each in versions:
        sums.update({day["day"]: day["fetches"] for day in each["days"]})
    return [{"day": day, "fetches": fetches} for day, fetches in sorted(sums.items(), reverse=True)]
