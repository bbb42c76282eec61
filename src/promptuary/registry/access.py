"""Authentication and access to projects: the first step of every request."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from promptuary.model.access import Actor, Permission, Scope, require_scope
from promptuary.model.accounts import Key
from promptuary.model.errors import KeyLimitedToOtherProjects, NotAMember, ProjectNotFound, RegistryError, UnknownProjectToken
from promptuary.store import keys, members, projects, users
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


def find_key(tx: Transaction, value: str) -> Key | None:
    """Find the usable key that has this value; a revoked key, or one of a disabled user, is not usable."""
    return keys.find_usable_key(tx, hash_key(value))


def hash_key(value: str) -> str:
    """Return the SHA-256 under which a key is stored, in hex."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def enter_project(
    tx: Transaction,
    key: Key,
    *,
    reference: str,
    api_token: str | None,
    permission: Permission,
    request_id: str | None = None,
) -> Actor:
    """Return the key's user as an actor in a project; see `enter`."""
    return enter(tx, caller_of(key), reference=reference, api_token=api_token, permission=permission, request_id=request_id)


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
    require_scope(caller.scopes, permission)
    project_id = _named_project_id(tx, caller, reference=reference, api_token=api_token)
    member = members.find_member(tx, project_id=project_id, user_id=caller.user_id)
    # A member implies a project.
    if member is None and projects.find_project(tx, project_id) is None:
        raise ProjectNotFound
    if caller.project_ids is not None and project_id not in caller.project_ids:
        raise KeyLimitedToOtherProjects(project_id)
    if member is None:
        raise NotAMember
    actor = Actor(
        project_id=project_id,
        role=member.role,
        scopes=caller.scopes,
        user_id=caller.user_id,
        key_id=caller.key_id,
        request_id=request_id,
    )
    actor.require(permission)
    return actor


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


def _named_project_id(tx: Transaction, caller: Caller, *, reference: str, api_token: str | None) -> int:
    """Return the id of the project that a request names; there may be none that has it."""
    if api_token:
        project = projects.find_project_by_token(tx, api_token)
        if project is None:
            raise UnknownProjectToken
        return project.id
    project_id = _current_project_id(tx, caller) if reference == CURRENT_PROJECT else _project_id(reference)
    if project_id is None:
        raise ProjectNotFound
    return project_id


def _current_project_id(tx: Transaction, caller: Caller) -> int | None:
    user = users.find_user(tx, caller.user_id)
    return None if user is None else user.current_project_id


def _project_id(reference: str) -> int | None:
    return int(reference) if reference.isascii() and reference.isdigit() and len(reference) <= _MAX_DIGITS else None


_MAX_DIGITS = 10
