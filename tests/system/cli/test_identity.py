"""A lock names its project, the same for each account, at each address of its server."""

import json
from pathlib import Path
from typing import Any

from builders import make_key, make_registry
from cli_harness import RemoteCli

from promptuary.model.accounts import NewKey
from promptuary.registry.operator import members

LOCK = Path("prompts") / "prompts.lock"
NOTHING = {"host": "", "api_key": "", "project": ""}


def _lock(cli: RemoteCli) -> Any:
    return json.loads((cli.folder / LOCK).read_text())


def _rewrite(cli: RemoteCli, **changes: object) -> None:
    value = {**_lock(cli), **changes}
    (cli.folder / LOCK).write_text(json.dumps({key: each for key, each in value.items() if each is not ...}))


def test_the_lock_of_the_current_project_is_verified_with_another_account_at_another_address(cli: RemoteCli) -> None:
    assert cli.registry is not None
    cli.create("greeting", "One")
    done = cli.run("login", "--host", cli.host, "--json", stdin=f"{cli.key}\n", **NOTHING)
    assert json.loads(done.stdout)["project"] == cli.project
    assert cli.run("pull", **NOTHING).returncode == 0
    assert (_lock(cli)["project"], _lock(cli)["server"]) == (cli.project, cli.host)
    project = cli.registry.project
    assert _lock(cli)["project_uuid"] == project.uuid
    # The colleague's current project is another one, and continuous integration has the number.
    colleague = _colleague(cli)
    other = f"http://localhost:{cli.host.rpartition(':')[2]}"
    for settings in ({"host": other}, {"api_key": colleague.value}):
        assert cli.run("status", **settings).stdout.startswith("1 prompt: no local edits")
        assert cli.run("pull", **settings).stdout == "1 prompt: nothing is new on the server.\n"
    assert _lock(cli)["server"] == cli.host
    refused = cli.error("pull", api_key=colleague.value, project="@current")
    assert refused.startswith(f"prompts was pulled from project {cli.project} of {cli.host}, and the profile is of project ")
    assert cli.error("push", api_key=colleague.value, project="@current") == refused
    assert cli.run("verify", **NOTHING).returncode == 0


def _colleague(cli: RemoteCli) -> NewKey:
    """The key of a member of the cli's project whose current project is another one."""
    assert cli.registry is not None
    elsewhere = make_registry(cli.registry.database)
    with cli.registry.database.write() as tx:
        members.set_member(tx, project_id=cli.registry.project.id, email=elsewhere.user.email, role=elsewhere.actor.role)
        return make_key(tx, elsewhere.user)


def test_a_lock_without_an_identity_goes_on_and_gets_one(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.json("pull")
    _rewrite(cli, project_uuid=...)
    assert cli.run("status").returncode == 0
    assert cli.json("pull")[0]["action"] == "unchanged"
    assert "project_uuid" in _lock(cli)


def test_a_lock_of_the_current_project_says_what_to_do(cli: RemoteCli) -> None:
    for name in ("greeting", "gone"):
        cli.create(name, "One")
    cli.json("pull")
    cli.api.post("name/gone/archive/")
    _rewrite(cli, project_uuid=..., project="@current")
    path = cli.folder / "prompts" / "greeting.md"
    path.write_text(path.read_text().replace("One", "Mine"))
    for command in ("pull", "push", "status", "diff"):
        assert "If the files are of that project, run promptuary pull --rebind." in cli.error(command, project="@current")
    pulled = cli.run("pull", "--rebind", "--json", project="@current")
    assert {each["name"]: each["action"] for each in json.loads(pulled.stdout)} == {"greeting": "kept", "gone": "left"}
    assert (_lock(cli)["project"], "Mine" in path.read_text()) == (cli.project, True)
    assert cli.json("push")[-1]["action"] == "publish"


def test_a_lock_without_an_identity_says_what_to_do_at_another_address_of_its_server(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.json("pull")
    _rewrite(cli, project_uuid=...)
    other = f"http://localhost:{cli.host.rpartition(':')[2]}"
    advice = "If that is the same server at another address, run promptuary pull --rebind."
    assert cli.error("status", host=other).endswith(advice)
    assert cli.run("pull", "--rebind", host=other).returncode == 0
    assert (cli.run("status").returncode, cli.run("verify").returncode) == (0, 0)
