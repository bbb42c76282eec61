"""The verbs of prompts: create, publish, duplicate, archive, and the ways to read one; `lists` has those to find many."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from promptuary.model import errors
from promptuary.model.access import Actor, Permission
from promptuary.model.changes.payloads import (
    CopySource,
    LabelCreated,
    LabelMoved,
    PromptArchived,
    PromptCreated,
    PromptDuplicated,
    PromptPublished,
)
from promptuary.model.content import encode_config, encode_prompt
from promptuary.model.contracts import encode_contract
from promptuary.model.edits import Edit, apply_edits
from promptuary.model.errors import (
    CopyNameTaken,
    NameTaken,
    PromptGone,
    PromptNotFound,
    TooManyVersions,
    VersionConflict,
)
from promptuary.model.label_history import DIRECTLY, MoveKind
from promptuary.model.names import check_label_name, check_prompt_name
from promptuary.model.prompts import (
    MAX_DESCRIPTION,
    MAX_VERSIONS,
    Draft,
    Label,
    LabelPointer,
    Prompt,
    Standing,
    Version,
    latest_version,
)
from promptuary.model.text import check_text
from promptuary.registry import references
from promptuary.registry.changes import record
from promptuary.registry.label_positions import place_label, point_label
from promptuary.registry.protection import cause_of
from promptuary.store import fetches, labels, prompts, users, versions
from promptuary.store.engine.database import Transaction


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Stands for "carry this part of the latest version forward"; `None` would clear it."""


UNCHANGED = Unchanged()


@dataclass(frozen=True, slots=True)
class History:
    """One version in full, a page of the prompt's history, and all its labels.

    ``last_fetches`` tells, by id, when versions of the page were fetched last; those that never were are missing.
    """

    selected: Version
    versions: list[Version]
    has_more: bool
    labels: list[Label]
    last_fetches: dict[str, datetime]


def create_prompt(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    prompt: object,
    config: object = None,
    description: str | None = None,
    variables: object = None,
    labelled: Sequence[str] = (),
) -> Version:
    """Create a prompt with version 1; ``variables`` is the contract of its variables, and ``labelled`` are its labels.

    Raises `InvalidValue`, `NameTaken`, `PermissionDenied`, `InvalidReference`, `TooManyLabels`.
    """
    actor.require(Permission.WRITE)
    check_prompt_name(name)
    _check_label_names(labelled)
    draft = Draft(encode_prompt(prompt), encode_config(config), _checked_description(description), encode_contract(variables))
    created = _insert_prompt(tx, actor, name)
    if created is None:
        raise NameTaken
    version = _insert_version(tx, actor, created, draft, at=created.created_at)
    moves = _point_labels(tx, actor, created, version, labelled, {})
    record(tx, actor, _created(version), prompt=created)
    return _record_moves(tx, actor, created, version, moves)


def publish_version(  # noqa: PLR0913 - the parts of a version, and what they were made from
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    base_version: int,
    prompt: object = None,
    edits: Sequence[Edit] = (),
    config: object = UNCHANGED,
    description: str | None = None,
    variables: object = UNCHANGED,
    prompt_id: str | None = None,
    labelled: Sequence[str] = (),
    expected: Mapping[str, int | None] | None = None,
) -> Version:
    """Publish the next version on top of ``base_version``, which must still be the latest.

    The content comes from ``prompt``, else from ``edits`` to the latest version, else it stays. Of the labels, only those
    ``labelled`` move to it; ``expected`` says at which version the caller has seen them, `None`: not set. Raises `PromptGone` if
    another prompt than ``prompt_id`` has the name, or none.
    Raises, in this order, `PromptNotFound`, `VersionConflict`, `TooManyVersions`, `EditRefused`, `InvalidReference`,
    `LabelMoved`, `TooManyLabels`; before them `InvalidValue` and `PermissionDenied`.
    """
    actor.require(Permission.WRITE)
    _check_label_names(labelled)
    new_content = None if prompt is None else encode_prompt(prompt)
    new_config = config if isinstance(config, Unchanged) else encode_config(config)
    new_variables = variables if isinstance(variables, Unchanged) else encode_contract(variables)
    description = _checked_description(description)
    found = _lock(tx, actor, name, prompt_id)
    if base_version != found.latest_version:
        raise VersionConflict(found.latest_version)
    if found.latest_version >= MAX_VERSIONS:
        raise TooManyVersions(MAX_VERSIONS)
    base = _draft(tx, found)
    draft = Draft(
        content=new_content or (apply_edits(base.content, edits) if edits else base.content),
        config=base.config if isinstance(new_config, Unchanged) else new_config,
        description=description,
        variables=base.variables if isinstance(new_variables, Unchanged) else new_variables,
    )
    moved = replace(found, latest_version=base_version + 1)
    version = _insert_version(tx, actor, moved, draft, at=tx.clock(), pointers=labels.list_pointers(tx, found.id))
    prompts.update_latest_version(tx, moved.id, moved.latest_version)
    published = PromptPublished(
        base_version=base_version,
        version=version.version,
        description=version.description,
        has_config=version.config_json is not None,
        config_changed=draft.config != base.config,
    )
    moves = _point_labels(tx, actor, moved, version, labelled, expected or {})
    record(tx, actor, published, prompt=moved, published=None if moves else version)
    return _record_moves(tx, actor, moved, version, moves)


