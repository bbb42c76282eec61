"""``promptuary prompt``: prompts of a server, over HTTP with a key. `prompt_writing` has the commands that publish."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from promptuary.cli.differences import show_difference
from promptuary.cli.output import AsJson, Record, say, show_json, show_record, show_records, show_text, write_out
from promptuary.cli.reference_warnings import Served, find_affected, named, warn_of_move
from promptuary.cli.remote import ProfileName, Yes, reached_prompts, require_agreement
from promptuary.model.names import check_label_name
from promptuary.remote import Conflict, Missing, RemoteError, RemotePrompts, ServerReference
from promptuary.sync import Draft

app = typer.Typer(help="Read, write, compare, label and archive the prompts of a server over HTTP.", no_args_is_help=True)

Row = dict[str, Any]
PromptName = Annotated[str, typer.Argument(metavar="NAME", help="The prompt's name.")]
Version = Annotated[int | None, typer.Option("--version", help="The version's number.", min=1)]


@app.command("list")
def list_all(
    search: Annotated[str | None, typer.Option(help="Only prompts with this text in their name or content.")] = None,
    label: Annotated[str | None, typer.Option(help="Only prompts with this label, each at the labelled version.")] = None,
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
    label: Annotated[str | None, typer.Option(help="The version with this label.")] = None,
    content: Annotated[bool, typer.Option("--content", help="Print the content only, unchanged, for other programs.")] = False,
    resolved: Annotated[bool, typer.Option("--resolved", help="Put the texts of referenced prompts in the place of tags.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Show a prompt: its latest version, or another one, with its labels and config."""
    if version is not None and label is not None:
        raise typer.BadParameter("--version and --label exclude each other.")
    if label is not None:
        check_label_name(label, field="label")
    with reached_prompts(profile) as prompts:
        chosen = prompts.fetch(name, label=label, resolve=False)["version"] if label is not None else version
        page = _read_page(prompts, name, chosen)
        found = page["prompt"]
        if resolved:
            found |= prompts.fetch_assembled(name, found["version"])
    references = [_told(each) for each in page["references"]]
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
            "author": _author(found),
            "created_at": _second(found["created_at"]),
            "config": found["config"],
            **({"variables": found["variables"]} if "variables" in found else {}),
            **({"references": references} if references else {}),
        }
        show_record(record, as_json=False)
        show_text(found["prompt"])


