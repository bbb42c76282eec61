"""``promptuary label``: point a label of a prompt at a version, take its last move back, list where it was."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from promptuary.cli.completing import complete_labels
from promptuary.cli.default_command import DefaultCommandGroup
from promptuary.cli.moves import (
    DryRun,
    Emergency,
    Moves,
    Reason,
    Strict,
    end_dry_run,
    explain_break,
    list_breaking,
    require_compatible,
    show_moves,
)
from promptuary.cli.output import AsJson, Record, author_of, say, show_json, show_records, to_the_second
from promptuary.cli.reference_warnings import find_affected, named, warn_of_move
from promptuary.cli.remote import ProfileName, Yes, reached_prompts, require_agreement
from promptuary.cli.version_choices import PromptName, version_of
from promptuary.model.names import check_label_name
from promptuary.remote import Conflict, RemoteError, RemotePrompts, RemoteReleases


class _Labels(DefaultCommandGroup):
    default = "set"


app = typer.Typer(
    cls=_Labels,
    help="Point a label of a prompt at a version, take its last move back, list its history.\n\n"
    "promptuary label NAME LABEL is short for promptuary label set NAME LABEL. For a prompt that is named like one of the "
    "commands below, write set.",
    subcommand_metavar="NAME LABEL | COMMAND [ARGS]...",
    no_args_is_help=True,
)

LabelName = Annotated[str, typer.Argument(metavar="LABEL", help="The label's name.", autocompletion=complete_labels)]


@dataclass(frozen=True, slots=True)
class _Change:
    """A label that is to come from the version where it was seen to another one; `None`: it is not set."""

    name: str
    label: str
    current: int | None
    target: int | None


@app.command("set")
def set_label(  # noqa: PLR0913, PLR0917 - an argument is an option of the command
    name: PromptName,
    label: LabelName,
    version: Annotated[
        str | None, typer.Option("--version", help="The version: its number, the name of another label, or latest.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the label instead.")] = False,
    reason: Reason = None,
    dry_run: DryRun = False,
    strict: Strict = False,
    emergency: Emergency = False,
    yes: Yes = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Point a label at a version, or remove it. Fails if the label is moved by another user meanwhile."""
    if (version is None) != remove:
        raise typer.BadParameter("Give either --version or --remove.")
    check_label_name(label, field="label")
    with reached_prompts(profile) as prompts:
        releases = RemoteReleases(prompts.remote)
        if dry_run or strict or emergency or reason is not None:
            releases.require_known()
        page = prompts.resolve(name)
        positions = {each["name"]: each["version"] for each in page["labels"]}
        change = _Change(name, label, positions.get(label), None if version is None else version_of(page, version))
        is_there = change.target is not None and change.target == change.current
        moves = None if is_there and not dry_run else _preview(releases, change)
        if dry_run:
            _end_dry_run(prompts, moves, change, strict=strict, as_json=as_json)
            return
        if strict and moves is not None:
            require_compatible(prompts, moves)
        affected = [] if is_there else _make(prompts, change, moves, reason=reason, is_agreed=yes, is_emergency=emergency)
    _show_result(change, moves, affected, as_json=as_json)


