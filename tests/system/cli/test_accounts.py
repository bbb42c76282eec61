"""Users, projects, members and keys: what the commands answer to programs and to people."""

import re
from datetime import timedelta
from typing import Any

import pytest
from command_line import CommandLine

from promptuary.model.accounts import Browser, Profile, SessionLimits
from promptuary.model.errors import LinkEnded
from promptuary.registry import sessions, sign_in_links
from promptuary.registry.operator import projects, users

TOKEN = re.compile(r"phc_[A-Za-z0-9_-]{43}")
KEY = re.compile(r"phx_[A-Za-z0-9_-]{43}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOMENT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _add_user_and_project(command_line: CommandLine) -> None:
    with command_line.opened_database() as database, database.write() as tx:
        users.create_user(tx, email="editor@example.com")
        projects.create_project(tx, name="Shop")


def test_a_project_is_created_and_listed(command_line: CommandLine) -> None:
    created = command_line.admin_json("project", "create", "--name", " Shop ")
    assert list(created) == ["id", "name", "api_token"]
    assert (created["id"], created["name"]) == (1, "Shop")
    assert TOKEN.fullmatch(created["api_token"])
    (listed,) = command_line.admin_json("project", "list")
    assert MOMENT.fullmatch(listed.pop("created_at"))
    assert listed == created


def test_a_rotated_token_is_another_one(command_line: CommandLine) -> None:
    created = command_line.admin_json("project", "create", "--name", "Shop")
    rotated = command_line.admin_json("project", "rotate-token", "--project", "1")
    assert TOKEN.fullmatch(rotated["api_token"])
    assert rotated == created | {"api_token": rotated["api_token"]}
    assert rotated != created


def test_a_user_is_created_listed_and_disabled(command_line: CommandLine) -> None:
    created = command_line.admin_json(
        "user", "create", "--email", "Dev@Example.com", "--first-name", "Dev", "--last-name", "Engineer"
    )
    assert UUID.fullmatch(created["uuid"])
    assert MOMENT.fullmatch(created["created_at"])
    assert created == {
        "id": 1,
        "email": "dev@example.com",
        "first_name": "Dev",
        "last_name": "Engineer",
        "is_active": True,
        "has_password": False,
        "created_at": created["created_at"],
        "uuid": created["uuid"],
    }
    assert command_line.admin_json("user", "disable", "--email", "DEV@example.com") == created | {"is_active": False}
    assert command_line.admin_json("user", "list") == [created | {"is_active": False}]


def test_a_member_is_set_listed_changed_and_removed(command_lines: CommandLine) -> None:
    _add_user_and_project(command_lines)
    place = ["--project", "1", "--email", "editor@example.com"]
    member = command_lines.admin_json("member", "set", *place, "--role", "viewer")
    assert MOMENT.fullmatch(member["since"])
    assert member == {"project": 1, "email": "editor@example.com", "role": "viewer", "since": member["since"]}
    assert command_lines.admin_json("member", "set", *place, "--role", "editor") == member | {"role": "editor"}
    assert command_lines.admin_json("member", "list", "--project", "1") == [member | {"role": "editor"}]
    removed = command_lines.admin("member", "remove", *place)
    assert (removed.returncode, removed.stdout) == (0, "editor@example.com is no longer a member of project 1.\n")
    assert command_lines.admin_json("member", "list", "--project", "1") == []


def _create_key(command_line: CommandLine, *more: str) -> Any:
    return command_line.admin_json(
        "key", "create", "--email", "editor@example.com", "--label", "Deploy", "--scope", "llm_prompt:read", *more
    )


def test_a_key_is_created_with_its_value_which_is_shown_only_then(command_line: CommandLine) -> None:
    _add_user_and_project(command_line)
    created = _create_key(command_line)
    assert list(created) == ["id", "label", "scopes", "projects", "value"]
    assert UUID.fullmatch(created["id"])
    assert KEY.fullmatch(created["value"])
    assert (created["label"], created["scopes"], created["projects"]) == ("Deploy", ["llm_prompt:read"], None)
    listed = command_line.admin("key", "list", "--json")
    assert created["id"] in listed.stdout
    assert created["value"] not in listed.stdout


def test_a_key_has_as_many_scopes_and_projects_as_are_named(command_line: CommandLine) -> None:
    _add_user_and_project(command_line)
    created = _create_key(command_line, "--scope", "llm_prompt:write", "--project", "1")
    assert (created["scopes"], created["projects"]) == (["llm_prompt:read", "llm_prompt:write"], [1])


def test_a_key_is_listed_and_revoked(command_lines: CommandLine) -> None:
    _add_user_and_project(command_lines)
    created = _create_key(command_lines)
    (listed,) = command_lines.admin_json("key", "list", "--email", "editor@example.com")
    assert listed == {
        "id": created["id"],
        "label": "Deploy",
        "email": "editor@example.com",
        "revoked_at": None,
        "last_used_at": None,
        "scopes": ["llm_prompt:read"],
        "projects": None,
        "mask": f"{created['value'][:8]}...{created['value'][-4:]}",
        "created_at": listed["created_at"],
    }
    revoked = command_lines.admin_json("key", "revoke", created["id"])
    assert MOMENT.fullmatch(revoked["revoked_at"])
    assert command_lines.admin_json("key", "list") == [listed | {"revoked_at": revoked["revoked_at"]}]
    assert command_lines.admin_json("key", "revoke", created["id"]) == revoked


def test_people_get_a_line_for_every_field_and_a_word_about_the_secret(command_line: CommandLine) -> None:
    _add_user_and_project(command_line)
    shown = command_line.admin("key", "create", "--email", "editor@example.com", "--label", "Déjà vu", "--scope", "*")
    assert re.fullmatch(
        r"id        [0-9a-f-]{36}\nlabel     Déjà vu\nscopes    \*\nprojects  -\nvalue     phx_\S{43}\n\n"
        r"Keep the value in a safe place\. It is not shown again\.\n",
        shown.stdout,
    )


def test_a_password_comes_from_standard_input_and_nowhere_to_the_output(command_line: CommandLine) -> None:
    with_password = ["user", "create", "--email", "dev@example.com", "--password-stdin"]
    created = command_line.run(*with_password, "--json", stdin="correct horse ö\n")
    assert '"has_password": true' in created.stdout
    changed = command_line.admin("user", "set-password", "--email", "dev@example.com", stdin="another one\r\n")
    assert (changed.returncode, changed.stdout) == (0, "The password of dev@example.com is set.\n")
    assert "horse" not in created.stdout + created.stderr + changed.stdout + changed.stderr


def _require_password(command_line: CommandLine, password: str) -> None:
    limits = SessionLimits(idle=timedelta(days=1), longest=timedelta(days=1))
    with command_line.opened_database() as database:
        sessions.sign_in(database, email="dev@example.com", password=password, limits=limits, browser=Browser())


def test_a_byte_order_mark_before_a_password_is_no_part_of_it(command_line: CommandLine) -> None:
    command_line.run("user", "create", "--email", "dev@example.com", "--password-stdin", stdin=b"\xef\xbb\xbfcorrect horse\r\n")
    _require_password(command_line, "correct horse")
    command_line.run("user", "set-password", "--email", "dev@example.com", stdin=b"\xef\xbb\xbfanother one")
    _require_password(command_line, "another one")


def test_the_same_email_is_given_once_however_it_is_written(command_line: CommandLine) -> None:
    command_line.admin_json("user", "create", "--email", "dev@example.com")
    again = command_line.admin("user", "create", "--email", "DEV@example.com")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "Error: A user with the e-mail address 'dev@example.com' already exists.\n"


def test_a_project_keeps_its_last_admin(command_line: CommandLine) -> None:
    _add_user_and_project(command_line)
    place = ["--project", "1", "--email", "editor@example.com"]
    command_line.admin_json("member", "set", *place, "--role", "admin")
    attempts = [
        command_line.admin("member", "set", *place, "--role", "viewer"),
        command_line.admin("member", "remove", *place),
        command_line.admin("user", "disable", "--email", "editor@example.com"),
    ]
    sentence = "Error: 'editor@example.com' is the only admin of project 1. Give the project another admin first.\n"
    assert {(attempt.returncode, attempt.stderr) for attempt in attempts} == {(1, sentence)}


def test_a_disabled_user_gets_no_new_key(command_line: CommandLine) -> None:
    _add_user_and_project(command_line)
    command_line.admin_json("user", "disable", "--email", "editor@example.com")
    refused = command_line.admin("key", "create", "--email", "editor@example.com", "--label", "x", "--scope", "*")
    assert (refused.returncode, refused.stderr) == (1, "Error: 'editor@example.com' is disabled.\n")


def test_a_link_lets_its_user_choose_a_password_until_it_is_used(command_line: CommandLine) -> None:
    _add_user_and_project(command_line)
    made = command_line.admin_json("user", "sign-in-link", "--email", "EDITOR@example.com")
    assert MOMENT.fullmatch(made["expires_at"])
    address, _, value = made["link"].rpartition("/")
    assert address == "http://127.0.0.1:8000/welcome"
    limits = SessionLimits(idle=timedelta(days=1), longest=timedelta(days=1))
    with command_line.opened_database() as database:
        profile = Profile("ignored@example.com", "Ed", "Itor")
        sign_in_links.use_link(database, value, profile=profile, password="long enough", limits=limits, browser=Browser())
        with pytest.raises(LinkEnded), database.read() as tx:
            sign_in_links.get_link(tx, value)
    [user] = command_line.admin_json("user", "list")
    assert (user["email"], user["first_name"], user["has_password"]) == ("editor@example.com", "Ed", True)


def test_a_link_begins_with_the_public_address_and_is_for_active_users_only(command_line: CommandLine) -> None:
    _add_user_and_project(command_line)
    shown = command_line.admin("user", "sign-in-link", "--email", "editor@example.com", public_url="https://prompts.example.com")
    assert re.search(r"^link +https://prompts\.example\.com/welcome/[A-Za-z0-9_-]{43}$", shown.stdout, re.MULTILINE)
    command_line.admin_json("user", "disable", "--email", "editor@example.com")
    refused = command_line.admin("user", "sign-in-link", "--email", "editor@example.com")
    assert (refused.returncode, refused.stderr) == (1, "Error: 'editor@example.com' is disabled.\n")
    unknown = command_line.admin("user", "sign-in-link", "--email", "nobody@example.com")
    assert (unknown.returncode, unknown.stdout) == (1, "")
