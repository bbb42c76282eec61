"""Archived prompts: reading them, and bringing them back. `prompts.archive_prompt` archives them."""

from dataclasses import dataclass, replace

from promptuary.model.access import Actor, Permission
from promptuary.model.changes import Change, ChangeKind
from promptuary.model.changes.payloads import PromptArchived, PromptRestored
from promptuary.model.errors import ArchivedPromptNotFound, RestoredNameTaken
from promptuary.model.names import check_prompt_name
from promptuary.model.prompts import LabelPointer, Prompt, Version
from promptuary.registry import references
from promptuary.registry.changes import record
from promptuary.registry.prompts import History, canonical_uuid, fetch_prompt
from promptuary.store import changes, prompts, versions
from promptuary.store.engine.database import Transaction


@dataclass(frozen=True, slots=True)
class Restored:
    """The latest version of a restored prompt, and the labels it had when it was archived, as far as the change log knows."""

    version: Version
    former_labels: tuple[LabelPointer, ...]


def read_archived(
    tx: Transaction, actor: Actor, *, name: str | None = None, version_id: str | None = None, version: int | None = None, limit: int
) -> History:
    """Return a version of an archived prompt, the latest unless selected, and the newest versions of its history.

    It is the prompt that has a version of id ``version_id``, else the one of the name that was archived last. Raises
    `ArchivedPromptNotFound`.
    """
    actor.require(Permission.READ)
    found = find_archived(tx, actor, name, version_id)
    selected = None if found is None else versions.find_version(tx, found, version=version or found.latest_version)
    if found is None or selected is None:
        raise ArchivedPromptNotFound(name or str(version_id))
    page = versions.list_history(tx, found, limit=limit + 1, offset=0, before=None)
    return History(selected, page[:limit], has_more=len(page) > limit, labels=[], last_fetches={})


def restore_prompt(
    tx: Transaction, actor: Actor, *, name: str, version_id: str | None = None, new_name: str | None = None
) -> Restored:
    """Bring an archived prompt with all versions back under its name or a new one, without labels.

    It is the one that has a version of id ``version_id``, else the one that was archived last. That a label comes back is for
    a user to decide who knows the programs that follow them. Raises `ArchivedPromptNotFound`,
    `RestoredNameTaken`, and `UnrestorableReferences`.
    """
    actor.require(Permission.WRITE)
    if new_name is not None:
        check_prompt_name(new_name, field="new_name")
    found = find_archived(tx, actor, name, version_id)
    if found is None:
        raise ArchivedPromptNotFound(name)
    restored = replace(found, name=new_name or name)
    if not prompts.restore_prompt(tx, restored, at=tx.clock()):
        raise RestoredNameTaken
    references.check_restored(tx, restored)
    former_name = None if restored.name == name else name
    archived = changes.find_last_change(tx, prompt_id=found.id, kind=ChangeKind.PROMPT_ARCHIVED)
    record(tx, actor, PromptRestored(found.latest_version, found.latest_version, former_name), prompt=restored)
    return Restored(fetch_prompt(tx, actor, restored.name), _labels_before(archived))


def find_archived(tx: Transaction, actor: Actor, name: str | None, version_id: str | None) -> Prompt | None:
    """Find the archived prompt that has a version of an id, else the one of a name that was archived last."""
    wanted = None if version_id is None else canonical_uuid(version_id)
    if version_id is not None and wanted is None:
        return None
    return prompts.find_archived_prompt(tx, project_id=actor.project_id, name=name, version_id=wanted)


def _labels_before(change: Change | None) -> tuple[LabelPointer, ...]:
    payload = None if change is None else change.payload
    return tuple(sorted(payload.labels, key=lambda label: label.name)) if isinstance(payload, PromptArchived) else ()
