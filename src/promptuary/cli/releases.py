"""``promptuary promote`` and ``promptuary releases``: labels of several prompts moved together, and taken back together."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from promptuary.cli.completing import complete_labels, complete_names
from promptuary.cli.default_command import DefaultCommandGroup
from promptuary.cli.moves import (
    DryRun,
    Emergency,
    Moves,
    Reason,
    Strict,
    end_dry_run,
    list_breaking,
    require_compatible,
    show_moves,
    show_refusals,
)
from promptuary.cli.output import AsJson, Record, author_of, say, show_json, show_line, show_record, show_records, to_the_second
from promptuary.cli.remote import ProfileName, Yes, reached_prompts, require_agreement
from promptuary.model.names import check_label_name
from promptuary.model.text import counted
from promptuary.remote import MovesRefused, RemoteError, RemotePrompts, RemoteReleases


class _Releases(DefaultCommandGroup):
    default = "list"


app = typer.Typer(
    cls=_Releases,
    help="List releases, which are labels of several prompts that were moved together, and undo one as a whole.",
    subcommand_metavar="[COMMAND] [ARGS]...",
)

ReleaseId = Annotated[str, typer.Argument(metavar="ID", help="The release's ID, as promptuary releases lists it.")]


def promote(  # noqa: PLR0913, PLR0917 - an argument is an option of the command
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="The label whose versions are released.", autocompletion=complete_labels)
    ],
    target: Annotated[str, typer.Argument(metavar="TO", help="The label that is moved.", autocompletion=complete_labels)],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Only these prompts. Default: all that have the label FROM.", autocompletion=complete_names
        ),
    ] = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    strict: Strict = False,
    emergency: Emergency = False,
    yes: Yes = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Point a label of many prompts at what another label points at: all of them, or none."""
    check_label_name(source, field="from")
    check_label_name(target, field="to")
    with reached_prompts(profile) as prompts:
        releases = RemoteReleases(prompts.remote)
        releases.require_known()
        moves = releases.promote(source, target, names=names or None, is_look=True, reason=reason)
        if not as_json:
            show_moves(prompts, moves, label=target)
        if not moves["moves"] and not moves["refused"]:
            _end_without_moves(prompts, moves, source, target, as_json=as_json)
            return
        if dry_run or not _may_go_on(moves, is_emergency=emergency):
            _end_look(moves, strict=strict, dry_run=dry_run, as_json=as_json)
            return
        if strict:
            require_compatible(prompts, moves)
        count = counted(len(moves["moves"]), "prompt")
        require_agreement(f"Move {target} of {count}{_warning(moves)}?", is_agreed=yes)
        try:
            made = releases.promote(
                source,
                target,
                names=[move["name"] for move in moves["moves"]],
                reason=reason,
                is_emergency=emergency,
                expected={move["name"]: move["from_version"] for move in moves["moves"]},
                versions={move["name"]: move["to_version"] for move in moves["moves"]},
            )
        except MovesRefused as refusal:
            show_refusals(refusal.refusals, err=True)
            raise
    _show_made(made, f"{count}: {target} points at what {source} points at.", as_json=as_json)


@app.command("list")
def list_all(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """List releases, newest first."""
    with reached_prompts(profile) as prompts:
        releases = RemoteReleases(prompts.remote)
        releases.require_known()
        found = releases.list_releases()
    if as_json:
        show_json(found)
    else:
        show_records([_record_of(each) for each in found], as_json=False, nothing="There are no releases.")


@app.command("show")
def show(release_id: ReleaseId, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Show which labels a release has moved."""
    with reached_prompts(profile) as prompts:
        releases = RemoteReleases(prompts.remote)
        releases.require_known()
        release = releases.get_release(release_id)
    if as_json:
        show_json(release)
        return
    show_record(_record_of(release), as_json=False)
    show_line("")
    show_records(
        [
            {"name": each["name"], "label": each["label"], "from": each["from_version"], "to": each["to_version"]}
            for each in release["moves"]
        ],
        as_json=False,
        nothing="It has moved nothing.",
    )


@app.command("undo")
def undo(
    release_id: ReleaseId,
    reason: Reason = None,
    dry_run: DryRun = False,
    strict: Strict = False,
    emergency: Emergency = False,
    yes: Yes = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Point all labels of a release where they pointed before it: all of them, or none."""
    with reached_prompts(profile) as prompts:
        releases = RemoteReleases(prompts.remote)
        releases.require_known()
        moves = releases.undo_release(release_id, is_look=True, reason=reason)
        if not as_json:
            show_moves(prompts, moves)
        if dry_run or not _may_go_on(moves, is_emergency=emergency):
            _end_look(moves, strict=strict, dry_run=dry_run, as_json=as_json)
            return
        if strict:
            require_compatible(prompts, moves)
        count = counted(len(moves["moves"]), "label")
        require_agreement(f"Move {count} back{_warning(moves)}?", is_agreed=yes)
        try:
            made = releases.undo_release(release_id, reason=reason, is_emergency=emergency)
        except MovesRefused as refusal:
            show_refusals(refusal.refusals, err=True)
            raise
    _show_made(made, f"{count} moved back.", as_json=as_json)


def _may_go_on(moves: Moves, *, is_emergency: bool) -> bool:
    """Return `True` if all labels can move; in an emergency, rules do not count."""
    return all(is_emergency and refusal["code"] == "label_is_protected" for refusal in moves["refused"])


def _end_look(moves: Moves, *, strict: bool, dry_run: bool, as_json: bool) -> None:
    """End a command that only looks, or that is refused as the look says."""
    if dry_run:
        end_dry_run(moves, strict=strict, as_json=as_json)
        return
    if as_json:
        show_json(moves)
    raise RemoteError("Nothing was changed, because not all labels can move.")


def _end_without_moves(prompts: RemotePrompts, moves: Moves, source: str, target: str, *, as_json: bool) -> None:
    if not prompts.list_plain(label=source):
        raise RemoteError(f"No prompt has the label '{source}'.")
    if as_json:
        show_json(moves)
    else:
        say(f"Nothing was changed: {target} points at what {source} points at already.")


def _show_made(made: Moves, sentence: str, *, as_json: bool) -> None:
    if as_json:
        show_json(made)
    else:
        say(f"{sentence} promptuary releases undo {made['release']} takes it back.")


def _warning(moves: Moves) -> str:
    broken = len(list_breaking(moves))
    return f", of which {broken} break programs" if broken > 1 else ", of which 1 breaks programs" if broken else ""


def _record_of(release: dict[str, Any]) -> Record:
    return {
        "id": release["id"],
        "released_at": to_the_second(release["created_at"]),
        "prompts": len({each["name"] for each in release["moves"]}),
        "labels": _labels_of(release["moves"]),
        "kind": release["kind"],
        "author": author_of(release),
        "reason": release["reason"],
    }


def _labels_of(moves: Sequence[dict[str, Any]]) -> list[str]:
    return sorted({each["label"] for each in moves})