def duplicate_prompt(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    new_name: str,
    expected_version: int | None = None,
    prompt_id: str | None = None,
) -> Version:
    """Create a prompt from the latest content, config and contract of another one.

    Raises `PromptNotFound`, `CopyNameTaken`, `InvalidReference`, `VersionConflict` if the latest version is not
    ``expected_version``, and `PromptGone` if another prompt than ``prompt_id`` has the name, or none.
    """
    actor.require(Permission.WRITE)
    check_prompt_name(new_name, field="new_name")
    source = _lock(tx, actor, name, prompt_id)
    if expected_version not in {None, source.latest_version}:
        raise VersionConflict(source.latest_version)
    draft = replace(_draft(tx, source), description=None)
    copy = _insert_prompt(tx, actor, new_name)
    if copy is None:
        raise CopyNameTaken
    version = _insert_version(tx, actor, copy, draft, at=copy.created_at)
    record(tx, actor, _created(version, CopySource(name, source.latest_version)), prompt=copy)
    record(tx, actor, PromptDuplicated(new_name), prompt=source)
    return version


def archive_prompt(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    expected: Standing | None = None,
    reason: str | None = None,
    is_emergency: bool = False,
) -> None:
    """Take a prompt with all versions out of service and free its name; its labels go.

    Raises `PromptNotFound`, `VersionConflict` if its latest version or its labels are not those ``expected``,
    `ReferencedPrompt`, and `LabelProtected`.
    """
    actor.require(Permission.WRITE)
    cause = cause_of(actor, MoveKind.ARCHIVE, reason, is_emergency=is_emergency)
    found = _lock(tx, actor, name)
    pointers = labels.list_pointers(tx, found.id)
    if expected not in {None, Standing(found.id, found.latest_version, pointers)}:
        raise VersionConflict(found.latest_version)
    references.require_unreferenced(tx, found)
    for label in labels.list_labels(tx, found.id):
        place_label(tx, actor, found, label=label.name, present=label, target=None, cause=cause)
    prompts.archive_prompt(tx, found.id, at=tx.clock())
    record(tx, actor, PromptArchived(found.latest_version, found.latest_version, pointers), prompt=found)


def is_version_id(segment: str) -> bool:
    """Return `True` if a segment of a path has the form of a version's UUID; it may be a name nevertheless, see `resolve_name`."""
    return canonical_uuid(segment) is not None


def canonical_uuid(segment: str) -> str | None:
    """Return a UUID in its usual spelling, `None` for a text that is none."""
    try:
        return str(uuid.UUID(segment))
    except ValueError:
        return None


def resolve_name(tx: Transaction, actor: Actor, segment: str) -> str:
    """Return the name of the prompt that a version's UUID belongs to, or ``segment`` itself where it is no UUID.

    A prompt that is named like the UUID wins. Raises `PromptNotFound` for a UUID that is neither.
    """
    actor.require(Permission.READ)
    name = _name_of(tx, actor, segment)
    if name is None:
        raise PromptNotFound(segment)
    return name


def fetch_prompt(
    tx: Transaction,
    actor: Actor,
    segment: str,
    *,
    version: int | None = None,
    label: str | None = None,
    with_labels: bool = True,
) -> Version:
    """Return a version by number, by label, or the latest. ``segment`` is a name or a version's UUID, which selects the prompt.

    Raises `PromptNotFound`. ``version`` and ``label`` exclude each other. The labels of the prompt are read if they are wanted.
    """
    actor.require(Permission.READ)
    name = _name_of(tx, actor, segment)
    found = name and versions.find_named_version(tx, actor.project_id, name, version=version, label=label, with_labels=with_labels)
    if not found:
        raise PromptNotFound(segment, version=version, label=label)
    return found


