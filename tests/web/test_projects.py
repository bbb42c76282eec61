"""Projects and members on the pages: who may do what."""

from collections.abc import Callable

import pytest
from browsing import signed_in_browser
from builders import Api, make_member, make_user
from fastapi.testclient import TestClient

from promptuary.model.access import Role
from promptuary.registry.operator import members, projects
from promptuary.store import changes

ACTIONS = {
    "": {"name": "Renamed"},
    "token": {"confirmed": "yes"},
    "members": {"email": "new@example.com", "role": "editor"},
    "change-role": {"user_id": "EDITOR", "role": "viewer"},
    "remove-member": {"user_id": "EDITOR"},
}


pytestmark = pytest.mark.own_application


@pytest.fixture
def settings(web: Api) -> str:
    """The address of the project's settings; there is a user to be added."""
    with web.registry.database.write() as tx:
        make_user(tx, email="new@example.com")
    return f"/projects/{web.registry.project.id}/settings/"


@pytest.fixture
def state(web: Api) -> Callable[[], object]:
    """What a project is made of."""

    def read() -> object:
        with web.registry.database.read() as tx:
            project = projects.get_project(tx, web.registry.project.id)
            roles = {member.email: member.role for member in members.list_members(tx, project.id, limit=100)}
        return project, roles

    return read


def form_of(web: Api, action: str) -> dict[str, str]:
    return {name: value.replace("EDITOR", str(web.registry.user.id)) for name, value in ACTIONS[action].items()}


@pytest.mark.parametrize("action", ACTIONS)
def test_admins_change_a_project_and_the_change_log_tells_who(
    web: Api, admin: TestClient, settings: str, state: Callable[[], object], action: str
) -> None:
    before = state()
    answer = admin.post(f"{settings}{action}", data=form_of(web, action))
    assert (answer.status_code, answer.headers["location"]) == (303, settings)
    assert state() != before
    assert 'class="notice"' in admin.get(settings).text
    with web.registry.database.read() as tx:
        [*_, last] = changes.list_changes(tx, limit=1000, project_id=web.registry.project.id)
        admins = [m.user_id for m in members.list_members(tx, web.registry.project.id, limit=100) if m.role is Role.ADMIN]
    assert [last.by.user_id] == admins
    assert last.by.request_id


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, None])
@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_else_changes_anything(web: Api, settings: str, state: Callable[[], object], action: str, role: Role | None) -> None:
    with web.registry.database.write() as tx:
        user = make_member(tx, web.registry.project, role=role) if role else make_user(tx)
    before = state()
    browser = signed_in_browser(web, user)
    assert browser.post(f"{settings}{action}", data=form_of(web, action)).status_code == 403
    assert state() == before
    page = browser.get(settings)
    assert page.status_code == (200 if role else 403)
    assert "<form method" not in page.text.partition("<main")[2]


@pytest.mark.parametrize("action", ACTIONS)
def test_strangers_are_sent_to_sign_in(
    web: Api, stranger: TestClient, settings: str, state: Callable[[], object], action: str
) -> None:
    before = state()
    answer = stranger.post(f"{settings}{action}", data=form_of(web, action))
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert state() == before


