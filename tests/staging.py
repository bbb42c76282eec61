"""A real server on the demo's data with people who have passwords, for journeys in a browser and for pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chromium import Theme, open_context, open_page
from command_line import CommandLine
from playwright.sync_api import Browser, BrowserContext, Page
from serving import running_server

PASSWORD = "correct horse battery"
AUTHOR = "author@example.com"
REVIEWER = "reviewer@example.com"
VIEWER = "viewer@example.com"
# The demo's project is the first of an empty database.
PROJECT = "/projects/1"
_SHOWN = f"{PROJECT}/prompts/support-reply"
PAGES = {
    "list": f"{PROJECT}/prompts/",
    "search": f"{PROJECT}/prompts/?search=customer&label=production",
    "nothing-found": f"{PROJECT}/prompts/?search=there-is-none",
    "new": f"{PROJECT}/new-prompt/",
    "prompt": f"{_SHOWN}/",
    "older-version": f"{_SHOWN}/?version=1",
    "rendered": f"{_SHOWN}/?view=rendered",
    "halves": f"{_SHOWN}/?view=both",
    "messages": f"{PROJECT}/prompts/maths-tutor-chat/",
    "edit": f"{_SHOWN}/edit/",
    "edit-chat": f"{PROJECT}/prompts/maths-tutor-chat/edit/",
    "restore": f"{_SHOWN}/restore/?version=1",
    "compare": f"{_SHOWN}/compare/?from=7&to=8",
    "compare-sides": f"{_SHOWN}/compare/?from=7&to=8&view=side",
    "labels": f"{_SHOWN}/labels/",
    "label": f"{_SHOWN}/labels/set/?label=production&version=7",
    "label-history": f"{_SHOWN}/labels/history/?label=production",
    "label-undo": f"{_SHOWN}/labels/undo/?label=production",
    "past": f"{_SHOWN}/at/?at=2026-09-27T10:00",
    "releases": f"{PROJECT}/release/",
    "release": f"{PROJECT}/release/?from=staging&to=production",
    "label-removal": f"{_SHOWN}/labels/remove/?label=production",
    "duplicate": f"{_SHOWN}/duplicate/",
    "archiving": f"{_SHOWN}/archive/",
    "use": f"{_SHOWN}/use/?label=production",
    "usage": f"{_SHOWN}/usage/",
    "parent": f"{PROJECT}/prompts/complaint-reply/",
    "resolved": f"{PROJECT}/prompts/complaint-reply/?resolved=true",
    "dependents": f"{PROJECT}/prompts/tone-of-voice/dependents/",
    "part-label": f"{PROJECT}/prompts/tone-of-voice/labels/set/?label=production&version=2",
    "part-label-removal": f"{PROJECT}/prompts/tone-of-voice/labels/remove/?label=production",
    "part-archiving": f"{PROJECT}/prompts/tone-of-voice/archive/",
    "references": f"{PROJECT}/references/?for=support-reply",
    "prompt-activity": f"{_SHOWN}/activity/",
    "archive": f"{PROJECT}/archive/",
    "activity": f"{PROJECT}/activity/",
    "settings": f"{PROJECT}/settings/",
    "protected-labels": f"{PROJECT}/settings/labels/",
    "protected-label": f"{PROJECT}/prompts/onboarding-email/labels/set/?label=canary&version=4",
    "protected-label-removal": f"{PROJECT}/prompts/onboarding-email/labels/remove/?label=canary",
    "protected-archiving": f"{PROJECT}/prompts/rag-answer/archive/",
    "requests": f"{PROJECT}/requests/",
    "request": f"{PROJECT}/requests/1/",
    "request-edit": f"{PROJECT}/requests/1/edit/",
    "new-request": f"{PROJECT}/new-request/",
    "new-request-of-one": f"{PROJECT}/new-request/?prompt=support-reply&label=production&version=7",
    "new-request-of-several": f"{PROJECT}/new-request/?from=staging&to=production",
    "projects": "/projects/",
    "new-project": "/projects/new",
    "account": "/settings/",
    "keys": "/settings/keys/",
    "sessions": "/settings/sessions/",
    "device-code": "/device/",
}
"""The main pages of whoever is signed in, by names for them."""


def make_demo(folder: Path) -> Path:
    """Return a database with the demo's data. The author and the reviewer are admins there, the viewer reads."""
    path = folder / "demo.db"
    url = f"sqlite:///{path}"
    command_line = CommandLine(folder, url)
    for arguments, stdin in (
        (["db", "upgrade"], ""),
        (["demo"], ""),
        (["user", "set-password", "--email", AUTHOR], PASSWORD),
        (["user", "set-password", "--email", REVIEWER], PASSWORD),
        (["user", "create", "--email", VIEWER, "--first-name", "Vera", "--password-stdin"], PASSWORD),
        (["member", "set", "--project", "1", "--email", VIEWER, "--role", "viewer"], ""),
    ):
        command_line.admin(*arguments, stdin=stdin).check_returncode()
    return path


@contextmanager
def running_demo(database: Path) -> Iterator[str]:
    """Serve a database with the demo's data, and give the address."""
    with running_server(f"sqlite:///{database}", database.with_name("output.txt")) as server:
        yield server.url


def sign_in(context: BrowserContext, email: str) -> tuple[Page, list[str]]:
    """Sign in and arrive at the list of prompts; return the page and the list to which complaints are added."""
    page, complaints = open_page(context, "/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Prompts", exact=True).wait_for()
    return page, complaints


def signed_in_context(browser: Browser, origin: str, email: str, *, width: int = 1280, theme: Theme = "light") -> BrowserContext:
    """Open a browser window in which somebody is signed in."""
    context = open_context(browser, origin, width=width, theme=theme)
    page, _ = sign_in(context, email)
    page.close()
    return context
