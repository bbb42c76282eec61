"""``promptuary promote`` and ``promptuary releases``: all labels move together or none, and go back together."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from answering import Answer, answering
from cli_harness import RemoteCli
from command_line import CommandLine

MOVED_SINCE = {"name": "a", "code": "label_moved", "detail": "Label 'production' points at version 9 by now.", "current_version": 9}
MOVE = {"from_version": 1, "to_version": 2, "contract_change": "none", "affected_prompts": [], "fetches": []}
OTHER = {**MOVE, "name": "b", "from_version": None}


@pytest.fixture
def staged(cli: RemoteCli) -> RemoteCli:
    """Three prompts at `staging`: the version of `breaking` needs a variable, `compatible` none, `done` is released already."""
    texts = {"breaking": ("Hi {{name}}", "Hi {{name}}, {{mood}}"), "compatible": ("One", "Two"), "done": ("Same", "Same")}
    for name, (first, second) in texts.items():
        cli.create(name, first)
        cli.publish(name, 1, prompt=second)
        cli.label(name, "staging", 2)
    cli.label("breaking", "production", 1)
    cli.label("done", "production", 2)
    return cli


def _released(cli: RemoteCli) -> dict[str, int]:
    return {row["name"]: row["version"] for row in cli.json("prompt", "list", "--label", "production")}


def test_a_promotion_is_shown_made_listed_and_undone_as_a_whole(staged: RemoteCli) -> None:
    shown = (
        "breaking: production moves from version 1 to 2.\n  Breaking: adds required mood.\n"
        "@@ -1,1 +1,1 @@\n-Hi {{name}}\n+Hi {{name}}, {{mood}}\n"
        "compatible: production is set to version 2.\n@@ -0,0 +1,1 @@\n+Two\n"
    )
    looked = staged.run("promote", "staging", "production", "--dry-run")
    assert (looked.returncode, looked.stderr) == (0, "")
    assert looked.stdout == f"{shown}Dry run: nothing was changed.\n"
    assert _released(staged) == {"breaking": 1, "done": 2}
    made = staged.run("promote", "staging", "production", "--reason", "Release of Monday")
    [release] = staged.json("releases")
    undo = f"promptuary releases undo {release['id']} takes it back.\n"
    assert made.stdout == f"{shown}2 prompts: production points at what staging points at. {undo}"
    assert _released(staged) == {"breaking": 2, "compatible": 2, "done": 2}
    assert (release["kind"], release["reason"], len(release["moves"])) == ("promotion", "Release of Monday", 2)
    lines = staged.run("releases").stdout.splitlines()
    assert lines[0].split()[:4] == ["id", "released_at", "prompts", "labels"]
    assert [lines[1].split()[0], *lines[1].split()[2:4]] == [release["id"], "2", "production"]
    assert "breaking    production  1     2\n" in staged.run("releases", "show", release["id"]).stdout
    back = staged.run("releases", "undo", release["id"], "--reason", "Too early")
    assert back.stdout.startswith("breaking: production moves from version 2 to 1.\n  Breaking: removes mood.\n")
    assert "compatible: production is removed from version 2.\n" in back.stdout
    assert "2 labels moved back. promptuary releases undo " in back.stdout
    assert _released(staged) == {"breaking": 1, "done": 2}
    again = staged.run("releases", "undo", release["id"], "--dry-run")
    assert again.returncode == 1
    assert "breaking cannot be changed: Label 'production' points at version 1 by now.\n" in again.stdout
    undone = staged.run("releases", "undo", release["id"])
    assert (undone.returncode, undone.stderr) == (1, "Error: Nothing was changed, because not all labels can move.\n")
    assert [each["kind"] for each in staged.json("releases", "list")] == ["undo", "promotion"]


def test_some_prompts_are_promoted_and_json_has_all_that_the_server_returns(staged: RemoteCli) -> None:
    look = staged.json("promote", "staging", "production", "compatible", "--dry-run")
    assert (look["dry_run"], [move["name"] for move in look["moves"]], "release" in look) == (True, ["compatible"], False)
    assert look["texts"][0]["diff"] == "@@ -0,0 +1,1 @@\n+Two"
    made = staged.json("promote", "staging", "production", "compatible", "done")
    assert (made["dry_run"], [move["name"] for move in made["moves"]]) == (False, ["compatible"])
    assert staged.json("releases", "show", made["release"])["moves"][0]["name"] == "compatible"
    nothing = staged.run("promote", "staging", "production", "compatible", "done")
    assert (nothing.returncode, nothing.stdout) == (
        0,
        "Nothing was changed: production points at what staging points at already.\n",
    )


def test_strict_releases_nothing_if_a_program_would_break(staged: RemoteCli) -> None:
    refused = staged.run("promote", "staging", "production", "--strict", "--json")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "Error: Nothing was changed, because programs would break: breaking adds required mood.\n"
    assert staged.run("promote", "staging", "production", "--strict", "--dry-run").returncode == 1
    assert _released(staged) == {"breaking": 1, "done": 2}
    assert staged.run("promote", "staging", "production", "compatible", "--strict").returncode == 0


def test_a_prompt_that_cannot_be_released_keeps_all_others_from_it(staged: RemoteCli) -> None:
    staged.create("part", {"not": "a text"})
    staged.publish("part", 1, prompt="Text")
    staged.label("part", "production", 2)
    staged.create("whole", "@@@prompt:name=part|label=production@@@")
    staged.label("part", "staging", 1)
    refused = staged.run("promote", "staging", "production")
    assert (refused.returncode, refused.stderr) == (1, "Error: Nothing was changed, because not all labels can move.\n")
    assert "part cannot be changed: " in refused.stdout
    assert staged.run("promote", "staging", "production", "--dry-run").stdout.endswith("The change would be refused.\n")
    assert _released(staged) == {"breaking": 1, "done": 2, "part": 2}


def test_bad_input_is_one_sentence(staged: RemoteCli) -> None:
    assert staged.error("promote", "stagign", "production") == "No prompt has the label 'stagign'."
    assert staged.error("promote", "staging", "production", "none").startswith("No prompt matching 'none' in this project.")
    assert staged.error("promote", "staging", "staging") == "to: Use two different labels."
    assert staged.error("promote", "staging", "latest").startswith("'latest' is a reserved label.")
    assert staged.error("promote", "staging", "production", "--reason", "x" * 401).startswith("Reason: Ensure ")
    assert staged.error("releases", "undo", "none") == "No release has the id 'none'."
    assert staged.run("promote", "staging").returncode == 2
    assert staged.run("releases").stdout == "There are no releases.\n"


def test_an_archive_is_looked_at_and_has_a_reason(staged: RemoteCli) -> None:
    staged.api.get("name/breaking/?label=production")
    looked = staged.run("prompt", "archive", "breaking", "--dry-run")
    assert (looked.returncode, looked.stdout.endswith("Dry run: nothing was changed.\n")) == (0, True)
    assert (
        "breaking: production is removed from version 1.\n  Breaking: programs that fetch by the label get a 404.\n"
        in looked.stdout
    )
    assert {move["label"] for move in staged.json("prompt", "archive", "breaking", "--dry-run")["moves"]} == {
        "production",
        "staging",
    }
    assert staged.run("prompt", "archive", "breaking", "--reason", "Not used").returncode == 0
    staged.json("prompt", "restore", "breaking")
    last = staged.json("label", "history", "breaking", "production")[0]
    assert (last["from_version"], last["to_version"], last["kind"], last["reason"]) == (1, None, "archive", "Not used")
    staged.create("whole", "@@@prompt:name=done|label=production@@@")
    refused = staged.run("prompt", "archive", "done", "--dry-run")
    assert refused.returncode == 1
    assert "done cannot be changed: This prompt is referenced by whole." in refused.stdout


def _json(value: object, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _run(folder: Path, respond: Callable[[str, str, bytes], Answer], *arguments: str) -> Any:
    with answering(respond) as host:
        return CommandLine(folder).run(*arguments, host=host, api_key="phx_x", project="1")


def test_a_promotion_sends_what_it_has_shown_and_names_what_moved_since(tmp_path: Path) -> None:
    bodies: list[Any] = []

    def respond(_method: str, path: str, body: bytes) -> Answer:
        if "/releases/" in path:
            return _json({"count": 0, "next": None, "previous": None, "results": []})
        bodies.append(json.loads(body))
        if bodies[-1]["dry_run"]:
            return _json({"dry_run": True, "moves": [{**MOVE, "name": "a"}, OTHER], "refused": [], "texts": []})
        return _json({"detail": "Nothing was changed.", "refused": [MOVED_SINCE]}, 409)

    finished = _run(tmp_path, respond, "promote", "staging", "production", "--reason", "Why")
    assert bodies == [
        {"from": "staging", "to": "production", "dry_run": True, "reason": "Why"},
        {
            "from": "staging",
            "to": "production",
            "dry_run": False,
            "reason": "Why",
            "names": ["a", "b"],
            "expected": {"a": 1, "b": None},
            "versions": {"a": 2, "b": 2},
        },
    ]
    assert finished.returncode == 1
    assert finished.stderr == ("a cannot be changed: Label 'production' points at version 9 by now.\nError: Nothing was changed.\n")


@pytest.mark.parametrize(
    "words",
    [
        "label greeting production --version 1 --dry-run",
        "label greeting production --version 1 --strict",
        "label greeting production --remove --reason Gone",
        "label undo greeting production",
        "label history greeting production",
        "promote staging production",
        "releases",
        "releases undo 1",
        "at 2026-01-31T12:00 greeting",
        "at 2026-01-31T12:00",
        "prompt archive greeting --dry-run",
        "prompt archive greeting --reason Gone",
        "prompt create greeting --label staging",
        "prompt publish greeting --base-version 1 --label staging",
    ],
)
def test_an_older_server_is_asked_for_nothing_that_it_would_understand_otherwise(tmp_path: Path, words: str) -> None:
    asked: list[tuple[str, str]] = []

    def respond(method: str, path: str, _body: bytes) -> Answer:
        asked.append((method, path))
        if "/releases/" in path:
            return _json({"detail": "Endpoint not found."}, 404)
        return _json({"count": 0, "next": None, "previous": None, "results": []})

    with answering(respond) as host:
        finished = CommandLine(tmp_path).run(*words.split(), stdin="x", host=host, api_key="phx_x", project="1")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == (
        f"Error: Nothing was done: {host} runs an older Promptuary without a history of labels. Upgrade the server.\n"
    )
    assert {method for method, _ in asked} == {"GET"}


@pytest.mark.parametrize(
    "moves",
    [
        {},
        {"dry_run": True},
        {"dry_run": True, "moves": [{"name": "../x"}], "refused": []},
        {"dry_run": True, "moves": [{**MOVE, "name": "a", "to_version": "2"}], "refused": []},
        {"dry_run": True, "moves": [{**MOVE, "name": "a", "fetches": [{"label": None}]}], "refused": []},
        {"dry_run": True, "moves": [], "refused": [{"name": "a"}]},
        {"dry_run": True, "moves": [], "refused": [], "texts": [{"name": "a"}]},
    ],
    ids=ascii,
)
def test_an_answer_of_another_form_ends_in_one_sentence(tmp_path: Path, moves: object) -> None:
    def respond(_method: str, path: str, _body: bytes) -> Answer:
        return _json({"count": 0, "next": None, "results": []} if "/releases/" in path else moves)

    finished = _run(tmp_path, respond, "promote", "staging", "production")
    assert (finished.returncode, finished.stdout, finished.stderr.count("\n")) == (1, "", 1)
    assert finished.stderr.startswith(("Error: The server answered with ", "Error: The answer "))
