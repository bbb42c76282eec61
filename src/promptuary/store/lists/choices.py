"""Values by which a project's list can be filtered: authors and labels."""

from sqlalchemy import bindparam, exists, func, select

from promptuary.model.accounts import Author
from promptuary.store.engine.database import Transaction
from promptuary.store.lists.entries import LATEST
from promptuary.store.tables import list_entries, users
from promptuary.store.users import AUTHOR_COLUMNS, author_of

# Built once: it is run once for each name.
_NEXT_LABEL = select(func.min(list_entries.c.label)).where(
    list_entries.c.project_id == bindparam("project_id", type_=list_entries.c.project_id.type),
    list_entries.c.label > bindparam("last", type_=list_entries.c.label.type),
)


def list_authors(tx: Transaction, project_id: int, *, limit: int) -> list[Author]:
    """List the users who created a version that the list of active prompts shows, by e-mail address."""
    is_listed = exists().where(
        list_entries.c.project_id == project_id, list_entries.c.label == LATEST, list_entries.c.created_by_id == users.c.id
    )
    rows = tx.connection.execute(select(*AUTHOR_COLUMNS).where(is_listed).order_by(users.c.email).limit(limit))
    return [author for author in map(author_of, rows) if author is not None]


def list_label_names(tx: Transaction, project_id: int, *, limit: int) -> list[str]:
    """List the names of the labels that active prompts have, by name.

    Each is found by a step of its own in the index: a project may have a hundred thousand labels, and few different names.
    """
    names: list[str] = []
    last = LATEST
    while len(names) < limit and (
        name := tx.connection.execute(_NEXT_LABEL, {"project_id": project_id, "last": last}).scalar_one()
    ):
        names.append(name)
        last = name
    return names
