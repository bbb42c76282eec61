"""One-time links, with which people who have no password, or have forgotten it, give their account one."""

import secrets
from datetime import timedelta

from promptuary.model.accounts import Browser, NewSession, Profile, SessionLimits, SignInLink, User
from promptuary.model.errors import InvalidValue, LinkEnded
from promptuary.registry.access import hash_key
from promptuary.registry.changes import By
from promptuary.registry.passwords import hash_password
from promptuary.registry.sessions import begin_session
from promptuary.registry.users import change_user, store_password
from promptuary.store import sessions
from promptuary.store.database import Database, Transaction

LASTS = timedelta(days=7)

_RANDOM_BYTES = 32


def create_link(tx: Transaction, user: User, *, is_first_start: bool = False) -> str:
    """Create a link for a user and return its value; it ends after `LASTS`, and when the user gets a password.

    The link of the first start ends when anybody gets a password. Raises `InvalidValue` for a disabled user.
    """
    if not user.is_active:
        message = f"'{user.email}' is disabled."
        raise InvalidValue("disabled", message, field="email")
    value = secrets.token_urlsafe(_RANDOM_BYTES)
    expires_at = tx.clock() + LASTS
    sessions.insert_link(tx, value_hash=hash_key(value), user_id=user.id, is_first_start=is_first_start, expires_at=expires_at)
    return value


def get_link(tx: Transaction, value: str) -> SignInLink:
    """Return a link. Raises `LinkEnded` for one that was used or has expired, or whose user is disabled."""
    link = sessions.find_link(tx, hash_key(value), now=tx.clock())
    if link is None or not link.user.is_active:
        raise LinkEnded
    return link


def use_link(
    database: Database,
    value: str,
    *,
    profile: Profile,
    password: str,
    limits: SessionLimits,
    browser: Browser,
    request_id: str | None = None,
) -> NewSession:
    """Give the account of a link a name and a password, at the first start also an address, and sign its user in.

    Raises `LinkEnded`, `InvalidValue`, `EmailTaken`; then the link can be used once more.
    """
    with database.read() as tx:
        get_link(tx, value)
    password_hash = hash_password(password)
    with database.write() as tx:
        link = get_link(tx, value)
        # Of two who use it at once, only one deletes it.
        if not sessions.delete_link(tx, hash_key(value)):
            raise LinkEnded
        by = By(link.user.id, request_id)
        chosen = profile if link.is_first_start else Profile(link.user.email, profile.first_name, profile.last_name)
        user = change_user(tx, link.user, profile=chosen, by=by)
        store_password(tx, user, password_hash=password_hash, by=by)
        return begin_session(tx, user.id, limits=limits, browser=browser)
