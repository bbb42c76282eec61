"""Publishing of edited files. No version is overwritten: each is published on top of the one that it is based on.

A push is planned first, with everything read that has to be known, and then performed prompt by prompt; after each one, file and
lock are written, so that an interruption leaves nothing to be published twice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import Any

from promptuary.files import Document, Folder, FoundFile, Lock, LockEntry, render_document, write_lock, write_prompt_file
from promptuary.remote import Conflict, Missing, RemoteError, RemotePrompts, Row, Unreachable, content_of
from promptuary.sync.merging import Draft, Unmergeable, is_same, merge, value_of
from promptuary.sync.parts import ServerParts
from promptuary.sync.push_order import in_order_of_references
from promptuary.sync.states import document_of, entry_of
from promptuary.sync.tag_places import place_of_refusal


class Action(StrEnum):
    """Action of a push for a prompt."""

    CREATE = "create"
    PUBLISH = "publish"
    MERGE = "merge"
    ADOPT = "adopt"
    """The server has the same already."""
    ARCHIVE = "archive"
    DELETED = "deleted"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Push:
    """Planned or finished step for a prompt. ``version`` is the base while planned, and the new one when done."""

    name: str
    file: str
    action: Action
    version: int | None = None
    detail: str = ""
    draft: Draft | None = None
    note: str | None = None
    theirs: Row | None = None
    labels: tuple[str, ...] = ()
    """Labels that point at the new version at once."""


Latest = Mapping[str, Mapping[str, Any]]


def plan_push(
    folder: Folder,
    prompts: RemotePrompts,
    *,
    note: str | None,
    labels: Sequence[str] = (),
    archives: bool,
    advance: Callable[[int], object] = lambda _prompts: None,
) -> list[Push]:
    """Return what there is to do, by name, parts before what refers to them; unchanged prompts are left out. Writes nothing."""
    latest = {row["name"]: row for row in prompts.list_plain()}
    planned: list[Push] = []
    for push in chain(_changed(folder, prompts, latest, note), _deleted(folder, latest, archives=archives)):
        planned.append(_labelled(push, labels))
        advance(1)
    return in_order_of_references(planned, folder)


def perform(push: Push, folder: Folder, lock: Lock, prompts: RemotePrompts, server: ServerParts) -> tuple[Push, Lock]:
    """Do it, and return what was done and the lock as it is now. A conflict that arises meanwhile is one as a planned one is."""
    try:
        row = _sent(push, prompts)
    except Conflict as conflict:
        detail = f"version {conflict.current_version} was published just now; push again"
        return replace(push, action=Action.CONFLICT, detail=detail), lock
    except Unreachable:
        raise
    except RemoteError as error:
        place = None if push.draft is None else place_of_refusal(folder, push.file, push.draft.content, error)
        return replace(push, action=Action.CONFLICT, detail=f"{place}: {error}" if place else str(error)), lock
    entries = {name: entry for name, entry in lock.entries.items() if name != push.name}
    if row is not None:
        found = folder.found[push.name]
        document = document_of(row, found, is_shared=folder.is_shared)
        if document != found.document:
            write_prompt_file(folder.path, found.file, render_document(document))
        entries[push.name] = entry_of(row, found.file, server.references_of(row.name, row.version, row.content))
    lock = replace(lock, entries=entries)
    write_lock(folder, lock)
    return replace(push, version=None if row is None else row.version), lock


_LABELLED = {Action.CREATE, Action.PUBLISH, Action.MERGE, Action.ADOPT}


def _labelled(push: Push, labels: Sequence[str]) -> Push:
    """Add the labels that are to point at what is pushed, also if the server has it already."""
    if not labels or push.action not in _LABELLED:
        return push
    details = [push.detail, f"labelled {', '.join(labels)}"]
    return replace(push, labels=tuple(labels), detail="; ".join(filter(None, details)))


def _changed(folder: Folder, prompts: RemotePrompts, latest: Latest, note: str | None) -> Iterator[Push]:
    for name, found in sorted(folder.found.items()):
        entry, row = folder.entries.get(name), latest.get(name)
        if entry is not None and found.is_like(entry):
            continue
        description = note or _own_note(found.document, entry)
        draft = Draft(found.document.content, found.document.config, found.document.contract)
        if row is None and entry is None:
            yield Push(name, found.file, Action.CREATE, draft=draft, note=description)
        elif row is None:
            detail = "no longer on the server; pull --mine, then push, creates it"
            yield Push(name, found.file, Action.CONFLICT, detail=detail)
        else:
            yield _compared(found, entry, draft, description, _read(prompts, name, row), prompts)


def _compared(
    found: FoundFile, entry: LockEntry | None, draft: Draft, note: str | None, theirs: Row, prompts: RemotePrompts
) -> Push:
    """Decide about an edited prompt that the server has, too."""
    push = Push(theirs.name, found.file, Action.PUBLISH, theirs.version, draft=draft, note=note, theirs=theirs)
    there = Draft(theirs.content, theirs.config, theirs.contract)
    if is_same(draft.parts, there.parts):
        return replace(push, action=Action.ADOPT, detail=f"the server has it as version {theirs.version}")
    if entry is None:
        return replace(push, action=Action.CONFLICT, detail="the server has another prompt of this name; see pull --mine")
    try:
        base = _read_base(prompts, entry)
        if entry.version == theirs.version:
            return push
        merged = merge(base, there, draft)
    except Unmergeable as reason:
        detail = f"version {theirs.version} is on the server, made from {entry.version}: {reason}"
        return replace(push, action=Action.CONFLICT, detail=detail)
    if is_same(merged.parts, there.parts):
        return replace(push, action=Action.ADOPT, detail=f"version {theirs.version} has the edits of the file already")
    return replace(push, action=Action.MERGE, draft=merged, detail=f"merged with version {theirs.version}")


def _deleted(folder: Folder, latest: Latest, *, archives: bool) -> Iterator[Push]:
    for name, entry in sorted(folder.entries.items()):
        if name in folder.found or entry.file in folder.problems:
            continue
        row = latest.get(name)
        if not archives:
            yield Push(name, entry.file, Action.DELETED, entry.version, "stays on the server; push --archive archives it")
        elif row is not None and row["version"] != entry.version and row["version"] > entry.version:
            detail = f"version {row['version']} is on the server and was not pulled; it is not archived"
            yield Push(name, entry.file, Action.CONFLICT, entry.version, detail)
        else:
            yield Push(name, entry.file, Action.ARCHIVE, entry.version)


def _sent(push: Push, prompts: RemotePrompts) -> Row | None:
    """Send what a push is about; return the version that is there now, `None` when the prompt is archived."""
    if push.action is Action.ARCHIVE:
        try:
            prompts.archive(push.name)
        except Missing:
            return None
        return None
    if push.action is Action.ADOPT:
        return None if push.theirs is None else _with_labels(push.theirs, push.labels, prompts)
    draft = push.draft or Draft("", None)
    if push.action is Action.CREATE:
        created = prompts.create(
            push.name, draft.content, config=draft.config, description=push.note, contract=draft.contract, labels=push.labels
        )
        return _published(created, draft, push.labels)
    theirs = push.theirs
    changes: dict[str, object] = {}
    if theirs is None or not is_same(theirs.content, draft.content):
        changes["prompt"] = draft.content
    if theirs is None or not is_same(theirs.config, draft.config):
        changes["config"] = draft.config
    if theirs is None or not is_same(theirs.contract, draft.contract):
        changes["variables"] = draft.contract
    published = prompts.publish(push.name, push.version or 0, changes, description=push.note, labels=push.labels)
    return _published(published, draft, push.labels)


def _published(answer: Mapping[str, Any], draft: Draft, labels: Sequence[str]) -> Row:
    version = answer["version"]
    pointing = dict.fromkeys(labels, version)
    return Row(
        answer["name"], version, version, draft.content, draft.config, answer["version_description"], pointing, draft.contract
    )


def _with_labels(there: Row, labels: Sequence[str], prompts: RemotePrompts) -> Row:
    """Point labels at a version that the server has already."""
    for label in labels:
        current = there.labels.get(label)
        if current != there.version:
            try:
                prompts.set_label(there.name, label, there.version, expected_version=current)
            except Conflict:
                raise RemoteError(f"{label} was moved in the meantime. Push again.") from None
    return replace(there, labels={**there.labels, **dict.fromkeys(labels, there.version)})


def _own_note(document: Document, entry: LockEntry | None) -> str | None:
    """Return the description in the file, unless it is still that of the version that was pulled."""
    return None if entry is not None and document.description == entry.description else document.description or None


def _read(prompts: RemotePrompts, name: str, row: Mapping[str, Any]) -> Row:
    version = row["version"]
    answer = prompts.resolve(name, version=version)["prompt"]
    labels = {label["name"]: label["version"] for label in row["all_labels"]}
    content = content_of(answer["prompt"], row["prompt_size_bytes"])
    return Row(name, version, version, content, answer["config"], answer["version_description"], labels, answer.get("variables"))


def _read_base(prompts: RemotePrompts, entry: LockEntry) -> Draft:
    try:
        answer = prompts.resolve(entry.name, version=entry.version)["prompt"]
    except Missing:
        message = f"the server has no version {entry.version}"
        raise Unmergeable(message) from None
    return Draft(value_of(answer["prompt"], entry.sha256), answer["config"], answer.get("variables"))
