"""One's own account: name, password, sessions."""

import pytest
from browsing import COOKIE, PASSWORD, give_cookie, give_password, open_browser, signed_in_browser
from builders import Api, make_user
from fastapi.testclient import TestClient
from sqlalchemy import select

from promptuary.registry.operator import users
from promptuary.store import changes
from promptuary.store.tables import sessions

NEW = "another long password"


pytestmark = pytest.mark.own_application


def change(browser: TestClient, present: str = PASSWORD, password: str = NEW, again: str | None = None) -> int:
    form = {"present": present, "password": password, "again": password if again is None else again}
    return int(browser.post("/settings/password", data=form).status_code)


def is_signed_in(browser: TestClient) -> bool:
    return browser.get("/settings/").status_code == 200


@pytest.fixture
def two(web: Api) -> tuple[TestClient, TestClient]:
    """Two browsers of one user with a password."""
    give_password(web, web.registry.user)
    return signed_in_browser(web, web.registry.user), signed_in_browser(web, web.registry.user)


def test_a_new_password_ends_all_sessions_and_the_one_that_set_it_goes_on_under_another_value(
    web: Api, two: tuple[TestClient, TestClient]
) -> None:
    mine, other = two
    before = mine.cookies[COOKIE]
    assert change(mine) == 303
    assert is_signed_in(mine)
    assert not is_signed_in(other)
    stolen = open_browser(web)
    give_cookie(stolen, before)
    assert not is_signed_in(stolen)
    form = {"email": web.registry.user.email, "password": NEW}
    assert open_browser(web).post("/sign-in", data=form).status_code == 303
    assert open_browser(web).post("/sign-in", data=form | {"password": PASSWORD}).status_code == 401


def test_a_new_password_is_in_the_change_log_with_who_set_it(web: Api, two: tuple[TestClient, TestClient]) -> None:
    change(two[0])
    with web.registry.database.read() as tx:
        [*_, last] = changes.list_changes(tx, limit=1000)
    assert (last.kind, last.by.user_id) == ("user.password_set", web.registry.user.id)
    assert last.by.request_id
    assert NEW not in repr(last)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"present": "wrong"}, "This is not your current password."),
        ({"present": ""}, "This is not your current password."),
        ({"password": "short"}, "A password has 8 to 1024 characters."),
        ({"password": "x" * 1025}, "A password has 8 to 1024 characters."),
        ({"again": "something else"}, "The passwords do not match."),
    ],
)
def test_a_password_is_not_changed_when_anything_is_wrong(
    two: tuple[TestClient, TestClient], fields: dict[str, str], said: str
) -> None:
    form = {"present": PASSWORD, "password": NEW, "again": fields.get("password", NEW)} | fields
    answer = two[0].post("/settings/password", data=form)
    assert answer.status_code == 400
    assert said in answer.text
    assert NEW not in answer.text
    assert all(is_signed_in(browser) for browser in two)


def test_a_password_set_at_the_command_line_ends_all_sessions(web: Api, browser: TestClient) -> None:
    assert is_signed_in(browser)
    give_password(web, web.registry.user)
    assert not is_signed_in(browser)


def test_a_name_is_changed_and_told_once(web: Api, browser: TestClient) -> None:
    assert browser.post("/settings/", data={"first_name": " Ada ", "last_name": "Lovelace"}).headers["location"] == "/settings/"
    assert "Your name was saved." in browser.get("/settings/").text
    assert "Your name was saved." not in browser.get("/settings/").text
    with web.registry.database.read() as tx:
        user = users.get_user(tx, web.registry.user.email)
        [*_, last] = changes.list_changes(tx, limit=1000)
    assert (user.first_name, user.last_name) == ("Ada", "Lovelace")
    assert (last.kind, last.by.user_id) == ("user.changed", user.id)


def test_sessions_are_shown_and_ended_one_by_one(web: Api, two: tuple[TestClient, TestClient]) -> None:
    mine, other = two
    page = mine.get("/settings/sessions/").text
    assert page.count(">Testfox<") == page.count('title="Testfox"') == 2
    assert page.count("this browser") == 1
    with web.registry.database.read() as tx:
        ids = tx.connection.execute(select(sessions.c.id)).scalars().all()
    [other_id] = [session_id for session_id in ids if f"/settings/sessions/{session_id}/end" in page]
    assert mine.post(f"/settings/sessions/{other_id}/end").status_code == 303
    assert (is_signed_in(mine), is_signed_in(other)) == (True, False)
    again = mine.post(f"/settings/sessions/{other_id}/end")
    assert (again.status_code, "This session has already ended." in again.text) == (404, True)


def test_all_other_sessions_are_ended_at_once(two: tuple[TestClient, TestClient]) -> None:
    mine, other = two
    assert mine.post("/settings/sessions/end-others").status_code == 303
    assert (is_signed_in(mine), is_signed_in(other)) == (True, False)


def test_nobody_can_end_the_session_of_somebody_else(web: Api, browser: TestClient) -> None:
    with web.registry.database.write() as tx:
        stranger = make_user(tx)
    others = signed_in_browser(web, stranger)
    mine = select(sessions.c.id).where(sessions.c.user_id == web.registry.user.id)
    with web.registry.database.read() as tx:
        session_id = tx.connection.execute(mine).scalar_one()
    assert others.post(f"/settings/sessions/{session_id}/end").status_code == 404
    assert is_signed_in(browser)


@pytest.mark.parametrize("path", ["/settings/", "/settings/password", "/settings/sessions/end-others", "/settings/sessions/x/end"])
def test_strangers_change_nothing(stranger: TestClient, path: str) -> None:
    answer = stranger.post(path, data={"first_name": "x"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_one_signs_in_with_another_address_once_it_is_changed(web: Api, two: tuple[TestClient, TestClient]) -> None:
    mine, other = two
    before = web.registry.user.email
    answer = mine.post("/settings/address", data={"email": " Ada@Example.com ", "proof": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/")
    assert "Your e-mail address is changed. Sign in with ada@example.com." in mine.get("/settings/").text
    assert is_signed_in(other)
    form = {"email": "ada@example.com", "password": PASSWORD}
    assert open_browser(web).post("/sign-in", data=form).status_code == 303
    assert open_browser(web).post("/sign-in", data=form | {"email": before}).status_code == 401
    with web.registry.database.read() as tx:
        *_, last = changes.list_changes(tx, limit=1000)
    assert (last.kind, last.by.user_id) == ("user.changed", web.registry.user.id)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"proof": "wrong"}, "This is not your current password."),
        ({"proof": ""}, "This is not your current password."),
        ({"email": "nobody"}, "is not an e-mail address"),
        ({"email": ""}, "This field may not be blank."),
        ({"email": "TAKEN@example.com"}, "taken@example.com"),
    ],
)
def test_an_address_is_not_changed_when_anything_is_wrong(
    web: Api, two: tuple[TestClient, TestClient], fields: dict[str, str], said: str
) -> None:
    with web.registry.database.write() as tx:
        make_user(tx, email="taken@example.com")
    answer = two[0].post("/settings/address", data={"email": "ada@example.com", "proof": PASSWORD} | fields)
    assert (answer.status_code, said in answer.text) == (400, True)
    with web.registry.database.read() as tx:
        assert users.get_user(tx, web.registry.user.email).id == web.registry.user.id
