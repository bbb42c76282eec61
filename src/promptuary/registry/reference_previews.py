"""Looks ahead: what a publish, a move of a label or an archive would mean for references, before anything is written."""

from dataclasses import dataclass

from promptuary.model.access import Actor, Permission
from promptuary.model.assembled_contracts import DeclarationConflict, DeclaringText, declaring_texts, list_conflicts
from promptuary.model.assembly import Assembly, Part, Target
from promptuary.model.content import encode_prompt, text_of
from promptuary.model.dependents import Dependent, names_of
from promptuary.model.prompts import LabelPointer, Version
from promptuary.model.reference_errors import InvalidReference, UnresolvedReference
from promptuary.model.references import Reference, count_references
from promptuary.registry.prompts import get_prompt
from promptuary.registry.references import check_now, find_affected, load_dependents, load_targets
from promptuary.store import labels, versions
from promptuary.store.engine.database import Transaction

MAX_COMPARED = 20
"""Maximum affected versions whose texts are shown."""

_MAX_COMPARED_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class AffectedText:
    """A version whose text changes when a label of a part moves: the whole text now, and then.

    ``conflicts`` are variables that it and its parts declare differently then.
    """

    name: str
    version: int
    before: str
    after: str
    conflicts: tuple[DeclarationConflict, ...] = ()


@dataclass(frozen=True, slots=True)
class MovePreview:
    """The effect of a move: the first affected texts, the names of all affected prompts, and the refusal, if it is not allowed."""

    texts: tuple[AffectedText, ...] = ()
    names: tuple[str, ...] = ()
    problem: InvalidReference | None = None


@dataclass(frozen=True, slots=True)
class FollowedLabel:
    """A label that prompts follow. Publishing changes none of them; a move of the label does."""

    label: LabelPointer
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublishPreview:
    """References seen from a version that is about to be published.

    ``problem`` is the refusal, if it is not allowed; ``conflicts`` are variables that it and its parts declare differently;
    ``followed`` are the labels of the prompt that others follow.
    """

    problem: InvalidReference | None = None
    conflicts: tuple[DeclarationConflict, ...] = ()
    followed: tuple[FollowedLabel, ...] = ()


def preview_publish(tx: Transaction, actor: Actor, *, name: str, prompt: object, variables_json: str | None) -> PublishPreview:
    """Look ahead to the publish of a version. Raises `PromptNotFound` and `InvalidValue`."""
    actor.require(Permission.READ)
    if not tx.reference_depth:
        return PublishPreview()
    content, found = encode_prompt(prompt), get_prompt(tx, actor, name)
    dependents = load_dependents(tx, found)
    pointers = labels.list_pointers(tx, found.id) if dependents.rows else ()
    followed = ((pointer, names_of(dependents.direct(name, label=pointer.name))) for pointer in pointers)
    shown = tuple(FollowedLabel(pointer, parents) for pointer, parents in followed if parents)
    if not count_references(content):
        return PublishPreview(followed=shown)
    try:
        check_now(tx, found, content)
    except InvalidReference as problem:
        return PublishPreview(problem, followed=shown)
    parts = Assembly(content, load_targets(tx, actor.project_id, count_references(content))).assemble(name).served
    texts = declaring_texts(DeclaringText(name, content, variables_json), parts)
    return PublishPreview(conflicts=tuple(list_conflicts(texts)), followed=shown)


def preview_move(tx: Transaction, actor: Actor, *, label: str, target: Version) -> MovePreview:
    """Look ahead to the move of a label of a prompt to one of its versions, which was read in the same transaction."""
    actor.require(Permission.READ)
    if not tx.reference_depth:
        return MovePreview()
    prompt = get_prompt(tx, actor, target.name)
    try:
        affected = find_affected(tx, prompt, label, target)
    except InvalidReference as problem:
        return MovePreview(problem=problem)
    shown = sorted(affected, key=lambda row: (row.name, -row.version))[:MAX_COMPARED]
    return MovePreview(_compare(tx, actor, label, target, shown), names_of(affected))


def list_parents_of_label(tx: Transaction, actor: Actor, *, name: str, label: str) -> tuple[str, ...]:
    """Return the names of the prompts that follow a label, which keep it from being removed."""
    actor.require(Permission.READ)
    return names_of(load_dependents(tx, get_prompt(tx, actor, name)).direct(name, label=label)) if tx.reference_depth else ()


def _compare(tx: Transaction, actor: Actor, label: str, target: Version, rows: list[Dependent]) -> tuple[AffectedText, ...]:
    moved = Part(target.name, target.version, target.id, target.content, target.variables_json)
    now: dict[Reference, Target] = {}
    then: dict[Reference, Target] = {Reference(target.name, label=label): moved}
    found = {version.id: version for version in versions.list_versions(tx, [row.version_id for row in rows], with_content=True)}
    compared: list[AffectedText] = []
    size = 0
    for row in rows:
        version = found[row.version_id]
        before, after = (_assembled(tx, actor, version, targets) for targets in (now, then))
        size += len(before.text) + len(after.text)
        if size > _MAX_COMPARED_BYTES:
            break
        compared.append(AffectedText(row.name, row.version, before.text, after.text, after.conflicts))
    return tuple(compared)


@dataclass(frozen=True, slots=True)
class _Whole:
    """The whole text of a version, empty if its references cannot be resolved."""

    text: str = ""
    conflicts: tuple[DeclarationConflict, ...] = ()


def _assembled(tx: Transaction, actor: Actor, version: Version, known: dict[Reference, Target]) -> _Whole:
    try:
        targets = load_targets(tx, actor.project_id, count_references(version.content), known)
        assembled = Assembly(version.content, targets).assemble(version.name)
    except (InvalidReference, UnresolvedReference):
        return _Whole()
    texts = declaring_texts(DeclaringText(version.name, version.content, version.variables_json), assembled.served)
    return _Whole(text_of(assembled.content), tuple(list_conflicts(texts)))
