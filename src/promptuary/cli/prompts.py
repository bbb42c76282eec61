"""``promptuary prompt``: prompts of a server, over HTTP with a key. `prompt_writing` has the commands that publish."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from promptuary.cli.completing import complete_labels
from promptuary.cli.default_label import Latest, ReadLabel, chosen_label
from promptuary.cli.differences import show_difference
from promptuary.cli.labels import set_label
from promptuary.cli.log import show_log
from promptuary.cli.moves import DryRun, Reason, end_dry_run, show_keys, show_moves
from promptuary.cli.output import (
    AsJson,
    Record,
    author_of,
    say,
    show_json,
    show_line,
    show_record,
    show_records,
    show_text,
    to_the_second,
    write_out,
)
from promptuary.cli.remote import ProfileName, Yes, reached_prompts, require_agreement
from promptuary.cli.version_choices import PromptName, number_of, version_of
from promptuary.model.names import check_label_name
from promptuary.remote import Missing, RemoteError, RemotePrompts, RemoteReleases, ServerReference
from promptuary.sync import Draft

app = typer.Typer(help="Read, write, compare, label and archive the prompts of a server over HTTP.", no_args_is_help=True)

Row = dict[str, Any]
Version = Annotated[int | None, typer.Option("--version", help="The version's number.", min=1)]


@app.command("list")
def list_all(
    search: Annotated[str | None, typer.Option(help="Only prompts with this text in their name or content.")] = None,
    label: Annotated[
        str | None, typer.Option(help="Only prompts with this label, each at the labelled version.", autocompletion=complete_labels)
    ] = None,
    archived: Annotated[bool, typer.Option("--archived", help="List archived prompts instead.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """List prompts by name."""
    if label is not None:
        check_label_name(label, field="label")
    with reached_prompts(profile) as prompts:
        rows = prompts.list_plain(search=search, label=label, is_archived=archived)
    _show_rows(rows, _record_of_prompt, as_json=as_json, nothing="There are no such prompts.")


@app.command("show")
def show(
    name: PromptName,
    version: Version = None,
    label: ReadLabel = None,
    latest: Latest = False,
    content: Annotated[bool, typer.Option("--content", help="Print the content only, unchanged, for other programs.")] = False,
    resolved: Annotated[bool, typer.Option("--resolved", help="Put the texts of referenced prompts in the place of tags.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Show a prompt: its latest version, or another one, with its labels and config."""
    with chosen_label(label, latest=latest, version=version) as by_label, reached_prompts(profile) as prompts:
        chosen = version if by_label is None else prompts.fetch(name, label=by_label, resolve=False)["version"]
        page = _read_page(prompts, name, chosen)
        found = page["prompt"]
        if resolved:
            found |= prompts.fetch_assembled(name, found["version"])
    references = [_describe_reference(each) for each in page["references"]]
    if as_json and references:
        found["references"] = [asdict(each) for each in page["references"]]
    if as_json:
        show_json(found)
    elif content:
        write_out(f"{found['prompt']}\n".encode())
    else:
        record = {
            "name": found["name"],
            "version": f"{found['version']} of {found['latest_version']}",
            "labels": found["labels"],
            "description": found["version_description"],
            "author": author_of(found),
            "created_at": to_the_second(found["created_at"]),
            "config": found["config"],
            **({"variables": found["variables"]} if "variables" in found else {}),
            **({"references": references} if references else {}),
        }
        show_record(record, as_json=False)
        show_text(found["prompt"])


app.command("history", hidden=True)(show_log)


