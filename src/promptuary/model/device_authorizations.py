"""Logins of devices with a browser: codes, states and names, after the OAuth device authorization grant (RFC 8628)."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from promptuary.model.access import Scope
from promptuary.model.accounts import MAX_KEY_LABEL
from promptuary.model.errors import NotFound, RegistryError
from promptuary.model.hidden_characters import HIDDEN

LASTS = timedelta(minutes=10)

INTERVAL_SECONDS = 2
"""Time between two polls. A device that polls faster has to slow down, up to `MAX_INTERVAL_SECONDS`."""

SLOWER_BY_SECONDS = 5
MAX_INTERVAL_SECONDS = 60

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Letters of user codes: no vowels, so that no words arise, and no digits that look like letters."""

USER_CODE_LENGTH = 8
"""Gives 25.6 billion codes, of which few are valid for ten minutes."""

KEY_LABEL = "promptuary login on {}"
MAX_DEVICE_NAME = MAX_KEY_LABEL - len(KEY_LABEL.format(""))

_GROUP = USER_CODE_LENGTH // 2
_IGNORED = re.compile(r"[\s-]+")
_USER_CODE = re.compile(rf"[{ALPHABET}]{{{USER_CODE_LENGTH}}}")


class DeviceState(StrEnum):
    """State of a login: it waits for its user, or the user has approved or refused it."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


class PollAnswer(StrEnum):
    """Answer to a device that has no key yet, in the words of RFC 8628 and RFC 6749."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    UNKNOWN = "invalid_grant"


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """A login that a device has begun. ``device_name`` is what the device says of itself; ``user_id`` approved it."""

    device_name: str
    address: str
    network: str
    state: DeviceState
    interval: int
    polled_at: datetime | None
    created_at: datetime
    expires_at: datetime
    user_id: int | None = None
    scopes: frozenset[Scope] = frozenset()
    project_ids: frozenset[int] = frozenset()

    @property
    def key_label(self) -> str:
        """The label of the key that the device gets."""
        return KEY_LABEL.format(self.device_name)


@dataclass(frozen=True, slots=True)
class NewDeviceAuthorization:
    """A login that has begun, with the codes that are known only now."""

    device_code: str
    user_code: str


class DeviceCodeEnded(NotFound):
    """No login waits for a user with this code."""

    def __init__(self) -> None:
        super().__init__("No login waits for an answer with this code. Codes are valid for 10 minutes, and once.")


class TooManyLogins(RegistryError):
    """Too many logins that were begun have not expired yet."""

    def __init__(self) -> None:
        super().__init__("Too many logins have begun. Try again in 10 minutes, or log in with a key.")


def make_user_code() -> str:
    """Return a random user code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(USER_CODE_LENGTH))


def show_user_code(code: str) -> str:
    """Return a user code as users read it."""
    return f"{code[:_GROUP]}-{code[_GROUP:]}"


def read_user_code(typed: str) -> str | None:
    """Return the user code that a user has typed, whatever its case and hyphens; `None` if it cannot be one."""
    code = _IGNORED.sub("", typed[:100]).upper()
    return code if _USER_CODE.fullmatch(code) else None


def clean_device_name(name: str) -> str:
    """Return the name of a device without characters that readers cannot see, and not too long."""
    return visible_text(name)[:MAX_DEVICE_NAME].strip() or "unknown device"


def visible_text(text: str) -> str:
    """Return a text without characters that readers cannot see."""
    return "".join(each for each in HIDDEN.sub("", text) if each.isprintable()).strip()