def resolve_prompt(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    version: int | None = None,
    version_id: str | None = None,
    limit: int,
    offset: int = 0,
    before_version: int | None = None,
) -> History:
    """Return one version, the latest unless selected, and a page of the history. Raises `PromptNotFound`.

    Where both ``version`` and ``version_id`` are given, both must match.
    """
    actor.require(Permission.READ)
    prompt = get_prompt(tx, actor, name)
    if version_id is not None:
        selected = versions.find_version_by_id(tx, prompt, version_id=version_id)
    else:
        selected = versions.find_version(tx, prompt, version=version or prompt.latest_version)
    if selected is None or version not in {None, selected.version}:
        raise PromptNotFound(name, lacks="this version" if version is None else f"version {version}")
    page = versions.list_history(tx, prompt, limit=limit + 1, offset=offset, before=before_version)
    return History(
        selected=selected,
        versions=page[:limit],
        has_more=len(page) > limit,
        labels=labels.list_labels(tx, prompt.id),
        last_fetches=fetches.list_last_fetches(tx, [version.id for version in page]),
    )


def _check_label_names(names: Sequence[str]) -> None:
    for name in names:
        check_label_name(name, field="labels")


def _point_labels(
    tx: Transaction,
    actor: Actor,
    prompt: Prompt,
    version: Version,
    names: Sequence[str],
    expected: Mapping[str, int | None],
) -> list[LabelCreated | LabelMoved]:
    """Let labels point at a version that was just written, and return the changes to record."""
    present = {label.name: label for label in labels.list_labels(tx, prompt.id)} if names else {}
    for name in names:
        current = present[name].version if name in present else None
        if current != expected.get(name, current):
            raise errors.LabelMoved(current)
    return [
        point_label(tx, actor, prompt, label=name, present=present.get(name), target=version, cause=DIRECTLY)
        for name in dict.fromkeys(names)
    ]


def _record_moves(
    tx: Transaction, actor: Actor, prompt: Prompt, version: Version, moves: Sequence[LabelCreated | LabelMoved]
) -> Version:
    """Record moves to a version behind its own change, and return it with the labels that its prompt has since."""
    for move in moves:
        record(tx, actor, move, prompt=prompt)
    return replace(version, prompt_labels=labels.list_pointers(tx, prompt.id)) if moves else version


def _checked_description(description: str | None) -> str | None:
    if description is None or not description.strip():
        return None
    check_text(description, field="version_description", max_length=MAX_DESCRIPTION)
    return description


def get_prompt(tx: Transaction, actor: Actor, name: str) -> Prompt:
    """Return an active prompt by its name. Raises `PromptNotFound`."""
    prompt = prompts.find_prompt(tx, project_id=actor.project_id, name=name)
    if prompt is None:
        raise PromptNotFound(name)
    return prompt


def _lock(tx: Transaction, actor: Actor, name: str, prompt_id: str | None = None) -> Prompt:
    prompt = prompts.lock_prompt(tx, project_id=actor.project_id, name=name)
    if prompt_id is not None and (prompt is None or prompt.id != prompt_id):
        raise PromptGone(name)
    if prompt is None:
        raise PromptNotFound(name)
    return prompt


def _name_of(tx: Transaction, actor: Actor, segment: str) -> str | None:
    """Return the name that ``segment`` stands for; `None` for a UUID that is neither a name nor that of a version."""
    version_id = canonical_uuid(segment)
    if version_id is None:
        return segment
    prompt = prompts.find_prompt(tx, project_id=actor.project_id, name=segment)
    if prompt is None:
        prompt = prompts.find_prompt_by_version_id(tx, project_id=actor.project_id, version_id=version_id)
    return None if prompt is None else prompt.name


def _draft(tx: Transaction, prompt: Prompt) -> Draft:
    draft = versions.find_draft(tx, prompt)
    if draft is None:
        message = f"version {prompt.latest_version} of prompt {prompt.id} is missing"
        raise RuntimeError(message)
    return draft


def _insert_prompt(tx: Transaction, actor: Actor, name: str) -> Prompt | None:
    prompt = Prompt(id=str(uuid.uuid4()), project_id=actor.project_id, name=name, latest_version=1, created_at=tx.clock())
    return prompt if prompts.insert_prompt(tx, prompt) else None


def _insert_version(
    tx: Transaction, actor: Actor, prompt: Prompt, draft: Draft, *, at: datetime, pointers: tuple[LabelPointer, ...] = ()
) -> Version:
    """Insert the latest version of a prompt, and return it as it would be read. Raises `InvalidReference`."""
    references.check_new_version(tx, prompt, draft.content)
    version = latest_version(
        prompt,
        draft,
        version_id=str(uuid.uuid4()),
        created_by=None if actor.user_id is None else users.find_author(tx, actor.user_id),
        created_at=at,
        prompt_labels=pointers,
    )
    versions.insert_version(tx, version)
    references.add_references(tx, prompt, version)
    return version


def _created(version: Version, source: CopySource | None = None) -> PromptCreated:
    return PromptCreated(version.version, version.description, has_config=version.config_json is not None, source=source)
