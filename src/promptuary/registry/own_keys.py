"""The keys of a user, as the user manages them: on the pages, or over HTTP with a key that may.

A key that manages keys never gives away more than it has: the scopes and projects of keys that it creates or revokes are within its
own.
"""

from collections.abc import Collection

from promptuary.model.access import Permission, Scope, all_granted, require_scope
from promptuary.model.accounts import Key, NewKey, User
from promptuary.model.changes import Attribution
from promptuary.model.errors import BeyondOwnKey, InvalidValue, KeyExists, KeyNotFound
from promptuary.registry.access import Caller, account_of
from promptuary.registry.operator import keys, members
from promptuary.store import keys as stored_keys
from promptuary.store import users as stored_users
from promptuary.store.engine.database import Transaction

MAX_KEYS = 1000

MAX_USABLE_KEYS = 500
"""Maximum keys of a user that are not revoked: all of them are in every list, so that none can hide behind others."""

CURRENT_KEY = "@current"
"""The name of the key that a request is sent with."""


def create_own_key(
    tx: Transaction,
    caller: Caller,
    *,
    label: str,
    scopes: Collection[Scope],
    project_ids: Collection[int] = (),
    key_id: str | None = None,
    request_id: str | None = None,
) -> NewKey:
    """Create a key for its creator, limited to projects of which they are a member.

    Without projects it works in all of the creator's projects, or in those that the creating key is limited to. ``key_id`` names
    the key before it is there, so that a form that comes twice makes one key. Raises `MissingScope`, `KeyExists`, `InvalidValue`,
    `BeyondOwnKey`.
    """
    require_scope(caller.scopes, Permission.MANAGE_KEYS)
    stored_users.lock_user(tx, caller.user_id)
    if key_id is not None and stored_keys.find_key(tx, key_id) is not None:
        raise KeyExists
    if stored_keys.count_usable_keys(tx, caller.user_id) >= MAX_USABLE_KEYS:
        message = f"You have {MAX_USABLE_KEYS} keys, which is the limit. Revoke keys that are not used any more."
        raise InvalidValue("too_many", message, field="label")
    user = account_of(tx, caller)
    require_own_projects(tx, user, project_ids)
    wanted = frozenset(project_ids) or caller.project_ids
    _require_within(caller, scopes, wanted)
    by = Attribution(caller.user_id, caller.key_id, request_id)
    return keys.create_key(tx, email=user.email, label=label, scopes=scopes, project_ids=wanted, key_id=key_id, by=by)


def revoke_own_key(tx: Transaction, caller: Caller, key_id: str, *, request_id: str | None = None) -> Key:
    """Refuse a key of one's own from now on. A key may always revoke itself.

    Raises `MissingScope`, `KeyNotFound`, also for those of others, and `BeyondOwnKey`.
    """
    if key_id not in {CURRENT_KEY, caller.key_id}:
        require_scope(caller.scopes, Permission.MANAGE_KEYS)
    key = get_own_key(tx, caller, key_id)
    if key.id != caller.key_id:
        _require_within(caller, key.scopes, key.project_ids)
    return keys.revoke_key(tx, key.id, by=Attribution(caller.user_id, caller.key_id, request_id))


def list_own_keys(tx: Transaction, caller: Caller) -> list[Key]:
    """List one's own keys: those that are not revoked first, the newest first. Raises `MissingScope`."""
    require_scope(caller.scopes, Permission.LIST_KEYS)
    return stored_keys.list_keys(tx, user_id=caller.user_id, limit=MAX_KEYS)


def get_own_key(tx: Transaction, caller: Caller, key_id: str) -> Key:
    """Return a key of one's own. A key may always read itself. Raises `MissingScope`, `KeyNotFound`, also for those of others."""
    if key_id not in {CURRENT_KEY, caller.key_id}:
        require_scope(caller.scopes, Permission.LIST_KEYS)
    key = keys.get_key(tx, caller.key_id or key_id if key_id == CURRENT_KEY else key_id)
    if key.user_id != caller.user_id:
        raise KeyNotFound(key_id)
    return key


def require_own_projects(tx: Transaction, user: User, project_ids: Collection[int]) -> None:
    """Raise `InvalidValue` for a project of which a user is no member."""
    mine = {membership.project.id for membership in members.list_memberships(tx, user)}
    if not mine.issuperset(project_ids):
        raise InvalidValue("invalid_choice", "You are not a member of one of these projects.", field="scoped_teams")


def _require_within(caller: Caller, scopes: Collection[Scope], project_ids: Collection[int] | None) -> None:
    """Raise `BeyondOwnKey` for scopes or projects that the caller's key does not have; `None` is all projects."""
    if missing := all_granted(scopes) - all_granted(caller.scopes):
        raise BeyondOwnKey("scope", min(missing))
    if caller.project_ids is None:
        return
    if project_ids is None:
        raise BeyondOwnKey("project", "all")
    if beyond := set(project_ids) - caller.project_ids:
        raise BeyondOwnKey("project", str(min(beyond)))
