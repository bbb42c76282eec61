"""``promptuary at``: what programs got at a time of the past."""

from datetime import datetime

import pytest
from cli_harness import RemoteCli

LATER = "2026-01-01T10:00"


@pytest.fixture
def moved(cli: RemoteCli) -> RemoteCli:
    """`greeting`, whose label `production` moved from version 1 to 2, and which has `tone` as a part since."""
    cli.create("greeting", "One", config={"model": "a"})
    cli.label("greeting", "production", 1)
    cli.create("tone", "kind")
    cli.label("tone", "production", 1)
    cli.publish("greeting", 1, prompt="Two, @@@prompt:name=tone|label=production@@@")
    cli.label("greeting", "production", 2)
    return cli


def _moments(cli: RemoteCli) -> list[str]:
    """Return when `production` moved, oldest first."""
    return [each["created_at"] for each in reversed(cli.json("label", "history", "greeting", "production"))]


def test_a_prompt_is_shown_as_programs_got_it_then(moved: RemoteCli) -> None:
    first, second = _moments(moved)
    shown = moved.run("at", first, "greeting", "--label", "production").stdout
    assert f"at          {first} (UTC)\n" in shown
    assert "version     1, to which production pointed\nlabels      production=1\n" in shown
    assert 'config      {"model": "a"}\n' in shown
    assert shown.endswith("\n\nOne\n")
    assert moved.run("at", second, "greeting", "--label", "production", "--content").stdout == "Two, kind\n"
    now = moved.run("at", second, "greeting").stdout
    assert "version     2, the latest then\nlabels      production=2\n" in now
    assert "references  tone v1\n" in now
    found = moved.json("at", first, "greeting", "--label", "production")
    assert (found["at"], found["version"], found["prompt"]) == (first, 1, "One")


def test_a_time_without_offset_is_utc_and_one_with_an_offset_is_shown_in_utc(moved: RemoteCli) -> None:
    _, second = _moments(moved)
    without = second.removesuffix("Z")
    assert moved.json("at", without, "greeting")["at"] == second
    elsewhere = datetime.fromisoformat(second).astimezone().isoformat()
    assert moved.json("at", elsewhere, "greeting")["at"] == second


def test_without_a_name_the_prompts_of_then_are_listed(moved: RemoteCli) -> None:
    first, second = _moments(moved)
    assert [(row["name"], row["version"]) for row in moved.json("at", first)] == [("greeting", 1)]
    assert [row["name"] for row in moved.json("at", second, "--label", "production")] == ["greeting", "tone"]
    lines = moved.run("at", second).stdout.splitlines()
    assert lines[0] == f"At {second} (UTC):"
    assert lines[2].split()[:3] == ["greeting", "2", "production=2"]
    assert moved.run("at", LATER).stdout == "At 2026-01-01T10:00:00Z (UTC):\nThere were no such prompts.\n"


def test_bad_input_is_refused(moved: RemoteCli) -> None:
    first, _ = _moments(moved)
    assert moved.error("at", "2999-01-01", "greeting") == "at: The time is in the future. Use a time of the past."
    assert moved.error("at", first, "none").startswith("No prompt matching 'none'")
    assert moved.error("at", first, "greeting", "--label", "none").startswith("No prompt matching 'greeting'")
    assert "'yesterday' is not a valid time. Write it as 2026-11-29T14:05" in moved.run("at", "yesterday").stderr
    assert "--content needs the NAME of a prompt." in moved.run("at", first, "--content").stderr
