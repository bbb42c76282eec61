"""Pages of people and projects: what they ask before they do, and where they lead back to."""

import re

import pytest
from browsing import PASSWORD, browser_of, open_browser
from builders import Api, make_prompt
from fastapi.testclient import TestClient
from prompt_pages import text_of

from promptuary.model.access import Role
from promptuary.model.accounts import Project
from promptuary.registry.operator import members, projects, users
from promptuary.store.engine.database import Transaction

GUEST = "guest@example.com"


pytestmark = pytest.mark.own_application


@pytest.fixture
def settings(web: Api) -> str:
    return f"/projects/{web.registry.project.id}/settings/"


@pytest.fixture
def other(web: Api, admin: TestClient) -> Project:
    """Another project of all who are in the first one."""
    assert admin.get("/").status_code == 303
    with web.registry.database.write() as tx:
        created = projects.create_project(tx, name="Zoo")
        for member in members.list_members(tx, web.registry.project.id, limit=10):
            members.set_member(tx, project_id=created.id, email=member.email, role=Role.ADMIN)
    return created


def focused(page: str) -> list[str]:
    return re.findall(r'<(?:input|textarea|select)[^>]*?name="([^"]+)"[^>]* autofocus', page)


def link_in(page: str) -> str:
    found = re.search(r'<code id="new-link">http://testserver(/welcome/[^<]+)</code>', page)
    assert found is not None
    return found[1]


def claim_account_of_another_project(tx: Transaction) -> None:
    elsewhere = projects.create_project(tx, name="Elsewhere")
    guest = users.create_user(tx, email=GUEST, password=PASSWORD, invited_to_id=elsewhere.id)
    members.set_member(tx, project_id=elsewhere.id, email=guest.email, role=Role.ADMIN)


def test_an_account_that_another_project_invited_is_added_after_a_question(web: Api, admin: TestClient, settings: str) -> None:
    with web.registry.database.write() as tx:
        claim_account_of_another_project(tx)
    asked = admin.post(f"{settings}members", data={"email": GUEST, "role": "editor"})
    assert asked.status_code == 409
    assert "Is this the right account?" in text_of(asked)
    with web.registry.database.read() as tx:
        assert GUEST not in {member.email for member in members.list_members(tx, web.registry.project.id, limit=10)}
    sent = dict(re.findall(r'<input type="hidden" name="(email|role|confirmed)" value="([^"]*)">', asked.text))
    assert sent["confirmed"] == "yes"
    done = admin.post(f"{settings}members", data={"email": GUEST, "role": "editor", "confirmed": sent["confirmed"]})
    assert done.status_code == 303
    assert f"{GUEST} is now editor here." in text_of(admin.get(settings))


def test_an_account_without_a_password_that_others_made_gets_no_link_here(web: Api, admin: TestClient, settings: str) -> None:
    with web.registry.database.write() as tx:
        users.create_user(tx, email=GUEST)
    admin.post(f"{settings}members", data={"email": GUEST, "role": "viewer"})
    shown = admin.get(settings)
    assert "an administrator of this server can create a link" in text_of(shown)
    assert "New link" not in text_of(shown)
    assert admin.post(f"{settings}new-link", data={"email": GUEST}).status_code == 400


def test_inviting_is_a_step_and_no_error(admin: TestClient, settings: str) -> None:
    asked = admin.post(f"{settings}members", data={"email": GUEST, "role": "editor"})
    assert 'role="alert"' not in asked.text
    assert f"{GUEST} has no account yet" in text_of(asked)


def test_an_invitation_says_who_invites_and_where_to(web: Api, admin: TestClient, settings: str) -> None:
    link = link_in(admin.post(f"{settings}invite", data={"email": GUEST, "role": "viewer"}).text)
    shown = text_of(open_browser(web).get(link))
    assert f"invites you to the project {web.registry.project.name}. Choose a password for {GUEST}." in shown


