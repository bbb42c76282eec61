"""``promptuary watch``: changes of prompts as they happen."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Annotated, Any

import typer

from promptuary.cli.completing import complete_labels, complete_names
from promptuary.cli.output import printable, remark, say, show_json, show_line, to_the_second
from promptuary.cli.reference_warnings import named
from promptuary.cli.remote import ProfileName, reached_prompts
from promptuary.model.names import check_label_name
from promptuary.remote import Remote, RemoteError, Unreachable
from promptuary.remote.changes import ChangeEvent, follow_changes

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0


def watch(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Only changes of these prompts.", autocompletion=complete_names)
    ] = None,
    labels: Annotated[
        list[str] | None, typer.Option("--label", help="Only moves of this label. Repeatable.", autocompletion=complete_labels)
    ] = None,
    after: Annotated[
        str | None, typer.Option(help="Begin behind this cursor, which each line of --json has. Default: begin now.")
    ] = None,
    profile: ProfileName = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each change.")] = False,
) -> None:
    """Print changes of prompts and labels as they happen, until Ctrl+C. A lost connection is resumed where it was."""
    for label in labels or ():
        check_label_name(label, field="label")
    with reached_prompts(profile) as prompts:
        for change in _changes(prompts.remote, names or (), labels or (), after):
            # The server sends what fits one of them.
            if names and labels and change["label"] not in labels:
                continue
            if as_json:
                show_json(change)
            else:
                show_line(_sentence(change))


def _changes(remote: Remote, names: Sequence[str], labels: Sequence[str], after: str | None) -> Iterator[dict[str, Any]]:
    """Go through the changes for ever; a lost connection is opened again. Raises `Unreachable` if there never was one."""
    wait, is_first = _FIRST_WAIT, True
    while True:
        try:
            with closing(follow_changes(remote, names=names, labels=() if names else labels, after=after)) as events:
                for event in events:
                    after, wait = event.cursor, _FIRST_WAIT
                    _show_event(remote, event, is_first=is_first)
                    is_first = False
                    if event.change is not None:
                        yield event.change
            if is_first:
                raise RemoteError(f"{remote.profile.host} answered with something that is no stream of changes. Check the host.")
            say(f"{remote.profile.host} ended the connection. Trying again.", err=True)
        except Unreachable as error:
            if is_first:
                raise
            say(printable(f"{error} Trying again."), err=True)
        time.sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT)


def _show_event(remote: Remote, event: ChangeEvent, *, is_first: bool) -> None:
    if event.kind == "reset":
        say("Some changes were missed: the server does not have them any more.", err=True)
    elif event.kind == "ready":
        remark(f"{'Connected' if is_first else 'Connected again'} to {remote.profile.host}. Ctrl+C ends this.")


def _sentence(change: dict[str, Any]) -> str:
    author = change["actor"]["email"] if change["actor"] else "operator"
    affected = f"; changes with it: {named(change['affected_prompts'])}" if change["affected_prompts"] else ""
    return printable(
        f"{to_the_second(change['created_at'])}  {change['prompt_name']}: {_describe_change(change)} by {author}{affected}"
    )


def _describe_change(change: dict[str, Any]) -> str:
    label, old, new = change["label"], change["from_version"], change["to_version"]
    if label is None:
        version = "" if change["version"] is None else f"version {change['version']} "
        return f"{version}{change['kind'].rpartition('.')[2]}"
    if new is None:
        return f"{label} removed from version {old}"
    return f"{label} set to version {new}" if old is None else f"{label} moved from version {old} to {new}"
