"""A login with a browser: begin it, show its code, and poll until the user has answered on the page (RFC 8628)."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from promptuary.model.hosts import is_host
from promptuary.remote import answers
from promptuary.remote.client import Remote
from promptuary.remote.errors import LoginRefused, Missing, RemoteError, ServerFailed, Unreachable
from promptuary.remote.profiles import Profile
from promptuary.remote.projects import CURRENT

_BEGIN, _COLLECT = "/api/oauth/device_authorization/", "/api/oauth/token/"
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER_BY = 5
_MAX_INTERVAL = 60
_MAX_SECONDS = 3600
_NOT_IN_TIME = "The login was not answered in time. Run promptuary login again."
_LOST = " An answer of the server was lost before. If your list of keys has one of this login, revoke it."

_AUTHORIZATION: answers.Shape = {
    "device_code": answers.text,
    "user_code": answers.text,
    "verification_uri": answers.text,
    "verification_uri_complete": answers.text,
    "expires_in": answers.count,
    "interval": answers.count,
}
"""A login that has begun."""

_TOKEN: answers.Shape = {"access_token": answers.text, "project_ids": answers.optional_numbers}
"""The key of a login."""


@dataclass(frozen=True, slots=True)
class BegunLogin:
    """A login that waits for its user. ``page`` is the address that shows ``user_code``."""

    device_code: str
    user_code: str
    page: str
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True)
class CollectedKey:
    """The key of a login. ``project_ids`` is `None` if it works in all projects of its owner."""

    value: str
    project_ids: tuple[int, ...] | None


def begin_login(host: str, device_name: str) -> BegunLogin | None:
    """Begin a login on a server; `None` if the server is too old for that. Raises `RemoteError`."""
    with _stranger(host) as remote:
        try:
            answer = remote.send("POST", _BEGIN, {"device_name": device_name})
        except Missing:
            return None
    begun = answers.checked(answer, _AUTHORIZATION, "a login")
    page = begun["verification_uri_complete"]
    # It is handed to a browser.
    if not is_host(begun["verification_uri"]) or not page.startswith(begun["verification_uri"]) or not _is_plain(page):
        raise RemoteError(f"{host} answered with a login whose page is no web address.")
    seconds = min(begun["expires_in"], _MAX_SECONDS)
    return BegunLogin(begun["device_code"], begun["user_code"], page, seconds, min(max(1, begun["interval"]), _MAX_INTERVAL))


def collect_key(host: str, login: BegunLogin, *, sleep: Callable[[float], None] = time.sleep) -> CollectedKey:
    """Wait until the user has answered on the page, and return the key. Raises `RemoteError`."""
    interval, ends_at, is_answer_lost = login.interval, time.monotonic() + login.expires_in, False
    with _stranger(host) as remote:
        while time.monotonic() < ends_at:
            sleep(interval)
            try:
                answer = remote.send("POST", _COLLECT, {"grant_type": _GRANT, "device_code": login.device_code})
            except LoginRefused as refused:
                if refused.code not in {"authorization_pending", "slow_down"}:
                    raise RemoteError(f"{refused}{_LOST if is_answer_lost else ''}") from None
                interval = min(interval + (_SLOWER_BY if refused.code == "slow_down" else 0), _MAX_INTERVAL)
            except (Unreachable, ServerFailed):
                # The server may be back before the login expires.
                interval, is_answer_lost = min(interval + _SLOWER_BY, _MAX_INTERVAL), True
            else:
                return _key_of(answer)
    raise RemoteError(f"{_NOT_IN_TIME}{_LOST if is_answer_lost else ''}")


def _stranger(host: str) -> Remote:
    return Remote(Profile(host, "", CURRENT))


def _key_of(answer: object) -> CollectedKey:
    token = answers.checked(answer, _TOKEN, "a key")
    project_ids = token["project_ids"]
    return CollectedKey(token["access_token"], None if project_ids is None else tuple(project_ids))


def _is_plain(address: str) -> bool:
    return address.isascii() and address.isprintable() and not any(each in address for each in " \"'<>`")
