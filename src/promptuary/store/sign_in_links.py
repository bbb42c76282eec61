"""Rows of one-time links to sign in."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, or_, select

from promptuary.model.accounts import SignInLink
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import Transaction
from promptuary.store.tables import sign_in_links
from promptuary.store.users import find_user

_COLUMNS = (
    sign_in_links.c.user_id,
    sign_in_links.c.is_first_start,
    sign_in_links.c.expires_at,
    sign_in_links.c.is_operators,
    sign_in_links.c.project_id,
    sign_in_links.c.made_by_id,
)

# Built once: to build a statement takes longer than to run it.
_DELETE_INVITATIONS = Compiled(
    delete(sign_in_links).where(
        sign_in_links.c.user_id == bindparam("of_user", type_=sign_in_links.c.user_id.type),
        ~sign_in_links.c.is_first_start,
        sign_in_links.c.is_operators.is_not(True),
    )
)


def insert_link(tx: Transaction, link: SignInLink, *, value_hash: str) -> None:
    """Insert a one-time link."""
    statement = insert(sign_in_links).values(
        value_hash=value_hash,
        user_id=link.user.id,
        is_first_start=link.is_first_start,
        created_at=tx.clock(),
        expires_at=link.expires_at,
        is_operators=link.is_operators,
        project_id=link.project_id,
        made_by_id=link.made_by_id,
    )
    tx.connection.execute(statement)


def find_link(tx: Transaction, value_hash: str, *, now: datetime) -> SignInLink | None:
    """Find a one-time link that has not expired."""
    statement = select(*_COLUMNS).where(sign_in_links.c.value_hash == value_hash, sign_in_links.c.expires_at > now)
    row = tx.connection.execute(statement).one_or_none()
    user = None if row is None else find_user(tx, row.user_id)
    if row is None or user is None:
        return None
    # Links of the first start have always been the operator's; the author of other links without one is unknown.
    is_operators = row.is_first_start or row.is_operators is True
    return SignInLink(user, row.is_first_start, row.expires_at, is_operators, row.project_id, row.made_by_id)


def has_operators_link(tx: Transaction, user_id: int, *, now: datetime) -> bool:
    """Return `True` if the operator has made a link for a user that has not ended."""
    statement = select(sign_in_links.c.user_id).where(
        sign_in_links.c.user_id == user_id,
        sign_in_links.c.expires_at > now,
        or_(sign_in_links.c.is_operators.is_(True), sign_in_links.c.is_first_start),
    )
    return tx.connection.execute(statement.limit(1)).first() is not None


def delete_invitations(tx: Transaction, user_id: int) -> None:
    """Delete the one-time links of a user that the operator has not made."""
    _DELETE_INVITATIONS.run(tx.connection, {"of_user": user_id})


def delete_link(tx: Transaction, value_hash: str) -> bool:
    """Delete a one-time link; return `True` if it existed. Of several concurrent calls, one returns `True`."""
    return tx.connection.execute(delete(sign_in_links).where(sign_in_links.c.value_hash == value_hash)).rowcount > 0


def delete_links(tx: Transaction, user_id: int) -> None:
    """Delete the one-time links of a user, and all of the first start, because a user has a password now."""
    tx.connection.execute(delete(sign_in_links).where(or_(sign_in_links.c.user_id == user_id, sign_in_links.c.is_first_start)))
