"""The verbs of prompts: create, publish, duplicate, archive, and the ways to read them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from promptuary.model.access import Actor, Permission
from promptuary.model.changes import ChangeKind
from promptuary.model.content import encode_config, encode_prompt
from promptuary.model.edits import Edit, apply_edits
from promptuary.model.errors import (
    CopyNameTaken,
    NameTaken,
    PromptNotFound,
    TooManyVersions,
    VersionConflict,
)
from promptuary.model.names import check_prompt_name
from promptuary.model.prompts import MAX_DESCRIPTION, MAX_VERSIONS, Draft, Label, Prompt, Version
from promptuary.model.text import check_text
from promptuary.registry.changes import record
from promptuary.store import labels, prompts, versions
from promptuary.store.database import Transaction
from promptuary.store.versions import Listing


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Stands for "carry the config of the latest version forward"; `None` would clear it."""


UNCHANGED = Unchanged()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list and the number of all items."""

    items: list[Version]
    count: int


@dataclass(frozen=True, slots=True)
class History:
    """One version in full, a page of the prompt's history, and all its labels."""

    selected: Version
    versions: list[Version]
    has_more: bool
    labels: list[Label]


def create_prompt(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    prompt: object,
    config: object = None,
    description: str | None = None,
) -> Version:
    """Create a prompt with version 1. Raises `InvalidValue`, `NameTaken`, `PermissionDenied`."""
    actor.require(Permission.WRITE)
    check_prompt_name(name)
    draft = Draft(encode_prompt(prompt), encode_config(config), _checked_description(description))
    created = _insert(tx, actor, name=name, draft=draft)
    if created is None:
        raise NameTaken
    record(tx, actor, ChangeKind.PROMPT_CREATED, prompt=created, after=_told(1, draft))
    return _version(tx, created, 1)


def publish_version(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    base_version: int,
    prompt: object = None,
    edits: Sequence[Edit] = (),
    config: object = UNCHANGED,
    description: str | None = None,
) -> Version:
    """Publish the next version on top of ``base_version``, which must still be the latest.

    The content comes from ``prompt``, else from ``edits`` to the latest version, else it stays. Labels do not move.
    Raises, in this order, `PromptNotFound`, `VersionConflict`, `TooManyVersions`, `EditRefused`; before them `InvalidValue` and
    `PermissionDenied`.
    """
    actor.require(Permission.WRITE)
    new_content = None if prompt is None else encode_prompt(prompt)
    new_config = config if isinstance(config, Unchanged) else encode_config(config)
    description = _checked_description(description)
    found = _locked(tx, actor, name)
    if base_version != found.latest_version:
        raise VersionConflict(found.latest_version)
    if found.latest_version >= MAX_VERSIONS:
        raise TooManyVersions(MAX_VERSIONS)
    latest = _version(tx, found, found.latest_version)
    draft = Draft(
        content=new_content or (apply_edits(latest.content, edits) if edits else latest.content),
        config=latest.config_json if isinstance(new_config, Unchanged) else new_config,
        description=description,
    )
    number = found.latest_version + 1
    _insert_version(tx, actor, found, number=number, draft=draft)
    prompts.update_latest_version(tx, found.id, number)
    record(
        tx,
        actor,
        ChangeKind.PROMPT_PUBLISHED,
        prompt=found,
        before={"version": latest.version},
        after=_told(number, draft) | {"config_changed": draft.config != latest.config_json},
    )
    return _version(tx, found, number)


def duplicate_prompt(tx: Transaction, actor: Actor, *, name: str, new_name: str) -> Version:
    """Create a prompt from the latest content and config of another one. Raises `PromptNotFound`, `CopyNameTaken`."""
    actor.require(Permission.WRITE)
    check_prompt_name(new_name, field="new_name")
    source = _locked(tx, actor, name)
    latest = _version(tx, source, source.latest_version)
    draft = Draft(latest.content, latest.config_json, None)
    copy = _insert(tx, actor, name=new_name, draft=draft)
    if copy is None:
        raise CopyNameTaken
    origin: dict[str, object] = {"duplicated_from": name, "source_version": latest.version}
    record(tx, actor, ChangeKind.PROMPT_CREATED, prompt=copy, after=_told(1, draft) | origin)
    record(tx, actor, ChangeKind.PROMPT_DUPLICATED, prompt=source, after={"duplicated_to": new_name})
    return _version(tx, copy, 1)


def archive_prompt(tx: Transaction, actor: Actor, *, name: str) -> None:
    """Take a prompt with all versions out of service and free its name; its labels go. Raises `PromptNotFound`."""
    actor.require(Permission.WRITE)
    found = _locked(tx, actor, name)
    pointers = labels.list_pointers(tx, [found.id]).get(found.id, ())
    labels.delete_labels(tx, found.id)
    prompts.archive_prompt(tx, found.id, at=tx.clock())
    before: dict[str, object] = {
        "version": found.latest_version,
        "version_count": found.latest_version,
        "labels": {label.name: label.version for label in pointers},
    }
    record(tx, actor, ChangeKind.PROMPT_ARCHIVED, prompt=found, before=before)


