"""``promptuary key``, ``member`` and ``project`` over HTTP, and which server, project and key commands use."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import make_key
from cli_harness import RemoteCli

from promptuary.model.access import Role, Scope
from promptuary.registry.operator import members, users

NOTHING = {"host": "", "api_key": "", "project": ""}


@pytest.fixture
def admin(cli: RemoteCli) -> RemoteCli:
    """The cli of an admin."""
    assert cli.registry is not None
    with cli.registry.database.write() as tx:
        members.set_member(tx, project_id=cli.registry.project.id, email=cli.registry.user.email, role=Role.ADMIN)
    return cli


def with_key(cli: RemoteCli, *scopes: Scope) -> RemoteCli:
    assert cli.registry is not None
    with cli.registry.database.write() as tx:
        return replace(cli, key=make_key(tx, cli.registry.user, *scopes, project_ids=[int(cli.project)]).value)


def test_a_key_is_created_listed_used_and_revoked(cli: RemoteCli) -> None:
    manager = with_key(cli, Scope.KEYS, Scope.READ)
    created = manager.json("key", "create", "--label", "Shop", "--scope", "llm_prompt:read")
    assert list(created) == ["id", "label", "scopes", "projects", "value"]
    assert (created["scopes"], created["projects"]) == (["llm_prompt:read"], [int(cli.project)])
    reader = replace(cli, key=created["value"])
    assert reader.json("prompt", "list") == []
    listed: Any = manager.json("key", "list")
    assert (listed[0]["label"], listed[0]["revoked_at"], created["value"] in json.dumps(listed)) == ("Shop", None, False)
    said = manager.error("key", "create", "--label", "x", "--scope", "*")
    assert said.startswith("API key may not do this, because it lacks the scope: ")
    assert manager.run("key", "revoke", created["id"]).stdout == "The key Shop is revoked.\n"
    assert reader.error("prompt", "list") == "Personal API key found in request Authorization header is invalid. Check the key."
    assert manager.error("key", "revoke", "../../users") == "No personal API key has the id '../../users'."
    assert with_key(cli, Scope.WRITE).error("key", "list") == "API key missing required scope 'key:write'"


def test_members_are_invited_set_listed_and_removed(admin: RemoteCli) -> None:
    assert admin.registry is not None
    guest = f"guest{admin.project}@example.com"
    with admin.registry.database.write() as tx:
        users.create_user(tx, email=f"old{admin.project}@example.com")
    invited = admin.json("member", "invite", guest, "--role", "viewer")
    again = admin.json("member", "invite", guest, "--again")
    for each in (invited, again):
        assert each["link"].startswith(f"{admin.host}/welcome/")
    assert invited["link"] != again["link"]
    assert admin.json("member", "set", guest.upper(), "--role", "editor")["role"] == "editor"
    assert admin.run("member", "set", f"old{admin.project}@example.com", "--role", "viewer").returncode == 0
    assert {member["role"] for member in admin.json("member", "list")} == {"admin", "editor", "viewer"}
    assert admin.run("member", "remove", guest).stdout == f"{guest} is no longer a member of the project.\n"
    assert admin.error("member", "remove", guest) == f"'{guest}' is not a member of this project."
    own = admin.registry.user.email
    assert admin.error("member", "remove", own).startswith(f"'{own}' is the only admin of project ")
    assert admin.error("member", "set", "nobody@example.com", "--role", "viewer").startswith("No user has the e-mail address")


def test_projects_are_created_listed_renamed_and_get_new_tokens(admin: RemoteCli) -> None:
    created = admin.json("project", "create", "Support")
    assert list(created) == ["id", "name", "role", "api_token", "created_at"]
    there = replace(admin, project=str(created["id"]))
    assert there.json("project", "rename", "Help") == created | {"name": "Help"}
    rotated = there.json("project", "rotate-token")
    assert rotated["api_token"] not in {created["api_token"], ""}
    assert admin.json("project", "list") == sorted(
        [rotated, *(each for each in admin.json("project", "list") if each["id"] != created["id"])], key=lambda each: each["name"]
    )
    assert with_key(admin, Scope.PROJECTS).error("project", "create", "x").endswith("lacks the project: a new one.")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("key create --email a@example.com --label x --scope *", "key create"),
        ("key list --email a@example.com", "key list"),
        ("member set --project 1 --email a@example.com --role editor", "member set"),
        ("member list --project 1", "member list"),
        ("member remove --project 1 --email a@example.com", "member remove"),
        ("project create --name Shop", "project create"),
        ("project rotate-token --project 1", "project rotate-token"),
    ],
)
def test_an_option_of_a_command_of_the_host_names_that_command(cli: RemoteCli, words: str, command: str) -> None:
    said = cli.error(*words.split())
    assert said == f"This command asks a server over HTTP now. On the host of the server: promptuary admin {command}"


def test_who_has_no_server_is_told_the_command_of_the_host(cli: RemoteCli) -> None:
    said = cli.error("key", "list", **NOTHING)
    assert said.startswith("No server is configured. Run promptuary login, ")
    assert said.endswith(" On the host of the server: promptuary admin key list")


def test_profiles_are_listed_and_one_is_selected(cli: RemoteCli, tmp_path: Path) -> None:
    assert cli.run("profile", "list", **NOTHING).stdout == "There are no profiles. promptuary login stores one.\n"
    for name in ("default", "other"):
        login = ("login", "--host", cli.host, "--project", cli.project, "--profile", name)
        assert cli.run(*login, stdin=cli.key, **NOTHING).returncode == 0
    path = tmp_path / "config" / "promptuary" / "profiles.toml"
    assert cli.run("profile", "use", "other", **NOTHING).returncode == 0
    assert path.read_text().count("selected = true") == 1
    listed = json.loads(cli.run("profile", "list", "--json", **NOTHING).stdout)
    assert [(each["name"], each["selected"]) for each in listed] == [("default", False), ("other", True)]
    assert cli.key not in json.dumps(listed)
    assert cli.run("login", "--host", cli.host, "--with-token", stdin=cli.key, **NOTHING).stdout.startswith("profile       other\n")
    assert "selected = true" in path.read_text()
    marked = cli.run("login", "--host", cli.host, "--with-token", stdin=b"\xef\xbb\xbf" + cli.key.encode() + b"\r\n", **NOTHING)
    assert marked.returncode == 0
    path.write_text(f"\ufeff{path.read_text()}", encoding="utf-8")
    assert cli.error("profile", "use", "missing", **NOTHING) == f"No profile is named 'missing' in {path}."
    assert cli.run("logout", **NOTHING).stdout == f"Profile other is removed from {path}.\n"
    me = json.loads(cli.run("whoami", "--json", **NOTHING).stdout)
    assert me == me | {"host": cli.host, "project": int(cli.project), "role": "editor", "key": "test", "scopes": ["*"]}
