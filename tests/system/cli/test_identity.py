"""A lock names its project, the same for each account, at each address of its server."""

import json
from pathlib import Path
from typing import Any

from builders import make_key, make_registry
from desks import Desk

from promptuary.model.accounts import NewKey
from promptuary.registry.operator import members

LOCK = Path("prompts") / "prompts.lock"
NOTHING = {"host": "", "api_key": "", "project": ""}


def _lock(desk: Desk) -> Any:
    return json.loads((desk.folder / LOCK).read_text())


def _rewrite(desk: Desk, **changes: object) -> None:
    value = {**_lock(desk), **changes}
    (desk.folder / LOCK).write_text(json.dumps({key: each for key, each in value.items() if each is not ...}))


def test_the_lock_of_the_current_project_is_verified_with_another_account_at_another_address(desk: Desk) -> None:
    assert desk.registry is not None
    desk.create("greeting", "One")
    done = desk.run("login", "--host", desk.host, "--json", stdin=f"{desk.key}\n", **NOTHING)
    assert json.loads(done.stdout)["project"] == desk.project
    assert desk.run("pull", **NOTHING).returncode == 0
    assert (_lock(desk)["project"], _lock(desk)["server"]) == (desk.project, desk.host)
    project = desk.registry.project
    assert _lock(desk)["project_uuid"] == project.uuid
    # The colleague's current project is another one, and continuous integration has the number.
    colleague = _colleague(desk)
    other = f"http://localhost:{desk.host.rpartition(':')[2]}"
    for settings in ({"host": other}, {"api_key": colleague.value}):
        assert desk.run("status", **settings).stdout.startswith("1 prompt: no local edits")
        assert desk.run("pull", **settings).stdout == "1 prompt: nothing is new on the server.\n"
    assert _lock(desk)["server"] == desk.host
    refused = desk.error("pull", api_key=colleague.value, project="@current")
    assert refused.startswith(f"prompts was pulled from project {desk.project} of {desk.host}, and the profile is of project ")
    assert desk.error("push", api_key=colleague.value, project="@current") == refused
    assert desk.run("verify", **NOTHING).returncode == 0


def _colleague(desk: Desk) -> NewKey:
    """The key of a member of the desk's project whose current project is another one."""
    assert desk.registry is not None
    elsewhere = make_registry(desk.registry.database)
    with desk.registry.database.write() as tx:
        members.set_member(tx, project_id=desk.registry.project.id, email=elsewhere.user.email, role=elsewhere.actor.role)
        return make_key(tx, elsewhere.user)


def test_a_lock_without_an_identity_goes_on_and_gets_one(desk: Desk) -> None:
    desk.create("greeting", "One")
    desk.json("pull")
    _rewrite(desk, project_uuid=...)
    assert desk.run("status").returncode == 0
    assert desk.json("pull")[0]["action"] == "unchanged"
    assert "project_uuid" in _lock(desk)


def test_a_lock_of_the_current_project_says_what_to_do(desk: Desk) -> None:
    for name in ("greeting", "gone"):
        desk.create(name, "One")
    desk.json("pull")
    desk.api.post("name/gone/archive/")
    _rewrite(desk, project_uuid=..., project="@current")
    path = desk.folder / "prompts" / "greeting.md"
    path.write_text(path.read_text().replace("One", "Mine"))
    for command in ("pull", "push", "status", "diff"):
        assert "If the files are of that project, run promptuary pull --rebind." in desk.error(command, project="@current")
    pulled = desk.run("pull", "--rebind", "--json", project="@current")
    assert {each["name"]: each["action"] for each in json.loads(pulled.stdout)} == {"greeting": "kept", "gone": "left"}
    assert (_lock(desk)["project"], "Mine" in path.read_text()) == (desk.project, True)
    assert desk.json("push")[-1]["action"] == "publish"


def test_a_lock_without_an_identity_says_what_to_do_at_another_address_of_its_server(desk: Desk) -> None:
    desk.create("greeting", "One")
    desk.json("pull")
    _rewrite(desk, project_uuid=...)
    other = f"http://localhost:{desk.host.rpartition(':')[2]}"
    advice = "If that is the same server at another address, run promptuary pull --rebind."
    assert desk.error("status", host=other).endswith(advice)
    assert desk.run("pull", "--rebind", host=other).returncode == 0
    assert (desk.run("status").returncode, desk.run("verify").returncode) == (0, 0)
