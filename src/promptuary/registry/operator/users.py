"""The operator's verbs of users. They check no permission: only the command line calls them, no HTTP edge."""

import re
import uuid

from promptuary.model.accounts import MAX_EMAIL, MAX_NAME, Profile, User
from promptuary.model.changes import OPERATOR, Attribution
from promptuary.model.changes.payloads import UserChanged, UserCreated, UserDisabled, UserEnabled, UserFacts, UserPasswordSet
from promptuary.model.errors import EmailTaken, InvalidValue, UserNotFound
from promptuary.model.text import check_text
from promptuary.registry.changes import record_administration
from promptuary.registry.operator.members import require_other_admin
from promptuary.registry.passwords import hash_password
from promptuary.store import device_authorizations, sessions, sign_in_links, users
from promptuary.store.engine.database import Transaction

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def create_user(
    tx: Transaction,
    *,
    email: str,
    first_name: str = "",
    last_name: str = "",
    password: str | None = None,
    invited_to_id: int | None = None,
    by: Attribution = OPERATOR,
) -> User:
    """Create an active account; ``invited_to_id`` is the project that invites its user. Raises `InvalidValue`, `EmailTaken`."""
    address = _checked_address(email)
    check_text(first_name, field="first_name", max_length=MAX_NAME, blank=True)
    check_text(last_name, field="last_name", max_length=MAX_NAME, blank=True)
    user = users.insert_user(
        tx,
        uuid=str(uuid.uuid4()),
        email=address,
        first_name=first_name.strip(),
        last_name=last_name.strip(),
        password_hash=None if password is None else hash_password(password),
        invited_to_id=invited_to_id,
    )
    if user is None:
        raise EmailTaken(address)
    record_administration(tx, UserCreated(UserFacts(user.id, user.email)), by=by)
    return user


def set_password(tx: Transaction, *, email: str, password: str) -> None:
    """Give a user another password; their sessions end. Raises `InvalidValue`, `UserNotFound`."""
    password_hash = hash_password(password)
    user = get_user(tx, email)
    vouch_for(tx, user)
    store_password(tx, user, password_hash=password_hash)


def vouch_for(tx: Transaction, user: User) -> None:
    """Note that the operator has given this account to whom its address belongs to."""
    users.update_user(tx, user.id, invited_to_id=None, address_changed_at=None)


def store_password(tx: Transaction, user: User, *, password_hash: str, by: Attribution = OPERATOR) -> None:
    """Store the hash of a user's new password. Ends all sessions, one-time links and approved logins of the user."""
    users.update_user(tx, user.id, password_hash=password_hash)
    sessions.delete_sessions(tx, user.id)
    device_authorizations.delete_approved(tx, user.id)
    sign_in_links.delete_links(tx, user.id)
    record_administration(tx, UserPasswordSet(user.id), by=by)


def change_user(tx: Transaction, user: User, *, profile: Profile, by: Attribution = OPERATOR) -> User:
    """Give a user another name or address. Raises `InvalidValue`, `EmailTaken`."""
    address = _checked_address(profile.email)
    check_text(profile.first_name, field="first_name", max_length=MAX_NAME, blank=True)
    check_text(profile.last_name, field="last_name", max_length=MAX_NAME, blank=True)
    changed = {"email": address, "first_name": profile.first_name.strip(), "last_name": profile.last_name.strip()}
    if not users.try_to_update_profile(tx, user.id, changed):
        raise EmailTaken(address)
    former = UserFacts(user.id, user.email, user.first_name, user.last_name)
    record_administration(tx, UserChanged(former, UserFacts(user.id, **changed)), by=by)
    return get_user(tx, address)


def disable_user(tx: Transaction, *, email: str) -> User:
    """Disable an account: its keys are refused, its sessions and sign-in links end, what it wrote stays.

    Disabling again changes nothing. Raises `UserNotFound`, and `LastAdmin` where a project would be left without an admin.
    """
    user = get_user(tx, email)
    if user.is_active:
        require_other_admin(tx, user)
        users.update_user(tx, user.id, is_active=False)
        sessions.delete_sessions(tx, user.id)
        device_authorizations.delete_approved(tx, user.id)
        sign_in_links.delete_links(tx, user.id)
        record_administration(tx, UserDisabled(UserFacts(user.id, user.email)))
    return get_user(tx, email)


def enable_user(tx: Transaction, *, email: str) -> User:
    """Open an account that was disabled: its user may sign in, its keys are accepted.

    Enabling again changes nothing. Raises `UserNotFound`.
    """
    user = get_user(tx, email)
    if not user.is_active:
        users.update_user(tx, user.id, is_active=True)
        record_administration(tx, UserEnabled(UserFacts(user.id, user.email)))
    return get_user(tx, email)


def get_user(tx: Transaction, email: str) -> User:
    """Return the user with an address, however it is capitalised. Raises `UserNotFound`."""
    user = users.find_user_by_email(tx, email.strip().lower())
    if user is None:
        raise UserNotFound(email)
    return user


def list_users(tx: Transaction, *, limit: int) -> list[User]:
    """List users by id."""
    return users.list_users(tx, limit=limit)


def _checked_address(email: str) -> str:
    address = email.strip().lower()
    check_text(address, field="email", max_length=MAX_EMAIL)
    if not _EMAIL.fullmatch(address):
        message = f"'{address}' is not an e-mail address."
        raise InvalidValue("invalid_input", message, field="email")
    return address