@app.command("history")
def history(name: PromptName, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """List the versions of a prompt, newest first."""
    with reached_prompts(profile) as prompts:
        page = prompts.resolve(name)
        versions = page["versions"]
        while page["has_more"] and page["versions"]:
            page = prompts.resolve(name, before_version=versions[-1]["version"])
            if page["versions"] and page["versions"][0]["version"] >= versions[-1]["version"]:
                raise RemoteError("The server answered with a history that has no end.")
            versions += page["versions"]
    _show_rows(versions, _record_of_version, as_json=as_json, nothing="There are no versions.")


@app.command("diff")
def diff(
    name: PromptName,
    old: Annotated[int | None, typer.Argument(metavar="OLD", help="The older version. Default: the one before NEW.", min=1)] = None,
    new: Annotated[int | None, typer.Argument(metavar="NEW", help="The newer version. Default: the latest.", min=1)] = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Compare two versions of a prompt."""
    with reached_prompts(profile) as prompts:
        newer = _read_version(prompts, name, new)
        before = old or newer["version"] - 1
        older = _read_version(prompts, name, before) if before else None
    if as_json:
        show_json({"old": older, "new": newer})
        return
    drafts = [None if each is None else Draft(each["prompt"], each["config"], each.get("variables")) for each in (older, newer)]
    if drafts[0] == drafts[1]:
        say(f"Versions {before} and {newer['version']} do not differ.")
        return
    was = f"version {before}" if before else "nothing"
    show_difference(drafts[0], drafts[1], title=f"{name}: {was} and version {newer['version']}")


@app.command("dependents")
def dependents(
    name: PromptName,
    label: Annotated[str | None, typer.Option(help="Only prompts that follow this label.")] = None,
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


@app.command("label")
def set_label(
    name: PromptName,
    label: Annotated[str, typer.Argument(metavar="LABEL", help="The label's name.")],
    version: Version = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the label instead.")] = False,
    yes: Yes = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Point a label at a version, or remove it. Fails if the label is moved by another user meanwhile."""
    if (version is None) != remove:
        raise typer.BadParameter("Give either --version or --remove.")
    check_label_name(label, field="label")
    with reached_prompts(profile) as prompts:
        labels = {each["name"]: each["version"] for each in prompts.resolve(name)["labels"]}
        current = labels.get(label)
        affected: list[Served] = []
        if version is None:
            _remove_label(prompts, name, label, current, is_agreed=yes)
        elif version != current:
            affected = find_affected(prompts, name, label)
            _move_label(prompts, name, label, current, version, affected, is_agreed=yes)
    names = sorted({each.name for each in affected})
    if as_json:
        more = {"affected_prompts": names} if names else {}
        show_json({"name": name, "label": label, "version": version, "from_version": current, **more})
    elif version is None:
        say(f"{name}: {label} is removed.")
    else:
        was = " already" if current == version else "" if current is None else f", and no longer at {current}"
        changed = f" Changed: {named(affected)}." if affected else ""
        say(f"{name}: {label} points at version {version}{was}.{changed}")


@app.command("archive")
def archive(name: PromptName, yes: Yes = False, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Take a prompt out of service, with all versions and labels. Its name becomes free."""
    with reached_prompts(profile) as prompts:
        require_agreement(f"Archive {name}, with all versions and labels?", is_agreed=yes)
        prompts.archive(name)
    if as_json:
        show_json({"name": name, "archived": True})
    else:
        say(f"{name} is archived. promptuary prompt restore brings it back, without labels.")


@app.command("restore")
def restore(name: PromptName, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Restore an archived prompt, with all versions and without labels."""
    with reached_prompts(profile) as prompts:
        restored = prompts.restore(name)
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
        "changed_at": _second(row["created_at"]),
        "bytes": row["prompt_size_bytes"],
    }


def _record_of_version(row: Row) -> Record:
    return {
        "version": row["version"],
        "labels": row["labels"],
        "description": row["version_description"],
        "author": _author(row),
        "created_at": _second(row["created_at"]),
    }


def _record_of_dependent(row: Row) -> Record:
    return {
        "name": row["name"],
        "version": row["version"],
        "labels": row["labels"],
        "references": row["reference"]["label"] or f"v{row['reference']['version']}",
        "tags": row["occurrences"],
    }


def _read_version(prompts: RemotePrompts, name: str, version: int | None) -> dict[str, Any]:
    found: dict[str, Any] = _read_page(prompts, name, version)["prompt"]
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


def _told(each: ServerReference) -> str:
    meaning = f"v{each.resolved_version}" if each.problem is None else each.problem
    return f"{each.reference} → {meaning}"


def _remove_label(prompts: RemotePrompts, name: str, label: str, current: int | None, *, is_agreed: bool) -> None:
    if current is not None:
        require_agreement(f"{label} points at version {current} of {name}. Remove it?", is_agreed=is_agreed)
    try:
        prompts.remove_label(name, label, expected_version=current)
    except Conflict as conflict:
        raise _moved(name, label, conflict) from None


def _move_label(
    prompts: RemotePrompts,
    name: str,
    label: str,
    current: int | None,
    version: int,
    affected: Sequence[Served],
    *,
    is_agreed: bool,
) -> None:
    if affected:
        say(f"Prompts that follow {label} of {name} change: {named(affected)}.", err=True)
    warn_of_move(prompts, name, label, version, affected)
    if current is not None or affected:
        place = "no version" if current is None else f"version {current}"
        require_agreement(f"{label} points at {place} of {name}. Move it to {version}?", is_agreed=is_agreed)
    try:
        prompts.set_label(name, label, version, expected_version=current)
    except Conflict as conflict:
        raise _moved(name, label, conflict) from None


def _moved(name: str, label: str, conflict: Conflict) -> RemoteError:
    now = "removed" if conflict.current_version is None else f"moved to version {conflict.current_version}"
    return RemoteError(f"{label} of {name} was {now} in the meantime. Check the label, then run the command again.")


def _second(moment: str) -> str:
    return moment.partition(".")[0].removesuffix("Z") + "Z"


def _author(version: dict[str, dict[str, str] | None]) -> str | None:
    author = version["created_by"]
    return author["email"] if author else None
