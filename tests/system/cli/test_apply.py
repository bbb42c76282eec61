"""``promptuary apply``: reviewed files reach the server on a merge, without a committed lock, and replace no other change."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from builders import make_key, make_member
from cli_harness import RemoteCli
from command_line import CommandLine
from repositories import Repository, make_repository

from promptuary.model.access import Role, Scope

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="Git is not installed.")
LINES = "".join(f"line {number}\n" for number in range(1, 8))


def _without_git(repository: Repository, message: str) -> None:
    del repository, message


def _with_git(repository: Repository, message: str) -> None:
    if not (repository.cli.folder / ".git").exists():
        repository.git("init", "--quiet")
    repository.commit(message)


@pytest.mark.parametrize("commit", [_without_git, pytest.param(_with_git, marks=needs_git)])
def test_one_merge_after_another_is_published_without_committing_the_lock(
    cli: RemoteCli, commit: Callable[[Repository, str], None]
) -> None:
    repository = make_repository(cli)
    cli.create("greeting", "Hello!", version_description="In the pages")
    cli.create("still", "Still")
    assert repository.sync(2) == {"greeting": "new", "still": "new"}
    repository.write("made", "Hi {{name}}", "description: Made here\n")
    commit(repository, "Begin")
    before = {path.name: path.read_bytes() for path in repository.prompts.iterdir()}
    assert repository.plan() == {"made": "create"}
    assert repository.apply() == {"made": ("create", 1)}
    for number, text in enumerate(("Hello you!", "Hello all of you!", "Hello!"), 2):
        repository.edit("greeting", repository.read("greeting"), text)
        commit(repository, f"Say {text}")
        assert repository.plan() == {"greeting": "publish"}
        assert repository.apply() == {"greeting": ("publish", number)}
        assert repository.report()["changes"] == []
        assert cli.run("apply").stdout == "Nothing to apply.\n"
    assert repository.texts("greeting") == ["Hello!", "Hello you!", "Hello all of you!", "Hello!"]
    after = {path.name: path.read_bytes() for path in repository.prompts.iterdir()}
    assert {name for name in after if after[name] != before[name]} <= {"greeting.md"}
    assert after["prompts.dev.lock"] == before["prompts.dev.lock"]


def test_changes_in_the_pages_are_merged_or_reported_and_never_replaced(cli: RemoteCli) -> None:
    repository = make_repository(cli)
    for name in ("both", "clash", "theirs", "mine", "same"):
        cli.create(name, LINES, config={"model": "a"})
    repository.sync(2)
    for name in ("both", "clash", "mine"):
        repository.edit(name, "line 1\n", "line one\n")
    repository.apply()
    cli.publish("both", 2, prompt=LINES.replace("line 1\n", "line one\n").replace("line 7", "line seven"), config={"model": "b"})
    cli.publish("clash", 2, prompt=LINES.replace("line 1\n", "line ONE\n"))
    cli.publish("theirs", 1, prompt="New in the pages")
    cli.publish("same", 1, prompt="The same")
    repository.edit("same", LINES, "The same")
    for name in ("both", "clash", "mine"):
        repository.edit(name, "line one\n", "line 1, edited again\n")
    assert repository.plan() == {"both": "merge", "clash": "conflict", "theirs": "behind", "mine": "publish"}
    details = repository.details()
    assert details["clash"] == "version 3 was made elsewhere, on top of version 2: both changed line 1 of the content"
    assert details["theirs"] == "the file is version 1, and version 2 is newer; promptuary sync takes it into the repository"
    assert repository.apply(status=1) == {
        "both": ("merge", 4),
        "clash": ("conflict", 3),
        "mine": ("publish", 3),
        "theirs": ("behind", 2),
    }
    merged = cli.latest("both")
    assert merged["prompt"] == LINES.replace("line 1\n", "line 1, edited again\n").replace("line 7", "line seven")
    assert merged["config"] == {"model": "b"}
    assert cli.latest("clash")["version"] == 3
    # A file that was merged has nothing more to publish, and the user may say that a version was seen.
    assert repository.plan() == {"both": "behind", "clash": "conflict", "theirs": "behind"}
    assert repository.apply("--seen", "clash=3") == {"both": ("behind", 4), "clash": ("publish", 4), "theirs": ("behind", 2)}
    assert cli.latest("clash")["prompt"] == LINES.replace("line 1\n", "line 1, edited again\n")


def test_a_revert_in_git_is_published_and_one_in_the_pages_is_kept(cli: RemoteCli) -> None:
    repository = make_repository(cli)
    for name in ("in-git", "in-pages"):
        cli.create(name, "Old")
    repository.sync(2)
    for name in ("in-git", "in-pages"):
        repository.edit(name, "Old", "New")
    repository.apply()
    repository.edit("in-git", "New", "Old")
    cli.publish("in-pages", 2, prompt="Old")
    assert repository.plan() == {"in-git": "publish", "in-pages": "behind"}
    repository.apply()
    assert (repository.texts("in-git"), repository.texts("in-pages")) == (["Old", "New", "Old"], ["Old", "New", "Old"])
    # A description that was copied proves nothing.
    copied = cli.api.get("resolve/name/in-git/").json()["versions"][0]["version_description"]
    cli.publish("in-pages", 3, prompt="Newest", version_description=copied)
    assert repository.plan() == {"in-pages": "behind"}


@needs_git
def test_an_edit_that_was_applied_without_a_commit_is_not_taken_back_by_the_next_merge(cli: RemoteCli) -> None:
    repository = make_repository(cli)
    cli.create("greeting", "One")
    repository.git("init", "--quiet")
    repository.sync(2)
    repository.commit("One")
    job = repository.clone("job")
    repository.edit("greeting", "One", "Two")
    assert repository.apply() == {"greeting": ("publish", 2)}
    assert repository.plan() == {}
    assert job.plan() == {"greeting": "behind"}
    repository.edit("greeting", "Two", "One\n\nThree")
    repository.commit("Three", date="2036-01-01T00:00:00Z")
    assert repository.clone("next").plan() == {"greeting": "conflict"}
    assert repository.texts("greeting") == ["One", "Two"]


@needs_git
def test_a_job_of_an_older_commit_does_not_take_newer_ones_back(cli: RemoteCli) -> None:
    repository = make_repository(cli)
    cli.create("greeting", "One")
    repository.git("init", "--quiet")
    repository.sync(2)
    repository.commit("One", date="2026-01-01T00:00:00Z")
    repository.edit("greeting", "One", "Two")
    repository.commit("Two", date="2026-01-02T00:00:00Z")
    older = repository.clone("older")
    repository.edit("greeting", "Two", "Three")
    newest = repository.commit("Three", date="2036-01-03T00:00:00Z")
    assert repository.apply() == {"greeting": ("publish", 2)}
    history = cli.api.get("resolve/name/greeting/").json()["versions"]
    assert history[0]["version_description"].startswith("Three [files ")
    assert history[0]["version_description"].endswith(f" {newest[:12]}]")
    assert older.plan() == {"greeting": "conflict"}
    repository.edit("greeting", "Three", "Four")
    repository.commit("Four", date="2036-01-04T00:00:00Z")
    # Also where Git has only the last commit, and where it cannot be asked, nothing is taken back.
    shallow = repository.clone("shallow", "--depth", "1")
    assert shallow.plan() == {"greeting": "publish"}
    shutil.rmtree(shallow.cli.folder / ".git")
    (shallow.cli.folder / ".git").write_text("gitdir: nowhere\n")
    assert shallow.plan() == {"greeting": "conflict"}
    assert repository.apply() == {"greeting": ("publish", 3)}
    assert repository.texts("greeting") == ["One", "Three", "Four"]


def test_the_label_moves_with_the_publication_and_not_against_people(cli: RemoteCli) -> None:
    repository = make_repository(cli, label="production")
    cli.create("released", "One", labels=["production"])
    cli.create("plain", "Plain")
    repository.sync(2)
    repository.write("plain", "Plain")
    repository.write("made", "Made")
    assert repository.apply() == {"made": ("create", 1), "plain": ("label", 1)}
    repository.edit("released", "One", "Two")
    assert repository.apply() == {"released": ("publish", 2)}
    assert [repository.labels(name) for name in ("made", "plain", "released")] == [
        {"production": 1},
        {"production": 1},
        {"production": 2},
    ]
    history = cli.api.get("name/released/labels/production/history/").json()["results"]
    assert [move["to_version"] for move in history] == [2, 1]
    # It is moved back in the pages: that holds until there is a new text.
    cli.label("released", "production", 1)
    assert repository.plan() == {"released": "held"}
    assert repository.apply() == {"released": ("held", 2)}
    assert repository.labels("released") == {"production": 1}
    repository.edit("released", "Two", "Three")
    assert repository.apply() == {"released": ("publish", 3)}
    # A draft that was never released is not released by a merge.
    cli.publish("released", 3, prompt="Draft of the pages")
    assert repository.report()["changes"] == []
    repository.edit("released", "Three", "Draft of the files")
    assert repository.plan() == {"released": "conflict"}
    assert repository.apply("--seen", "released=4") == {"released": ("publish", 5)}
    assert repository.labels("released") == {"production": 5}
    # One that was released is merged, and until then the repository is behind.
    cli.publish("released", 5, config={"model": "b"}, labels=["production"])
    assert repository.plan() == {"released": "behind"}
    repository.edit("released", "Draft of the files", "Merged")
    assert repository.apply() == {"released": ("merge", 7)}
    assert (cli.latest("released")["prompt"], cli.latest("released")["config"]) == ("Merged", {"model": "b"})
    assert repository.labels("released") == {"production": 7}


def test_a_protected_label_is_proposed_in_one_request(cli: RemoteCli) -> None:
    repository = make_repository(cli, label="production")
    for name in ("one", "two"):
        repository.write(name, f"Text of {name}")
    registry = cli.registry
    assert registry is not None
    with registry.database.write() as tx:
        admin = replace(cli, key=make_key(tx, make_member(tx, registry.project, role=Role.ADMIN)).value)
    assert admin.run("rule", "add", "production", "--approvals", "1").returncode == 0
    refused = cli.run("apply")
    assert refused.returncode == 1
    page = f"{cli.host}/projects/{cli.project}/requests/"
    assert refused.stderr.count(f"is protected. Open a change request or ask an admin. Propose the move at {page}, or") == 2
    assert cli.json("prompt", "list") == []
    opened = cli.run("apply", "--request", "--note", "First release")
    assert opened.returncode == 0, opened
    assert opened.stdout.splitlines()[-1].endswith(" proposes 2 moves of labels.")
    (request,) = cli.json("request", "list")
    assert [(move["name"], move["label"], move["to_version"]) for move in request["moves"]] == [
        ("one", "production", 1),
        ("two", "production", 1),
    ]
    assert request["title"] == "First release"
    assert repository.apply("--request") == {"one": ("waiting", 1), "two": ("waiting", 1)}
    assert len(cli.json("request", "list")) == 1
    assert repository.labels("one") == {}


def test_deleted_files_archive_only_what_the_lock_knows_and_only_if_asked(cli: RemoteCli) -> None:
    repository = make_repository(cli)
    for name in ("gone", "went-on", "elsewhere"):
        cli.create(name, "Text")
    repository.sync(2)
    cli.create("never-here", "Text")
    cli.publish("went-on", 1, prompt="New in the pages")
    (repository.prompts / "gone.md").unlink()
    (repository.prompts / "went-on.md").unlink()
    assert repository.plan() == {"gone": "deleted", "went-on": "deleted"}
    assert repository.apply() == {"gone": ("deleted", 1), "went-on": ("deleted", 2)}
    assert repository.plan("--prune") == {"gone": "archive", "went-on": "conflict"}
    assert "prompts.dev.lock has it as version 1" in repository.details("--prune")["gone"]
    assert repository.apply("--prune", status=1) == {"gone": ("archive", 1), "went-on": ("conflict", 2)}
    assert [row["name"] for row in cli.json("prompt", "list")] == ["elsewhere", "never-here", "went-on"]
    assert repository.plan("--prune") == {"went-on": "conflict"}
    (repository.prompts / "elsewhere.md").unlink()
    assert cli.error("apply", "--prune") == "prompts has no file of any prompt. To archive 3 prompts, add --yes."
    # One that the pages archived is not made again by its file.
    repository.write("made", "Made")
    repository.apply()
    assert cli.api.post("name/made/archive/").is_success
    assert repository.plan() == {"elsewhere": "deleted", "made": "behind", "went-on": "deleted"}
    repository.edit("made", "Made", "Made again")
    assert repository.details()["made"].endswith("the file was edited; promptuary prompt restore made brings it back")
    assert cli.api.post("name/made/restore/").is_success
    assert repository.apply()["made"] == ("publish", 2)


def test_an_apply_that_was_killed_is_continued_by_the_next_one(cli: RemoteCli) -> None:
    repository = make_repository(cli)
    names = [f"prompt-{number:02}" for number in range(40)]
    for name in names:
        repository.write(name, f"Text of {name}")
    environment = CommandLine(cli.folder).environment(host=cli.host, api_key=cli.key, project=cli.project)
    command = [sys.executable, "-u", "-m", "promptuary", "apply"]
    with subprocess.Popen(command, cwd=cli.folder, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "create    prompt-00 (version 1)\n"
        running.kill()
    done = repository.apply()
    assert set(done) < set(names)
    assert {row["name"]: row["version"] for row in cli.json("prompt", "list")} == dict.fromkeys(names, 1)
    assert repository.report()["changes"] == []


def test_two_at_once_publish_each_prompt_once(cli: RemoteCli) -> None:
    repository = make_repository(cli, label="production")
    names = [f"prompt-{number}" for number in range(12)]
    for name in names:
        repository.write(name, "One")
    repository.apply()
    for name in names:
        repository.edit(name, "One", "Two")
    with ThreadPoolExecutor(2) as pool:
        finished = list(pool.map(lambda _: cli.run("apply"), range(2)))
    for each in finished:
        assert each.returncode in {0, 1}
        conflicts = [line for line in each.stderr.splitlines() if line.startswith("conflict")]
        assert all(line.endswith("it was changed just now; run the command again") for line in conflicts)
        assert bool(conflicts) is bool(each.returncode)
    assert repository.apply() == {}
    assert {row["name"]: row["version"] for row in cli.json("prompt", "list")} == dict.fromkeys(names, 2)
    assert all(repository.labels(name) == {"production": 2} for name in names)


def test_parts_are_published_before_what_references_them(cli: RemoteCli) -> None:
    repository = make_repository(cli, label="production")
    repository.write("a-reply", "@@@prompt:name=tone|label=production@@@ Hi")
    repository.write("tone", "Be kind.")
    assert list(repository.apply()) == ["tone", "a-reply"]
    repository.edit("a-reply", "name=tone", "name=missing")
    refused = cli.run("apply")
    assert refused.returncode == 1
    assert "conflict  a-reply: a-reply.md, line 4: " in refused.stderr


def test_wrong_servers_projects_keys_and_folders_change_nothing(cli: RemoteCli) -> None:
    repository = make_repository(cli)
    assert cli.error("plan") == "prompts has no prompts. Run promptuary pull."
    repository.write("made", "Made")
    registry = cli.registry
    assert registry is not None
    with registry.database.write() as tx:
        reader = replace(cli, key=make_key(tx, registry.user, Scope.READ).value)
    assert Repository(reader).plan() == {"made": "create"}
    assert "API key missing required scope" in reader.run("apply").stderr
    assert "is for http://127.0.0.1:1, so it is not sent to" in cli.error("plan", host="http://127.0.0.1:1")
    assert cli.error("plan", project="99999").startswith("PROMPTUARY_PROJECT is 99999, and this is project ")
    assert "Set PROMPTUARY_HOST together with PROMPTUARY_API_KEY" in cli.error("plan", host="")
    assert cli.run("plan", api_key="phx_wrong").returncode == 1
    assert cli.error("apply", "--request") == "--request needs an environment with a label."
    assert cli.error("plan", "--seen", "other=1") == "prompts has no prompt 'other', which --seen names."
    assert cli.run("plan", "--seen", "made").returncode == 2
    cli.create("made", "Made by another team")
    assert repository.plan() == {"made": "conflict"}
    assert repository.details()["made"].startswith("the server has another prompt of this name; --seen made=1 ")
    (repository.prompts / "bad.md").write_text("---\nname: 1\n---\n")
    assert cli.run("apply").stderr == (
        "prompts/bad.md: name must be a text; put it in quotes.\n"
        "Error: Nothing was done, because of 1 invalid file. See promptuary check.\n"
    )
    (repository.prompts / "bad.md").unlink()
    lock: dict[str, Any] = {"format": "promptuary-lock", "format_version": 1, "server": "http://127.0.0.1:1", "project": "7"}
    (repository.prompts / "prompts.dev.lock").write_text(json.dumps(lock | {"label": None, "prompts": []}))
    assert "was pulled from project 7 of http://127.0.0.1:1" in cli.error("plan")


def test_without_promptuary_toml_a_folder_is_applied_to_the_profile(cli: RemoteCli) -> None:
    repository = Repository(cli)
    repository.write("made", "Made")
    assert repository.apply() == {"made": ("create", 1)}
    repository.edit("made", "Made", "Edited")
    assert repository.apply() == {"made": ("publish", 2)}
    assert not list(repository.prompts.glob("*.lock"))
