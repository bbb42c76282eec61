"""``promptuary at``: prompts as programs got them at a time of the past."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from promptuary.cli.output import AsJson, say, show_json, show_record, show_records, show_text, to_the_second, write_out
from promptuary.cli.remote import ProfileName, reached_prompts
from promptuary.model.names import check_label_name
from promptuary.remote import RemotePrompts, RemoteReleases


def show_past(
    time: Annotated[str, typer.Argument(metavar="TIME", help="The time, such as 2026-11-29T14:05; without an offset it is UTC.")],
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The prompt's name. Default: list the prompts of then.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="What programs got by this label. Default: the latest version of then.")] = None,
    content: Annotated[bool, typer.Option("--content", help="Print the content only, unchanged, for other programs.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Show what programs got at a time of the past, or list the prompts of then."""
    at = _read_time(time)
    if label is not None:
        check_label_name(label, field="label")
    if content and name is None:
        raise typer.BadParameter("--content needs the NAME of a prompt.")
    with reached_prompts(profile) as prompts:
        RemoteReleases(prompts.remote).require_known()
        if name is None:
            _list(prompts, at, label, as_json=as_json)
            return
        found = prompts.fetch_past(name, at=_sent(at), label=label)
        if as_json:
            show_json({"at": _shown(at), **found})
        elif content:
            write_out(f"{found['prompt']}\n".encode())
        else:
            _show(prompts, at, found, label)


def _show(prompts: RemotePrompts, at: datetime, found: dict[str, Any], label: str | None) -> None:
    labels = prompts.resolve(found["name"], at=_sent(at))["labels"]
    parts = found.get("resolved_references") or []
    record = {
        "at": f"{_shown(at)} (UTC)",
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
    rows = prompts.list_plain(label=label, at=_sent(at))
    if as_json:
        show_json(rows)
        return
    say(f"At {_shown(at)} (UTC):")
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


def _read_time(text: str) -> datetime:
    """Read a time in ISO 8601; one without an offset is UTC. Raises `typer.BadParameter`."""
    try:
        read = datetime.fromisoformat(text.strip())
        return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"'{text}' is no time. Write it as 2026-11-29T14:05 or 2026-11-29T15:05+01:00.") from None


def _sent(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def _shown(at: datetime) -> str:
    return at.isoformat(timespec="microseconds" if at.microsecond else "seconds").replace("+00:00", "Z")
