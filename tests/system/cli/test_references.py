"""References on the command line and in files, against a real server: pulled, verified, bundled, pushed, shown and moved."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import make_key, make_member, make_prompt
from cli_harness import RemoteCli
from faults import after_answer, faulty_proxy
from serving import environment

from promptuary.model.access import Role
from promptuary.registry.operator import projects
from promptuary.remote import Profile, Remote, RemotePrompts
from promptuary.store.engine.database import Database

TONE = "@@@prompt:name=tone|label=production@@@"
RULES = "@@@prompt:name=rules|version=1@@@"
KIND, BRIEF = "Be kind, {{name}}.", "Be brief."


@pytest.fixture
def prepared(cli: RemoteCli) -> RemoteCli:
    """`top` refers to `reply`, and `reply` to `tone` by a label and to an old version of `rules`."""
    cli.create("tone", KIND)
    cli.label("tone", "production", 1)
    cli.create("rules", "No {{forbidden}}.")
    cli.publish("rules", 1, prompt="New rules.")
    cli.create("reply", f"{TONE}\nHello!\n{RULES}")
    cli.label("reply", "production", 1)
    cli.create("top", "Top: @@@prompt:name=reply|label=production@@@")
    return cli


@pytest.fixture
def other(cli: RemoteCli, tmp_path: Path) -> RemoteCli:
    """An empty project of the same server, and a key of an admin of it."""
    assert cli.registry is not None
    database = cli.registry.database
    with database.write() as tx:
        project = projects.create_project(tx, name="Other")
        user = make_member(tx, project, role=Role.ADMIN)
        return replace(cli.at(tmp_path / "other"), key=make_key(tx, user).value, project=str(project.id))


def move_tone(cli: RemoteCli) -> None:
    cli.publish("tone", 1, prompt=BRIEF)
    cli.label("tone", "production", 2)


def files(cli: RemoteCli) -> dict[str, bytes]:
    root = cli.folder / "prompts"
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def entries(cli: RemoteCli) -> dict[str, Any]:
    lock = json.loads((cli.folder / "prompts/prompts.lock").read_text())
    return {entry["name"]: entry for entry in lock["prompts"]}


def test_a_pull_writes_tags_and_keeps_the_parts_that_have_no_file(prepared: RemoteCli) -> None:
    prepared.json("pull")
    found = files(prepared)
    assert sorted(found) == [".references/rules@1.md", "prompts.lock", "reply.md", "rules.md", "tone.md", "top.md"]
    assert found["reply.md"].endswith(f"---\n{TONE}\nHello!\n{RULES}\n".encode())
    assert b"No {{forbidden}}." in found[".references/rules@1.md"]
    locked = [
        (each["name"], each["label"], each["version"], each["resolved_version"]) for each in entries(prepared)["top"]["references"]
    ]
    assert locked == [("reply", "production", None, 1), ("tone", "production", None, 1), ("rules", None, 1, 1)]
    assert "references" not in entries(prepared)["tone"]
    prepared.json("pull")
    assert files(prepared) == found
    assert prepared.json("verify")["problems"] == []
    assert prepared.json("push") == []


def test_parts_that_are_not_needed_any_more_are_removed(prepared: RemoteCli) -> None:
    prepared.json("pull")
    move_tone(prepared)
    prepared.publish("reply", 1, prompt=f"{TONE}")
    prepared.label("reply", "production", 2)
    prepared.json("pull")
    assert not (prepared.folder / "prompts/.references").exists()
    assert prepared.json("verify")["problems"] == []


def test_a_pull_by_label_keeps_all_parts_that_lack_the_label(prepared: RemoteCli) -> None:
    prepared.publish("tone", 1, prompt="Not released.")
    prepared.label("top", "live", 1)
    prepared.json("pull", "--label", "live")
    found = [file for file in files(prepared) if file.startswith(".references/")]
    assert found == [".references/reply@1.md", ".references/rules@1.md", ".references/tone@1.md"]
    assert prepared.json("verify")["problems"] == []


def test_a_bundle_has_assembled_texts_and_the_same_bytes(prepared: RemoteCli) -> None:
    prepared.json("pull")
    prepared.json("bundle")
    path = prepared.folder / "prompts.bundle.json"
    data = path.read_bytes()
    prepared.json("bundle")
    assert path.read_bytes() == data
    bundle = json.loads(data)
    rows = {row["name"]: row for row in bundle["prompts"]}
    assert bundle["format_version"] == 2
    for name in ("reply", "top", "tone"):
        served = prepared.latest(name)
        assert rows[name]["content"] == served["prompt"]
        assert rows[name].get("resolved_references", []) == served["resolved_references"]
    assert rows["top"]["content"] == "Top: Be kind, {{name}}.\nHello!\nNo {{forbidden}}."


def test_a_bundle_without_references_has_the_first_format(cli: RemoteCli) -> None:
    cli.create("plain", "Hello!")
    cli.json("pull")
    cli.json("bundle")
    assert json.loads((cli.folder / "prompts.bundle.json").read_text())["format_version"] == 1


@pytest.mark.parametrize("change", ["remove", "damage", "garble"])
def test_a_part_that_was_changed_or_removed_is_found_and_repaired(prepared: RemoteCli, change: str) -> None:
    prepared.json("pull")
    path = prepared.folder / "prompts/.references/rules@1.md"
    good = path.read_bytes()
    if change == "remove":
        path.unlink()
    else:
        path.write_bytes(good.replace(b"No ", b"All ") if change == "damage" else b"\xff")
    problems = prepared.json("verify", status=1)["problems"]
    assert ".references/rules@1" in {problem["file"].removesuffix(".md") for problem in problems}
    prepared.json("pull")
    assert path.read_bytes() == good
    assert prepared.json("verify")["problems"] == []


def test_parts_are_never_written_through_a_link(prepared: RemoteCli, tmp_path: Path) -> None:
    prepared.json("pull")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = prepared.folder / "prompts/.references"
    (folder / "rules@1.md").unlink()
    folder.rmdir()
    folder.symlink_to(elsewhere)
    for command in ("pull", "verify", "bundle"):
        assert "is a symbolic link, which is not followed" in prepared.error(command)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("@@@prompt:name=missing|version=1@@@", "It references missing, which is not in the folder. Run promptuary pull."),
        ("@@@prompt:name=reply|version=1@@@", "A prompt cannot reference itself. Remove the reference to 'reply' or point it at"),
        ("@@@prompt:name=top|label=production@@@", "A prompt cannot reference itself through other prompts: reply, top, reply."),
    ],
)
def test_verify_names_the_line_of_a_tag_that_cannot_be_pushed(prepared: RemoteCli, text: str, sentence: str) -> None:
    prepared.label("top", "production", 1)
    prepared.json("pull")
    path = prepared.folder / "prompts/reply.md"
    path.write_text(path.read_text() + f"More\n{text}\n")
    line = path.read_text().split("\n").index(text) + 1
    [problem] = [
        each
        for each in prepared.json("verify", status=1)["problems"]
        if "edited" not in each["sentence"] and each["name"] == "reply"
    ]
    assert problem["file"] == f"reply.md, line {line}"
    assert problem["sentence"].startswith(sentence)


def test_declared_variables_are_those_of_the_assembled_text(prepared: RemoteCli) -> None:
    prepared.json("pull")
    path = prepared.folder / "prompts/promptuary.toml"
    path.write_text('[variables]\ntop = ["name", "forbidden"]\n')
    assert prepared.json("verify")["problems"] == []
    path.write_text('[variables]\ntop = ["name"]\n')
    [problem] = prepared.json("verify", status=1)["problems"]
    assert problem["sentence"] == "It has {{forbidden}}, which is not declared."
    assert (
        "def top(\n    prompt: Prompt,\n    /,\n    *,\n    name: object,\n    forbidden: object,\n"
        in prepared.run("stubs", "--python").stdout
    )


def test_new_parts_are_pushed_before_what_refers_to_them(cli: RemoteCli) -> None:
    cli.create("unrelated", "x")
    cli.json("pull")
    folder = cli.folder / "prompts"
    for name, text in {"a": "@@@prompt:name=b|version=1@@@", "b": "@@@prompt:name=c|version=1@@@", "c": "part"}.items():
        (folder / f"{name}.md").write_text(f"---\nname: {name}\n---\n{text}\n")
    assert [(step["name"], step["action"]) for step in cli.json("push")] == [("c", "create"), ("b", "create"), ("a", "create")]
    assert cli.latest("a")["prompt"] == "part"
    assert cli.json("verify")["problems"] == []
    for name in "abc":
        (folder / f"{name}.md").unlink()
    assert [(step["name"], step["action"]) for step in cli.json("push", "--archive")] == [(name, "archive") for name in "abc"]


def test_a_part_that_is_pushed_leaves_the_version_that_others_follow(prepared: RemoteCli) -> None:
    prepared.json("pull")
    path = prepared.folder / "prompts/tone.md"
    path.write_text(path.read_text().replace(KIND, BRIEF))
    prepared.json("push")
    assert KIND.encode() in files(prepared)[".references/tone@1.md"]
    assert prepared.json("verify")["problems"] == []
    prepared.json("bundle")


def test_a_refused_reference_is_shown_with_file_and_line(prepared: RemoteCli) -> None:
    prepared.json("pull")
    path = prepared.folder / "prompts/reply.md"
    path.write_text(path.read_text() + "@@@prompt:name=tone|label=none@@@\n")
    line = len(path.read_text().split("\n")) - 1
    [step] = json.loads(prepared.run("push", "--json").stdout)
    detail = "Prompt 'tone' has no label 'none'. Create the label first or pin a version instead."
    assert (step["action"], step["detail"]) == ("conflict", f"reply.md, line {line}: {detail}")


def test_diff_resolved_tells_which_parts_have_moved(prepared: RemoteCli) -> None:
    prepared.json("pull")
    assert prepared.run("diff", "--resolved").stdout == "Nothing was edited, and no part has moved.\n"
    move_tone(prepared)
    assert prepared.run("diff").stdout == "Nothing was edited.\n"
    shown = prepared.run("diff", "--resolved", "--name", "reply").stdout
    assert shown.startswith("reply: unchanged here, but tone moved from v1 to v2\n")
    assert "- Be kind, {{name}}.\n+ Be brief.\n" in shown
    found = {each["name"]: each for each in prepared.json("diff", "--resolved")}
    assert (found["top"]["moves"], found["top"]["is_edited"]) == (["tone moved from v1 to v2"], False)
    assert found["top"]["new"]["content"] == "Top: Be brief.\nHello!\nNo {{forbidden}}."
    assert "tone" not in found


def test_show_is_raw_and_tells_what_references_mean(prepared: RemoteCli) -> None:
    shown = prepared.run("prompt", "show", "reply").stdout
    assert "references   tone@production → v1, rules@v1 → v1\n" in shown
    assert shown.endswith(f"\n{TONE}\nHello!\n{RULES}\n")
    assert (
        prepared.run("prompt", "show", "reply", "--resolved", "--content").stdout
        == "Be kind, {{name}}.\nHello!\nNo {{forbidden}}.\n"
    )
    found = prepared.json("prompt", "show", "top", "--resolved")
    assert found["prompt"] == "Top: Be kind, {{name}}.\nHello!\nNo {{forbidden}}."
    assert [each["name"] for each in found["resolved_references"]] == ["reply", "tone", "rules"]


def test_dependents_are_all_found_although_others_go_meanwhile(cli: RemoteCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptuary.remote.client.PAGE", 3)
    cli.create("part", "Part", labels=["one", "two"])
    for number in range(8):
        cli.create(f"whole-{number}", "@@@prompt:name=part|label=one@@@ @@@prompt:name=part|label=two@@@")

    def archive() -> None:
        assert cli.api.post("name/whole-0/archive/").is_success

    with faulty_proxy(cli.host) as proxy, Remote(Profile(proxy.url, cli.key, cli.project)) as remote:
        proxy.fault = after_answer(1, archive)
        found = RemotePrompts(remote).list_dependents("part")
    rows = [(row["name"], row["reference"]["label"]) for row in found]
    assert rows[:2] == [("whole-0", "one"), ("whole-0", "two")]
    assert rows[2:] == [(f"whole-{number}", label) for number in range(1, 8) for label in ("one", "two")]


def test_dependents_are_listed(prepared: RemoteCli) -> None:
    rows = prepared.json("prompt", "dependents", "tone")
    assert [(row["name"], row["version"], row["reference"]) for row in rows] == [
        ("reply", 1, {"label": "production", "version": None})
    ]
    assert prepared.json("prompt", "dependents", "tone", "--label", "other") == []
    assert prepared.json("prompt", "dependents", "rules", "--version", "1")[0]["name"] == "reply"
    prepared.publish("reply", 1, prompt="None.")
    prepared.label("reply", "production", 2)
    assert prepared.run("prompt", "dependents", "tone").stdout == "No prompt references tone.\n"
    assert "reply  1" in prepared.run("prompt", "dependents", "tone", "--inactive").stdout


def test_a_move_of_a_label_names_the_prompts_that_change(prepared: RemoteCli) -> None:
    prepared.publish("tone", 1, prompt=BRIEF)
    moved = prepared.run("prompt", "label", "tone", "production", "--version", "2")
    assert moved.stderr == (
        "Programs that fetch production of tone break: removes name.\nPrompts that follow production of tone change: reply, top.\n"
    )
    assert moved.stdout.endswith("points at version 2, and no longer at 1. Changed: reply, top.\n")
    found = json.loads(prepared.run("prompt", "label", "tone", "production", "--version", "1", "--json").stdout)
    assert found["affected_prompts"] == ["reply", "top"]


def test_what_others_refer_to_is_neither_archived_nor_loses_its_label(prepared: RemoteCli) -> None:
    assert prepared.error("prompt", "archive", "tone").startswith("This prompt is referenced by reply.")
    assert prepared.error("prompt", "label", "tone", "production", "--remove").startswith("This label is referenced by reply.")


def test_variables_that_are_declared_differently_are_warned_of(cli: RemoteCli) -> None:
    cli.create("tone", "{{name}}", variables={"name": {"description": "part"}})
    cli.label("tone", "production", 1)
    contract = json.dumps({"name": {"description": "own"}})
    created = cli.run("prompt", "create", "reply", "--variables", contract, stdin=f"{TONE} {{{{name}}}}")
    warning = "Warning: 'reply' and 'tone' declare the variable 'name' differently. That of 'reply' counts.\n"
    assert (created.returncode, warning in created.stderr) == (0, True)
    cli.publish("tone", 1, variables={"name": {"description": "other"}})
    moved = cli.run("prompt", "label", "tone", "production", "--version", "2")
    assert (moved.returncode, warning in moved.stderr) == (0, True)


def test_what_only_a_part_uses_is_no_doubt(cli: RemoteCli) -> None:
    cli.create("tone", "{{name}}")
    cli.label("tone", "production", 1)
    created = cli.run("prompt", "create", "reply", "--variables", '{"name": {}}', stdin=TONE)
    assert (created.returncode, created.stderr) == (0, "")
    cli.json("pull")
    verified = cli.run("verify")
    assert (verified.returncode, verified.stderr) == (0, "")


def test_an_import_of_the_posthog_api_keeps_tags_and_tells_what_cannot_be_resolved(prepared: RemoteCli, other: RemoteCli) -> None:
    registry = prepared.registry
    assert registry is not None
    # As on a server whose references were switched off.
    unguarded = Database(registry.database.engine, clock=registry.database.clock, reference_depth=0)
    with unguarded.write() as tx:
        make_prompt(tx, registry.actor, name="broken", prompt="@@@prompt:name=missing|version=2@@@")
    posthog = {"POSTHOG_HOST": prepared.host, "POSTHOG_API_KEY": prepared.key, "POSTHOG_PROJECT": prepared.project}
    own = environment(host=other.host, api_key=other.key, project=other.project) | posthog
    command = [sys.executable, "-m", "promptuary", "import", "--from", "posthog", "--json"]
    finished = subprocess.run(command, cwd=other.folder, env=own, capture_output=True, text=True, timeout=60, check=False)
    tag = "@@@prompt:name=missing|version=2@@@"
    unresolved = [{"name": "broken", "version": 1, "reference": tag, "code": "reference_not_found"}]
    assert (finished.returncode, json.loads(finished.stdout)["unresolved"]) == (0, unresolved)
    assert f"  broken, version 1: {tag} (reference_not_found)\n" in finished.stderr
    raw = other.api.get("name/reply/?resolve=false").json()["prompt"]
    assert (raw, other.latest("reply")["prompt"]) == (f"{TONE}\nHello!\n{RULES}", prepared.latest("reply")["prompt"])
