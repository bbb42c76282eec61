"""``promptuary serve``: what the first start prints works as printed, and is printed once."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from command_line import CommandLine
from ports import free_port
from serving import Server, running_server

from promptuary.store.engine.database import Database

KEY = re.compile(r"phx_[A-Za-z0-9_-]{43}")
LINK = re.compile(r"^  (http\S+/welcome/[A-Za-z0-9_-]{43})$", re.MULTILINE)
PASSWORD = "correct horse battery"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _welcome(server: Server) -> str:
    """What a person sees at the start: all output before the log."""
    return server.output.partition('\n{"')[0]


def _python_snippet(welcome: str) -> str:
    lines = welcome.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("import "))
    return "\n".join(lines[start : start + 5])


def _curl_line(welcome: str) -> str:
    return next(line for line in welcome.splitlines() if line.startswith("curl "))


@pytest.mark.skipif(shutil.which("curl") is None, reason="Runs the printed line of curl, which this machine lacks.")
def test_the_first_start_says_where_it_is_and_what_it_prints_works_when_pasted(empty_database_url: str, tmp_path: Path) -> None:
    with running_server(empty_database_url, tmp_path / "output.txt") as server:
        welcome = _welcome(server)
        created = subprocess.run(["/bin/sh", "-c", _curl_line(welcome)], capture_output=True, check=True, text=True)
        fetched = subprocess.run([sys.executable, "-c", _python_snippet(welcome)], capture_output=True, check=True, text=True)
    assert f"Promptuary    {server.url}\n" in welcome
    assert f"API reference {server.url}/api/docs/\n" in welcome
    assert "Project       Default project (id 1, token phc_" in welcome
    assert re.search(r"Key +phx_[\w-]{43}\n", welcome)
    assert '"version":1' in created.stdout.replace(": ", ":")
    assert fetched.stdout == "Hello, {{name}}!\n"


def test_the_address_of_the_data_has_no_password() -> None:
    database = Database.open("postgresql://dev:secret@db.example.com/prompts?password=secret&sslmode=require")
    assert database.address == "postgresql://dev:***@db.example.com/prompts?sslmode=require"


def test_the_printed_link_makes_the_owners_account_once_and_later_starts_show_no_secret(
    empty_database_url: str, tmp_path: Path, stack: ExitStack
) -> None:
    form = {"email": "ada@example.com", "first_name": "Ada", "password": PASSWORD, "again": PASSWORD}
    browser = stack.enter_context(httpx2.Client(follow_redirects=True))
    with running_server(empty_database_url, tmp_path / "first.txt") as first:
        [link] = LINK.findall(_welcome(first))
        assert len(set(KEY.findall(_welcome(first)))) == 1
        assert link.startswith(first.url)
        assert "Create your account" in browser.get(link).text
        assert browser.post(link, data=form).status_code != 400
        assert "ada@example.com" in browser.get(f"{first.url}/settings/").text
        assert (httpx2.get(link).status_code, httpx2.post(link, data=form).status_code) == (404, 404)
    with running_server(empty_database_url, tmp_path / "second.txt") as second:
        welcome = _welcome(second)
        assert "ada@example.com" in browser.get(f"{second.url}/settings/").text
    assert f"Promptuary    {second.url}\n" in welcome
    assert f"Sign in       {second.url}/sign-in\n" in welcome
    assert not re.search("phx_|phc_|password|/welcome/", welcome)
    command_line = CommandLine(tmp_path, empty_database_url)
    [owner] = command_line.admin_json("user", "list")
    assert (owner["id"], owner["email"], owner["has_password"]) == (1, "ada@example.com", True)


@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
def test_every_start_prints_another_link_while_nobody_has_a_password(empty_database_url: str, tmp_path: Path) -> None:
    with running_server(empty_database_url, tmp_path / "first.txt") as first:
        [old] = LINK.findall(_welcome(first))
    with running_server(empty_database_url, tmp_path / "second.txt") as second:
        welcome = _welcome(second)
        [new] = LINK.findall(welcome)
        assert httpx2.get(new).status_code == 200
    assert old.rpartition("/")[2] != new.rpartition("/")[2]
    assert not re.search("phx_|phc_", welcome)


@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
def test_the_owner_of_the_first_start_is_admin_of_the_default_project(empty_database_url: str, tmp_path: Path) -> None:
    command_line = CommandLine(tmp_path, empty_database_url)
    with running_server(empty_database_url, tmp_path / "output.txt") as server:
        answer = httpx2.get(
            f"{server.url}/api/projects/@current/llm_prompts/",
            headers={"Authorization": f"Bearer {KEY.findall(server.output)[0]}"},
        )
    assert answer.json() == {"count": 0, "next": None, "previous": None, "results": []}
    (member,) = command_line.admin_json("member", "list", "--project", "1")
    assert (member["email"], member["role"]) == ("owner@localhost", "admin")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_somebody_has_prepared_is_left_as_it_is(command_lines: CommandLine, tmp_path: Path) -> None:
    command_lines.admin_json("project", "create", "--name", "Shop")
    with running_server(command_lines.database_url, tmp_path / "output.txt") as server:
        assert "phx_" not in server.output
    assert [project["name"] for project in command_lines.admin_json("project", "list")] == ["Shop"]
    assert command_lines.admin_json("user", "list") == []


@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
def test_the_public_address_is_the_one_that_is_shown(empty_database_url: str, tmp_path: Path) -> None:
    with running_server(empty_database_url, tmp_path / "output.txt", public_url="https://prompts.example.com/") as server:
        welcome = _welcome(server)
    assert "Promptuary    https://prompts.example.com\n" in welcome
    assert shlex.split(_curl_line(welcome))[3] == "https://prompts.example.com/api/projects/1/llm_prompts/"


def test_settings_come_from_a_file_in_the_working_directory(command_line: CommandLine, tmp_path: Path) -> None:
    (command_line.folder / ".env").write_text("PROMPTUARY_DATA_DIR=elsewhere\nPROMPTUARY_LOG_LEVEL=warning\n")
    assert command_line.admin("db", "upgrade").returncode == 0
    assert (tmp_path / "elsewhere" / "promptuary.db").is_file()
    assert command_line.admin("db", "upgrade", data_dir="nearby").returncode == 0
    assert command_line.admin("user", "list", data_dir="nearby").stdout == "There are no users.\n"
    assert (tmp_path / "nearby" / "promptuary.db").is_file()


def test_the_data_is_in_a_folder_of_the_working_directory_unless_set(command_line: CommandLine, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "promptuary", "serve", f"--port={port}"]
    with subprocess.Popen(command, cwd=tmp_path, env=command_line.environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        process.terminate()
    assert lines[3] == f"  Data          {tmp_path / 'promptuary-data' / 'promptuary.db'}\n"
