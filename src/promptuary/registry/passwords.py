"""Hashing and verifying passwords: slow on purpose, so call it outside transactions.

Here only one is made at a time. Who must not wait for it has to call from a thread that others do not need.
"""

import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from promptuary.model.errors import InvalidValue

MIN_PASSWORD = 8
MAX_PASSWORD = 1024

hasher = PasswordHasher()
"""Hashes with the parameters that argon2-cffi recommends. Tests put one in its place that costs less."""

# Each takes 64 MiB and, for its four lanes, all cores. Two at once would not be done sooner.
_ONE_AT_A_TIME = threading.Lock()


def hash_password(password: str) -> str:
    """Return the Argon2 hash under which a password is kept. Raises `InvalidValue` for one that is too short or too long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        message = f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters."
        raise InvalidValue("invalid_password", message, field="password")
    with _ONE_AT_A_TIME:
        return hasher.hash(password)


def is_right(password: str, password_hash: str | None) -> bool:
    """Return `True` if a hash is that of a password. Without a hash it takes the same time, to hide which accounts exist."""
    with _ONE_AT_A_TIME:
        try:
            # Longer ones cannot be right, and are not worth the work.
            hasher.verify(password_hash or _nobodys_hash(hasher), password[: MAX_PASSWORD + 1])
        except VerificationError:
            return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Return `True` if a hash was made with other parameters than those of today."""
    return hasher.check_needs_rehash(password_hash)


@cache
def _nobodys_hash(chosen: PasswordHasher) -> str:
    return chosen.hash(secrets.token_urlsafe())
