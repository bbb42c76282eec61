"""The wire contract's shapes for tests that compare whole answers, key order included."""

import json
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from promptuary.model.accounts import User

Json = dict[str, Any]

REQUIRED = "This field is required."
NULL = "This field may not be null."
BLANK = "This field may not be blank."
NOT_AN_INTEGER = "A valid integer is required."
NO_SUCH_PROMPT = "No prompt matching '{}' in this project. List the project's prompts to see which names exist."
NOT_AUTHENTICATED = "Authentication credentials were not provided."


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 30, 0, 120, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


NOON = "2026-03-01T12:30:00.000120Z"
"""The moment at which a `Clock` stands at first, as the API shows it."""


def wire(body: object) -> str:
    """The exact text of an answer: compact JSON, keys in the order of the contract."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def envelope(kind: str, code: str, detail: str, attr: str | None = None) -> Json:
    return {"type": kind, "code": code, "detail": detail, "attr": attr}


def invalid(code: str, detail: str, attr: str | None) -> Json:
    return envelope("validation_error", code, detail, attr)


def unreadable(detail: str) -> Json:
    return envelope("invalid_request", "parse_error", detail)


def denied(detail: str) -> Json:
    return envelope("authentication_error", "permission_denied", detail)


def not_found(detail: str = "Not found.") -> Json:
    return envelope("invalid_request", "not_found", detail)


def bad_credentials(detail: str) -> Json:
    return envelope("authentication_error", "authentication_failed", detail)


def user_basic(user: User) -> Json:
    return {
        "id": user.id,
        "uuid": user.uuid,
        "distinct_id": user.uuid,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "is_email_verified": None,
        "hedgehog_config": None,
        "role_at_organization": None,
    }


def full_prompt(prompt_id: str, user: User, **differences: object) -> Json:
    """The full object of a prompt "greeting" with the text "Hello!", at its only version; ``differences`` keep their places."""
    shown: Json = {
        "id": prompt_id,
        "name": "greeting",
        "prompt": "Hello!",
        "config": None,
        "version": 1,
        "version_description": None,
        "created_by": user_basic(user),
        "created_at": NOON,
        "updated_at": NOON,
        "deleted": False,
        "is_latest": True,
        "latest_version": 1,
        "version_count": 1,
        "first_version_created_at": NOON,
        "outline": [],
        "labels": [],
        "activity_item_id": "greeting",
    }
    return shown | differences


def behind_server(application: ASGIApp, **scope_parts: object) -> ASGIApp:
    """The application behind a server that hands on what no client library would send: these parts of the ASGI scope."""

    async def altered(scope: Scope, receive: Receive, send: Send) -> None:
        await application({**scope, **scope_parts}, receive, send)

    return altered
