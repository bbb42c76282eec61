"""``promptuary label``: labels that are moved with a reason, looked at before, taken back, and set by a publication."""

import os
import subprocess
import sys
from typing import Any

import pytest
from cli_harness import RemoteCli
from serving import environment

OLD, NEW = "Hello {{name}}", "Hello {{name}}, you are {{mood}}"
MOVE = "greeting: production moves from version 1 to 2.\n"


@pytest.fixture
def labelled(cli: RemoteCli) -> RemoteCli:
    """`greeting` with version 1 at `production` and version 2, which needs one more variable, at `staging`."""
    cli.create("greeting", OLD)
    cli.publish("greeting", 1, prompt=NEW)
    cli.label("greeting", "production", 1)
    cli.label("greeting", "staging", 2)
    return cli


def _production(cli: RemoteCli) -> Any:
    return cli.api.get("name/greeting/?label=production").json()["version"]


def _moves(cli: RemoteCli, name: str = "greeting") -> list[Any]:
    return [(each["from_version"], each["to_version"], each["kind"], each["reason"]) for each in _history(cli, name)]


def _history(cli: RemoteCli, name: str) -> Any:
    return cli.json("label", "history", name, "production")


def _at_a_terminal(cli: RemoteCli, answer: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of which the standard input is a terminal at which a user types an answer."""
    ours, theirs = os.openpty()
    os.write(ours, answer.encode())
    own = environment(host=cli.host, api_key=cli.key, project=cli.project)
    command = [sys.executable, "-m", "promptuary", *arguments]
    finished = subprocess.run(
        command, cwd=cli.folder, env=own, stdin=theirs, capture_output=True, text=True, timeout=60, check=False
    )
    os.close(ours)
    os.close(theirs)
    return finished


def test_a_label_moves_to_where_another_one_points_and_back_again(labelled: RemoteCli) -> None:
    moved = labelled.run("label", "greeting", "production", "--version", "staging", "--reason", "Kinder")
    assert moved.stdout == "greeting: production points at version 2, and no longer at 1.\n"
    assert moved.stderr == "Programs that fetch production of greeting break: adds required mood.\n"
    undone = labelled.run("label", "undo", "greeting", "production", "--reason", "Too kind")
    assert undone.stdout == "greeting: production points at version 1, and no longer at 2.\n"
    assert undone.stderr == "Programs that fetch production of greeting break: removes mood.\n"
    redone = labelled.json_of("label", "undo", "greeting", "production")
    assert redone == {
        "name": "greeting",
        "label": "production",
        "version": 2,
        "from_version": 1,
        "contract_change": "breaking",
    }
    assert _moves(labelled) == [
        (1, 2, "undo", None),
        (2, 1, "undo", "Too kind"),
        (1, 2, "direct", "Kinder"),
        (None, 1, "direct", None),
    ]
    lines = labelled.run("label", "history", "greeting", "production").stdout.splitlines()
    assert lines[0].split() == ["moved_at", "from", "to", "kind", "author", "reason"]
    assert lines[2].split()[1:4] == ["2", "1", "undo"]
    assert lines[2].endswith("  Too kind")
    assert lines[4].split()[1:4] == ["-", "1", "direct"]


def test_a_dry_run_shows_what_a_move_would_do_and_changes_nothing(labelled: RemoteCli) -> None:
    labelled.create("reply", "@@@prompt:name=greeting|label=production@@@ Bye.")
    look = ["label", "greeting", "production", "--version", "2", "--dry-run"]
    shown = labelled.run(*look)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == (
        f"{MOVE}  Breaking: adds required mood.\n  Prompts that change with it: reply.\n"
        f"@@ -1,1 +1,1 @@\n-{OLD}\n+{NEW}\n"
        f"reply changes with it:\n@@ -1,1 +1,1 @@\n-{OLD} Bye.\n+{NEW} Bye.\n"
        "Dry run: nothing was changed.\n"
    )
    strict = labelled.run(*look, "--strict")
    assert (strict.returncode, strict.stdout.endswith("nothing was changed. The change would be refused.\n")) == (1, True)
    found = labelled.json(*look)
    assert (found["dry_run"], [(move["from_version"], move["to_version"]) for move in found["moves"]]) == (True, [(1, 2)])
    there = labelled.run("label", "greeting", "production", "--version", "1", "--dry-run")
    assert there.stdout.startswith("greeting: production points at version 1 already.\n")
    removed = labelled.run("label", "greeting", "production", "--remove", "--dry-run")
    assert removed.returncode == 1
    assert "greeting cannot be changed: This label is referenced by reply." in removed.stdout
    undone = labelled.run("label", "undo", "greeting", "staging", "--dry-run")
    assert undone.stderr.startswith("Error: Label 'staging' was not set before, so there is nothing to go back to.")
    assert _production(labelled) == 1
    assert len(_history(labelled, "greeting")) == 1


def test_strict_refuses_what_breaks_programs_and_nothing_else(labelled: RemoteCli) -> None:
    strict = ["label", "greeting", "production", "--strict"]
    sentence = "Nothing was changed, because programs would break: greeting adds required mood."
    assert labelled.error(*strict, "--version", "2") == sentence
    assert labelled.error(*strict, "--remove") == (
        "Nothing was changed, because programs would break: greeting programs that fetch by the label get a 404."
    )
    assert _production(labelled) == 1
    labelled.publish("greeting", 2, prompt="Hi {{name}}")
    assert labelled.run(*strict, "--version", "latest").stdout.startswith("greeting: production points at version 3")
    labelled.label("greeting", "production", 2)
    assert labelled.error("label", "undo", "greeting", "production", "--strict").startswith("Nothing was changed, because ")
    assert _production(labelled) == 2


def test_a_prompt_that_is_named_like_a_command_is_labelled_with_set(cli: RemoteCli) -> None:
    cli.create("undo")
    assert cli.run("label", "set", "undo", "production", "--version", "1").stdout == "undo: production points at version 1.\n"
    assert cli.run("label", "undo", "production", "--version", "1").returncode == 2
    assert cli.run("label", "--version", "1", "undo", "staging").stdout == "undo: staging points at version 1.\n"
    assert cli.run("label", "history", "undo", "production").returncode == 0


def test_prompt_label_does_the_same(labelled: RemoteCli) -> None:
    moved = labelled.run("prompt", "label", "greeting", "production", "--version", "staging", "--reason", "Kinder", "--yes")
    assert moved.stdout == "greeting: production points at version 2, and no longer at 1.\n"
    assert _moves(labelled)[0] == (1, 2, "direct", "Kinder")
    assert labelled.run("prompt", "label", "greeting", "production", "--remove", "--reason", "Gone").returncode == 0
    assert _moves(labelled)[0] == (2, None, "direct", "Gone")
    assert labelled.run("label", "undo", "greeting", "production").stdout == "greeting: production points at version 2.\n"


def test_a_user_at_a_terminal_is_asked_before_a_label_moves_back(labelled: RemoteCli) -> None:
    labelled.label("greeting", "production", 2)
    question = "production points at version 2 of greeting. Move it to 1? [y/N]:"
    refused = _at_a_terminal(labelled, "n\n", "label", "undo", "greeting", "production")
    assert (refused.returncode, refused.stdout.strip()) == (1, "")
    assert question in refused.stderr
    assert refused.stderr.endswith("Error: Nothing was done.\n")
    assert _production(labelled) == 2
    agreed = _at_a_terminal(labelled, "y\n", "label", "undo", "greeting", "production")
    assert (agreed.returncode, question in agreed.stderr) == (0, True)
    assert _production(labelled) == 1


def test_bad_input_is_one_sentence(labelled: RemoteCli) -> None:
    move = ["label", "greeting", "production"]
    assert labelled.error(*move, "--version", "none") == "Label 'none' not found on prompt 'greeting'."
    assert labelled.error(*move, "--version", "2", "--reason", "x" * 401).startswith(
        "Reason: Ensure this field has no more than 400 "
    )
    assert labelled.error("label", "history", "greeting", "none") == "Label 'none' not found on prompt 'greeting'."
    assert labelled.error("label", "undo", "greeting", "none") == "Label 'none' not found on prompt 'greeting'."
    for misuse in (["--version", "0"], ["--version", "9" * 12], ["--version", "1", "--remove"], []):
        assert labelled.run(*move, *misuse).returncode == 2
    assert _production(labelled) == 1


def test_two_labels_are_compared_by_their_names(labelled: RemoteCli) -> None:
    compared = labelled.run("prompt", "diff", "greeting", "production", "staging").stdout
    assert compared.startswith("greeting: version 1 (production) and version 2 (staging)\n")
    assert compared.endswith("breaking: adds required mood\n")
    assert labelled.run("prompt", "diff", "greeting", "staging", "latest").stdout == (
        "Versions 2 (staging) and 2 (latest) do not differ.\n"
    )
    found = labelled.json("prompt", "diff", "greeting", "1", "staging")
    assert (found["old"]["version"], found["new"]["version"]) == (1, 2)
    assert labelled.error("prompt", "diff", "greeting", "none") == "Label 'none' not found on prompt 'greeting'."


def test_a_publication_sets_labels_at_once(cli: RemoteCli) -> None:
    created = cli.run("prompt", "create", "greeting", "--label", "staging", "--label", "production", stdin="One")
    assert created.stdout == "Version 1 of greeting is created. staging and production point at it.\n"
    publish = ["prompt", "publish", "greeting", "--base-version", "1", "--label", "staging"]
    assert cli.run(*publish, stdin="Two").stdout == "Version 2 of greeting is published. staging points at it.\n"
    assert [(each["name"], each["version"]) for each in cli.latest_labels("greeting")] == [("production", 1), ("staging", 2)]
    assert cli.error(*publish[:-1], "Not a label", stdin="x").startswith("Label: Use lowercase letters")
    assert cli.latest("greeting")["version"] == 2


def test_a_push_labels_what_it_publishes_and_what_is_there_already(cli: RemoteCli) -> None:
    for name in ("edited", "same", "unchanged"):
        cli.create(name, "One")
    cli.json("pull")
    folder = cli.folder / "prompts"
    for name in ("edited", "same"):
        (folder / f"{name}.md").write_text((folder / f"{name}.md").read_text().replace("One", "Two"))
    (folder / "fresh.md").write_text("---\nname: fresh\n---\nNew\n")
    cli.publish("same", 1, prompt="Two")
    cli.label("same", "staging", 1)
    dry = {step["name"]: (step["action"], step["detail"]) for step in cli.json("push", "--label", "staging", "--dry-run")}
    assert dry == {
        "edited": ("publish", "labelled staging"),
        "fresh": ("create", "labelled staging"),
        "same": ("adopt", "the server has it as version 2; labelled staging"),
    }
    assert cli.api.get("name/edited/?label=staging").status_code == 404
    pushed = cli.run("push", "--label", "staging")
    assert "publish  edited (version 2): labelled staging\n" in pushed.stdout
    assert {row["name"]: row["version"] for row in cli.json("prompt", "list", "--label", "staging")} == {
        "edited": 2,
        "fresh": 1,
        "same": 2,
    }
    assert "labels:\n- staging\n" in (folder / "edited.md").read_text()
    assert cli.run("status").stdout == "4 prompts: no local edits, and nothing new on the server.\n"
