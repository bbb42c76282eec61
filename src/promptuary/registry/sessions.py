"""Signing in and out: a session is a browser in which a user is known. Its value is in a cookie there, and here only as a hash."""

import secrets
import uuid
from datetime import datetime, timedelta

from promptuary.model.accounts import Browser, Credentials, NewSession, Profile, Session, SessionLimits, SignedIn, User
from promptuary.model.changes import Attribution
from promptuary.model.errors import InvalidValue, RegistryError, SessionNotFound, SignInRefused
from promptuary.registry.access import hash_key
from promptuary.registry.operator.users import change_user, store_password
from promptuary.registry.passwords import hash_password, is_outdated, is_right
from promptuary.store import device_authorizations, sessions, users
from promptuary.store.engine.database import Database, Transaction

LAST_SEEN_PRECISION = timedelta(minutes=5)
"""That a session is in use is noted at most this often."""

_RANDOM_BYTES = 32
_MAX_SHOWN = 300


def sign_in(database: Database, *, email: str, password: str, limits: SessionLimits, browser: Browser) -> NewSession:
    """Begin a session of the active user who has this address and password. Raises `SignInRefused` if there is none.

    The password is verified between two transactions: that takes too long to hold one open.
    """
    address = email.strip().lower()
    with database.read() as tx:
        found = users.find_credentials(tx, address)
    known = None if found is None else found.password_hash
    if not is_right(password, known) or found is None or known is None or not found.is_active:
        raise SignInRefused
    rehashed = hash_password(password) if is_outdated(known) else None
    with database.write() as tx:
        # The password may have been changed meanwhile, or the user disabled.
        if users.find_credentials(tx, address, lock=True) != found:
            raise SignInRefused
        if rehashed is not None:
            users.update_user(tx, found.user_id, password_hash=rehashed)
        return begin_session(tx, found.user_id, limits=limits, browser=browser)


def find_session(tx: Transaction, value: str, *, limits: SessionLimits) -> SignedIn | None:
    """Find the session that has this value, and its user, unless it has ended or the user is disabled."""
    now = tx.clock()
    session = sessions.find_usable_session(tx, hash_key(value), now=now, seen_after=now - limits.idle)
    user = None if session is None else users.find_user(tx, session.user_id)
    return None if session is None or user is None else SignedIn(session, user)


def list_sessions(tx: Transaction, user: User, *, limits: SessionLimits, limit: int) -> list[Session]:
    """List the sessions of a user that have not ended, the one that was seen last first."""
    now = tx.clock()
    return sessions.list_sessions(tx, user.id, now=now, seen_after=now - limits.idle, limit=limit)


def list_addresses(tx: Transaction, email: str, *, limits: SessionLimits, limit: int) -> set[str]:
    """List the addresses of the sessions that the user with this e-mail address began and that have not ended."""
    user = users.find_user_by_email(tx, email.strip().lower())
    return set() if user is None else {session.address for session in list_sessions(tx, user, limits=limits, limit=limit)}


def sign_out(tx: Transaction, signed_in: SignedIn) -> None:
    """End a session. Ending it again changes nothing."""
    sessions.delete_session(tx, signed_in.session.id, user_id=signed_in.user.id)


def end_session(tx: Transaction, user: User, session_id: str) -> None:
    """End one of a user's sessions. Raises `SessionNotFound`, also for those of others."""
    if not sessions.delete_session(tx, session_id, user_id=user.id):
        raise SessionNotFound


def end_other_sessions(tx: Transaction, signed_in: SignedIn) -> int:
    """End all sessions of a user but this one; return how many."""
    return sessions.delete_sessions(tx, signed_in.user.id, but=signed_in.session.id)


def change_address(database: Database, signed_in: SignedIn, *, present: str, email: str, request_id: str | None = None) -> User:
    """Give the signed-in user another e-mail address, under which they sign in from now on.

    Raises `InvalidValue`, also for a wrong present password, and `EmailTaken`.
    """
    user = signed_in.user
    found = _verify_password(database, user, present)
    with database.write() as tx:
        _require_same(tx, user, found)
        profile = Profile(email, user.first_name, user.last_name)
        changed = change_user(tx, user, profile=profile, by=Attribution(user.id, request_id=request_id))
        if changed.email != user.email:
            users.update_user(tx, user.id, address_changed_at=tx.clock())
        return changed


def change_password(
    database: Database, signed_in: SignedIn, *, present: str, password: str, limits: SessionLimits, request_id: str | None = None
) -> NewSession:
    """Give the signed-in user another password. All sessions end; that of the caller continues under another value.

    Raises `InvalidValue`, also for a wrong present password.
    """
    user, session = signed_in.user, signed_in.session
    found = _verify_password(database, user, present)
    password_hash = hash_password(password)
    with database.write() as tx:
        _require_same(tx, user, found)
        store_password(tx, user, password_hash=password_hash, by=Attribution(user.id, request_id=request_id))
        return begin_session(tx, user.id, limits=limits, browser=Browser(session.address, session.user_agent))


def is_worth_noting(session: Session, now: datetime) -> bool:
    """Return `True` if the last noted use of a session is old enough to be replaced."""
    return session.last_seen_at < now - LAST_SEEN_PRECISION


def note_seen(database: Database, session: Session) -> None:
    """Note that a session is in use, in a transaction of its own; that it was is worth a try, not an error."""
    try:
        with database.write() as tx:
            now = tx.clock()
            sessions.touch_session(tx, session.id, at=now, unless_after=now - LAST_SEEN_PRECISION)
    except RegistryError as error:
        # Hardly ever needed, and not by commands, which would take longer to load it.
        import structlog  # noqa: PLC0415

        structlog.stdlib.get_logger("promptuary.sessions").warning(
            "use of a session not recorded", session_id=session.id, reason=error.for_log
        )


def leave_notice(tx: Transaction, session_id: str, notice: str | None) -> None:
    """Store the notice for the session's next page, or `None` after it was shown."""
    sessions.update_notice(tx, session_id, notice)


def begin_session(tx: Transaction, user_id: int, *, limits: SessionLimits, browser: Browser) -> NewSession:
    """Begin a session of a user whom the caller has made sure of."""
    now = tx.clock()
    value = secrets.token_urlsafe(_RANDOM_BYTES)
    session = Session(
        id=str(uuid.uuid4()),
        user_id=user_id,
        created_at=now,
        last_seen_at=now,
        expires_at=now + limits.longest,
        address=_truncate(browser.address),
        user_agent=_truncate(browser.user_agent),
        notice=None,
    )
    sessions.insert_session(tx, session, value_hash=hash_key(value))
    return NewSession(session, value)


def delete_expired(tx: Transaction, *, limits: SessionLimits) -> int:
    """Delete sessions, one-time links and logins of devices that have ended; return how many."""
    now = tx.clock()
    ended = sessions.delete_expired(tx, now=now, seen_before=now - limits.idle)
    return ended + device_authorizations.delete_expired(tx, now=now)


def _truncate(text: str) -> str:
    return text.replace("\0", "")[:_MAX_SHOWN]


def _verify_password(database: Database, user: User, present: str) -> Credentials:
    with database.read() as tx:
        found = users.find_credentials(tx, user.email)
    if found is None or not is_right(present, found.password_hash):
        raise InvalidValue("wrong_password", "This is not your current password.", field="present")
    return found


def _require_same(tx: Transaction, user: User, found: Credentials) -> None:
    if users.find_credentials(tx, user.email, lock=True) != found:
        raise InvalidValue("wrong_password", "Your account was changed meanwhile. Try again.", field="present")
