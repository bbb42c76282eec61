"""Admins invite people who have no account: a link to hand over, with which they choose a password."""

import re

import pytest
from browsing import PASSWORD, browser_of, open_browser
from builders import Api
from fastapi.testclient import TestClient
from httpx2 import Response
from prompt_pages import follow, text_of

from promptuary.model.access import Role
from promptuary.registry.operator import users

GUEST = "guest@example.com"


pytestmark = pytest.mark.own_application


@pytest.fixture
def settings(web: Api) -> str:
    return f"/projects/{web.registry.project.id}/settings/"


def link_in(response: Response) -> str:
    assert response.status_code == 201, text_of(response)
    found = re.search(r'<code id="new-link">http://testserver(/welcome/[^<]+)</code>', response.text)
    assert found is not None
    return found[1]


def open_link(web: Api, link: str, *, email: str = GUEST) -> Response:
    form = {"first_name": "Gus", "email": email, "password": PASSWORD, "again": PASSWORD}
    answer: Response = open_browser(web).post(link, data=form)
    return answer


def test_whoever_has_no_account_is_invited_and_signs_in_with_the_link(web: Api, admin: TestClient, settings: str) -> None:
    refused = admin.post(f"{settings}members", data={"email": GUEST, "role": "editor"})
    assert f"Invite {GUEST} as editor" in text_of(refused)
    with web.registry.database.read() as tx:
        assert GUEST not in {user.email for user in users.list_users(tx, limit=100)}
    invited = admin.post(f"{settings}invite", data={"email": GUEST, "role": "editor"})
    assert f"{GUEST} · has not signed in yet" in text_of(invited)
    link = link_in(invited)
    assert link not in admin.get(settings).text
    assert open_link(web, link).status_code == 303
    shown = text_of(admin.get(settings))
    assert GUEST in shown
    assert f"{GUEST} · has not signed in yet" not in shown
    assert open_link(web, link).status_code == 404


def test_a_lost_link_is_replaced(web: Api, admin: TestClient, settings: str) -> None:
    first = link_in(admin.post(f"{settings}invite", data={"email": GUEST, "role": "viewer"}))
    second = link_in(admin.post(f"{settings}new-link", data={"email": GUEST}))
    assert open_link(web, first).status_code == 404
    assert open_link(web, second).status_code == 303
    again = admin.post(f"{settings}new-link", data={"email": GUEST})
    assert (again.status_code, "has used the account already" in again.text) == (400, True)


def test_a_link_lets_nobody_choose_another_address(web: Api, admin: TestClient, settings: str) -> None:
    link = link_in(admin.post(f"{settings}invite", data={"email": GUEST, "role": "viewer"}))
    open_link(web, link, email="else@example.com")
    with web.registry.database.read() as tx:
        assert {GUEST, "else@example.com"} & {user.email for user in users.list_users(tx, limit=100)} == {GUEST}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
@pytest.mark.parametrize("action", ["invite", "new-link"])
def test_nobody_but_admins_invites(web: Api, admin: TestClient, settings: str, action: str, role: Role) -> None:
    admin.post(f"{settings}invite", data={"email": GUEST, "role": "viewer"})
    answer = browser_of(web, role).post(f"{settings}{action}", data={"email": "x@example.com", "role": "viewer"})
    assert answer.status_code == 403
    with web.registry.database.read() as tx:
        assert "x@example.com" not in {user.email for user in users.list_users(tx, limit=100)}


def test_a_text_that_is_no_address_is_shown_as_a_text(admin: TestClient, settings: str) -> None:
    shown = admin.post(f"{settings}members", data={"email": "<b>@example.com", "role": "editor"})
    assert "<b>@" not in shown.text
    assert "Invite &lt;b&gt;@example.com" in shown.text


def test_a_notice_is_no_way_to_learn_of_a_link(web: Api, admin: TestClient, settings: str) -> None:
    invited = admin.post(f"{settings}invite", data={"email": GUEST, "role": "viewer"})
    assert invited.headers["cache-control"] == "no-store"
    with web.registry.database.read() as tx:
        guest = users.get_user(tx, GUEST)
    changed = admin.post(f"{settings}change-role", data={"user_id": str(guest.id), "role": "viewer"})
    assert follow(admin, changed) == f"{GUEST} is now viewer here."
