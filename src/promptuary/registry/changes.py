"""Writing the change log: every verb that changes something ends with `record`."""

from collections.abc import Sequence

from promptuary.model.access import Actor
from promptuary.model.changes import OPERATOR, Attribution, NewChange
from promptuary.model.changes.payloads import Payload, PromptImported
from promptuary.model.prompts import Prompt, Version
from promptuary.store import changes
from promptuary.store.engine.database import Transaction
from promptuary.store.lists import entries as list_entries


def record(tx: Transaction, actor: Actor, payload: Payload, *, prompt: Prompt, published: Version | None = None) -> None:
    """Update lists and search for a changed prompt, and append the change to the log.

    It must come last: on PostgreSQL it holds up other writers until the commit. A version that was ``published``, where nothing
    else has changed, takes less work.
    """
    if published is None:
        list_entries.refresh_entries(tx, prompt.id)
    else:
        list_entries.list_published(tx, published)
    changes.append_change(tx, NewChange.of(prompt, payload), Attribution.to(actor))


def record_imports(tx: Transaction, actor: Actor, imported: Sequence[tuple[Prompt, PromptImported]]) -> None:
    """Do for imported prompts what `record` does for one, all at once."""
    if not imported:
        return
    list_entries.refresh_entries_of(tx, [prompt.id for prompt, _ in imported])
    changes.append_changes(tx, [NewChange.of(prompt, payload) for prompt, payload in imported], Attribution.to(actor))


def record_project_change(tx: Transaction, actor: Actor, payload: Payload) -> None:
    """Append a change of the actor's project that is not one of a single prompt. It must come last, as in `record`."""
    changes.append_change(tx, NewChange(payload, actor.project_id), Attribution.to(actor))


def record_administration(tx: Transaction, payload: Payload, *, project_id: int | None = None, by: Attribution = OPERATOR) -> None:
    """Append a change of projects, users, members or keys."""
    changes.append_change(tx, NewChange(payload, project_id), by)
