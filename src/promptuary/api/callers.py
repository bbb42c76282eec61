"""Callers of all dialects: by a key in the `Authorization` header, or by a session."""

import re

from starlette.datastructures import Headers

from promptuary.model.accounts import SessionLimits
from promptuary.registry import access, sessions
from promptuary.store.engine.database import Transaction

_BEARER = re.compile(r"Bearer\s+(\S.*)", re.IGNORECASE)


def bearer_of(headers: Headers) -> str | None:
    """Return the key of the `Authorization` header; `None` if there is none."""
    match = _BEARER.fullmatch(headers.get("authorization", "").strip())
    return match[1].strip() if match else None


def caller_with_key(tx: Transaction, value: str) -> access.Caller | None:
    """Return the caller with a key, `None` for an unknown or revoked one."""
    key = access.find_key(tx, value)
    return None if key is None else access.caller_of(key)


def caller_with_session(tx: Transaction, value: str | None, limits: SessionLimits) -> access.Caller | None:
    """Return the caller with the value of a session's cookie, `None` if the session is unknown or has ended."""
    signed_in = None if value is None else sessions.find_session(tx, value, limits=limits)
    return None if signed_in is None else access.Caller(signed_in.user.id)
