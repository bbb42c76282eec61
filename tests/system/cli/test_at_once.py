"""What the command line changes, a running server sees with the next request."""

from collections.abc import Iterator

import httpx2
import pytest
from builders import make_prompt, make_registry, make_user
from command_line import CommandLine
from serving import Server, running_server

from promptuary.model.access import Role
from promptuary.registry.operator import members

EMAIL = "dev@example.com"
PROJECT = ["--project", "1", "--email", EMAIL]

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def server(command_lines: CommandLine) -> Iterator[Server]:
    """A server with one project, of which Dev is a viewer."""
    with command_lines.opened_database() as database:
        registry = make_registry(database)
        with database.write() as tx:
            make_prompt(tx, registry.actor)
            make_user(tx, email=EMAIL)
            members.set_member(tx, project_id=1, email=EMAIL, role=Role.VIEWER)
    with running_server(command_lines.database_url, command_lines.folder / "output.txt") as server:
        yield server


def _new_key(command_line: CommandLine) -> tuple[str, dict[str, str]]:
    created = command_line.admin_json("key", "create", "--email", EMAIL, "--label", "x", "--scope", "*")
    return created["id"], {"Authorization": f"Bearer {created['value']}"}


def test_keys_roles_and_accounts_change_under_a_running_server(command_lines: CommandLine, server: Server) -> None:
    prompts = f"{server.url}/api/projects/1/llm_prompts/"

    def statuses() -> tuple[int, int]:
        read = httpx2.get(f"{prompts}name/greeting/", headers=headers)
        write = httpx2.put(f"{prompts}name/greeting/labels/production/", headers=headers, json={"version": 1})
        return read.status_code, write.status_code

    key_id, headers = _new_key(command_lines)
    assert statuses() == (200, 403)
    command_lines.admin_json("member", "set", *PROJECT, "--role", "editor")
    assert statuses() == (200, 201)
    command_lines.admin("member", "remove", *PROJECT)
    assert statuses() == (403, 403)
    command_lines.admin_json("member", "set", *PROJECT, "--role", "editor")
    assert statuses() == (200, 200)
    command_lines.admin_json("key", "revoke", key_id)
    assert statuses() == (401, 401)
    _, headers = _new_key(command_lines)
    assert statuses() == (200, 200)
    command_lines.admin_json("user", "disable", "--email", EMAIL)
    assert statuses() == (401, 401)


@ON_SQLITE
def test_a_rotated_token_counts_at_once_and_the_old_one_no_longer(command_lines: CommandLine, server: Server) -> None:
    _, headers = _new_key(command_lines)
    (before,) = command_lines.admin_json("project", "list")
    after = command_lines.admin_json("project", "rotate-token", "--project", "1")
    address = f"{server.url}/api/environments/@current/llm_prompts/name/greeting/"
    old = httpx2.get(address, headers=headers, params={"token": before["api_token"]})
    new = httpx2.get(address, headers=headers, params={"token": after["api_token"]})
    assert (old.status_code, new.status_code) == (401, 200)


@ON_SQLITE
def test_a_demo_made_under_a_running_server_is_served_at_once(command_lines: CommandLine, server: Server) -> None:
    demo = command_lines.admin_json("demo")
    assert list(demo) == ["project", "name", "api_token", "prompts", "versions", "api_key"]
    listed = httpx2.get(
        f"{server.url}/api/projects/{demo['project']}/llm_prompts/", headers={"Authorization": f"Bearer {demo['api_key']}"}
    ).json()
    assert (listed["count"], sum(item["version_count"] for item in listed["results"])) == (15, 51)
    assert (demo["prompts"], demo["versions"]) == (15, 51)
    again = command_lines.admin("demo")
    assert (again.returncode, again.stdout, again.stderr) == (1, "", "Error: There is a project 'Demo' already.\n")
