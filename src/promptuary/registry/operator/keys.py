"""The operator's verbs of personal API keys. They check no permission: only the command line calls them, no HTTP edge."""

import secrets
import uuid
from collections.abc import Collection

from promptuary.model.access import Scope
from promptuary.model.accounts import MAX_KEY_LABEL, Key, NewKey
from promptuary.model.changes import OPERATOR, Attribution
from promptuary.model.changes.payloads import KeyCreated, KeyFacts, KeyRevoked
from promptuary.model.errors import InvalidValue, KeyNotFound
from promptuary.model.text import check_text
from promptuary.registry.access import hash_key
from promptuary.registry.changes import record_administration
from promptuary.registry.operator.projects import get_project
from promptuary.registry.operator.users import get_user
from promptuary.store import keys
from promptuary.store.engine.database import Transaction

KEY_PREFIX = "phx_"
_RANDOM_BYTES = 32
_MASK_ENDS = 4


def create_key(
    tx: Transaction,
    *,
    email: str,
    label: str,
    scopes: Collection[Scope],
    project_ids: Collection[int] | None = None,
    key_id: str | None = None,
    by: Attribution = OPERATOR,
) -> NewKey:
    """Create a key; its value is in the answer and nowhere else. ``project_ids`` limits it to those projects.

    ``key_id`` is an id that no key has.

    Raises `InvalidValue`, `UserNotFound`, `ProjectNotFound`.
    """
    check_text(label, field="label", max_length=MAX_KEY_LABEL)
    user = get_user(tx, email)
    if not scopes:
        message = "A key needs at least one scope."
        raise InvalidValue("required", message, field="scopes")
    if not user.is_active:
        message = f"'{user.email}' is disabled."
        raise InvalidValue("disabled", message, field="email")
    for project_id in project_ids or ():
        get_project(tx, project_id)
    value = KEY_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    key = Key(
        id=key_id or str(uuid.uuid4()),
        user_id=user.id,
        email=user.email,
        label=label.strip(),
        mask=f"{value[: len(KEY_PREFIX) + _MASK_ENDS]}...{value[-_MASK_ENDS:]}",
        scopes=frozenset(scopes),
        project_ids=frozenset(project_ids) if project_ids else None,
        created_at=tx.clock(),
        last_used_at=None,
        revoked_at=None,
    )
    keys.insert_key(tx, key, value_hash=hash_key(value))
    record_administration(tx, KeyCreated(_facts(key)), by=by)
    return NewKey(key, value)


def revoke_key(tx: Transaction, key_id: str, *, by: Attribution = OPERATOR) -> Key:
    """Refuse a key from now on. Revoking it again changes nothing. Raises `KeyNotFound`."""
    key = get_key(tx, key_id)
    if key.revoked_at is None:
        keys.revoke_key(tx, key_id, at=tx.clock())
        record_administration(tx, KeyRevoked(_facts(key)), by=by)
    return get_key(tx, key_id)


def list_keys(tx: Transaction, *, email: str | None = None, limit: int) -> list[Key]:
    """List keys, newest first, of one user or of all. Raises `UserNotFound`."""
    user_id = None if email is None else get_user(tx, email).id
    return keys.list_keys(tx, user_id=user_id, limit=limit)


def get_key(tx: Transaction, key_id: str) -> Key:
    """Return a key, revoked or not. Raises `KeyNotFound`."""
    key = keys.find_key(tx, key_id)
    if key is None:
        raise KeyNotFound(key_id)
    return key


def _facts(key: Key) -> KeyFacts:
    return KeyFacts(key.id, key.user_id, key.label, key.scopes)
