"""Writing the change log: every verb that changes something ends with `record`."""

from collections.abc import Sequence
from dataclasses import dataclass

from promptuary.model.access import Actor
from promptuary.model.changes import ChangeKind
from promptuary.model.prompts import Prompt, Version
from promptuary.store import changes
from promptuary.store.engine.database import Transaction
from promptuary.store.lists import entries as list_entries


@dataclass(frozen=True, slots=True)
class By:
    """Whose hand made a change of projects, users, members or keys: a user's, in a request, or nobody's: the operator's."""

    user_id: int | None = None
    request_id: str | None = None


OPERATOR = By()


def record(
    tx: Transaction,
    actor: Actor,
    kind: ChangeKind,
    *,
    prompt: Prompt,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
    published: Version | None = None,
) -> None:
    """Bring lists and search in step with a changed prompt, and append the change to the log.

    It must come last: on PostgreSQL it holds up other writers until the commit. A version that was ``published``, where nothing
    else has changed, takes less work.
    """
    if published is None:
        list_entries.refresh_entries(tx, prompt.id)
    else:
        list_entries.list_published(tx, published)
    changes.append_change(
        tx,
        kind,
        project_id=prompt.project_id,
        prompt_id=prompt.id,
        prompt_name=prompt.name,
        before=before,
        after=after,
        actor_user_id=actor.user_id,
        actor_key_id=actor.key_id,
        request_id=actor.request_id,
    )


def record_imports(
    tx: Transaction, actor: Actor, entries: Sequence[tuple[Prompt, dict[str, object] | None, dict[str, object]]]
) -> None:
    """Do for imported prompts what `record` does for one, at once: each with what is told of it before and after."""
    if not entries:
        return
    list_entries.refresh_entries_of(tx, [prompt.id for prompt, _, _ in entries])
    changes.append_imports(tx, entries, actor_user_id=actor.user_id, actor_key_id=actor.key_id, request_id=actor.request_id)


def record_administration(
    tx: Transaction,
    kind: ChangeKind,
    *,
    project_id: int | None = None,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
    by: By = OPERATOR,
) -> None:
    """Append a change of projects, users, members or keys."""
    changes.append_change(
        tx,
        kind,
        project_id=project_id,
        prompt_id=None,
        prompt_name=None,
        before=before,
        after=after,
        actor_user_id=by.user_id,
        actor_key_id=None,
        request_id=by.request_id,
    )
