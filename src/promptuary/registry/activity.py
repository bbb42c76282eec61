"""Activity: what happened in a project or to one prompt, and who did it."""

from promptuary.model.access import Actor, Permission
from promptuary.model.activity import ActivityPage
from promptuary.model.errors import PromptNotFound
from promptuary.store import activity, prompts, references
from promptuary.store.engine.database import Transaction


def list_activity(
    tx: Transaction,
    actor: Actor,
    *,
    name: str | None = None,
    before: int | None = None,
    limit: int,
) -> ActivityPage:
    """List what happened in the project, or to the active prompt called ``name``, newest first, below the sequence ``before``.

    Prompts that had the name before are others. Moves of labels of its parts that have changed its text are listed, too. What
    was done to members, to rules for labels and to the project itself is shown to admins only: it tells of people, not of
    prompts. All members see change requests. Entries older than the log keeps are missing. Raises `PromptNotFound`.
    """
    actor.require(Permission.READ)
    entries = activity.list_activity(
        tx,
        actor.project_id,
        of_prompt=None if name is None else _of_prompt(tx, actor, name),
        with_administration=actor.may(Permission.MANAGE),
        before=before,
        limit=limit + 1,
    )
    has_more = len(entries) > limit
    return ActivityPage(tuple(entries[:limit]), entries[limit - 1].change.sequence if has_more else None)


def _of_prompt(tx: Transaction, actor: Actor, name: str) -> activity.OfPrompt:
    prompt = prompts.find_prompt(tx, project_id=actor.project_id, name=name)
    if prompt is None:
        raise PromptNotFound(name)
    parts = references.list_part_ids(tx, actor.project_id, prompt.id) if tx.reference_depth else ()
    return activity.OfPrompt(prompt.id, name, parts)
