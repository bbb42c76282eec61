"""Rows of sessions."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, or_, select, update

from promptuary.model.accounts import Session
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import sessions, sign_in_links, users

_COLUMNS = (
    sessions.c.id,
    sessions.c.user_id,
    sessions.c.created_at,
    sessions.c.last_seen_at,
    sessions.c.expires_at,
    sessions.c.address,
    sessions.c.user_agent,
    sessions.c.notice,
)
_USABLE = Compiled(
    select(*_COLUMNS)
    .join(users, users.c.id == sessions.c.user_id)
    .where(
        sessions.c.value_hash == bindparam("value_hash", type_=sessions.c.value_hash.type),
        sessions.c.expires_at > bindparam("now", type_=sessions.c.expires_at.type),
        sessions.c.last_seen_at > bindparam("seen_after", type_=sessions.c.last_seen_at.type),
        users.c.is_active,
    )
)


def insert_session(tx: Transaction, session: Session, *, value_hash: str) -> None:
    """Insert a session."""
    tx.connection.execute(
        insert(sessions).values(
            id=session.id,
            user_id=session.user_id,
            value_hash=value_hash,
            address=session.address,
            user_agent=session.user_agent,
            notice=session.notice,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
        )
    )


def find_usable_session(tx: Transaction, value_hash: str, *, now: datetime, seen_after: datetime) -> Session | None:
    """Find a session by the SHA-256 of its value, unless it has expired, was last seen too long ago, or its user is disabled."""
    row = _USABLE.one_or_none(tx.connection, {"value_hash": value_hash, "now": now, "seen_after": seen_after})
    return None if row is None else _session(row)


def list_sessions(tx: Transaction, user_id: int, *, now: datetime, seen_after: datetime, limit: int) -> list[Session]:
    """List the usable sessions of a user, the one that was seen last first."""
    statement = select(*_COLUMNS).where(
        sessions.c.user_id == user_id, sessions.c.expires_at > now, sessions.c.last_seen_at > seen_after
    )
    ordered = statement.order_by(sessions.c.last_seen_at.desc(), sessions.c.id).limit(limit)
    return [_session(row) for row in tx.connection.execute(ordered)]


def touch_session(tx: Transaction, session_id: str, *, at: datetime, unless_after: datetime) -> None:
    """Note when a session was seen, unless that was noted after ``unless_after``."""
    stale = sessions.c.last_seen_at < unless_after
    tx.connection.execute(update(sessions).where(sessions.c.id == session_id, stale).values(last_seen_at=at))


def update_notice(tx: Transaction, session_id: str, notice: str | None) -> None:
    """Keep what the next page is to tell."""
    tx.connection.execute(update(sessions).where(sessions.c.id == session_id).values(notice=notice))


def delete_session(tx: Transaction, session_id: str, *, user_id: int) -> bool:
    """Delete a session of a user; tell whether there was one."""
    statement = delete(sessions).where(sessions.c.id == session_id, sessions.c.user_id == user_id)
    return tx.connection.execute(statement).rowcount > 0


def delete_sessions(tx: Transaction, user_id: int, *, but: str | None = None) -> int:
    """Delete the sessions of a user, but one; return how many."""
    statement = delete(sessions).where(sessions.c.user_id == user_id)
    if but is not None:
        statement = statement.where(sessions.c.id != but)
    return tx.connection.execute(statement).rowcount


def delete_expired(tx: Transaction, *, now: datetime, seen_before: datetime) -> int:
    """Delete sessions and links that can no longer be used; return how many."""
    ended = or_(sessions.c.expires_at <= now, sessions.c.last_seen_at <= seen_before)
    gone = tx.connection.execute(delete(sessions).where(ended)).rowcount
    return gone + tx.connection.execute(delete(sign_in_links).where(sign_in_links.c.expires_at <= now)).rowcount


def _session(row: AnyRow) -> Session:
    return Session(
        id=row.id,
        user_id=row.user_id,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        address=row.address,
        user_agent=row.user_agent,
        notice=row.notice,
    )
