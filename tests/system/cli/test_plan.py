"""``promptuary plan``: what a merge will do, for people, programs and pull requests."""

import json

import pytest
from cli_harness import RemoteCli
from repositories import Repository, make_repository


@pytest.fixture
def repository(cli: RemoteCli) -> Repository:
    """A repository with a change that breaks programs, a conflict, a new prompt and one that the pages have changed."""
    made = make_repository(cli)
    cli.create("breaks", "First\nHello {{name}}", config={"model": "a"})
    cli.create("clash", "Text")
    cli.create("theirs", "Text")
    made.sync(2)
    made.edit("breaks", "Hello {{name}}", "Hello {{name}} of {{town}}")
    made.edit("breaks", "model: a", "model: b")
    made.edit("clash", "Text", "Text of the file")
    cli.publish("clash", 1, prompt="Text of the pages")
    cli.publish("theirs", 1, prompt="New")
    made.write("new-one", "```\n</details>\n@ada {{#if a}}\n```")
    return made


def test_people_read_conflicts_and_breaking_changes_first(cli: RemoteCli, repository: Repository) -> None:
    finished = cli.run("plan")
    assert (finished.returncode, finished.stderr) == (1, "")
    lines = finished.stdout.splitlines()
    assert lines[0] == "Plan for dev: 1 to create, 1 to publish, 1 in conflict, 1 behind the server."
    assert lines[1] == "Breaking: breaks adds required town."
    steps = [line for line in lines if line.startswith(("conflict", "publish", "create", "behind"))]
    assert [line.split()[:2] for line in steps] == [
        ["conflict", "clash:"],
        ["publish", "breaks"],
        ["create", "new-one"],
        ["behind", "theirs:"],
    ]
    assert "- Hello {{name}}" in lines
    assert "+ Hello {{name}} of {{town}}" in lines
    assert '+ config model: "b"' in lines
    assert repository.plan() == {"breaks": "publish", "clash": "conflict", "new-one": "create", "theirs": "behind"}


def test_programs_and_reviews_read_the_same_plan(cli: RemoteCli, repository: Repository) -> None:
    report = repository.report()
    assert (report["environment"], report["label"], report["has_changes"], report["has_conflicts"]) == ("dev", None, True, True)
    by_name = {change["name"]: change for change in report["changes"]}
    assert by_name["breaks"]["breaking"] == ["adds required town"]
    assert (by_name["breaks"]["version"], by_name["breaks"]["file"]) == (1, "breaks.md")
    annotations = cli.run("plan", "--format", "github").stdout.splitlines()
    start = "::error file=prompts/clash.md,line=5,title=Plan for dev::conflict  clash: version 2 was made elsewhere"
    assert annotations[0].startswith(start)
    assert annotations[1] == "::notice file=prompts/breaks.md,line=8,title=Plan for dev::publish   breaks (version 2)"
    breaking = "::warning file=prompts/breaks.md,line=8,title=Breaking change::breaks breaks programs: adds required town"
    assert annotations[2] == breaking
    markdown = cli.run("plan", "--format", "markdown").stdout
    assert markdown.startswith("### Plan for dev: 1 to create, 1 to publish, 1 in conflict, 1 behind the server.\n")
    assert markdown.index("**Breaking changes for programs**") < markdown.index("**publish** `breaks`")
    # A text does not end the block that it is shown in.
    assert "\n````diff\n@@ -0,0 +1,4 @@\n+```\n+</details>\n+@ada {{#if a}}\n+```\n" in markdown


def test_the_exit_status_says_if_there_is_something_to_do(cli: RemoteCli) -> None:
    repository = make_repository(cli)
    repository.write("made", "Made")
    assert cli.run("plan").returncode == 2
    repository.apply()
    nothing = cli.run("plan")
    assert (nothing.returncode, nothing.stdout) == (0, "Plan for dev: 1 prompt, nothing to do.\n")
    assert cli.run("plan", "--format", "markdown").stdout == "### Plan for dev: 1 prompt, nothing to do.\n"
    assert cli.run("plan", api_key="phx_wrong").returncode == 1
    assert json.loads(cli.run("plan", "--json").stdout)["changes"] == []
