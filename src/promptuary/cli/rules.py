"""``promptuary rule``: rules that protect labels, over HTTP with the key of an admin."""

from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any

import typer

from promptuary.cli.output import AsJson, Record, say, show_json, show_records
from promptuary.cli.remote import ProfileName, Yes, reached_prompts, require_agreement
from promptuary.model.label_rules import MAX_APPROVALS, check_pattern
from promptuary.remote import Missing, RemoteError, RemoteRequests

app = typer.Typer(help="Protect labels: who may move them, and how many approvals it takes.", no_args_is_help=True)

Pattern = Annotated[str, typer.Argument(metavar="PATTERN", help="The name of a label, in which * stands for any characters.")]


class MoverRole(StrEnum):
    """Role that may move protected labels."""

    EDITOR = "editor"
    ADMIN = "admin"


@app.command("list")
def list_rules(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """List the rules for labels."""
    with reached_prompts(profile) as prompts:
        rules = RemoteRequests(prompts.remote).list_rules()
    if as_json:
        show_json(rules)
    else:
        show_records([_record_of(rule) for rule in rules], as_json=False, nothing="No label is protected: editors move them all.")


@app.command("add")
def add_rule(
    pattern: Pattern,
    role: Annotated[MoverRole, typer.Option(help="The lowest role that may move such labels.")] = MoverRole.EDITOR,
    approvals: Annotated[int, typer.Option(help="Approvals that a move takes.", min=0, max=MAX_APPROVALS)] = 0,
    own_approval: Annotated[bool, typer.Option("--own-approval", help="Let authors approve their own text.")] = False,
    breaking_needs_admin: Annotated[
        bool, typer.Option("--breaking-needs-admin", help="Let only admins move labels to versions that break programs.")
    ] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Protect the labels that match a pattern."""
    check_pattern(pattern)
    rule = {
        "pattern": pattern,
        "role": role.value,
        "approvals": approvals,
        "allows_own_approval": own_approval,
        "breaking_needs_admin": breaking_needs_admin,
    }
    with reached_prompts(profile) as prompts:
        added = RemoteRequests(prompts.remote).add_rule(rule)
    if as_json:
        show_json(added)
    else:
        say(f"{pattern} is protected.")


@app.command("remove")
def remove_rule(pattern: Pattern, yes: Yes = False, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Remove the rule of a pattern."""
    with reached_prompts(profile) as prompts:
        requests = RemoteRequests(prompts.remote)
        found = next((rule for rule in requests.list_rules() if rule["pattern"] == pattern), None)
        if found is None:
            raise RemoteError(f"There is no rule for '{pattern}'. promptuary rule list shows all rules.")
        require_agreement(f"Remove the rule for {pattern}?", is_agreed=yes)
        # Another admin may be faster.
        with suppress(Missing):
            requests.remove_rule(found["id"])
    if as_json:
        show_json({"pattern": pattern, "removed": True})
    else:
        say(f"The rule for {pattern} is removed.")


def _record_of(rule: dict[str, Any]) -> Record:
    return {
        "pattern": rule["pattern"],
        "moved_by": f"{rule['role']}s" if rule["role"] == "admin" else "editors and admins",
        "approvals": rule["approvals"],
        "own_approval": "yes" if rule["allows_own_approval"] else "no",
        "breaking_needs_admin": "yes" if rule["breaking_needs_admin"] else "no",
    }
