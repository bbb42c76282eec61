"""Rows of leases: which worker of all servers does some work, and until when no other one may."""

from datetime import datetime

from sqlalchemy import delete, or_, select

from promptuary.store.engine import dialect
from promptuary.store.engine.database import Transaction
from promptuary.store.tables import leases


def take_lease(tx: Transaction, name: str, *, holder: str, until: datetime) -> bool:
    """Take or renew a lease; return `False` if another holder has it."""
    free = or_(leases.c.holder == holder, leases.c.expires_at <= tx.clock())
    values = {"holder": holder, "expires_at": until}
    statement = (
        dialect.insert(tx.connection, leases)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=[leases.c.name], set_=values, where=free)
        .returning(leases.c.holder)
    )
    return tx.connection.execute(statement).first() is not None


def is_taken(tx: Transaction, name: str, *, by_other_than: str) -> bool:
    """Return `True` if another holder has a lease that has not expired."""
    others = (leases.c.name == name, leases.c.holder != by_other_than, leases.c.expires_at > tx.clock())
    return tx.connection.execute(select(leases.c.holder).where(*others)).first() is not None


def release_lease(tx: Transaction, name: str, *, holder: str) -> None:
    """Let others take a lease at once."""
    tx.connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))
