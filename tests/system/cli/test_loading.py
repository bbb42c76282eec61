"""Commands load what they need, so that those that ask a server or read files start without the database and HTTP layers."""

import re
import subprocess
import sys

import pytest
from command_line import CommandLine

_OF_THE_DATABASE = {"sqlalchemy", "alembic", "psycopg"}
_OF_SERVING = {"starlette", "uvicorn", "jinja2", "limits"}
_OF_ASKING = {"httpx2", "promptuary_client"}
_OF_LOGS = {"structlog"}


def _loaded(command_line: CommandLine, *arguments: str) -> set[str]:
    """Run a command; return the top names of all modules that Python has loaded for it."""
    loaded = _all_loaded(command_line, *arguments)
    assert "typer" in loaded
    return loaded


def _all_loaded(command_line: CommandLine, *arguments: str, **variables: str) -> set[str]:
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "promptuary", *arguments],
        cwd=command_line.folder,
        env=command_line.environment() | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in finished.stderr
    found = set(re.findall(r"^import time: .*\| +(\w+)", finished.stderr, flags=re.MULTILINE))
    assert "promptuary" in found
    return found


@pytest.mark.parametrize("words", ["--version", "--help", "-h"])
def test_the_help_of_everything_loads_no_library_at_all(command_line: CommandLine, words: str) -> None:
    loaded = _all_loaded(command_line, words)
    assert loaded.isdisjoint({"typer", "rich", "pydantic", "click", "asyncio", "inspect", "httpx2", "ruamel"})


@pytest.mark.parametrize(
    "words", ["prompt show greeting", "prompt list", "log greeting", "render greeting", "usage greeting", "watch"]
)
def test_what_asks_a_server_and_reads_no_file_loads_neither_yaml_nor_bars(command_line: CommandLine, words: str) -> None:
    assert _loaded(command_line, *words.split()).isdisjoint({"rich", "ruamel"})


@pytest.mark.parametrize("words", ["", "no-such-command", "admin --help"])
def test_what_runs_no_command_loads_none(command_line: CommandLine, words: str) -> None:
    loaded = _loaded(command_line, *words.split())
    assert loaded.isdisjoint(_OF_THE_DATABASE | _OF_SERVING | _OF_ASKING | _OF_LOGS | {"pydantic_settings", "ruamel"})


@pytest.mark.parametrize(
    "words",
    [
        "prompt --help",
        "prompt list",
        "prompt create greeting",
        "prompt dependents greeting",
        "prompt label greeting production --version 1",
        "label greeting production --version 1",
        "label undo greeting production",
        "promote staging production",
        "releases",
        "request list",
        "rule list",
        "at 2026-01-31T12:00",
        "log greeting",
        "render greeting",
        "usage greeting",
        "watch",
        "open greeting",
        "completion bash",
        "pull",
        "push",
        "status",
        "diff",
        "diff --resolved",
        "verify",
        "check",
        "plan",
        "apply",
        "sync",
        "schema prompt",
        "bundle",
        "stubs --python",
        "login --host http://127.0.0.1:9",
        "logout",
        "whoami",
        "profile list",
        "profile use default",
        "key list",
        "key create --label x --scope *",
        "member list",
        "project list",
        "export all.jsonl",
        "import all.jsonl",
        "mcp",
    ],
)
def test_what_asks_a_server_or_reads_files_loads_no_layer_of_the_server(command_line: CommandLine, words: str) -> None:
    assert _loaded(command_line, *words.split()).isdisjoint(_OF_THE_DATABASE | _OF_SERVING | _OF_LOGS)


@pytest.mark.parametrize(
    "words", ["admin db check", "admin key list", "admin member list --project 1", "admin project list", "admin user list"]
)
def test_what_works_on_the_database_loads_no_http(command_line: CommandLine, words: str) -> None:
    loaded = _loaded(command_line, *words.split())
    assert "sqlalchemy" in loaded
    assert loaded.isdisjoint(_OF_SERVING | _OF_ASKING | _OF_LOGS)


def test_what_becomes_a_server_leaves_the_database_and_http_to_its_workers(command_line: CommandLine) -> None:
    # An address that is no address of this machine.
    loaded = _loaded(command_line, "serve", "--host", "192.0.2.1")
    assert "pydantic_settings" in loaded
    assert loaded.isdisjoint(_OF_THE_DATABASE | _OF_SERVING | _OF_ASKING | _OF_LOGS)


def test_a_worker_loads_neither_migrations_nor_what_only_some_requests_need(command_line: CommandLine) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "promptuary.worker", "--number=1", "--listener=0", "--lifeline=0"]
    started = subprocess.Popen(
        command, env=command_line.environment(log_level="loud"), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with started:
        assert started.stderr is not None
        # It ends by itself, at the settings, which it reads when everything is loaded.
        told = started.stderr.read()
    loaded = set(re.findall(r"^import time: .*\| +(\w+)", told, flags=re.MULTILINE))
    assert {"sqlalchemy", "starlette", "structlog", "uvicorn"} <= loaded
    unneeded = {"alembic", "fastapi", "markdown_it", "mcp", "opentelemetry", "promptuary_client", "psycopg", "pygments", "typer"}
    assert loaded & unneeded == set()
    assert re.search(r"\| +structlog\.dev$", told, flags=re.MULTILINE)
    assert not re.search(r"\| +rich\.", told)
