"""Rows of logins of devices with a browser."""

from datetime import datetime

from sqlalchemy import delete, func, insert, select, update

from promptuary.model.access import Scope
from promptuary.model.device_authorizations import DeviceAuthorization, DeviceState
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import device_authorizations as rows

_COLUMNS = (
    rows.c.device_name,
    rows.c.address,
    rows.c.network,
    rows.c.state,
    rows.c.interval_seconds,
    rows.c.polled_at,
    rows.c.created_at,
    rows.c.expires_at,
    rows.c.user_id,
    rows.c.scopes,
    rows.c.project_ids,
)


def insert_authorization(tx: Transaction, new: DeviceAuthorization, *, device_code_hash: str, user_code_hash: str) -> None:
    """Insert a login that waits for its user."""
    tx.connection.execute(
        insert(rows).values(
            device_code_hash=device_code_hash,
            user_code_hash=user_code_hash,
            device_name=new.device_name,
            address=new.address,
            network=new.network,
            state=new.state.value,
            interval_seconds=new.interval,
            created_at=new.created_at,
            expires_at=new.expires_at,
        )
    )


def find_authorization(tx: Transaction, device_code_hash: str) -> DeviceAuthorization | None:
    """Find a login by its device code."""
    row = tx.connection.execute(select(*_COLUMNS).where(rows.c.device_code_hash == device_code_hash)).one_or_none()
    return None if row is None else _authorization(row)


def lock_authorization(tx: Transaction, device_code_hash: str) -> DeviceAuthorization | None:
    """Find a login by its device code and keep it as it is until the transaction ends."""
    statement = select(*_COLUMNS).where(rows.c.device_code_hash == device_code_hash).with_for_update()
    row = tx.connection.execute(statement).one_or_none()
    return None if row is None else _authorization(row)


def find_pending(tx: Transaction, user_code_hash: str, *, now: datetime) -> DeviceAuthorization | None:
    """Find a login by its user code, if it waits for its user."""
    statement = select(*_COLUMNS).where(
        rows.c.user_code_hash == user_code_hash, rows.c.state == DeviceState.PENDING.value, rows.c.expires_at > now
    )
    row = tx.connection.execute(statement).one_or_none()
    return None if row is None else _authorization(row)


def approve_pending(
    tx: Transaction, user_code_hash: str, *, user_id: int, scopes: list[str], project_ids: list[int], now: datetime
) -> bool:
    """Approve a login that waits; return `False` if none does. Of several concurrent calls, one returns `True`."""
    values = {"state": DeviceState.APPROVED.value, "user_id": user_id, "scopes": scopes, "project_ids": project_ids}
    return _answer(tx, user_code_hash, values, now)


def deny_pending(tx: Transaction, user_code_hash: str, *, now: datetime) -> bool:
    """Deny a login that waits; return `False` if none does."""
    return _answer(tx, user_code_hash, {"state": DeviceState.DENIED.value}, now)


def update_poll(tx: Transaction, device_code_hash: str, **values: datetime | int) -> None:
    """Note when a device has polled, or how long it is to wait."""
    tx.connection.execute(update(rows).where(rows.c.device_code_hash == device_code_hash).values(**values))


def count_open(tx: Transaction, *, network: str | None = None, now: datetime) -> int:
    """Count the logins of a network, or all, that have not expired."""
    statement = select(func.count()).select_from(rows).where(rows.c.expires_at > now)
    if network is not None:
        statement = statement.where(rows.c.network == network)
    return tx.connection.execute(statement).scalar_one()


def delete_authorization(tx: Transaction, device_code_hash: str) -> None:
    """Delete a login."""
    tx.connection.execute(delete(rows).where(rows.c.device_code_hash == device_code_hash))


def delete_approved(tx: Transaction, user_id: int) -> None:
    """Delete the logins that a user has approved."""
    tx.connection.execute(delete(rows).where(rows.c.user_id == user_id))


def delete_expired(tx: Transaction, *, now: datetime) -> int:
    """Delete logins that have expired; return how many."""
    return tx.connection.execute(delete(rows).where(rows.c.expires_at <= now)).rowcount


def _answer(tx: Transaction, user_code_hash: str, values: dict[str, object], now: datetime) -> bool:
    waiting = (rows.c.user_code_hash == user_code_hash, rows.c.state == DeviceState.PENDING.value, rows.c.expires_at > now)
    return tx.connection.execute(update(rows).where(*waiting).values(**values)).rowcount > 0


def _authorization(row: AnyRow) -> DeviceAuthorization:
    return DeviceAuthorization(
        device_name=row.device_name,
        address=row.address,
        network=row.network,
        state=DeviceState(row.state),
        interval=row.interval_seconds,
        polled_at=row.polled_at,
        created_at=row.created_at,
        expires_at=row.expires_at,
        user_id=row.user_id,
        scopes=frozenset(Scope(scope) for scope in row.scopes or ()),
        project_ids=frozenset(row.project_ids or ()),
    )
