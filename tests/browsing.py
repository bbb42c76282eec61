"""Browsers of people who are signed in, for the tests of pages."""

from datetime import timedelta

from builders import Api, make_member
from fastapi.testclient import TestClient

from promptuary.model.access import Role
from promptuary.model.accounts import Browser, SessionLimits, User
from promptuary.registry import sessions
from promptuary.registry.operator import users

COOKIE = "promptuary"
PASSWORD = "correct horse battery"
LIMITS = SessionLimits(idle=timedelta(days=14), longest=timedelta(days=90))


def open_browser(web: Api) -> TestClient:
    """A browser in which nobody is signed in; it follows redirects only when told to."""
    client = web.client_with({"Sec-Fetch-Site": "same-origin"})
    client.follow_redirects = False
    return client


def signed_in_browser(web: Api, user: User) -> TestClient:
    """A browser in which a user is signed in."""
    with web.registry.database.write() as tx:
        new = sessions.begin_session(tx, user.id, limits=LIMITS, browser=Browser("192.0.2.1", "Testfox"))
    client = open_browser(web)
    give_cookie(client, new.value)
    return client


def give_cookie(client: TestClient, value: str) -> None:
    """Put a session's value into a browser, in place of the one that it has."""
    client.cookies.clear()
    # The domain that the client takes "testserver" for.
    client.cookies.set(COOKIE, value, domain="testserver.local")


def browser_of(web: Api, role: Role) -> TestClient:
    """A browser of a new member of the project."""
    with web.registry.database.write() as tx:
        user = make_member(tx, web.registry.project, role=role)
    return signed_in_browser(web, user)


def give_password(web: Api, user: User) -> None:
    with web.registry.database.write() as tx:
        users.set_password(tx, email=user.email, password=PASSWORD)
