"""The operator's verbs of users. Whoever has the database in hand may call them; no HTTP edge does."""

import re
import uuid

from argon2 import PasswordHasher

from promptuary.model.accounts import MAX_EMAIL, MAX_NAME, User
from promptuary.model.changes import ChangeKind
from promptuary.model.errors import EmailTaken, InvalidValue, UserNotFound
from promptuary.model.text import check_text
from promptuary.registry.changes import record_administration
from promptuary.registry.members import require_other_admin
from promptuary.store import users
from promptuary.store.database import Transaction

MIN_PASSWORD = 8
MAX_PASSWORD = 1024

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def create_user(tx: Transaction, *, email: str, first_name: str = "", last_name: str = "", password: str | None = None) -> User:
    """Create an active account. Raises `InvalidValue`, `EmailTaken`."""
    address = _checked_address(email)
    check_text(first_name, field="first_name", max_length=MAX_NAME, blank=True)
    check_text(last_name, field="last_name", max_length=MAX_NAME, blank=True)
    user = users.insert_user(
        tx,
        uuid=str(uuid.uuid4()),
        email=address,
        first_name=first_name.strip(),
        last_name=last_name.strip(),
        password_hash=None if password is None else _hash_password(password),
    )
    if user is None:
        raise EmailTaken(address)
    record_administration(tx, ChangeKind.USER_CREATED, after={"user_id": user.id, "email": user.email})
    return user


def set_password(tx: Transaction, *, email: str, password: str) -> None:
    """Give a user another password. Raises `InvalidValue`, `UserNotFound`."""
    password_hash = _hash_password(password)
    user = get_user(tx, email)
    users.update_user(tx, user.id, password_hash=password_hash)
    record_administration(tx, ChangeKind.USER_PASSWORD_SET, after={"user_id": user.id})


def disable_user(tx: Transaction, *, email: str) -> User:
    """Disable an account: its keys are refused from now on, what it wrote stays.

    Disabling again changes nothing. Raises `UserNotFound`, and `LastAdmin` where a project would be left without an admin.
    """
    user = get_user(tx, email)
    if user.is_active:
        require_other_admin(tx, user)
        users.update_user(tx, user.id, is_active=False)
        record_administration(tx, ChangeKind.USER_DISABLED, after={"user_id": user.id, "email": user.email})
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


def _hash_password(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        message = f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters."
        raise InvalidValue("invalid_password", message, field="password")
    return PasswordHasher().hash(password)