def test_a_used_link_says_so_and_what_to_do(web: Api, admin: TestClient, settings: str) -> None:
    link = link_in(admin.post(f"{settings}invite", data={"email": GUEST, "role": "viewer"}).text)
    form = {"first_name": "Gus", "last_name": "", "email": GUEST, "password": PASSWORD, "again": PASSWORD}
    assert open_browser(web).post(link, data=form).status_code == 303
    for used in (open_browser(web).get(link), open_browser(web).post(link, data=form)):
        assert used.status_code == 404
        assert "This link has expired" in text_of(used)
        assert "ask the sender for a new link" in text_of(used)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"password": "short", "again": "short"}, "password"),
        ({"again": "other"}, "again"),
        ({"first_name": "x" * 151}, "first_name"),
    ],
)
def test_the_welcome_form_focuses_the_field_that_is_wrong(
    web: Api, admin: TestClient, settings: str, wrong: dict[str, str], field: str
) -> None:
    link = link_in(admin.post(f"{settings}invite", data={"email": GUEST, "role": "viewer"}).text)
    form = {"first_name": "Gus", "last_name": "", "email": GUEST, "password": PASSWORD, "again": PASSWORD} | wrong
    browser = open_browser(web)
    assert focused(browser.get(link).text) == ["first_name"]
    assert focused(browser.post(link, data=form).text) == [field]


def test_members_are_listed_by_name(web: Api, admin: TestClient, settings: str) -> None:
    names = {"z@example.com": "Ada", "a@example.com": "zoe", "m@example.com": "Bob"}
    with web.registry.database.write() as tx:
        for email, name in names.items():
            users.create_user(tx, email=email, first_name=name)
            members.set_member(tx, project_id=web.registry.project.id, email=email, role=Role.VIEWER)
    page = text_of(admin.get(settings))
    places = [page.index(f"{name} {email}") for name, email in (("Ada", "z@example.com"), ("Bob", "m@example.com"))]
    assert places == sorted(places)
    assert page.index("Bob m@example.com") < page.index("zoe a@example.com")


def test_only_who_may_create_projects_is_offered_a_new_one(web: Api, admin: TestClient) -> None:
    address = f"/projects/{web.registry.project.id}/prompts/"
    assert "New project" in text_of(admin.get(address))
    assert "New project" not in text_of(browser_of(web, Role.VIEWER).get(address))


def test_a_key_is_made_once_however_often_its_form_is_sent(admin: TestClient) -> None:
    found = re.search(r'name="key_id" value="([^"]+)"', admin.get("/settings/keys/").text)
    assert found is not None
    form = {"label": "ci", "scope": "llm_prompt:read", "key_id": found[1]}
    first, second = (admin.post("/settings/keys/", data=form) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert 'id="new-key"' in first.text
    assert 'id="new-key"' not in second.text
    assert "already exists" in text_of(second)
    another = admin.post("/settings/keys/", data={**form, "key_id": "no id"})
    assert another.status_code == 201
    assert admin.get("/settings/keys/").text.count('<th scope="row"><bdi>ci</bdi></th>') == 2


def test_pages_of_no_project_lead_back_to_the_last_one(web: Api, admin: TestClient, other: Project) -> None:
    assert admin.get(f"/projects/{other.id}/prompts/").status_code == 200
    for address in ("/settings/", "/settings/keys/", "/nothing-here"):
        assert f'<a class="mark" href="/projects/{other.id}/prompts/">' in admin.get(address).text
    assert admin.get("/").headers["location"] == f"/projects/{other.id}/prompts/"
    admin.get(f"/projects/{web.registry.project.id}/prompts/")
    assert admin.get("/").headers["location"] == f"/projects/{web.registry.project.id}/prompts/"


@pytest.mark.parametrize("value", ["999999", "x", "", "-1", "1e3", "9" * 5000])
def test_a_project_that_is_not_the_visitors_is_led_back_to_by_nothing(web: Api, admin: TestClient, value: str) -> None:
    admin.cookies.set("promptuary-project", value)
    assert admin.get("/").headers["location"] == f"/projects/{web.registry.project.id}/prompts/"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("greeting/?version=999", "The prompt 'greeting' has no version 999."),
        ("greeting/?version=abc", "'abc' is not a version number."),
        ("greeting/?label=none", "There is no prompt 'greeting' with a label 'none' in this project."),
        ("nothing/", "There is no prompt 'nothing' in this project."),
    ],
)
def test_pages_do_not_speak_of_the_api(web: Api, admin: TestClient, address: str, told: str) -> None:
    with web.registry.database.write() as tx:
        make_prompt(tx, web.registry.actor, name="greeting")
    missing = admin.get(f"/projects/{web.registry.project.id}/prompts/{address}")
    assert missing.status_code == 404
    assert told in text_of(missing)
    assert not re.search(r"Fetch it|archived=true|List the project", text_of(missing))