@app.command("diff")
def diff(
    name: PromptName,
    old: Annotated[
        str | None, typer.Argument(metavar="OLD", help="The older version: a number or a label. Default: the one before NEW.")
    ] = None,
    new: Annotated[
        str | None, typer.Argument(metavar="NEW", help="The newer version: a number or a label. Default: the latest.")
    ] = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Compare two versions of a prompt, each by its number or by a label."""
    with reached_prompts(profile) as prompts:
        newer = _read_version(prompts, name, new)
        older = _read_version(prompts, name, old or str(newer["version"] - 1)) if old or newer["version"] > 1 else None
    if as_json:
        show_json({"old": older, "new": newer})
        return
    drafts = [None if each is None else Draft(each["prompt"], each["config"], each.get("variables")) for each in (older, newer)]
    was = "nothing" if older is None else f"version {_called(older, old)}"
    if drafts[0] == drafts[1] and older is not None:
        show_line(f"Versions {_called(older, old)} and {_called(newer, new)} do not differ.")
        return
    show_difference(drafts[0], drafts[1], title=f"{name}: {was} and version {_called(newer, new)}")


@app.command("dependents")
def dependents(
    name: PromptName,
    label: Annotated[str | None, typer.Option(help="Only prompts that follow this label.", autocompletion=complete_labels)] = None,
    version: Annotated[int | None, typer.Option("--version", help="Only prompts that pin this version.", min=1)] = None,
    inactive: Annotated[bool, typer.Option("--inactive", help="Also old versions without a label.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """List the prompts that reference a prompt."""
    if version is not None and label is not None:
        raise typer.BadParameter("--version and --label exclude each other.")
    with reached_prompts(profile) as prompts:
        rows = prompts.list_dependents(name, label=label, version=version, inactive=inactive)
    _show_rows(rows, _record_of_dependent, as_json=as_json, nothing=f"No prompt references {name}.")


app.command("label")(set_label)


@app.command("archive")
def archive(
    name: PromptName,
    reason: Reason = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Take a prompt out of service, with all versions and labels. Its name becomes free."""
    with reached_prompts(profile) as prompts:
        if dry_run or reason is not None:
            RemoteReleases(prompts.remote).require_known()
        if dry_run:
            _preview_archive(prompts, name, as_json=as_json)
            return
        require_agreement(f"Archive {name}, with all versions and labels?", is_agreed=yes)
        prompts.archive(name, reason=reason)
    if as_json:
        show_json({"name": name, "archived": True})
    else:
        say(f"{name} is archived. promptuary prompt restore brings it back, without labels.")


@app.command("restore")
def restore(name: PromptName, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Restore an archived prompt, with all versions and without labels."""
    with reached_prompts(profile) as prompts:
        try:
            restored = prompts.restore(name)
        except Missing:
            # A wrong project says so here.
            prompts.count()
            raise RemoteError(f"No archived prompt is named '{name}'. promptuary prompt list --archived shows all.") from None
    if as_json:
        show_json(restored)
        return
    former = ", ".join(f"{each['name']}={each['version']}" for each in restored["former_labels"])
    say(f"{name} is back at version {restored['version']}.{f' Its labels were {former}.' if former else ''}")


def _show_rows(rows: Sequence[Row], record_of: Callable[[Row], Record], *, as_json: bool, nothing: str) -> None:
    """Print rows of an answer: as JSON with all that the server tells, for people the columns of ``record_of``."""
    if as_json:
        show_json(rows)
    else:
        show_records([record_of(row) for row in rows], as_json=False, nothing=nothing)


def _record_of_prompt(row: Row) -> Record:
    return {
        "name": row["name"],
        "version": row["version"],
        "labels": [f"{each['name']}={each['version']}" for each in row["all_labels"]],
        "changed_at": to_the_second(row["created_at"]),
        "bytes": row["prompt_size_bytes"],
    }


def _record_of_dependent(row: Row) -> Record:
    return {
        "name": row["name"],
        "version": row["version"],
        "labels": row["labels"],
        "references": row["reference"]["label"] or f"v{row['reference']['version']}",
        "tags": row["occurrences"],
    }


def _preview_archive(prompts: RemotePrompts, name: str, *, as_json: bool) -> None:
    moves = RemoteReleases(prompts.remote).preview_archive(name)
    if not as_json:
        fetched = f"was fetched {show_keys(moves['fetches'])}" if moves["fetches"] else "was not fetched in the last 7 days"
        show_line(f"{name} {fetched}.")
        show_moves(prompts, moves)
    end_dry_run(moves, strict=False, as_json=as_json)


def _called(version: Row, choice: str | None) -> str:
    """Return the number of a version, with the label that chose it."""
    return f"{version['version']}" if choice is None or number_of(choice) else f"{version['version']} ({choice})"


def _read_version(prompts: RemotePrompts, name: str, choice: str | None) -> Row:
    """Read the version that a number or a label means, or the latest."""
    number = None if choice is None else number_of(choice) or version_of(prompts.resolve(name), choice)
    found: Row = _read_page(prompts, name, number)["prompt"]
    return found


def _read_page(prompts: RemotePrompts, name: str, version: int | None) -> dict[str, Any]:
    """Read a version, or the latest, with its references. Raises `RemoteError`, `Missing` only for a missing prompt."""
    try:
        return prompts.resolve(name, version=version)
    except Missing:
        if version is None:
            raise
        latest = prompts.resolve(name)["prompt"]["latest_version"]
        raise RemoteError(f"{name} has no version {version}; the latest is {latest}.") from None


def _describe_reference(each: ServerReference) -> str:
    meaning = f"v{each.resolved_version}" if each.problem is None else each.problem
    return f"{each.reference} → {meaning}"