@app.command("undo")
def undo(  # noqa: PLR0913, PLR0917 - an argument is an option of the command
    name: PromptName,
    label: LabelName,
    reason: Reason = None,
    dry_run: DryRun = False,
    strict: Strict = False,
    emergency: Emergency = False,
    yes: Yes = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Take the last move of a label back: it points where it pointed before. The same again is a redo."""
    with reached_prompts(profile) as prompts:
        releases = RemoteReleases(prompts.remote)
        releases.require_known()
        change = _undoing(prompts, releases, name, label)
        moves = _preview(releases, change)
        if dry_run:
            _end_dry_run(prompts, moves, change, strict=strict, as_json=as_json)
            return
        if strict and moves is not None:
            require_compatible(prompts, moves)
        _warn(prompts, change, moves)
        require_agreement(_question(change), is_agreed=yes)
        try:
            releases.undo_move(name, label, expected_version=change.current, reason=reason, is_emergency=emergency)
        except Conflict as conflict:
            raise _moved(change, conflict) from None
    affected = [each for move in moves["moves"] for each in move["affected_prompts"]] if moves else []
    _show_result(change, moves, affected, as_json=as_json)


@app.command("history")
def history(name: PromptName, label: LabelName, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """List the moves of a label that a prompt has or had, newest first."""
    with reached_prompts(profile) as prompts:
        releases = RemoteReleases(prompts.remote)
        releases.require_known()
        moves = releases.list_history(name, label)
    if as_json:
        show_json(moves)
    else:
        show_records([_record_of_move(move) for move in moves], as_json=False, nothing=f"{label} was never set.")


def _record_of_move(move: dict[str, Any]) -> Record:
    return {
        "moved_at": to_the_second(move["created_at"]),
        "from": move["from_version"],
        "to": move["to_version"],
        "kind": move["kind"],
        "author": author_of(move),
        "reason": move["reason"],
    }


def _undoing(prompts: RemotePrompts, releases: RemoteReleases, name: str, label: str) -> _Change:
    """Return the change that takes the last move of a label back."""
    positions = {each["name"]: each["version"] for each in prompts.resolve(name)["labels"]}
    last, *earlier = releases.list_history(name, label, limit=2)
    current = positions.get(label)
    # An older server beside this one moves labels without recording it; the next change of the label does.
    target = last["from_version"] if last["to_version"] == current else last["to_version"]
    if target is None and (current is None or not earlier):
        raise RemoteError(
            f"Label '{label}' was not set before, so there is nothing to go back to. To remove it, use promptuary label --remove."
        )
    return _Change(name, label, current, target)


def _preview(releases: RemoteReleases, change: _Change) -> Moves | None:
    """Return what a change would do, `None` if the server is too old to say so."""
    try:
        if not releases.is_known():
            return None
        if change.target is None:
            return releases.preview_removal(change.name, change.label, expected_version=change.current)
        return releases.preview_move(change.name, change.label, change.target, expected_version=change.current)
    except Conflict as conflict:
        raise _moved(change, conflict) from None


def _end_dry_run(prompts: RemotePrompts, moves: Moves | None, change: _Change, *, strict: bool, as_json: bool) -> None:
    if moves is None:
        return
    if not as_json:
        if not moves["moves"] and not moves["refused"]:
            say(f"{change.name}: {change.label} points at version {change.target} already.")
        show_moves(prompts, moves, label=change.label)
    end_dry_run(moves, strict=strict, as_json=as_json)


def _make(
    prompts: RemotePrompts, change: _Change, moves: Moves | None, *, reason: str | None, is_agreed: bool, is_emergency: bool
) -> list[str]:
    """Warn, ask and move or remove the label; return the other prompts that changed."""
    name, label, current, target = change.name, change.label, change.current, change.target
    affected = [] if target is None else find_affected(prompts, name, label)
    _warn(prompts, change, moves)
    if affected:
        say(f"Prompts that follow {label} of {name} change: {named(each.name for each in affected)}.", err=True)
    if target is not None:
        warn_of_move(prompts, name, label, target, affected)
    if current is not None or affected:
        require_agreement(_question(change), is_agreed=is_agreed)
    try:
        if target is None:
            prompts.remove_label(name, label, expected_version=current, reason=reason, is_emergency=is_emergency)
        else:
            prompts.set_label(name, label, target, expected_version=current, reason=reason, is_emergency=is_emergency)
    except Conflict as conflict:
        raise _moved(change, conflict) from None
    return sorted({each.name for each in affected})


def _warn(prompts: RemotePrompts, change: _Change, moves: Moves | None) -> None:
    if moves is not None and change.target is not None:
        for move in list_breaking(moves):
            say(f"Programs that fetch {change.label} of {change.name} break: {explain_break(prompts, move)}.", err=True)


def _question(change: _Change) -> str:
    if change.target is None:
        return f"{change.label} points at version {change.current} of {change.name}. Remove it?"
    place = "no version" if change.current is None else f"version {change.current}"
    return f"{change.label} points at {place} of {change.name}. Move it to {change.target}?"


def _moved(change: _Change, conflict: Conflict) -> RemoteError:
    now = "removed" if conflict.current_version is None else f"moved to version {conflict.current_version}"
    return RemoteError(f"{change.label} of {change.name} was {now} in the meantime. Check the label, then run the command again.")


def _show_result(change: _Change, moves: Moves | None, affected: list[str], *, as_json: bool) -> None:
    name, label, current, target = change.name, change.label, change.current, change.target
    if as_json:
        more: dict[str, object] = {"affected_prompts": affected} if affected else {}
        if moves is not None and moves["moves"] and target is not None:
            more["contract_change"] = moves["moves"][0]["contract_change"]
        show_json({"name": name, "label": label, "version": target, "from_version": current, **more})
    elif target is None:
        say(f"{name}: {label} is removed.")
    else:
        was = " already" if current == target else "" if current is None else f", and no longer at {current}"
        changed = f" Changed: {named(affected)}." if affected else ""
        say(f"{name}: {label} points at version {target}{was}.{changed}")
