"""The one-time link, with which people who have no password yet begin."""

import pytest
from builders import Api
from fastapi.testclient import TestClient

from promptuary.model.accounts import User
from promptuary.registry import sign_in_links
from promptuary.registry.operator import users

PASSWORD = "correct horse battery"
FORM = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "password": PASSWORD, "again": PASSWORD}


pytestmark = pytest.mark.own_application


@pytest.fixture
def owner(web: Api) -> User:
    with web.registry.database.write() as tx:
        return users.create_user(tx, email="owner@localhost", first_name="Owner")


@pytest.fixture
def link(web: Api, owner: User) -> str:
    """The address of the first start."""
    with web.registry.database.write() as tx:
        return f"/welcome/{sign_in_links.create_link(tx, owner, is_first_start=True)}"


def test_the_first_start_leads_to_an_account_in_which_one_is_signed_in(
    web: Api, stranger: TestClient, link: str, owner: User
) -> None:
    assert "You are the first user" in stranger.get(link).text
    answer = stranger.post(link, data=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = stranger.get("/settings/").text
    assert "ada@example.com" in page
    assert "Welcome. Your account is ready." in page
    with web.registry.database.read() as tx:
        user = users.get_user(tx, "ada@example.com")
        assert len(users.list_users(tx, limit=10)) == 2
    assert (user.id, user.first_name, user.last_name) == (owner.id, "Ada", "Lovelace")


def test_a_used_link_and_a_made_up_one_are_answered_alike(stranger: TestClient, link: str) -> None:
    stranger.post(link, data=FORM)
    for path in (link, "/welcome/made-up", "/welcome/%00"):
        for answer in (stranger.get(path), stranger.post(path, data=FORM)):
            assert answer.status_code == 404
            assert "This link has been used or has expired." in answer.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": ""}, "This field may not be blank."),
        ({"email": "nobody"}, "is not an e-mail address."),
        ({"email": "<b> x"}, "&#39;&lt;b&gt; x&#39; is not an e-mail address."),
        ({"password": "short", "again": "short"}, "A password has 8 to 1024 characters."),
        ({"again": "different"}, "The passwords do not match."),
        ({"first_name": "x" * 151}, "no more than 150 characters"),
        ({"last_name": "\0"}, "Null characters are not allowed."),
    ],
)
def test_a_form_that_is_wrong_comes_back_with_what_was_typed_but_the_passwords(
    stranger: TestClient, link: str, fields: dict[str, str], said: str
) -> None:
    answer = stranger.post(link, data=FORM | fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert 'value="Lovelace"' in answer.text or "last_name" in fields
    assert PASSWORD not in answer.text
    assert stranger.post(link, data=FORM).status_code == 303


def test_a_taken_address_is_refused_and_the_link_stays(web: Api, stranger: TestClient, link: str) -> None:
    answer = stranger.post(link, data=FORM | {"email": web.registry.user.email.upper()})
    assert answer.status_code == 400
    assert "already exists" in answer.text
    assert stranger.get(link).status_code == 200


def test_other_sites_cannot_use_a_link(stranger: TestClient, link: str) -> None:
    answer = stranger.post(link, data=FORM, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert stranger.get(link).status_code == 200


def test_no_log_line_holds_a_link(stranger: TestClient, link: str, capsys: pytest.CaptureFixture[str]) -> None:
    stranger.get(link)
    stranger.post(link, data={"email": "x"})
    stranger.get(f"{link}/more")
    # Lines are written at the next turn of the event loop.
    stranger.get("/sign-in")
    stranger.get("/sign-in")
    written = capsys.readouterr().err
    assert written.count('"path": "/welcome/..."') == 3
    assert link.rpartition("/")[2] not in written
