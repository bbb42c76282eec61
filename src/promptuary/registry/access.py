"""Who a caller is and whether they may enter a project: the first step of every request."""

import hashlib
from datetime import datetime, timedelta

import structlog

from promptuary.model.access import Actor, Permission, require_scope
from promptuary.model.accounts import Key, Project
from promptuary.model.errors import KeyLimitedToOtherProjects, NotAMember, ProjectNotFound, Refusal, UnknownProjectToken
from promptuary.store import keys, members, projects, users
from promptuary.store.database import Database, Transaction

logger = structlog.stdlib.get_logger("promptuary.access")

CURRENT_PROJECT = "@current"

LAST_USED_PRECISION = timedelta(hours=1)
"""A key's last use is noted at most this often."""


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
    """Return the key's user as an actor in a project.

    The project is the one that ``api_token`` belongs to, else the one that ``reference`` names: an id, or ``@current`` for the
    current project of the key's user. Raises, in this order, `MissingScope`, `UnknownProjectToken`, `ProjectNotFound`,
    `KeyLimitedToOtherProjects`, `NotAMember`, `RoleTooLow`.
    """
    require_scope(key.scopes, permission)
    project = _named_project(tx, key, reference=reference, api_token=api_token)
    if key.project_ids is not None and project.id not in key.project_ids:
        raise KeyLimitedToOtherProjects(project.id)
    member = members.find_member(tx, project_id=project.id, user_id=key.user_id)
    if member is None:
        raise NotAMember
    actor = Actor(
        project_id=project.id,
        role=member.role,
        scopes=key.scopes,
        user_id=key.user_id,
        key_id=key.id,
        request_id=request_id,
    )
    actor.require(permission)
    return actor


def is_use_worth_noting(key: Key, now: datetime) -> bool:
    """Tell whether a key's last noted use is old enough to be replaced."""
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
    except Refusal as refusal:
        logger.warning("use of a key not noted", key_id=key_id, reason=str(refusal))


def _named_project(tx: Transaction, key: Key, *, reference: str, api_token: str | None) -> Project:
    if api_token:
        project = projects.find_project_by_token(tx, api_token)
        if project is None:
            raise UnknownProjectToken
        return project
    project_id = _current_project_id(tx, key) if reference == CURRENT_PROJECT else _project_id(reference)
    project = None if project_id is None else projects.find_project(tx, project_id)
    if project is None:
        raise ProjectNotFound
    return project


def _current_project_id(tx: Transaction, key: Key) -> int | None:
    user = users.find_user(tx, key.user_id)
    return None if user is None else user.current_project_id


def _project_id(reference: str) -> int | None:
    return int(reference) if reference.isascii() and reference.isdigit() and len(reference) <= _MAX_DIGITS else None


_MAX_DIGITS = 10
