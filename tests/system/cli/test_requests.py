"""``promptuary request`` and ``promptuary rule``: labels are protected, and their moves proposed, approved and merged."""

from dataclasses import replace

import pytest
from builders import make_key, make_member
from cli_harness import RemoteCli

from promptuary.model.access import Role, Scope


@pytest.fixture
def admin(cli: RemoteCli) -> RemoteCli:
    """An admin, for whom two prompts are there: `greeting` with production at 1 and staging at 2, and `other`."""
    cli.create("greeting", "Hi")
    cli.publish("greeting", 1, prompt="Hi {{name}}")
    cli.label("greeting", "production", 1)
    cli.label("greeting", "staging", 2)
    cli.create("other", "Other")
    return cli_of(cli, Role.ADMIN)


def cli_of(cli: RemoteCli, role: Role, *scopes: Scope) -> RemoteCli:
    """The cli of another member of the project."""
    registry = cli.registry
    assert registry is not None
    with registry.database.write() as tx:
        return replace(cli, key=make_key(tx, make_member(tx, registry.project, role=role), *scopes).value)


def production(cli: RemoteCli) -> int:
    version: int = cli.json("prompt", "show", "greeting", "--label", "production")["version"]
    return version


def test_a_request_is_opened_shown_approved_and_merged(cli: RemoteCli, admin: RemoteCli) -> None:
    assert admin.run("rule", "add", "prod*", "--approvals", "1").stdout == "prod* is protected.\n"
    refused = cli.run("label", "greeting", "production", "--version", "2", "--yes")
    sentence = "Error: The label 'production' is protected. Open a change request or ask an admin.\n"
    assert (refused.returncode, refused.stderr.endswith(sentence)) == (1, True)
    move = ("--move", "greeting:production=staging", "--description", "Why not?")
    opened = cli.run("request", "open", "Names in greetings", *move).stdout
    number = opened.split()[2]
    assert opened == f"Change request {number} is open. It needs 1 more approval.\n"
    assert cli.run("request", "list").stdout.splitlines()[1].split()[:4] == [number, "Names", "in", "greetings"]
    shown = cli.run("request", "show", number).stdout
    assert "approvals  0 of 1\n" in shown
    assert "greeting: production moves from version 1 to 2.\n  Breaking: adds required name.\n" in shown
    assert "You proposed this change" in cli.run("request", "approve", number, "--yes").stderr
    writer = cli_of(cli, Role.EDITOR, Scope.WRITE)
    assert "API key missing required scope 'llm_prompt:release'" in writer.run("request", "approve", number, "--yes").stderr
    reviewer = cli_of(cli, Role.EDITOR, Scope.RELEASE)
    approved = reviewer.run("request", "approve", number).stdout
    assert approved.endswith(f"Change request {number} is approved. promptuary request merge {number} carries it out.\n")
    assert cli.run("request", "comment", number, "Go.").stdout == "The comment is written.\n"
    assert production(cli) == 1
    assert f"Change request {number} is merged. promptuary releases undo " in reviewer.run("request", "merge", number).stdout
    assert production(cli) == 2
    assert cli.json("request", "show", number)["comments"][0]["text"] == "Go."
    assert cli.error("request", "merge", number) == "This change request is merged."
    assert cli.json("request", "list") == []
    assert [each["state"] for each in cli.json("request", "list", "--state", "ended")] == ["merged"]


def test_what_promote_would_do_is_proposed_refreshed_and_closed(cli: RemoteCli, admin: RemoteCli) -> None:
    made = cli.json("request", "open", "Release", "--from", "staging", "--to", "production", "--merge-when-approved")
    assert [(move["name"], move["to_version"]) for move in made["moves"]] == [("greeting", 2)]
    assert made["merge_when_approved"] is True
    cli.label("greeting", "production", 2)
    number = str(made["id"])
    assert "open, outdated" in cli.run("request", "show", number).stdout
    assert "A label of this change request was moved meanwhile." in admin.run("request", "merge", number).stderr
    assert cli.run("request", "refresh", number).stdout == f"Change request {number} is open, at revision 2.\n"
    assert cli.run("request", "close", number).stdout == f"Change request {number} is closed, at revision 2.\n"
    again = cli.error("request", "open", "Release", "--from", "staging", "--to", "production")
    assert again == "Nothing to propose: production points at what staging points at already."


def test_rules_are_listed_and_removed_by_admins(cli: RemoteCli, admin: RemoteCli) -> None:
    assert cli.run("rule", "list").stdout == "No label is protected: editors move them all.\n"
    assert cli.error("rule", "add", "production") == "You do not have admin access to this resource."
    admin.run("rule", "add", "production", "--role", "admin", "--breaking-needs-admin")
    lines = cli.run("rule", "list").stdout.splitlines()
    assert lines[1].split() == ["production", "admins", "0", "no", "yes"]
    assert admin.error("rule", "add", "production") == "pattern: A rule for 'production' already exists."
    assert admin.run("rule", "remove", "production").stdout == "The rule for production is removed.\n"
    assert admin.error("rule", "remove", "production").startswith("There is no rule for 'production'.")


def test_an_admin_moves_a_label_in_an_emergency(cli: RemoteCli, admin: RemoteCli) -> None:
    admin.run("rule", "add", "production", "--approvals", "2")
    move = ("label", "greeting", "production", "--version", "2", "--emergency", "--yes")
    assert admin.run(*move).stderr.endswith("An emergency requires a reason.\n")
    assert cli.run(*move, "--reason", "Fire").returncode == 1
    assert admin.run(*move, "--reason", "Fire").returncode == 0
    assert cli.json("label", "history", "greeting", "production")[0]["kind"] == "emergency"
    assert admin.error("promote", "staging", "production", "other", "--yes").endswith(
        "Label 'staging' not found on prompt 'other'."
    )
    cli.label("other", "staging", 1)
    assert admin.run("promote", "staging", "production", "--yes").returncode == 1
    promoted = admin.run("promote", "staging", "production", "--yes", "--emergency", "--reason", "Fire")
    assert (promoted.returncode, production(cli)) == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--move", "greeting"), "greeting is no move. Write NAME:LABEL=VERSION."),
        (("--move", "greeting:production=0"), "0 is no version: they are numbered from 1."),
        (("--from", "staging"), "Give either --move, or both --from and --to."),
        ((), "Give either --move, or both --from and --to."),
    ],
)
def test_a_wrong_move_is_told(cli: RemoteCli, arguments: tuple[str, ...], sentence: str) -> None:
    cli.create("greeting", "Hi")
    finished = cli.run("request", "open", "Title", *arguments)
    assert finished.returncode == 2
    assert sentence in " ".join(finished.stderr.replace("│", " ").split())
