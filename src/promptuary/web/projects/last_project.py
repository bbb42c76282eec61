"""The project in which a browser was last: what pages that belong to no project lead back to. It grants nothing."""

from datetime import timedelta
from http.cookies import SimpleCookie

from starlette.requests import cookie_parser
from starlette.types import Scope

_NAME = "promptuary-project"
_LASTS = timedelta(days=365)
_MAX_DIGITS = 10


def read_last_project(scope: Scope) -> int | None:
    """Return the id of the project in which the browser was last, which may be no project of its user any more."""
    sent = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    value = cookie_parser(sent.decode("latin-1")).get(_NAME, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS else None


def write_last_project(scope: Scope, project_id: int, *, root: str) -> str:
    """Return the header ``Set-Cookie`` that lets the browser remember a project."""
    cookie: SimpleCookie = SimpleCookie()
    cookie[_NAME] = str(project_id)
    cookie[_NAME]["path"] = root or "/"
    cookie[_NAME]["max-age"] = int(_LASTS.total_seconds())
    cookie[_NAME]["httponly"] = True
    cookie[_NAME]["samesite"] = "Lax"
    if scope["scheme"] == "https":
        cookie[_NAME]["secure"] = True
    return cookie.output(header="").strip()
