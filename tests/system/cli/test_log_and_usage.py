"""``promptuary log``, ``usage`` and ``open``: what became of a prompt, who fetches it, and its page."""

import pytest
from cli_harness import RemoteCli
from serving import wait_until

_MISSING = "No prompt matching 'missing' in this project. List the project's prompts to see which names exist."


def test_versions_are_listed_newest_first_and_by_pages(cli: RemoteCli) -> None:
    cli.create("greeting", "1", version_description="First")
    for number in range(1, 104):
        cli.publish("greeting", number, prompt=f"{number + 1}")
    cli.label("greeting", "production", 3)
    found = cli.json("log", "greeting")
    assert [each["version"] for each in found] == list(range(104, 0, -1))
    assert cli.json("prompt", "history", "greeting") == found
    assert [each["version"] for each in cli.json("log", "greeting", "--limit", "2")] == [104, 103]
    assert [each["version"] for each in cli.json("log", "greeting", "--before", "4")] == [3, 2, 1]
    lines = cli.run("log", "greeting", "--before", "4").stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["version", "labels"], ["3", "production"]]
    assert lines[3].split()[:2] == ["1", "First"]
    assert cli.run("log", "greeting", "--before", "1").stdout == "There are no versions.\n"
    assert cli.error("log", "missing") == _MISSING


def test_fetches_are_shown_by_version_label_key_and_day(cli: RemoteCli) -> None:
    cli.create("greeting", "One")
    cli.label("greeting", "production", 1)
    cli.publish("greeting", 1, prompt="Two")
    assert cli.run("usage", "greeting").stdout.endswith(" (UTC): 0 fetches.\n")
    for query in ("", "?label=production", "?label=production"):
        assert cli.api.get(f"name/greeting/{query}").is_success
    wait_until(lambda: cli.json("usage", "greeting")["fetches"] == 3)
    usage = cli.json("usage", "greeting")
    assert {each["version"]: each["fetches"] for each in usage["versions"]} == {1: 2, 2: 1}
    first, titles, *rows, _, day = (line for line in cli.run("usage", "greeting").stdout.splitlines() if line)
    assert first == f"greeting, {usage['from']} to {usage['to']} (UTC): 3 fetches."
    assert titles.split() == ["version", "fetches", "last_fetched_at", "labels", "keys"]
    assert [row.split()[:2] for row in rows] == [["2", "1"], ["1", "2"]]
    assert "production 2" in rows[1]
    assert day.split() == [usage["to"], "3"]
    assert [each["version"] for each in cli.json("usage", "greeting", "--version", "1")["versions"]] == [1]
    assert cli.json("usage", "greeting", "--from", "2026-01-01", "--to", "2026-01-02")["fetches"] == 0
    for day in ("yesterday", "20261130", "2026-W48-1", ""):
        wrong = cli.run("usage", "greeting", "--from", day)
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert f"'{day}' is not a valid day. Write it as 2026-11-30." in wrong.stderr
    assert cli.error("usage", "greeting", "--from", "2026-01-02", "--to", "2026-01-01").startswith("from: ")


def test_the_page_of_a_prompt_is_opened_and_its_address_printed(cli: RemoteCli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.create("greeting")
    address = f"{cli.host}/projects/{cli.project}/prompts/greeting/"
    note = cli.folder / "opened.txt"
    browser = cli.folder / "browser.sh"
    browser.write_text(f"#!/bin/sh\necho \"$1\" > '{note}'\n")
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    assert cli.run("open", "greeting", "--print").stdout == f"{address}\n"
    assert not note.exists()
    assert cli.run("open", "greeting", project="@current").stdout == f"{address}\n"
    assert note.read_text() == f"{address}\n"
    assert cli.json("open", "greeting", "--print") == {"name": "greeting", "address": address}
    assert cli.error("open", "missing") == _MISSING
