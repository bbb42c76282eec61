"""``promptuary request`` and ``promptuary rule``: labels are protected, and their moves proposed, approved and merged."""

from dataclasses import replace

import pytest
from builders import make_key, make_member
from desks import Desk

from promptuary.model.access import Role, Scope


@pytest.fixture
def admin(desk: Desk) -> Desk:
    """An admin, for whom two prompts are there: `greeting` with production at 1 and staging at 2, and `other`."""
    desk.create("greeting", "Hi")
    desk.publish("greeting", 1, prompt="Hi {{name}}")
    desk.label("greeting", "production", 1)
    desk.label("greeting", "staging", 2)
    desk.create("other", "Other")
    return desk_of(desk, Role.ADMIN)


def desk_of(desk: Desk, role: Role, *scopes: Scope) -> Desk:
    """The desk of another member of the project."""
    registry = desk.registry
    assert registry is not None
    with registry.database.write() as tx:
        return replace(desk, key=make_key(tx, make_member(tx, registry.project, role=role), *scopes).value)


def production(desk: Desk) -> int:
    version: int = desk.json("prompt", "show", "greeting", "--label", "production")["version"]
    return version


def test_a_request_is_opened_shown_approved_and_merged(desk: Desk, admin: Desk) -> None:
    assert admin.run("rule", "add", "prod*", "--approvals", "1").stdout == "prod* is protected.\n"
    refused = desk.run("label", "greeting", "production", "--version", "2", "--yes")
    sentence = "Error: The label 'production' is protected. Open a change request or ask an admin.\n"
    assert (refused.returncode, refused.stderr.endswith(sentence)) == (1, True)
    move = ("--move", "greeting:production=staging", "--description", "Why not?")
    opened = desk.run("request", "open", "Names in greetings", *move).stdout
    number = opened.split()[2]
    assert opened == f"Change request {number} is open. It needs 1 more approval.\n"
    assert desk.run("request", "list").stdout.splitlines()[1].split()[:4] == [number, "Names", "in", "greetings"]
    shown = desk.run("request", "show", number).stdout
    assert "approvals  0 of 1\n" in shown
    assert "greeting: production moves from version 1 to 2.\n  Breaking: adds required name.\n" in shown
    assert "You proposed this change" in desk.run("request", "approve", number, "--yes").stderr
    writer = desk_of(desk, Role.EDITOR, Scope.WRITE)
    assert "API key missing required scope 'llm_prompt:release'" in writer.run("request", "approve", number, "--yes").stderr
    reviewer = desk_of(desk, Role.EDITOR, Scope.RELEASE)
    approved = reviewer.run("request", "approve", number).stdout
    assert approved.endswith(f"Change request {number} is approved. promptuary request merge {number} carries it out.\n")
    assert desk.run("request", "comment", number, "Go.").stdout == "The comment is written.\n"
    assert production(desk) == 1
    assert f"Change request {number} is merged. promptuary releases undo " in reviewer.run("request", "merge", number).stdout
    assert production(desk) == 2
    assert desk.json("request", "show", number)["comments"][0]["text"] == "Go."
    assert desk.error("request", "merge", number) == "This change request is merged."
    assert desk.json("request", "list") == []
    assert [each["state"] for each in desk.json("request", "list", "--state", "ended")] == ["merged"]


def test_what_promote_would_do_is_proposed_refreshed_and_closed(desk: Desk, admin: Desk) -> None:
    made = desk.json("request", "open", "Release", "--from", "staging", "--to", "production", "--merge-when-approved")
    assert [(move["name"], move["to_version"]) for move in made["moves"]] == [("greeting", 2)]
    assert made["merge_when_approved"] is True
    desk.label("greeting", "production", 2)
    number = str(made["id"])
    assert "open, outdated" in desk.run("request", "show", number).stdout
    assert "A label of this change request was moved meanwhile." in admin.run("request", "merge", number).stderr
    assert desk.run("request", "refresh", number).stdout == f"Change request {number} is open, at revision 2.\n"
    assert desk.run("request", "close", number).stdout == f"Change request {number} is closed, at revision 2.\n"
    again = desk.error("request", "open", "Release", "--from", "staging", "--to", "production")
    assert again == "Nothing to propose: production points at what staging points at already."


def test_rules_are_listed_and_removed_by_admins(desk: Desk, admin: Desk) -> None:
    assert desk.run("rule", "list").stdout == "No label is protected: editors move them all.\n"
    assert desk.error("rule", "add", "production") == "You do not have admin access to this resource."
    admin.run("rule", "add", "production", "--role", "admin", "--breaking-needs-admin")
    lines = desk.run("rule", "list").stdout.splitlines()
    assert lines[1].split() == ["production", "admins", "0", "no", "yes"]
    assert admin.error("rule", "add", "production") == "pattern: A rule for 'production' already exists."
    assert admin.run("rule", "remove", "production").stdout == "The rule for production is removed.\n"
    assert admin.error("rule", "remove", "production").startswith("There is no rule for 'production'.")


def test_an_admin_moves_a_label_in_an_emergency(desk: Desk, admin: Desk) -> None:
    admin.run("rule", "add", "production", "--approvals", "2")
    move = ("label", "greeting", "production", "--version", "2", "--emergency", "--yes")
    assert admin.run(*move).stderr.endswith("An emergency requires a reason.\n")
    assert desk.run(*move, "--reason", "Fire").returncode == 1
    assert admin.run(*move, "--reason", "Fire").returncode == 0
    assert desk.json("label", "history", "greeting", "production")[0]["kind"] == "emergency"
    assert admin.error("promote", "staging", "production", "other", "--yes").endswith(
        "Label 'staging' not found on prompt 'other'."
    )
    desk.label("other", "staging", 1)
    assert admin.run("promote", "staging", "production", "--yes").returncode == 1
    promoted = admin.run("promote", "staging", "production", "--yes", "--emergency", "--reason", "Fire")
    assert (promoted.returncode, production(desk)) == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--move", "greeting"), "greeting is no move. Write NAME:LABEL=VERSION."),
        (("--move", "greeting:production=0"), "0 is no version: they are numbered from 1."),
        (("--from", "staging"), "Give either --move, or both --from and --to."),
        ((), "Give either --move, or both --from and --to."),
    ],
)
def test_a_wrong_move_is_told(desk: Desk, arguments: tuple[str, ...], sentence: str) -> None:
    desk.create("greeting", "Hi")
    finished = desk.run("request", "open", "Title", *arguments)
    assert finished.returncode == 2
    assert sentence in " ".join(finished.stderr.replace("│", " ").split())
