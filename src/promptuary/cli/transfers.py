"""``promptuary export`` and ``promptuary import``: a whole project into a file, and back into any project."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from promptuary.cli.output import AsJson, Record, say, show_record, write_to_stdout
from promptuary.cli.progress import Bar, Progress, progress
from promptuary.cli.remote import ProfileName
from promptuary.exports import Contents, Draft, batches, check_export, read_lines
from promptuary.model.errors import InvalidValue, UserFacingError
from promptuary.model.text import counted
from promptuary.model.transfer import write_line
from promptuary.remote import CURRENT, Remote, RemoteError, find_project, posthog, read_profile, transfers
from promptuary.remote.profiles import Profile, make_profile

OnConflict = Annotated[
    str, typer.Option(help="What to do if a prompt already exists with another history: fail (stop there) or skip.")
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="Import from another server instead of a file: posthog, set by POSTHOG_HOST, POSTHOG_API_KEY and POSTHOG_PROJECT.",
    ),
]
File = Annotated[Path, typer.Argument(help="The file to write, or - for standard output. Compressed if the name ends in .gz.")]
Force = Annotated[bool, typer.Option("--force", "--yes", "-y", help="Replace the file if it exists.")]
GivenFile = Annotated[Path | None, typer.Argument(help="The file to read, written by promptuary export.")]

_POSTHOG = ("POSTHOG_HOST", "POSTHOG_API_KEY", "POSTHOG_PROJECT")


def export_project(file: File, force: Force = False, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Write a whole project into a file: prompts, versions, labels, authors, times. If interrupted, run it again to continue."""
    chosen = read_profile(profile)
    if str(file) != "-":
        contents = _export(chosen, file, replaces=force)
        record = {"prompts": contents.prompts, "versions": contents.versions, "labels": contents.labels, "file": str(file)}
        show_record(record, as_json=as_json)
        return
    # Nothing is written before the export is whole and checked: a program that reads it cannot take a part for all.
    with TemporaryDirectory(prefix="promptuary-") as folder:
        whole = Path(folder, "export")
        _export(chosen, whole, keeps_draft=False)
        write_to_stdout(whole)


def _export(chosen: Profile, file: Path, *, replaces: bool = False, keeps_draft: bool = True) -> Contents:
    with Remote(chosen) as remote, Draft(file, _source_of(remote), replaces=replaces) as draft, progress() as shown:
        exporting = shown.add("Exporting")
        try:
            _fill(draft, remote, exporting)
        except (KeyboardInterrupt, RemoteError):
            # The draft of standard output is a temporary file.
            if draft.versions and keeps_draft:
                kept = counted(draft.versions, "version")
                say(f"Stopped: {file}.part has {kept} so far. The same command again continues.", err=True)
            raise
        return draft.finish()


def _fill(draft: Draft, remote: Remote, exporting: Bar) -> None:
    is_last = False
    while not is_last:
        place = draft.place
        batch = transfers.export_batch(remote, None if place is None else asdict(place))
        # A draft that had to go back has more to ask for.
        is_last = draft.append(batch.lines) and batch.is_last
        if not is_last and not batch.lines:
            raise RemoteError(f"{remote.profile.host} answered with an export that has no end.")
        exporting.set(draft.versions, batch.versions)


def _source_of(remote: Remote) -> str:
    """Return what tells an export's source: the current project is another one for each account."""
    at = remote.profile
    number = find_project(remote).number if at.project == CURRENT else at.project
    return f"{at.host} {number}"


def import_project(
    file: GivenFile = None,
    source: From = None,
    on_conflict: OnConflict = "fail",
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Import an export, or a PostHog project, into a project. Existing versions stay. If interrupted, run it again to continue."""
    if on_conflict not in {"fail", "skip"}:
        message = "--on-conflict must be fail or skip."
        raise InvalidValue("invalid_choice", message)
    if (file is None) == (source is None) or source not in {None, "posthog"}:
        message = "Name either a file, or --from posthog."
        raise InvalidValue("invalid_choice", message)
    with Remote(read_profile(profile)) as remote, progress() as shown:
        lines = _lines_of_file(file, shown) if file is not None else _lines_of_posthog(remote, shown)
        imported = _send(remote, lines, on_conflict)
    show_record(_record(imported, as_json=as_json), as_json=as_json)
    _warn_of_unresolved(imported.unresolved)


def _warn_of_unresolved(references: Sequence[transfers.Unresolved]) -> None:
    if references:
        say("Warning: fetches of these versions fail until their references can be resolved:", err=True)
    for each in references:
        say(f"  {each.name}, version {each.version}: {each.reference} ({each.code})", err=True)


def _send(remote: Remote, lines: Iterable[bytes], on_conflict: str) -> transfers.ImportResult:
    imported = transfers.ImportResult()
    try:
        for batch in batches(lines):
            imported += transfers.import_batch(remote, batch, on_conflict=on_conflict)
    except (KeyboardInterrupt, UserFacingError):
        created, added = counted(imported.prompts_created, "prompt"), counted(imported.versions_added, "version")
        if imported.versions_added:
            say(f"Stopped: {created} and {added} were imported. The same command again continues.", err=True)
        raise
    return imported


def _lines_of_file(file: Path, shown: Progress) -> Iterator[bytes]:
    checking = shown.add("Checking")
    contents = check_export(file, checking.advance)
    total = contents.prompts + contents.versions + contents.labels
    checking.set(total, total)
    yield from _followed(read_lines(file), shown.add("Importing", total=total))


def _followed(lines: Iterator[bytes], importing: Bar) -> Iterator[bytes]:
    for line in lines:
        yield line
        importing.advance()


def _lines_of_posthog(remote: Remote, shown: Progress) -> Iterator[bytes]:
    with Remote(_posthog_profile()) as source:
        wanted, here = posthog.list_versions(source), posthog.list_versions(remote)
        if not wanted:
            raise RemoteError(f"Project {source.profile.project} of {source.profile.host} has no prompts.")
        importing = shown.add("Importing", total=posthog.count_missing(wanted, here))
        for line in posthog.read_project(source, wanted, here, importing.advance):
            yield write_line(line).encode()


def _posthog_profile() -> Profile:
    if missing := [name for name in _POSTHOG if not os.environ.get(name)]:
        message = f"Set {' and '.join(missing)} in the environment."
        raise InvalidValue("invalid_setting", message)
    values = dict(zip(("host", "api_key", "project"), (os.environ[name] for name in _POSTHOG), strict=True))
    return make_profile(values, "POSTHOG_HOST, POSTHOG_API_KEY and POSTHOG_PROJECT")


def _record(imported: transfers.ImportResult, *, as_json: bool) -> Record:
    skipped = [{"name": name, "detail": detail} for name, detail in imported.skipped]
    return {
        "prompts_created": imported.prompts_created,
        "versions_added": imported.versions_added,
        "versions_present": imported.versions_present,
        "labels_set": imported.labels_set,
        "skipped": skipped if as_json else [each["detail"] for each in skipped],
        **({"unresolved": [asdict(each) for each in imported.unresolved]} if as_json else {}),
    }
