"""Rows of users."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError

from promptuary.model.accounts import Author, Credentials, User, recorded_author
from promptuary.store.engine import dialect
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import users

_COLUMNS = (
    users.c.id,
    users.c.uuid,
    users.c.email,
    users.c.first_name,
    users.c.last_name,
    users.c.is_active,
    users.c.password_hash.is_not(None).label("has_password"),
    users.c.current_project_id,
    users.c.created_at,
    users.c.invited_to_id,
    users.c.address_changed_at,
)

AUTHOR_COLUMNS = (
    users.c.id.label("author_id"),
    users.c.uuid.label("author_uuid"),
    users.c.first_name.label("author_first_name"),
    users.c.last_name.label("author_last_name"),
    users.c.email.label("author_email"),
    users.c.role_at_organization.label("author_role"),
)

_INSERTS = {
    kind: Compiled(start.on_conflict_do_nothing(index_elements=[users.c.email]).returning(users.c.id))
    for kind, start in dialect.inserts(users).items()
}
_WANTED = users.c.id == bindparam("wanted", type_=users.c.id.type)
_BY_ID = Compiled(select(*_COLUMNS).where(_WANTED))
_LOCK = Compiled(select(users.c.id).where(_WANTED).with_for_update(key_share=True))
_BY_EMAIL = Compiled(select(*_COLUMNS).where(users.c.email == bindparam("wanted", type_=users.c.email.type)))
_AUTHOR = Compiled(select(*AUTHOR_COLUMNS).where(_WANTED))
_AUTHORS = select(*AUTHOR_COLUMNS).where(users.c.id.in_(bindparam("wanted", expanding=True)))


def insert_user(
    tx: Transaction,
    *,
    uuid: str,
    email: str,
    first_name: str,
    last_name: str,
    password_hash: str | None,
    invited_to_id: int | None = None,
) -> User | None:
    """Insert an active user; return `None` when the address is taken."""
    values = {
        "uuid": uuid,
        "email": email,
        "first_name": first_name,
        "last_name": last_name,
        "password_hash": password_hash,
        "is_active": True,
        "created_at": tx.clock(),
        "invited_to_id": invited_to_id,
    }
    # Read again: in a RETURNING clause, SQLite 3.40 takes "password_hash IS NOT NULL" for true whatever was inserted.
    inserted = _INSERTS[tx.connection.dialect.name].one_or_none(tx.connection, values)
    return None if inserted is None else find_user(tx, inserted.id)


def update_user(tx: Transaction, user_id: int, **values: Any) -> None:  # noqa: ANN401 - columns by name
    """Change columns of a user."""
    tx.connection.execute(update(users).where(users.c.id == user_id).values(**values))


def try_to_update_profile(tx: Transaction, user_id: int, values: dict[str, str]) -> bool:
    """Change name and address of a user; change nothing and return `False` if another user has the address."""
    try:
        # The savepoint keeps the transaction when the unique index refuses.
        with tx.connection.begin_nested():
            update_user(tx, user_id, **values)
    except IntegrityError:
        return False
    return True


def find_user(tx: Transaction, user_id: int) -> User | None:
    """Find a user by id."""
    row = _BY_ID.one_or_none(tx.connection, {"wanted": user_id})
    return None if row is None else _user(row)


def find_user_by_email(tx: Transaction, email: str) -> User | None:
    """Find a user by the address in its stored form."""
    row = _BY_EMAIL.one_or_none(tx.connection, {"wanted": email})
    return None if row is None else _user(row)


def lock_user(tx: Transaction, user_id: int) -> None:
    """Keep a user as they are until the transaction ends."""
    _LOCK.all(tx.connection, {"wanted": user_id})


def find_author(tx: Transaction, user_id: int) -> Author | None:
    """Find what others see of a user."""
    row = _AUTHOR.one_or_none(tx.connection, {"wanted": user_id})
    return None if row is None else author_of(row)


def list_authors(tx: Transaction, user_ids: Collection[int]) -> dict[int, Author]:
    """Return what others see of some users, by id."""
    rows = tx.connection.execute(_AUTHORS, {"wanted": list(user_ids)}) if user_ids else ()
    authors = ((row.author_id, author_of(row)) for row in rows)
    return {user_id: author for user_id, author in authors if author is not None}


def find_credentials(tx: Transaction, email: str, *, lock: bool = False) -> Credentials | None:
    """Find what signing in with an address is decided by; ``lock`` keeps it as it is until the transaction ends."""
    statement = select(users.c.id, users.c.password_hash, users.c.is_active).where(users.c.email == email)
    row = tx.connection.execute(statement.with_for_update(key_share=True) if lock else statement).one_or_none()
    return None if row is None else Credentials(row.id, row.password_hash, row.is_active)


def has_any_password(tx: Transaction) -> bool:
    """Return `True` if any user has a password."""
    return tx.connection.execute(select(users.c.id).where(users.c.password_hash.is_not(None)).limit(1)).first() is not None


def list_users(tx: Transaction, *, limit: int) -> list[User]:
    """List users by id, at most ``limit``."""
    statement = select(*_COLUMNS).order_by(users.c.id).limit(limit)
    return [_user(row) for row in tx.connection.execute(statement)]


def author_of(row: AnyRow) -> Author | None:
    """Read the author from a row that has `AUTHOR_COLUMNS` from an outer join."""
    if row.author_id is None:
        return None
    return Author(
        id=row.author_id,
        uuid=row.author_uuid,
        first_name=row.author_first_name,
        last_name=row.author_last_name,
        email=row.author_email,
        role_at_organization=row.author_role,
    )


def creator_of(row: AnyRow) -> Author | None:
    """Read the author from a row that has `AUTHOR_COLUMNS` and the recorded author; the account goes first."""
    return author_of(row) or recorded_author_of(row.recorded_author)


def recorded_author_of(stored: dict[str, str] | None) -> Author | None:
    """Read an author that an import brought."""
    return None if stored is None else recorded_author(stored["email"], stored["first_name"], stored["last_name"])


def _user(row: AnyRow) -> User:
    return User(
        id=row.id,
        uuid=row.uuid,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        is_active=row.is_active,
        has_password=row.has_password,
        current_project_id=row.current_project_id,
        created_at=row.created_at,
        invited_to_id=row.invited_to_id,
        address_changed_at=row.address_changed_at,
    )
