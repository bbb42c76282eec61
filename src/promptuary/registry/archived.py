"""Reading archived prompts. They are archived and restored by the verbs of `prompts`."""

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import ArchivedPromptNotFound
from promptuary.registry.prompts import History, find_archived
from promptuary.store import versions
from promptuary.store.engine.database import Transaction


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