@pytest.mark.parametrize(
    ("action", "form", "status", "said"),
    [
        ("", {"name": " "}, 400, "This field may not be blank."),
        ("", {"name": "x" * 151}, 400, "no more than 150 characters"),
        ("", {"name": "\0"}, 400, "Null characters"),
        ("token", {}, 400, "Confirm first that programs"),
        ("members", {"email": "nobody@example.com", "role": "viewer"}, 400, "No user has the e-mail address"),
        ("members", {"email": "\0", "role": "viewer"}, 400, "No user has the e-mail address"),
        ("members", {"email": "new@example.com", "role": "owner"}, 400, "Choose one of the roles."),
        ("members", {}, 400, ""),
        ("invite", {"email": "new@example.com", "role": "viewer"}, 400, "new@example.com"),
        ("invite", {"email": "nobody", "role": "viewer"}, 400, "is not an e-mail address"),
        ("invite", {"email": "guest@example.com", "role": "owner"}, 400, "Choose one of the roles."),
        ("invite", {}, 400, "Choose one of the roles."),
        ("invite", {"role": "viewer"}, 400, "This field may not be blank."),
        ("new-link", {"email": "new@example.com"}, 400, "is not a member"),
        ("new-link", {}, 400, "No user has the e-mail address"),
        (
            "change-role",
            {"user_id": "999", "email": "x@y.org", "role": "viewer"},
            409,
            "x@y.org is no longer a member.",
        ),
        ("change-role", {"role": "viewer"}, 409, "This user is no longer a member."),
        ("change-role", {"user_id": "1", "role": "owner"}, 400, "Choose one of the roles."),
        ("remove-member", {"user_id": "999", "email": "x@y.org"}, 409, "x@y.org is no longer a member."),
        ("remove-member", {"user_id": "1", "expected_role": "owner"}, 400, "Choose one of the roles."),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason_and_changes_nothing(
    admin: TestClient, settings: str, state: Callable[[], object], action: str, form: dict[str, str], status: int, said: str
) -> None:
    before = state()
    answer = admin.post(f"{settings}{action}", data=form)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert state() == before


def test_the_last_admin_can_neither_leave_nor_step_down(web: Api, settings: str, state: Callable[[], object]) -> None:
    with web.registry.database.write() as tx:
        user = make_member(tx, web.registry.project, role=Role.ADMIN)
    admin = signed_in_browser(web, user)
    before = state()
    for action in ("remove-member", "change-role"):
        answer = admin.post(f"{settings}{action}", data={"user_id": str(user.id), "role": "viewer"})
        assert (answer.status_code, "is the only admin" in answer.text) == (409, True)
    assert state() == before


@pytest.mark.parametrize("reference", ["0", "999", "x", "@current", "01", "-1", "1 ", "9" * 5000, "%00", "\N{SUPERSCRIPT TWO}"])
def test_a_project_that_is_not_there_has_a_page_that_says_so(admin: TestClient, reference: str) -> None:
    assert admin.get(f"/projects/{reference}/settings/").status_code == 404


def test_admins_of_any_project_found_others_and_are_admin_there(web: Api, admin: TestClient) -> None:
    answer = admin.post("/projects/new", data={"name": " <Shop> "})
    path = answer.headers["location"]
    assert (answer.status_code, path != f"/projects/{web.registry.project.id}/settings/") == (303, True)
    page = admin.get(path)
    assert (page.status_code, "&lt;Shop&gt;" in page.text, "<Shop>" in page.text) == (200, True, False)
    assert admin.post(path, data={"name": "Shop 2"}).status_code == 303


@pytest.mark.parametrize("name", ["", " ", "x" * 151, "\0"])
def test_a_project_needs_a_name(admin: TestClient, name: str) -> None:
    assert admin.post("/projects/new", data={"name": name}).status_code == 400


def test_others_found_no_projects(web: Api, browser: TestClient) -> None:
    assert "<form method" not in browser.get("/projects/new").text.partition("<main")[2]
    assert browser.post("/projects/new", data={"name": "Shop"}).status_code == 403
    with web.registry.database.read() as tx:
        assert len(projects.list_projects(tx, limit=10)) == 1


def test_whoever_is_in_no_project_is_told_what_to_do(web: Api) -> None:
    with web.registry.database.write() as tx:
        user = make_user(tx, email="alone@example.com")
    page = signed_in_browser(web, user).get("/")
    assert (page.status_code, "alone@example.com" in page.text) == (200, True)


def test_the_bare_address_leads_to_the_prompts_of_the_current_project(web: Api, browser: TestClient) -> None:
    assert browser.get("/").headers["location"] == f"/projects/{web.registry.project.id}/prompts/"
