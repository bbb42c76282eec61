"""Chats of a server that shows every prompt as text are chats again after an import."""

import json

import pytest
from builders import make_key, make_member
from cli_harness import RemoteCli

from promptuary.model.access import Role
from promptuary.registry.operator import projects

CHAT = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{question}}"}]


def test_a_chat_arrives_as_a_chat_and_other_json_as_its_text(cli: RemoteCli, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {"chat": CHAT, "spaced": json.dumps(CHAT, indent=1), "value": {"a": 1}, "numbers": [1], "text": "[{not json"}
    for name, content in contents.items():
        cli.create(name, content)
    assert cli.registry is not None
    with cli.registry.database.write() as tx:
        project = cli.registry.project
        target = projects.create_project(tx, name="Target")
        key = make_key(tx, make_member(tx, target, role=Role.ADMIN))
    other = RemoteCli(cli.folder, cli.host, key.value, str(target.id))
    for variable, value in (("HOST", cli.host), ("API_KEY", cli.key), ("PROJECT", str(project.id))):
        monkeypatch.setenv(f"POSTHOG_{variable}", value)
    assert other.json("import", "--from", "posthog")["prompts_created"] == len(contents)
    for name in contents:
        assert other.latest(name)["prompt"] == cli.latest(name)["prompt"]
    assert other.run("pull").returncode == 0
    forms = {name: "format: chat" in (cli.folder / "prompts" / f"{name}.md").read_text() for name in contents}
    assert forms == {"chat": True, "spaced": False, "value": False, "numbers": False, "text": False}
