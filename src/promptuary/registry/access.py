"""Authentication and access to projects: the first step of every request."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from promptuary.model.access import Actor, Permission, Scope, require_scope
from promptuary.model.accounts import Key, NamedProject, ProjectRole, User
from promptuary.model.errors import (
    KeyLimitedToOtherProjects,
    NotAMember,
    ProjectNotFound,
    RegistryError,
    SignInRefused,
    UnknownProjectToken,
)
from promptuary.store import admission, keys, users
from promptuary.store.engine.database import Database, Transaction

CURRENT_PROJECT = "@current"

LAST_USED_PRECISION = timedelta(hours=1)
"""A key's last use is noted at most this often."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A known user before they enter a project: through a key, with its limits, or signed in, which has none."""

    user_id: int
    scopes: frozenset[Scope] = frozenset({Scope.ALL})
    project_ids: frozenset[int] | None = None
    key_id: str | None = None


def caller_of(key: Key) -> Caller:
    """Return the user of a key, within its limits."""
    return Caller(key.user_id, key.scopes, key.project_ids, key.id)


def account_of(tx: Transaction, caller: Caller) -> User:
    """Return the account of a caller. Raises `SignInRefused` if it was deleted."""
    user = users.find_user(tx, caller.user_id)
    if user is None:
        raise SignInRefused
    return user


def find_key(tx: Transaction, value: str) -> Key | None:
    """Find the usable key that has this value; a revoked key, or one of a disabled user, is not usable."""
    return keys.find_usable_key(tx, hash_key(value))


def hash_key(value: str) -> str:
    """Return the SHA-256 under which a key is stored, in hex."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def enter(
    tx: Transaction,
    caller: Caller,
    *,
    reference: str,
    permission: Permission,
    api_token: str | None = None,
    request_id: str | None = None,
) -> Actor:
    """Return a caller as an actor in a project.

    The project is the one that ``api_token`` belongs to, else the one that ``reference`` names: an id, or ``@current`` for the
    current project of the caller. Raises, in this order, `MissingScope`, `UnknownProjectToken`, `ProjectNotFound`,
    `KeyLimitedToOtherProjects`, `NotAMember`, `RoleTooLow`.
    """
    named = _named(reference, api_token)
    return _admit(caller, named, admission.find_role(tx, caller.user_id, named), permission, request_id)


def enter_with_key(
    tx: Transaction,
    value: str,
    *,
    reference: str,
    permission: Permission,
    api_token: str | None = None,
    request_id: str | None = None,
) -> tuple[Key, Actor] | None:
    """Do in one statement what `find_key` and `enter` do: return the key of a value and its user as an actor in a project.

    Returns `None` if no usable key has the value.
    """
    named = _named(reference, api_token)
    found = admission.find_key(tx, hash_key(value), named)
    if found is None:
        return None
    key, role = found
    return key, _admit(caller_of(key), named, role, permission, request_id)


def is_use_worth_noting(key: Key, now: datetime) -> bool:
    """Return `True` if a key's last noted use is old enough to be replaced."""
    return key.last_used_at is None or key.last_used_at < now - LAST_USED_PRECISION


def note_use(tx: Transaction, key_id: str) -> None:
    """Note that a key is in use, unless that was noted within `LAST_USED_PRECISION`."""
    now = tx.clock()
    keys.touch_key(tx, key_id, at=now, unless_after=now - LAST_USED_PRECISION)


def try_to_note_use(database: Database, key_id: str) -> None:
    """Note that a key is in use, in a transaction of its own; that it was used is worth a try, not an error."""
    try:
        with database.write() as tx:
            note_use(tx, key_id)
    except RegistryError as error:
        # Hardly ever needed, and not by commands, which would take longer to load it.
        import structlog  # noqa: PLC0415

        structlog.stdlib.get_logger("promptuary.access").warning("use of a key not noted", key_id=key_id, reason=error.for_log)


def _named(reference: str, api_token: str | None) -> NamedProject:
    return NamedProject(api_token or None, is_current=reference == CURRENT_PROJECT, id=_project_id(reference))


def _admit(caller: Caller, named: NamedProject, found: ProjectRole, permission: Permission, request_id: str | None) -> Actor:
    require_scope(caller.scopes, permission)
    if found.project_id is None:
        raise ProjectNotFound if named.token is None else UnknownProjectToken
    if caller.project_ids is not None and found.project_id not in caller.project_ids:
        raise KeyLimitedToOtherProjects(found.project_id)
    if found.role is None:
        raise NotAMember
    actor = Actor(
        project_id=found.project_id,
        role=found.role,
        scopes=caller.scopes,
        user_id=caller.user_id,
        key_id=caller.key_id,
        request_id=request_id,
    )
    actor.require(permission)
    return actor


def _project_id(reference: str) -> int | None:
    return int(reference) if reference.isascii() and reference.isdigit() and len(reference) <= _MAX_DIGITS else None


_MAX_DIGITS = 10
