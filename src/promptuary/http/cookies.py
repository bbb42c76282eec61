"""The cookie of a session. Its name tells how far it can be trusted, so each is read only where it is written."""

from datetime import timedelta
from http.cookies import SimpleCookie

from starlette.requests import cookie_parser
from starlette.types import Scope

_PLAIN = "promptuary"
# Browsers take a cookie of such a name from https only, for one host, and not from its subdomains.
_SECURE = "__Host-promptuary"
# The same except for the path: the first must be for the whole host.
_SECURE_UNDER_PATH = "__Secure-promptuary"


def read_session_cookie(scope: Scope, *, root: str) -> str | None:
    """Return the value of the session's cookie, if the request has one. ``root`` is the path that the server is reached under."""
    sent = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return cookie_parser(sent.decode("latin-1")).get(_name(scope, root)) or None


def write_session_cookie(scope: Scope, value: str, *, lasts: timedelta, root: str) -> str:
    """Return the header ``Set-Cookie`` that gives a session's value to the browser, or with an empty value takes it away."""
    cookie: SimpleCookie = SimpleCookie()
    name = _name(scope, root)
    cookie[name] = value
    cookie[name]["path"] = root or "/"
    cookie[name]["max-age"] = int(lasts.total_seconds()) if value else 0
    cookie[name]["httponly"] = True
    # Links from elsewhere find people signed in; forms from elsewhere do not.
    cookie[name]["samesite"] = "Lax"
    if scope["scheme"] == "https":
        cookie[name]["secure"] = True
    return cookie.output(header="").strip()


def _name(scope: Scope, root: str) -> str:
    if scope["scheme"] != "https":
        return _PLAIN
    return _SECURE_UNDER_PATH if root else _SECURE
