"""Moves of labels as people read them before they are made: breaking ones first, with programs, differences and refusals."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Annotated, Any

import typer

from promptuary.cli.differences import list_caller_changes, show_unified
from promptuary.cli.output import say, show_json, show_line
from promptuary.cli.reference_warnings import named
from promptuary.model.contract_changes import ChangeLevel
from promptuary.model.label_history import checked_reason
from promptuary.model.text import counted
from promptuary.remote import RemoteError, RemotePrompts
from promptuary.sync import Draft

Row = dict[str, Any]
Moves = Row

DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the changes without making them.")]
Strict = Annotated[bool, typer.Option("--strict", help="Fail if a change breaks programs that fill in variables.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why, for the history of the label.", callback=checked_reason)]

Emergency = Annotated[
    bool, typer.Option("--emergency", help="Bypass the rules that protect labels, as an admin and with a --reason. It is recorded.")
]

NOTHING_CHANGED = "Dry run: nothing was changed."

_BREAKING = ChangeLevel.BREAKING.value
_ORDER = {level.value: number for number, level in enumerate(reversed(ChangeLevel))}
_MAX_EXPLAINED = 20
_MAX_KEYS = 5


def show_moves(prompts: RemotePrompts, moves: Moves, *, label: str | None = None) -> None:
    """Print what moves would change. ``label`` is the label of moves that do not name theirs."""
    explained = _MAX_EXPLAINED
    diffs = {(text["name"], text["label"]): text["diff"] for text in moves.get("texts", ())}
    for move in sorted(moves["moves"], key=lambda move: _ORDER.get(move["contract_change"], len(_ORDER))):
        own = move.get("label", label)
        show_line(f"{move['name']}: {_change(own, move['from_version'], move['to_version'])}.")
        if move["contract_change"] == _BREAKING:
            show_line(f"  Breaking: {explain_break(prompts, move) if explained > 0 else 'see the difference'}.")
            explained -= 1
        elif move["contract_change"] == ChangeLevel.COMPATIBLE.value:
            show_line("  The variables change, and programs work as before.")
        for line in _effects(move, own):
            show_line(f"  {line}")
        if move["to_version"] is not None:
            show_unified(diffs.get((move["name"], own)) or "")
    for (name, of_label), diff in diffs.items():
        if of_label is None:
            show_line(f"{name} changes with it:")
            show_unified(diff)
    show_refusals(moves["refused"])


def show_refusals(refusals: Iterable[Row], *, err: bool = False) -> None:
    """Print why labels cannot move."""
    for refusal in refusals:
        show_line(f"{refusal['name']} cannot be changed: {refusal['detail']}", err=err)


def end_dry_run(moves: Moves, *, strict: bool, as_json: bool) -> None:
    """End a dry run: with exit status 1 if the change itself would be refused."""
    if as_json:
        show_json(moves)
    is_broken = strict and bool(list_breaking(moves))
    if not as_json:
        refused = " The change would be refused." if moves["refused"] or is_broken else ""
        say(f"{NOTHING_CHANGED}{refused}")
    if moves["refused"] or is_broken:
        raise typer.Exit(1)


def require_compatible(prompts: RemotePrompts, moves: Moves) -> None:
    """Raise `RemoteError` if a move breaks programs."""
    breaking = list_breaking(moves)
    if breaking:
        reasons = [f"{move['name']} {explain_break(prompts, move)}" for move in islice(breaking, _MAX_EXPLAINED)]
        more = f"; {len(breaking) - _MAX_EXPLAINED} more" if len(breaking) > _MAX_EXPLAINED else ""
        raise RemoteError(f"Nothing was changed, because programs would break: {'; '.join(reasons)}{more}.")


def list_breaking(moves: Moves) -> list[Row]:
    """Return the moves that break programs."""
    return [move for move in moves["moves"] if move["contract_change"] == _BREAKING]


def explain_break(prompts: RemotePrompts, move: Row) -> str:
    """Return what of a move breaks programs, such as ``adds required locale``."""
    if move["to_version"] is None:
        return "programs that fetch by the label get a 404"
    versions = [prompts.resolve(move["name"], version=move[end])["prompt"] for end in ("from_version", "to_version")]
    drafts = [Draft(each["prompt"], each["config"], each.get("variables")) for each in versions]
    found = [change.removeprefix(f"{_BREAKING}: ") for change in list_caller_changes(*drafts) if change.startswith(_BREAKING)]
    # The parts of a text have variables, too.
    return ", ".join(found) or "a part of its text has other variables"


def show_keys(keys: Sequence[Row]) -> str:
    """Return how often programs have fetched, by key, as a sentence lists it."""
    known = [f"{key['label'] or 'unnamed key'} {key['fetches']}" for key in keys[:_MAX_KEYS]]
    more = f" and {counted(len(keys) - _MAX_KEYS, 'more key')}" if len(keys) > _MAX_KEYS else ""
    return f"{counted(sum(key['fetches'] for key in keys), 'time')} in the last 7 days: {', '.join(known)}{more}"


def _change(label: str | None, old: int | None, new: int | None) -> str:
    if new is None:
        return f"{label} is removed from version {old}"
    return f"{label} is set to version {new}" if old is None else f"{label} moves from version {old} to {new}"


def _effects(move: Row, label: str | None) -> list[str]:
    found: list[str] = []
    if move["fetches"]:
        found.append(f"Fetched by {label} {show_keys(move['fetches'])}.")
    if move["affected_prompts"]:
        found.append(f"Prompts that change with it: {named(move['affected_prompts'])}.")
    return found
