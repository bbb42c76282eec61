"""Chats of a server that shows every prompt as text are chats again after an import."""

import json

import pytest
from builders import make_key, make_member
from desks import Desk

from promptuary.model.access import Role
from promptuary.registry.operator import projects

CHAT = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{question}}"}]


def test_a_chat_arrives_as_a_chat_and_other_json_as_its_text(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {"chat": CHAT, "spaced": json.dumps(CHAT, indent=1), "value": {"a": 1}, "numbers": [1], "text": "[{not json"}
    for name, content in contents.items():
        desk.create(name, content)
    assert desk.registry is not None
    with desk.registry.database.write() as tx:
        project = desk.registry.project
        target = projects.create_project(tx, name="Target")
        key = make_key(tx, make_member(tx, target, role=Role.ADMIN))
    other = Desk(desk.folder, desk.host, key.value, str(target.id))
    for variable, value in (("HOST", desk.host), ("API_KEY", desk.key), ("PROJECT", str(project.id))):
        monkeypatch.setenv(f"POSTHOG_{variable}", value)
    assert other.json("import", "--from", "posthog")["prompts_created"] == len(contents)
    for name in contents:
        assert other.latest(name)["prompt"] == desk.latest(name)["prompt"]
    assert other.run("pull").returncode == 0
    forms = {name: "format: chat" in (desk.folder / "prompts" / f"{name}.md").read_text() for name in contents}
    assert forms == {"chat": True, "spaced": False, "value": False, "numbers": False, "text": False}