def name_meant(tx: Transaction, actor: Actor, segment: str) -> str:
    """Return the name of the prompt that a version's UUID belongs to, or ``segment`` itself where it is no UUID.

    A prompt that is named like the UUID wins. Raises `PromptNotFound` for a UUID that is neither.
    """
    actor.require(Permission.READ)
    return segment if _canonical_uuid(segment) is None else _meant(tx, actor, segment).name


def fetch_prompt(tx: Transaction, actor: Actor, segment: str, *, version: int | None = None, label: str | None = None) -> Version:
    """Return a version by number, by label, or the latest. ``segment`` is a name or a version's UUID, which selects the prompt.

    Raises `PromptNotFound`. ``version`` and ``label`` exclude each other.
    """
    actor.require(Permission.READ)
    try:
        prompt = _meant(tx, actor, segment)
    except PromptNotFound:
        raise PromptNotFound(segment, version=version, label=label) from None
    if label is not None:
        found = versions.find_labelled_version(tx, prompt, label=label)
    else:
        found = versions.find_version(tx, prompt, version=version or prompt.latest_version)
    if found is None:
        raise PromptNotFound(segment, version=version, label=label)
    return found


def list_prompts(tx: Transaction, actor: Actor, listing: Listing) -> Page:
    """List active prompts, each at its latest or labelled version."""
    actor.require(Permission.READ)
    return Page(
        items=versions.list_listed(tx, actor.project_id, listing),
        count=versions.count_listed(tx, actor.project_id, listing),
    )


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
    prompt = _found(tx, actor, name)
    if version_id is not None:
        selected = versions.find_version_by_id(tx, prompt, version_id=version_id)
    else:
        selected = versions.find_version(tx, prompt, version=version or prompt.latest_version)
    if selected is None or version not in {None, selected.version}:
        raise PromptNotFound(name)
    page = versions.list_history(tx, prompt, limit=limit + 1, offset=offset, before=before_version)
    return History(
        selected=selected,
        versions=page[:limit],
        has_more=len(page) > limit,
        labels=labels.list_labels(tx, prompt.id),
    )


def _checked_description(description: str | None) -> str | None:
    if description is None or not description.strip():
        return None
    check_text(description, field="version_description", max_length=MAX_DESCRIPTION)
    return description


def _found(tx: Transaction, actor: Actor, name: str) -> Prompt:
    prompt = prompts.find_prompt(tx, project_id=actor.project_id, name=name)
    if prompt is None:
        raise PromptNotFound(name)
    return prompt


def _locked(tx: Transaction, actor: Actor, name: str) -> Prompt:
    prompt = prompts.lock_prompt(tx, project_id=actor.project_id, name=name)
    if prompt is None:
        raise PromptNotFound(name)
    return prompt


def _meant(tx: Transaction, actor: Actor, segment: str) -> Prompt:
    prompt = prompts.find_prompt(tx, project_id=actor.project_id, name=segment)
    if prompt is None and (version_id := _canonical_uuid(segment)):
        prompt = prompts.find_prompt_by_version_id(tx, project_id=actor.project_id, version_id=version_id)
    if prompt is None:
        raise PromptNotFound(segment)
    return prompt


def _canonical_uuid(segment: str) -> str | None:
    try:
        return str(uuid.UUID(segment))
    except ValueError:
        return None


def _version(tx: Transaction, prompt: Prompt, number: int) -> Version:
    version = versions.find_version(tx, prompt, version=number)
    if version is None:
        message = f"version {number} of prompt {prompt.id} is missing"
        raise RuntimeError(message)
    return version


def _insert(tx: Transaction, actor: Actor, *, name: str, draft: Draft) -> Prompt | None:
    prompt = Prompt(id=str(uuid.uuid4()), project_id=actor.project_id, name=name, latest_version=1, created_at=tx.clock())
    if not prompts.insert_prompt(tx, prompt):
        return None
    versions.insert_version(
        tx,
        version_id=str(uuid.uuid4()),
        prompt_id=prompt.id,
        version=1,
        draft=draft,
        created_by_id=actor.user_id,
        at=prompt.created_at,
    )
    return prompt


def _insert_version(tx: Transaction, actor: Actor, prompt: Prompt, *, number: int, draft: Draft) -> None:
    versions.insert_version(
        tx,
        version_id=str(uuid.uuid4()),
        prompt_id=prompt.id,
        version=number,
        draft=draft,
        created_by_id=actor.user_id,
        at=tx.clock(),
    )


def _told(number: int, draft: Draft) -> dict[str, object]:
    return {"version": number, "description": draft.description, "has_config": draft.config is not None}
