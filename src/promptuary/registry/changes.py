"""Writing the change log: every verb that changes something ends with `record`."""

from promptuary.model.access import Actor
from promptuary.model.changes import ChangeKind
from promptuary.model.prompts import Prompt
from promptuary.store import changes
from promptuary.store.database import Transaction


def record(
    tx: Transaction,
    actor: Actor,
    kind: ChangeKind,
    *,
    prompt: Prompt,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Append a change of a prompt. It must come last: on PostgreSQL it holds up other writers until the commit."""
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


def record_administration(
    tx: Transaction,
    kind: ChangeKind,
    *,
    project_id: int | None = None,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Append a change of projects, users, members or keys, made by the operator at the command line."""
    changes.append_change(
        tx,
        kind,
        project_id=project_id,
        prompt_id=None,
        prompt_name=None,
        before=before,
        after=after,
        actor_user_id=None,
        actor_key_id=None,
        request_id=None,
    )
