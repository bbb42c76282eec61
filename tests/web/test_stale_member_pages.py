"""Forms of the page of members that are out of date: nothing is changed that another admin has changed in the meantime."""

import re

import pytest
from browsing import PASSWORD
from builders import Api, make_member, make_user
from fastapi.testclient import TestClient
from httpx2 import Response
from prompt_pages import follow, path, text_of
from web_forms import Fields, form_of

from promptuary.model.access import Role
from promptuary.model.accounts import Profile, User
from promptuary.registry.operator import members, projects, users
from promptuary.store import members as stored

HIDDEN = r'type="hidden" name="([^"]+)" value="([^"]*)"'


pytestmark = pytest.mark.own_application


@pytest.fixture
def guest(web: Api) -> User:
    with web.registry.database.write() as tx:
        return make_member(tx, web.registry.project, role=Role.VIEWER)


def set_role(web: Api, user: User, role: Role | None) -> None:
    """Give a user a role as another admin does, or remove the user."""
    with web.registry.database.write() as tx:
        if role is None:
            members.remove_member(tx, project_id=web.registry.project.id, email=user.email)
        else:
            members.set_member(tx, project_id=web.registry.project.id, email=user.email, role=role)


def role_of(web: Api, user: User) -> Role | None:
    with web.registry.database.read() as tx:
        member = stored.find_member(tx, project_id=web.registry.project.id, user_id=user.id)
    return member.role if member else None


def row_form(shown: Response, address: str, user: User) -> Fields:
    """The form of a member's row."""
    row = next(row for row in shown.text.split("<tr>")[1:] if user.email in row)
    assert f'action="{address}"' in row
    return dict(re.findall(HIDDEN, row.partition(f'action="{address}"')[2]))


@pytest.mark.parametrize("action", ["change-role", "remove-member"])
def test_a_row_of_a_member_who_was_removed_meanwhile_changes_nothing(web: Api, admin: TestClient, guest: User, action: str) -> None:
    address = path(web, f"settings/{action}")
    form = row_form(admin.get(path(web, "settings/")), address, guest)
    set_role(web, guest, None)
    refused = admin.post(address, data=form | {"role": "editor"})
    assert refused.status_code == 409
    assert f"{guest.email} is no longer a member. Nothing was changed." in text_of(refused)
    assert form_of(refused, path(web, "settings/members"))["email"] == ""
    assert role_of(web, guest) is None


@pytest.mark.parametrize("action", ["change-role", "remove-member"])
def test_a_row_of_a_member_whose_role_was_changed_meanwhile_changes_nothing(
    web: Api, admin: TestClient, guest: User, action: str
) -> None:
    address = path(web, f"settings/{action}")
    form = row_form(admin.get(path(web, "settings/")), address, guest)
    set_role(web, guest, Role.ADMIN)
    refused = admin.post(address, data=form | {"role": "editor"})
    assert refused.status_code == 409
    assert f"The role of '{guest.email}' was changed to admin in the meantime. Nothing was changed." in text_of(refused)
    assert role_of(web, guest) is Role.ADMIN
    again = admin.post(address, data=row_form(refused, address, guest) | {"role": "editor"})
    assert guest.email in follow(admin, again)
    assert role_of(web, guest) is (Role.EDITOR if action == "change-role" else None)


def test_two_admins_may_choose_the_same_role(web: Api, admin: TestClient, guest: User) -> None:
    address = path(web, "settings/change-role")
    form = row_form(admin.get(path(web, "settings/")), address, guest)
    set_role(web, guest, Role.EDITOR)
    assert follow(admin, admin.post(address, data=form | {"role": "editor"})).startswith(f"{guest.email} is now editor here.")


def test_a_row_is_of_a_user_and_not_of_an_address(web: Api, admin: TestClient, guest: User) -> None:
    address = path(web, "settings/remove-member")
    form = row_form(admin.get(path(web, "settings/")), address, guest)
    with web.registry.database.write() as tx:
        users.change_user(tx, guest, profile=Profile("moved@example.com", "", ""))
        other = make_user(tx, email=guest.email)
    set_role(web, other, Role.VIEWER)
    assert follow(admin, admin.post(address, data=form)) == "moved@example.com is no longer a member."
    assert role_of(web, other) is Role.VIEWER


def test_adding_a_user_whom_another_admin_has_added_meanwhile_keeps_that_role(web: Api, admin: TestClient) -> None:
    with web.registry.database.write() as tx:
        newcomer = make_user(tx)
    address = path(web, "settings/members")
    form = form_of(admin.get(path(web, "settings/")), address) | {"email": newcomer.email, "role": "viewer"}
    set_role(web, newcomer, Role.ADMIN)
    refused = admin.post(address, data=form)
    assert refused.status_code == 409
    assert f"'{newcomer.email}' is a member already, as admin. Nothing was changed." in text_of(refused)
    assert role_of(web, newcomer) is Role.ADMIN


def test_the_question_about_an_account_is_about_the_role_that_was_seen(web: Api, admin: TestClient) -> None:
    with web.registry.database.write() as tx:
        elsewhere = projects.create_project(tx, name="Elsewhere")
        claimed = users.create_user(tx, email="claimed@example.com", password=PASSWORD, invited_to_id=elsewhere.id)
    set_role(web, claimed, Role.VIEWER)
    address = path(web, "settings/change-role")
    form = row_form(admin.get(path(web, "settings/")), address, claimed)
    asked = admin.post(address, data=form | {"role": "editor"})
    assert (asked.status_code, "Is this the right account?" in text_of(asked)) == (409, True)
    confirmed = dict(re.findall(HIDDEN, asked.text.partition('role="alert"')[2].partition("</form>")[0]))
    assert {*confirmed} == {"user_id", "email", "role", "expected_role", "confirmed"}
    set_role(web, claimed, None)
    assert admin.post(address, data=confirmed).status_code == 409
    assert role_of(web, claimed) is None
    set_role(web, claimed, Role.VIEWER)
    assert follow(admin, admin.post(address, data=confirmed)) == "claimed@example.com is now editor here."
