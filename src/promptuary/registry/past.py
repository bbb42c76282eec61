"""The verbs that read what programs got at a moment of the past, for incidents. Nothing of it counts as a fetch."""

import uuid
from datetime import datetime

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import InvalidValue, PromptNotFound
from promptuary.model.listing import Listing, Page
from promptuary.model.prompts import Label, Prompt, Version
from promptuary.registry.prompts import History, canonical_uuid
from promptuary.store import labels, past
from promptuary.store.engine.database import Transaction


def fetch_prompt(tx: Transaction, actor: Actor, segment: str, *, at: datetime, label: str | None = None) -> Version:
    """Return the version that a fetch by a label, or of the latest version, got at a moment.

    ``segment`` is a name of then, or a version's UUID. Raises `PromptNotFound`, and `InvalidValue` for a moment in the future.
    """
    actor.require(Permission.READ)
    prompt = _find_prompt(tx, actor, segment, at)
    found = None if prompt is None else past.find_version(tx, prompt, at=at, label=label)
    if found is None:
        raise PromptNotFound(segment, label=label)
    return found


def list_prompts(tx: Transaction, actor: Actor, listing: Listing, *, at: datetime) -> Page:
    """List the prompts that were active at a moment, as `lists.list_prompts`; a search looks in names only.

    Raises `InvalidValue` for a moment in the future.
    """
    actor.require(Permission.READ)
    _require_past(tx, at)
    return past.list_page(tx, actor.project_id, listing, at=at)


def resolve_prompt(  # noqa: PLR0913 - as `prompts.resolve_prompt`, and the moment
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    at: datetime,
    version: int | None = None,
    version_id: str | None = None,
    limit: int,
    offset: int = 0,
    before_version: int | None = None,
) -> History:
    """Return a version with the history and the labels of a moment, as `prompts.resolve_prompt`.

    Raises `PromptNotFound`, and `InvalidValue` for a moment in the future.
    """
    actor.require(Permission.READ)
    prompt = _find_prompt(tx, actor, name, at)
    selected = None if prompt is None else past.find_version(tx, prompt, at=at, version=version, version_id=version_id)
    if prompt is None or selected is None or version not in {None, selected.version}:
        raise PromptNotFound(name, lacks="" if version is None else f"version {version}")
    page = past.list_history(tx, prompt, limit=limit + 1, offset=offset, before=before_version, at=at)
    return History(selected, page[:limit], has_more=len(page) > limit, labels=_labels(tx, prompt, at), last_fetches={})


def _find_prompt(tx: Transaction, actor: Actor, segment: str, at: datetime) -> Prompt | None:
    """Find the prompt that had a name at a moment, else the one that has a version of this id."""
    _require_past(tx, at)
    found = past.find_prompt(tx, project_id=actor.project_id, name=segment, at=at)
    version_id = canonical_uuid(segment)
    if found is None and version_id is not None:
        found = past.find_prompt(tx, project_id=actor.project_id, version_id=version_id, at=at)
    return found


def _labels(tx: Transaction, prompt: Prompt, at: datetime) -> list[Label]:
    """Return the labels of a moment; one that was removed since has an id of its own."""
    ids = {(label.name, label.created_at): label.id for label in labels.list_labels(tx, prompt.id)}
    return [
        Label(
            id=ids.get((last.label, first.created_at)) or str(uuid.uuid5(uuid.UUID(prompt.id), f"{last.label} {first.id}")),
            name=last.label,
            prompt_name=prompt.name,
            version=last.to_version or 0,
            created_by=first.created_by,
            created_at=first.created_at,
            updated_at=last.created_at,
        )
        for first, last in past.list_labels(tx, prompt, at=at)
    ]


def _require_past(tx: Transaction, at: datetime) -> None:
    if at > tx.clock():
        raise InvalidValue("invalid", "The time is in the future. Use a time of the past.", field="at")
