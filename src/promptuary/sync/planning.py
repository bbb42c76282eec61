"""The plan of bringing a reviewed folder to a server: what to publish, label and archive.

The lock file is used if it is there, but not needed. `promptuary.sync.bases` says on which version a file is
based. A version of the server that is not known to the checkout is merged or reported, and never replaced.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from promptuary.files import Folder, FoundFile, LockEntry
from promptuary.remote import Missing, RemotePrompts, RemoteReleases
from promptuary.sync.bases import Base, Known, ServerHistory, draft_of, find_base
from promptuary.sync.merging import Draft, Unmergeable, is_same, merge
from promptuary.sync.origins import digest_of, origin_of, with_origin, without_origin
from promptuary.sync.push_order import in_order_of_references

Rows = Mapping[str, Mapping[str, Any]]


class Step(StrEnum):
    """Step for a prompt. The last five change nothing."""

    CREATE = "create"
    PUBLISH = "publish"
    MERGE = "merge"
    LABEL = "label"
    ARCHIVE = "archive"
    CONFLICT = "conflict"
    BEHIND = "behind"
    """The server has something newer that the repository does not have yet."""
    HELD = "held"
    """The label was moved away from the version of the file, so it is not moved back."""
    DELETED = "deleted"
    WAITING = "waiting"
    """An open change request has the move of the label."""

    @property
    def is_change(self) -> bool:
        """`True` if the step changes the server."""
        return self in _CHANGING

    @property
    def publishes(self) -> bool:
        """`True` if the step makes a version."""
        return self in _PUBLISHING


_PUBLISHING = frozenset({Step.CREATE, Step.PUBLISH, Step.MERGE})
_CHANGING = _PUBLISHING | {Step.LABEL, Step.ARCHIVE}


@dataclass(frozen=True, slots=True)
class Change:
    """Planned or finished step for a prompt.

    ``version`` is the one that is published on top of or labelled while planned, and the new one when done. ``label`` moves from
    ``label_version``. ``old`` is what the environment serves now, and ``draft`` what it serves afterwards.
    """

    name: str
    file: str
    step: Step
    version: int | None = None
    detail: str = ""
    label: str | None = None
    label_version: int | None = None
    old: Draft | None = None
    draft: Draft | None = None
    theirs: Draft | None = None
    """The latest version, on top of which the draft is published."""
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """Goal of a plan: the label that releases, if any, and the knowledge of the checkout."""

    known: Known
    label: str | None = None
    note: str | None = None
    prunes: bool = False


def plan_changes(
    folder: Folder, prompts: RemotePrompts, goal: Goal, advance: Callable[[int], object] = lambda _prompts: None
) -> list[Change]:
    """Return the steps by name, parts before prompts that reference them; prompts without a step are left out. Changes nothing."""
    rows = {row["name"]: row for row in prompts.list_plain()}
    is_any_absent = any(name not in rows for name in folder.found)
    archived = find_archived(prompts) if is_any_absent else {}
    planner = _Planner(folder, prompts, goal)
    planned: list[Change] = []
    for name, found in sorted(folder.found.items()):
        row = rows.get(name)
        change = planner.absent(found, archived.get(name)) if row is None else planner.present(found, row)
        planned += [] if change is None else [change]
        advance(1)
    planned += planner.deleted(rows)
    return in_order_of_references(planned, folder)


def list_unseen(folder: Folder, goal: Goal) -> list[str]:
    """Return the names that the user says to have seen and that the folder does not have."""
    return sorted(goal.known.seen.keys() - folder.found.keys() - folder.entries.keys())


@dataclass(frozen=True, slots=True)
class _Planner:
    folder: Folder
    prompts: RemotePrompts
    goal: Goal

    def absent(self, found: FoundFile, archived: Mapping[str, Any] | None) -> Change | None:
        """Return the step for a file whose prompt the server does not have."""
        document = found.document
        entry = self.folder.entries.get(document.name)
        draft = draft_of(found)
        origin = None if archived is None else origin_of(archived["version_description"])
        if entry is None and origin is None:
            note = self._note(found, None, None)
            return Change(document.name, found.file, Step.CREATE, label=self.goal.label, draft=draft, note=note)
        was = "was archived" if archived is not None else "is no longer on the server"
        is_edited = not (found.is_like(entry) if entry else origin is not None and origin.digest == digest_of(draft))
        way_out = f"promptuary prompt restore {document.name} brings it back" if archived is not None else "rename the prompt"
        if is_edited:
            return Change(document.name, found.file, Step.CONFLICT, detail=f"it {was} and the file was edited; {way_out}")
        return Change(document.name, found.file, Step.BEHIND, detail=f"it {was}; {way_out}, or delete the file")

    def present(self, found: FoundFile, row: Mapping[str, Any]) -> Change | None:
        """Return the step for a file whose prompt the server has."""
        name, label = found.document.name, self.goal.label
        entry = self.folder.entries.get(name)
        pointer = next((each["version"] for each in row["all_labels"] if each["name"] == label), None)
        served = row["version"] if label is None else pointer
        if entry is not None and found.is_like(entry) and served == entry.version:
            return None
        history = ServerHistory(self.prompts, name, found.document.content, row)
        pointer = None if label is None else history.labels.get(label)
        old = history.latest_draft if label is None else None if pointer is None else history.draft(pointer)
        yours = draft_of(found)
        if old is not None and is_same(old.parts, yours.parts):
            return None
        change = Change(name, found.file, Step.PUBLISH, history.latest, "", label, pointer, old, yours, history.latest_draft)
        base = find_base(history, found, entry, self.goal.known)
        if base is None:
            detail = f"the server has another prompt of this name; --seen {name}={history.latest} publishes the file on top of it"
            return replace(change, step=Step.CONFLICT, detail=detail)
        described = _description_of(history, base.version)
        return self._decided(replace(change, note=self._note(found, entry, described)), base, history)

    def deleted(self, rows: Rows) -> Iterator[Change]:
        """Yield the steps for prompts that the folder had, and whose files are not there any more."""
        for name, entry in sorted(self.folder.entries.items()):
            row = rows.get(name)
            if row is None or name in self.folder.found or entry.file in self.folder.problems:
                continue
            change = Change(name, entry.file, Step.DELETED, row["version"], "the file was deleted; --prune archives the prompt")
            yield self._pruned(change, entry, row) if self.goal.prunes else change

    def _pruned(self, change: Change, entry: LockEntry, row: Mapping[str, Any]) -> Change:
        history = ServerHistory(self.prompts, change.name, None, row)
        base = find_base(history, None, entry, self.goal.known)
        held = f"{self.folder.lock_name} has it as version {entry.version}"
        if base is None:
            return replace(change, step=Step.CONFLICT, detail=f"{held}, which the server does not have; it is not archived")
        if base.version != history.latest:
            detail = f"the file was deleted, and version {history.latest} was made elsewhere; it is not archived"
            return replace(change, step=Step.CONFLICT, detail=detail)
        return replace(change, step=Step.ARCHIVE, detail=f"the file was deleted, and {held}", old=history.latest_draft)

    def _decided(self, change: Change, base: Base, history: ServerHistory) -> Change | None:
        """Decide by the base: what is published, if anything, and where the label goes."""
        yours, latest = change.draft or base.draft, history.latest
        is_base = is_same(yours.parts, base.draft.parts)
        if is_base:
            newer = latest if change.label is None else change.label_version
            if newer is not None and newer > base.version:
                return replace(change, step=Step.BEHIND, detail=_behind(base, newer), draft=None)
            return None if change.label is None else self._labelled(change, base.version)
        return self._published(change, base, yours, history)

    def _published(self, change: Change, base: Base, yours: Draft, history: ServerHistory) -> Change:
        """Return the step for an edited file: it is published on top of its base, or merged with what was made since."""
        latest = history.latest
        if base.version == latest:
            return replace(change, detail=_label_elsewhere(change, latest))
        try:
            merged = merge(base.draft, history.latest_draft, yours)
        except Unmergeable as reason:
            detail = f"version {latest} was made elsewhere, on top of version {base.version}: {reason}"
            return replace(change, step=Step.CONFLICT, detail=detail)
        if change.label is not None and change.label_version != latest:
            detail = f"version {latest} was made elsewhere and does not have the label {change.label}"
            way_out = f"--seen {change.name}={latest} publishes the file without it"
            return replace(change, step=Step.CONFLICT, detail=f"{detail}; {way_out}")
        if is_same(merged.parts, history.latest_draft.parts):
            return replace(change, step=Step.BEHIND, detail=f"version {latest} has the edits of the file already", draft=None)
        return replace(change, step=Step.MERGE, draft=merged, detail=f"merged with version {latest}, which was made elsewhere")

    def _labelled(self, change: Change, version: int) -> Change:
        """Return the step that moves the label to a version that has the text of the file."""
        if was_left(self.prompts, change.name, change.label or "", version):
            now = "removed" if change.label_version is None else f"moved to version {change.label_version}"
            detail = f"{change.label} was {now} after it was at version {version}, so it is not moved back; "
            detail += f"promptuary label set {change.name} {change.label} --version {version} moves it"
            return replace(change, step=Step.HELD, version=version, detail=detail)
        return replace(change, step=Step.LABEL, version=version)

    def _note(self, found: FoundFile, entry: LockEntry | None, described: str | None) -> str:
        """Return the description of the new version: the given one, else a new one of the file, else the subject of the commit."""
        own = found.document.description
        is_new = own and own != described and (entry is None or own != entry.description)
        checkout = self.goal.known.checkout
        note = self.goal.note or (own if is_new else checkout.subject)
        return with_origin(note, draft_of(found), checkout.commit_of(found.file))


def was_left(prompts: RemotePrompts, name: str, label: str, version: int) -> bool:
    """Return `True` if a label was moved away from a version, which only people do."""
    try:
        moves = RemoteReleases(prompts.remote).list_history(name, label)
    except Missing:
        return False
    return any(move["from_version"] == version for move in moves)


def find_archived(prompts: RemotePrompts) -> dict[str, Mapping[str, Any]]:
    """Return the archived prompts by name; of several with one name, one that came from files."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in prompts.list_plain(is_archived=True):
        if row["name"] not in found or origin_of(row["version_description"]) is not None:
            found[row["name"]] = row
    return found


def _description_of(history: ServerHistory, version: int) -> str | None:
    line = next((line for line in history.lines() if line["version"] <= version), None)
    return None if line is None else without_origin(line["version_description"])


def _behind(base: Base, newer: int) -> str:
    return f"the file is version {base.version}, and version {newer} is newer; promptuary sync takes it into the repository"


def _label_elsewhere(change: Change, latest: int) -> str:
    is_elsewhere = change.label_version is not None and change.label_version != latest
    return f"{change.label} is at version {change.label_version} now" if is_elsewhere else ""
