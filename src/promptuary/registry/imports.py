"""The verb that imports prompts with their versions, labels, authors and timestamps."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from promptuary.model.access import Actor, Permission
from promptuary.model.changes.payloads import PromptImported
from promptuary.model.errors import HistoryConflict
from promptuary.model.label_history import MoveCause, MoveKind
from promptuary.model.prompts import MAX_LABELS, LabelPointer, Prompt
from promptuary.model.references import count_references
from promptuary.model.transfer import LabelLine, Line, PromptLine, VersionLine
from promptuary.model.transfer_order import Order
from promptuary.registry.changes import record_imports
from promptuary.registry.protection import cause_of, require_names_allowed
from promptuary.registry.references import list_affected
from promptuary.registry.unresolved import UnresolvedTag, list_unresolved
from promptuary.store import label_moves, label_rules, members, prompt_periods, prompts, references, transfers
from promptuary.store.engine.database import Transaction
from promptuary.store.lists import entries
from promptuary.store.transfers import Arrival, Carried

_COMPARED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Imported:
    """Result of a batch: changes, existing items, skipped prompts with reasons, and references of the project without a meaning.

    Parts may come in a later batch than what refers to them, so the last batch tells which references are left.
    """

    prompts_created: int
    versions_added: int
    versions_present: int
    labels_set: int
    skipped: tuple[HistoryConflict, ...]
    unresolved: tuple[UnresolvedTag, ...]


@dataclass(slots=True)
class _Part:
    """The lines of one prompt."""

    line: PromptLine
    versions: list[VersionLine] = field(default_factory=list)
    labels: list[LabelLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Step:
    """Plan for one prompt: from ``before`` (`None`: it is new) to ``after``."""

    before: Carried | None
    after: Carried
    versions: list[VersionLine]
    present: int
    new_labels: list[LabelLine]
    moved_labels: list[LabelLine]
    former_versions: dict[str, int] = field(default_factory=dict)
    """Positions of the labels that were here before."""

    @property
    def set_labels(self) -> list[LabelLine]:
        """All labels that come to another position."""
        return [*self.new_labels, *self.moved_labels]

    @property
    def changes_something(self) -> bool:
        return bool(self.versions or self.new_labels or self.moved_labels)


def import_batch(
    tx: Transaction,
    actor: Actor,
    lines: Sequence[Line],
    *,
    skips_conflicts: bool = False,
    reason: str | None = None,
    is_emergency: bool = False,
) -> Imported:
    """Take in lines of an export, in its order; a batch may begin in the middle of a prompt, behind a repeated line of its own.

    What is there already stays as it is, so that the same batch can come again. A prompt is the same as one here, active or
    archived, when name and first moment are; its versions here must be those of the batch, as far as both go, and what is behind
    them is added. A label that was set later elsewhere than here moves. Anything else raises `HistoryConflict`, or passes the
    prompt over. Raises `InvalidLine`. Writers who are no members of the project are recorded by name and address: they
    get no account; existing accounts with the address are not revealed. Rules that protect labels hold for imports, too: they raise
    `LabelProtected`, but in an emergency.
    """
    actor.require(Permission.IMPORT)
    cause = cause_of(actor, MoveKind.IMPORT, reason, is_emergency=is_emergency)
    parts = _parts(lines)
    # All others who write to prompts wait, so that names stay free and no deadlock occurs.
    entries.lock_prompts(tx)
    steps, conflicts = _plan(tx, actor, parts, skips_conflicts=skips_conflicts)
    _require_allowed(tx, actor, steps, cause)
    _carry_out(tx, actor, [step for step in steps if step.changes_something], cause)
    return Imported(
        prompts_created=sum(step.before is None for step in steps),
        versions_added=sum(len(step.versions) for step in steps),
        versions_present=sum(step.present for step in steps),
        labels_set=sum(len(step.new_labels) + len(step.moved_labels) for step in steps),
        skipped=tuple(conflicts),
        unresolved=tuple(list_unresolved(tx, actor.project_id)),
    )


def _parts(lines: Sequence[Line]) -> list[_Part]:
    order = Order(is_whole=False)
    parts: list[_Part] = []
    for number, line in enumerate(lines, start=1):
        order.take(line, number)
        if isinstance(line, PromptLine):
            parts.append(_Part(line))
        elif isinstance(line, VersionLine):
            parts[-1].versions.append(line)
        else:
            parts[-1].labels.append(line)
    return parts


def _plan(tx: Transaction, actor: Actor, parts: list[_Part], *, skips_conflicts: bool) -> tuple[list[_Step], list[HistoryConflict]]:
    here = transfers.list_carried_by_name(tx, actor.project_id, [part.line.name for part in parts])
    known = {each.line.identity: each for each in here}
    active = {each.prompt.name for each in here if each.archived_at is None}
    labels = transfers.list_labels_of(tx, [each.prompt.id for each in here])
    steps: list[_Step] = []
    conflicts: list[HistoryConflict] = []
    for part in parts:
        found = known.get(part.line.identity)
        try:
            if found is None:
                steps.append(_step_of_new(actor, part, is_taken=part.line.name in active))
            else:
                steps.append(_step_of_known(tx, found, part, labels[found.prompt.id]))
        except HistoryConflict as conflict:
            if not skips_conflicts:
                raise
            conflicts.append(conflict)
    return steps, conflicts


def _step_of_new(actor: Actor, part: _Part, *, is_taken: bool) -> _Step:
    line = part.line
    if line.archived_at is None and is_taken:
        raise HistoryConflict(line.name, "another prompt has the name here")
    if not part.versions or part.versions[0].version != 1:
        raise HistoryConflict(line.name, "it is not here, and the batch does not begin with version 1")
    created = Prompt(
        id=str(uuid.uuid4()),
        project_id=actor.project_id,
        name=line.name,
        latest_version=part.versions[-1].version,
        created_at=line.created_at,
    )
    _require_versions(created, part.labels)
    return _Step(None, Carried(created, line.archived_at), part.versions, 0, part.labels, [])


def _step_of_known(tx: Transaction, here: Carried, part: _Part, labels: list[LabelLine]) -> _Step:
    latest = here.prompt.latest_version
    if here.archived_at != part.line.archived_at:
        raise HistoryConflict(part.line.name, "it was archived or restored here or there since")
    if part.versions and part.versions[0].version > latest + 1:
        raise HistoryConflict(part.line.name, f"version {latest + 1} is missing in between")
    present = [line for line in part.versions if line.version <= latest]
    _require_same(tx, here.prompt, present)
    added = part.versions[len(present) :]
    after = replace(here.prompt, latest_version=added[-1].version if added else latest)
    _require_versions(after, part.labels)
    set_here = {label.name: label for label in labels}
    new = [label for label in part.labels if label.name not in set_here]
    if len(labels) + len(new) > MAX_LABELS:
        raise HistoryConflict(part.line.name, f"it would have more than {MAX_LABELS} labels")
    moved = [label for label in part.labels if label.name in set_here and _is_later(label, set_here[label.name])]
    former_versions = {name: line.version for name, line in set_here.items()}
    return _Step(here, replace(here, prompt=after), added, len(present), new, moved, former_versions)


def _is_later(label: LabelLine, here: LabelLine) -> bool:
    return label.version != here.version and label.updated_at > here.updated_at


def _require_versions(prompt: Prompt, labels: Iterable[LabelLine]) -> None:
    for label in labels:
        if label.version > prompt.latest_version:
            raise HistoryConflict(prompt.name, f"label '{label.name}' points at version {label.version}, which is missing")


def _require_same(tx: Transaction, prompt: Prompt, wanted: list[VersionLine]) -> None:
    # Few at once: those here may be much bigger than those that came.
    for start in range(0, len(wanted), _COMPARED_AT_ONCE):
        compared = wanted[start : start + _COMPARED_AT_ONCE]
        here = transfers.list_versions_between(tx, prompt.id, compared[0].version, compared[-1].version)
        for mine, other in zip(here, compared, strict=True):
            if _history(mine) != _history(other):
                raise HistoryConflict(prompt.name, f"its version {other.version} is another one here")


def _history(line: VersionLine) -> tuple[object, ...]:
    # The author is left out: people change their addresses.
    return line.version, line.created_at, line.description, line.content, line.config, line.variables


def _require_allowed(tx: Transaction, actor: Actor, steps: Sequence[_Step], cause: MoveCause) -> None:
    rules = [] if cause.kind is MoveKind.EMERGENCY else label_rules.list_rules(tx, actor.project_id)
    for label in {line.name for step in steps for line in step.set_labels} if rules else ():
        require_names_allowed(rules, actor, label)


def _carry_out(tx: Transaction, actor: Actor, steps: list[_Step], cause: MoveCause) -> None:
    members_here = _members(tx, actor, steps)
    transfers.insert_carried(tx, [step.after for step in steps if step.before is None])
    arrivals = [(_arrival(step, line, members_here), line) for step in steps for line in step.versions]
    transfers.insert_versions(tx, arrivals)
    references.insert_references(tx, actor.project_id, {arrival.id: count_references(line.content) for arrival, line in arrivals})
    for step in steps:
        if step.before is not None and step.versions:
            prompts.update_latest_version(tx, step.after.prompt.id, step.after.prompt.latest_version)
    _set_labels(tx, steps, members_here)
    _record_history(tx, actor, steps, cause)
    record_imports(tx, actor, [(step.after.prompt, _imported(tx, step)) for step in steps])


def _set_labels(tx: Transaction, steps: list[_Step], members_here: dict[str, int]) -> None:
    new = [(_arrival(step, line, members_here), line) for step in steps for line in step.new_labels]
    moved = [(_arrival(step, line, members_here), line) for step in steps for line in step.moved_labels]
    version_ids = transfers.list_version_ids(tx, {(arrival.prompt_id, line.version) for arrival, line in (*new, *moved)})
    transfers.insert_labels(tx, new, version_ids)
    for arrival, line in moved:
        transfers.replace_label(tx, arrival, line, version_id=version_ids[arrival.prompt_id, line.version])


def _record_history(tx: Transaction, actor: Actor, steps: list[_Step], cause: MoveCause) -> None:
    """Record that prompts, labels and latest versions are here since now, whatever their own timestamps say."""
    at = tx.clock()
    new = [step.after.prompt for step in steps if step.before is None and step.after.archived_at is None]
    prompt_periods.begin_periods(tx, new, at=at)
    moves: list[tuple[str, str, int | None, int | None]] = []
    for step in steps:
        prompt = step.after.prompt
        if step.before is not None and step.versions:
            moves.append((prompt.id, label_moves.LATEST, step.before.prompt.latest_version, prompt.latest_version))
        moves += [(prompt.id, line.name, step.former_versions.get(line.name), line.version) for line in step.set_labels]
    label_moves.insert_moves(tx, moves, cause=cause, by=actor, at=at)


def _imported(tx: Transaction, step: _Step) -> PromptImported:
    labels = tuple(LabelPointer(label.name, label.version) for label in step.set_labels)
    return PromptImported(
        former_version=None if step.before is None else step.before.prompt.latest_version,
        version=step.after.prompt.latest_version,
        versions_added=len(step.versions),
        labels=labels,
        is_archived=step.after.archived_at is not None,
        affected_prompts=list_affected(tx, step.after.prompt, [label.name for label in labels]),
    )


def _arrival(step: _Step, line: VersionLine | LabelLine, members_here: dict[str, int]) -> Arrival:
    writer = line.created_by
    user_id = None if writer is None else members_here.get(writer.email)
    return Arrival(str(uuid.uuid4()), step.after.prompt.id, user_id, writer if user_id is None else None)


def _members(tx: Transaction, actor: Actor, steps: list[_Step]) -> dict[str, int]:
    """Return the members of the project among all writers, by address; accounts outside the project are none of its business."""
    lines: list[VersionLine | LabelLine] = []
    for step in steps:
        lines += [*step.versions, *step.new_labels, *step.moved_labels]
    return members.list_ids(tx, actor.project_id, {line.created_by.email for line in lines if line.created_by is not None})
