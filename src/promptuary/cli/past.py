"""``promptuary at``: prompts as programs got them at a time of the past."""

from datetime import datetime
from typing import Annotated, Any

import typer

from promptuary.cli.completing import complete_labels, complete_names
from promptuary.cli.default_label import Latest, chosen_label
from promptuary.cli.moments import read_moment, shown_moment
from promptuary.cli.output import AsJson, show_json, show_line, show_record, show_records, show_text, to_the_second, write_out
from promptuary.cli.remote import ProfileName, reached_prompts
from promptuary.remote import RemotePrompts, RemoteReleases


def show_past(
    time: Annotated[str, typer.Argument(metavar="TIME", help="The time, such as 2026-11-29T14:05; without an offset it is UTC.")],
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="The prompt's name. Default: list the prompts of then.", autocompletion=complete_names),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            help="What programs got by this label. Default: that of PROMPTUARY_LABEL, else the latest version of then.",
            autocompletion=complete_labels,
        ),
    ] = None,
    latest: Latest = False,
    content: Annotated[bool, typer.Option("--content", help="Print the content only, unchanged, for other programs.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Show what programs got at a time of the past, or list the prompts of then."""
    at = read_moment(time)
    if content and name is None:
        raise typer.BadParameter("--content needs the NAME of a prompt.")
    with chosen_label(label, latest=latest) as chosen, reached_prompts(profile) as prompts:
        RemoteReleases(prompts.remote).require_known()
        if name is None:
            _list(prompts, at, chosen, as_json=as_json)
            return
        found = prompts.fetch_whole(name, at=at, label=chosen)
        if as_json:
            show_json({"at": shown_moment(at), **found})
        elif content:
            write_out(f"{found['prompt']}\n".encode())
        else:
            _show(prompts, at, found, chosen)


def _show(prompts: RemotePrompts, at: datetime, found: dict[str, Any], label: str | None) -> None:
    labels = prompts.resolve(found["name"], at=at)["labels"]
    parts = found.get("resolved_references") or []
    record = {
        "at": f"{shown_moment(at)} (UTC)",
        "name": found["name"],
        "version": f"{found['version']}, to which {label} pointed" if label else f"{found['version']}, the latest then",
        "labels": [f"{each['name']}={each['version']}" for each in labels],
        "created_at": to_the_second(found["created_at"]),
        "config": found["config"],
        **({"variables": found["variables"]} if "variables" in found else {}),
        **({"references": [f"{each['name']} v{each['version']}" for each in parts]} if parts else {}),
    }
    show_record(record, as_json=False)
    show_text(found["prompt"])


def _list(prompts: RemotePrompts, at: datetime, label: str | None, *, as_json: bool) -> None:
    rows = prompts.list_plain(label=label, at=at)
    if as_json:
        show_json(rows)
        return
    show_line(f"At {shown_moment(at)} (UTC){f', by the label {label}' if label else ''}:")
    records = [
        {
            "name": row["name"],
            "version": row["version"],
            "labels": [f"{each['name']}={each['version']}" for each in row["all_labels"]],
            "changed_at": to_the_second(row["created_at"]),
        }
        for row in rows
    ]
    show_records(records, as_json=False, nothing="There were no such prompts.")
