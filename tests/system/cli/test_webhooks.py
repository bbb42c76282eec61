"""Webhooks at the command line."""

import pytest
from command_line import CommandLine

from promptuary.model.webhooks import is_secret
from promptuary.registry.operator import projects

URL = "https://hooks.example/in"


@pytest.fixture
def command_line(command_line: CommandLine) -> CommandLine:
    with command_line.opened_database() as database, database.write() as tx:
        projects.create_project(tx, name="Shop")
    return command_line


def test_a_webhook_is_created_tested_switched_and_removed(command_line: CommandLine) -> None:
    chosen = ("--event", "label.moved", "--label", "production", "--prompts", "support-*", "--format", "slack")
    created = command_line.admin_json("webhook", "create", "--project", "1", "--url", URL, "--name", "Deploys", *chosen)
    secret = created.pop("secret")
    assert is_secret(secret)
    assert created == {
        "id": created["id"],
        "name": "Deploys",
        "enabled": True,
        "disabled_reason": None,
        "failing_since": None,
        "format": "slack",
        "events": ["label.moved"],
        "label": "production",
        "prompts": "support-*",
        "url": URL,
        "created_at": created["created_at"],
    }
    assert command_line.admin_json("webhook", "list", "--project", "1") == [created]
    webhook = (created["id"], "--project", "1")
    assert command_line.admin_json("webhook", "disable", *webhook) == created | {"enabled": False}
    assert command_line.admin_json("webhook", "enable", *webhook) == created
    rotated = command_line.admin_json("webhook", "rotate-secret", *webhook)
    assert is_secret(rotated["secret"])
    assert rotated["secret"] != secret
    tested = command_line.admin_json("webhook", "test", *webhook)
    assert (tested["type"], tested["state"], tested["attempts"]) == ("test", "pending", 0)
    assert command_line.admin_json("webhook", "deliveries", *webhook) == [tested]
    waiting = command_line.admin("webhook", "redeliver", created["id"], str(tested["id"]), "--project", "1")
    assert (waiting.returncode, waiting.stdout) == (1, "")
    assert "still to be sent" in waiting.stderr
    removed = command_line.admin("webhook", "remove", *webhook)
    assert (removed.returncode, removed.stdout) == (0, "The webhook Deploys is removed.\n")
    assert command_line.admin("webhook", "list", "--project", "1").stdout == "The project has no webhooks.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("create", "--project", "1", "--url", "hooks.example"), "Enter an address that begins with https://"),
        (("create", "--project", "1", "--url", URL, "--event", "x"), '"x" is not a valid choice.'),
        (("create", "--project", "9", "--url", URL), "Project not found."),
        (("test", "missing", "--project", "1"), "No webhook has the ID 'missing' in this project."),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(command_line: CommandLine, words: tuple[str, ...], sentence: str) -> None:
    refused = command_line.admin("webhook", *words)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert sentence in refused.stderr
