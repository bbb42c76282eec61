"""``promptuary log``, ``usage`` and ``open``: what became of a prompt, who fetches it, and its page."""

import pytest
from desks import Desk
from serving import wait_until

_MISSING = "No prompt matching 'missing' in this project. List the project's prompts to see which names exist."


def test_versions_are_listed_newest_first_and_by_pages(desk: Desk) -> None:
    desk.create("greeting", "1", version_description="First")
    for number in range(1, 104):
        desk.publish("greeting", number, prompt=f"{number + 1}")
    desk.label("greeting", "production", 3)
    found = desk.json("log", "greeting")
    assert [each["version"] for each in found] == list(range(104, 0, -1))
    assert desk.json("prompt", "history", "greeting") == found
    assert [each["version"] for each in desk.json("log", "greeting", "--limit", "2")] == [104, 103]
    assert [each["version"] for each in desk.json("log", "greeting", "--before", "4")] == [3, 2, 1]
    lines = desk.run("log", "greeting", "--before", "4").stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["version", "labels"], ["3", "production"]]
    assert lines[3].split()[:2] == ["1", "First"]
    assert desk.run("log", "greeting", "--before", "1").stdout == "There are no versions.\n"
    assert desk.error("log", "missing") == _MISSING


def test_fetches_are_shown_by_version_label_key_and_day(desk: Desk) -> None:
    desk.create("greeting", "One")
    desk.label("greeting", "production", 1)
    desk.publish("greeting", 1, prompt="Two")
    assert desk.run("usage", "greeting").stdout.endswith(" (UTC): 0 fetches.\n")
    for query in ("", "?label=production", "?label=production"):
        assert desk.api.get(f"name/greeting/{query}").is_success
    wait_until(lambda: desk.json("usage", "greeting")["fetches"] == 3)
    usage = desk.json("usage", "greeting")
    assert {each["version"]: each["fetches"] for each in usage["versions"]} == {1: 2, 2: 1}
    first, titles, *rows, _, day = (line for line in desk.run("usage", "greeting").stdout.splitlines() if line)
    assert first == f"greeting, {usage['from']} to {usage['to']} (UTC): 3 fetches."
    assert titles.split() == ["version", "fetches", "last_fetched_at", "labels", "keys"]
    assert [row.split()[:2] for row in rows] == [["2", "1"], ["1", "2"]]
    assert "production 2" in rows[1]
    assert day.split() == [usage["to"], "3"]
    assert [each["version"] for each in desk.json("usage", "greeting", "--version", "1")["versions"]] == [1]
    assert desk.json("usage", "greeting", "--from", "2026-01-01", "--to", "2026-01-02")["fetches"] == 0
    for day in ("yesterday", "20261130", "2026-W48-1", ""):
        wrong = desk.run("usage", "greeting", "--from", day)
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert f"'{day}' is not a valid day. Write it as 2026-11-30." in wrong.stderr
    assert desk.error("usage", "greeting", "--from", "2026-01-02", "--to", "2026-01-01").startswith("from: ")


def test_the_page_of_a_prompt_is_opened_and_its_address_printed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.create("greeting")
    address = f"{desk.host}/projects/{desk.project}/prompts/greeting/"
    note = desk.folder / "opened.txt"
    browser = desk.folder / "browser.sh"
    browser.write_text(f"#!/bin/sh\necho \"$1\" > '{note}'\n")
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    assert desk.run("open", "greeting", "--print").stdout == f"{address}\n"
    assert not note.exists()
    assert desk.run("open", "greeting", project="@current").stdout == f"{address}\n"
    assert note.read_text() == f"{address}\n"
    assert desk.json("open", "greeting", "--print") == {"name": "greeting", "address": address}
    assert desk.error("open", "missing") == _MISSING
