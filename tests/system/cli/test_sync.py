"""``promptuary sync``: what was released in the pages comes into the repository, and edits of the repository stay."""

import json

from cli_harness import RemoteCli
from repositories import make_repository

LINES = "".join(f"line {number}\n" for number in range(1, 8))


def test_what_the_pages_released_is_written_and_the_output_is_the_message_of_a_commit(cli: RemoteCli) -> None:
    repository = make_repository(cli)
    cli.create("greeting", "Hello!")
    cli.create("still", "Still")
    first = cli.run("sync")
    assert (first.returncode, first.stderr) == (2, "")
    assert first.stdout == "Sync 2 prompts from dev\n\nnew greeting (version 1)\nnew still (version 1)\n"
    again = cli.run("sync")
    assert (again.returncode, again.stdout) == (0, "2 prompts: nothing is new on the server.\n")
    assert (repository.prompts / "prompts.dev.lock").exists()
    assert not (repository.prompts / "prompts.lock").exists()
    # The lock is older than what was applied since, and that is no edit.
    repository.edit("greeting", "Hello!", "Hello you!")
    repository.apply("--note", "Kinder")
    assert repository.sync(2) == {"greeting": "updated", "still": "unchanged"}
    assert "version: 2\ndescription: Kinder\n" in (repository.prompts / "greeting.md").read_text()
    repository.edit("greeting", "Hello you!", "Hi!")
    repository.apply()
    cli.publish("greeting", 3, prompt="Hi from the pages!")
    assert repository.sync(2) == {"greeting": "updated", "still": "unchanged"}
    assert repository.read("greeting") == "Hi from the pages!"
    assert cli.run("verify").stdout == "2 prompts: all files match the lock file.\n"
    assert repository.report()["changes"] == []


def test_edits_that_were_not_applied_stay_and_merged_ones_come_back(cli: RemoteCli) -> None:
    repository = make_repository(cli)
    for name in ("clash", "merged", "pending", "quiet"):
        cli.create(name, LINES)
    repository.sync(2)
    for name in ("clash", "merged", "pending", "quiet"):
        repository.edit(name, "line 1\n", "line one\n")
    cli.publish("merged", 1, prompt=LINES.replace("line 7", "line seven"))
    assert repository.sync(0) == {"clash": "kept", "merged": "kept", "pending": "kept", "quiet": "kept"}
    repository.apply()
    assert repository.sync(2)["merged"] == "updated"
    assert repository.read("merged") == LINES.replace("line 1\n", "line one\n").replace("line 7", "line seven")
    cli.publish("clash", 2, prompt=LINES.replace("line 1\n", "line ONE\n"))
    cli.publish("pending", 2, prompt=LINES.replace("line 1\n", "line one\n").replace("line 7", "line seven"))
    for name in ("clash", "pending", "quiet"):
        repository.edit(name, "line one\n", "line 1, edited\n")
    finished = cli.run("sync")
    assert finished.returncode == 1
    assert "conflict clash (version 3): edited here\n" in finished.stdout
    assert "kept pending (version 3): edited here, and not applied yet\n" in finished.stdout
    assert all(repository.read(name) == LINES.replace("line 1\n", "line 1, edited\n") for name in ("clash", "pending", "quiet"))
    # The next apply knows the versions that the lock has now, and merges as before.
    assert repository.plan() == {"clash": "conflict", "pending": "merge", "quiet": "publish"}


def test_a_label_that_was_moved_back_moves_the_file_back_and_one_that_waits_does_not(cli: RemoteCli) -> None:
    repository = make_repository(cli, label="production")
    cli.create("back", "One", labels=["production"])
    cli.create("ahead", "One", labels=["production"])
    cli.create("unlabelled", "One", labels=["production"])
    repository.sync(2)
    repository.edit("back", "One", "Two")
    repository.apply()
    cli.label("back", "production", 1)
    cli.publish("ahead", 1, prompt="Two")
    repository.edit("ahead", "One", "Two")
    assert cli.api.delete("name/unlabelled/labels/production/").is_success
    assert repository.sync(2) == {"ahead": "kept", "back": "updated", "unlabelled": "left"}
    assert [repository.read(name) for name in ("ahead", "back", "unlabelled")] == ["Two", "One", "One"]
    assert repository.plan() == {"ahead": "label", "unlabelled": "held"}


def test_archived_prompts_lose_their_files_unless_these_were_edited(cli: RemoteCli) -> None:
    repository = make_repository(cli)
    for name in ("edited", "gone", "stays"):
        repository.write(name, "Made here")
    repository.apply()
    for name in ("edited", "gone"):
        assert cli.api.post(f"name/{name}/archive/").is_success
    repository.edit("edited", "Made here", "Edited here")
    assert repository.sync(2) == {"gone": "removed", "stays": "updated"}
    assert sorted(path.name for path in repository.prompts.glob("*.md")) == ["edited.md", "stays.md"]


def test_environments_have_locks_of_their_own_and_share_the_files(cli: RemoteCli) -> None:
    cli.create("greeting", "Hello!", labels=["production"])
    cli.create("latest", "Only latest")
    assert cli.run("pull").returncode == 0
    repository = make_repository(cli)
    configuration = cli.folder / "promptuary.toml"
    with configuration.open("a") as file:
        file.write(f'[env.prod]\nhost = "{cli.host}/"\nproject = {cli.project}\nlabel = "production"\n')
    assert cli.error("status") == "Choose an environment with --env or PROMPTUARY_ENV: dev, prod."
    assert cli.error("pull", "--env", "test") == "promptuary.toml has no environment 'test'. Known are: dev, prod."
    # The lock from before is of the same project, so that nothing counts as edited.
    assert cli.json("status", "--env", "dev", "--offline")[0]["here"] == "unchanged"
    assert cli.run("sync", env="dev").returncode == 2
    assert "version:" not in (repository.prompts / "greeting.md").read_text()
    assert json.loads((repository.prompts / "prompts.dev.lock").read_text())["label"] is None
    repository.edit("greeting", "Hello!", "Hi!")
    assert cli.run("apply", "--env", "dev").stdout == "publish   greeting (version 2)\n"
    planned = cli.run("plan", "--env", "prod")
    assert planned.returncode == 2
    assert "label     greeting (version 2): labelled production, now at version 1\n" in planned.stdout
    assert cli.run("apply", "--env", "prod").returncode == 0
    assert repository.labels("greeting") == {"production": 2}
    assert cli.run("sync", "--env", "prod").returncode == 2
    assert cli.run("verify", "--env", "prod").returncode == 0
    assert cli.run("sync", "--env", "dev").returncode == 2
    for name in ("dev", "prod"):
        assert cli.run("verify", "--env", name).returncode == 0
        assert cli.run("bundle", "--env", name, "-o", f"{name}.json").returncode == 0
        assert cli.run("diff", "--env", name).stdout == "Nothing was edited.\n"
        assert cli.run("push", "--env", name, "--dry-run").stdout == "Nothing was edited.\n"
    below = cli.at(repository.prompts / "notes")
    assert below.error("status").startswith("prompts has no prompts.")
    (cli.folder / ".git").mkdir()
    assert below.run("status", "--env", "dev", "--offline").returncode == 0
    configuration.write_text(configuration.read_text().replace(cli.host, "http://127.0.0.1:1"))
    assert cli.error("plan", "--env", "prod").endswith("so it is not sent to http://127.0.0.1:1.")
