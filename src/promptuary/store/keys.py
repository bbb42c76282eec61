"""Rows of personal API keys."""

from datetime import datetime

from sqlalchemy import bindparam, func, or_, select, update

from promptuary.model.access import Scope
from promptuary.model.accounts import Key
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import keys, users

_SELECT = select(
    keys.c.id,
    keys.c.user_id,
    users.c.email,
    keys.c.label,
    keys.c.mask,
    keys.c.scopes,
    keys.c.project_ids,
    keys.c.created_at,
    keys.c.last_used_at,
    keys.c.revoked_at,
).join(users, users.c.id == keys.c.user_id)
SELECT_USABLE = _SELECT.where(keys.c.value_hash == bindparam("value_hash"), keys.c.revoked_at.is_(None), users.c.is_active)
_USABLE = Compiled(SELECT_USABLE)
_INSERT = Compiled(keys.insert())


def insert_key(tx: Transaction, key: Key, *, value_hash: str) -> None:
    """Insert a key."""
    values = {
        "id": key.id,
        "user_id": key.user_id,
        "label": key.label,
        "value_hash": value_hash,
        "mask": key.mask,
        "scopes": sorted(key.scopes),
        "project_ids": None if key.project_ids is None else sorted(key.project_ids),
        "created_at": key.created_at,
    }
    _INSERT.run(tx.connection, values)


def find_usable_key(tx: Transaction, value_hash: str) -> Key | None:
    """Find a key by the SHA-256 of its value, unless it is revoked or its user disabled."""
    row = _USABLE.one_or_none(tx.connection, {"value_hash": value_hash})
    return None if row is None else key_of(row)


def find_key(tx: Transaction, key_id: str) -> Key | None:
    """Find a key by its id, revoked or not."""
    row = tx.connection.execute(_SELECT.where(keys.c.id == key_id)).one_or_none()
    return None if row is None else key_of(row)


def list_keys(tx: Transaction, *, user_id: int | None, limit: int) -> list[Key]:
    """List keys of one user or of all: those that are not revoked first, and of both kinds the newest first."""
    statement = _SELECT.order_by(keys.c.revoked_at.is_not(None), keys.c.created_at.desc(), keys.c.id).limit(limit)
    if user_id is not None:
        statement = statement.where(keys.c.user_id == user_id)
    return [key_of(row) for row in tx.connection.execute(statement)]


def count_usable_keys(tx: Transaction, user_id: int) -> int:
    """Count the keys of a user that are not revoked."""
    statement = select(func.count()).select_from(keys).where(keys.c.user_id == user_id, keys.c.revoked_at.is_(None))
    return tx.connection.execute(statement).scalar_one()


def revoke_key(tx: Transaction, key_id: str, *, at: datetime) -> None:
    """Mark a key as revoked."""
    tx.connection.execute(update(keys).where(keys.c.id == key_id).values(revoked_at=at))


def touch_key(tx: Transaction, key_id: str, *, at: datetime, unless_after: datetime) -> None:
    """Note when a key was used, unless a use after ``unless_after`` is noted already."""
    stale = or_(keys.c.last_used_at.is_(None), keys.c.last_used_at < unless_after)
    tx.connection.execute(update(keys).where(keys.c.id == key_id, stale).values(last_used_at=at))


def key_of(row: AnyRow) -> Key:
    """Read a key from a row that has its columns."""
    return Key(
        id=row.id,
        user_id=row.user_id,
        email=row.email,
        label=row.label,
        mask=row.mask,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        project_ids=None if row.project_ids is None else frozenset(row.project_ids),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
