"""``promptuary login`` on a terminal: a code, a page of the server on which its user approves, and a stored key."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

import httpx2
import pytest
from answering import Answer, answering
from cli_harness import RemoteCli
from command_line import CommandLine
from serving import PROGRAM, environment, wait_until

from promptuary.model.accounts import Browser, Key, SessionLimits
from promptuary.registry import sessions
from promptuary.registry.operator import keys

NOTHING = {"host": "", "api_key": "", "project": ""}
PAGE = re.compile(r"^  (http://\S+/device/\?user_code=([A-Z]{4}-[A-Z]{4}))$", re.MULTILINE)
LIMITS = SessionLimits(idle=timedelta(days=1), longest=timedelta(days=1))

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="There are no pseudo-terminals.")


class Login(subprocess.Popen[str]):
    """A running command, and the other end of its terminal."""

    terminal: int


@contextmanager
def logging_in(cli: RemoteCli, *arguments: str, host: str = "", **variables: str) -> Iterator["Login"]:
    """Run ``promptuary login`` with a terminal as its standard input."""
    terminal, own = os.openpty()
    shown = dict.fromkeys(("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"), "") | variables
    process = Login(
        [*PROGRAM, "login", "--host", host or cli.host, *arguments],
        cwd=cli.folder,
        env=environment(**NOTHING) | shown,
        stdin=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # The terminal is its own, so that it asks for a key there, not at the terminal of the tests.
        start_new_session=True,
    )
    os.close(own)
    process.terminal = terminal
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        os.close(terminal)


def read_page(process: subprocess.Popen[str]) -> tuple[str, str, str]:
    """Return what the command has printed until it waits, the address of the page, and the code."""
    stream: IO[str] | None = process.stderr
    assert stream is not None
    printed = ""
    while "Waiting" not in printed:
        line = stream.readline()
        assert line, printed
        printed += line
    found = PAGE.search(printed)
    assert found, printed
    assert f"if it shows the code {found[2]}:" in printed
    return printed, found[1], found[2]


def answer(cli: RemoteCli, code: str, choice: str = "approve") -> None:
    assert cli.registry is not None
    with cli.registry.database.write() as tx:
        new = sessions.begin_session(tx, cli.registry.user.id, limits=LIMITS, browser=Browser())
    form = {"user_code": code, "answer": choice, "scope": "llm_prompt:write", "project": cli.project}
    headers = {"Sec-Fetch-Site": "same-origin", "Cookie": f"promptuary={new.value}"}
    assert httpx2.post(f"{cli.host}/device/", data=form, headers=headers).status_code == 303


def login_keys(cli: RemoteCli) -> list[Key]:
    assert cli.registry is not None
    with cli.registry.database.read() as tx:
        found = keys.list_keys(tx, email=cli.registry.user.email, limit=100)
    return [key for key in found if key.label.startswith("promptuary login on ")]


def test_a_login_that_is_approved_stores_a_key_that_works_until_it_is_revoked(cli: RemoteCli, tmp_path: Path) -> None:
    opened = tmp_path / "opened.txt"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    with logging_in(cli, "--profile", "work", "--json", BROWSER=str(browser)) as process:
        _, page, code = read_page(process)
        answer(cli, code)
        stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, stderr) == (0, "")
    assert f'"profile": "work", "host": "{cli.host}", "project": "{cli.project}"' in stdout
    wait_until(lambda: opened.exists() and opened.read_text() != "")
    assert opened.read_text() == f"{page}\n"
    [key] = login_keys(cli)
    assert key.mask[:8] in (tmp_path / "config" / "promptuary" / "profiles.toml").read_text()
    command_line = CommandLine(cli.folder)
    me = command_line.run("whoami", "--profile", "work").stdout
    for shown in (key.label, "editor", "llm_prompt:write", cli.host):
        assert shown in me
    assert command_line.run("profile", "use", "work").returncode == 0
    assert command_line.run("prompt", "list").returncode == 0
    listed = command_line.run("profile", "list", "--json").stdout
    assert listed == f'[{{"name": "work", "selected": true, "host": "{cli.host}", "project": "{cli.project}"}}]\n'
    gone = command_line.run("logout", "--revoke")
    assert gone.stdout.endswith(", and its key is revoked.\n")
    assert [each.revoked_at is None for each in login_keys(cli)] == [False]
    assert "promptuary profile" not in command_line.run("whoami").stdout


def test_a_login_that_is_refused_stores_nothing(cli: RemoteCli, tmp_path: Path) -> None:
    with logging_in(cli, "--no-browser", BROWSER=str(tmp_path / "must-not-be-called")) as process:
        _, _, code = read_page(process)
        answer(cli, code, "refuse")
        stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, stdout, stderr) == (1, "", "Error: The login was refused.\n")
    assert login_keys(cli) == []
    assert not (tmp_path / "config" / "promptuary").exists()


def test_a_command_that_is_killed_after_the_approval_leaves_no_key_behind(cli: RemoteCli) -> None:
    with logging_in(cli) as process:
        _, _, code = read_page(process)
        process.send_signal(signal.SIGSTOP)
        answer(cli, code)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
    assert login_keys(cli) == []


def test_a_key_that_cannot_be_stored_is_revoked(cli: RemoteCli) -> None:
    with logging_in(cli, "--project", "999999") as process:
        _, _, code = read_page(process)
        answer(cli, code)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1
    assert re.fullmatch(r"Error: http://127.0.0.1:\d+ has no project 999999 that the key may enter\..*\n", stderr)
    assert [key.revoked_at is None for key in login_keys(cli)] == [False]


@pytest.mark.parametrize("page", ["file:///etc/passwd", "https://user@evil.example/device/", "javascript:alert(1)", "http://x/ y"])
def test_a_page_that_is_no_web_address_is_not_opened(cli: RemoteCli, tmp_path: Path, page: str) -> None:
    begun = {"device_code": "x", "user_code": "BBBB-BBBB", "verification_uri": page, "verification_uri_complete": page}
    browser = str(tmp_path / "must-not-be-called")
    with (
        answering(lambda *_: _json(200, begun | {"expires_in": 600, "interval": 1})) as host,
        logging_in(cli, host=host, BROWSER=browser) as process,
    ):
        _, stderr = process.communicate(timeout=120)
    assert (process.returncode, stderr) == (1, f"Error: {host} answered with a login whose page is no web address.\n")


def test_an_answer_that_is_lost_is_asked_for_again_and_a_key_that_may_have_been_in_it_is_named(cli: RemoteCli) -> None:
    begun = {
        "device_code": "d",
        "user_code": "BCDF-GHJK",
        "verification_uri": "http://127.0.0.1/login/device/",
        "verification_uri_complete": "http://127.0.0.1/login/device/?code=BCDF-GHJK",
        "expires_in": 600,
        "interval": 0,
    }
    collected = [
        _json(503, {"detail": "The database is not available."}),
        (502, {"Content-Type": "text/html"}, b"<html>Bad gateway</html>"),
        _json(400, {"detail": "This login is not known.", "error": "invalid_grant"}),
    ]

    def answer(_method: str, path: str, _body: bytes) -> Answer:
        return _json(200, begun) if "device_authorization" in path else collected.pop(0)

    with answering(answer) as host, logging_in(cli, "--no-browser", host=host) as process:
        _, stderr = process.communicate(timeout=120)
    assert (process.returncode, collected) == (1, [])
    assert stderr.endswith(
        "Error: This login is not known. An answer of the server was lost before. "
        "If your list of keys has one of this login, revoke it.\n"
    )


def test_a_server_that_is_too_old_is_given_a_key_that_is_typed(cli: RemoteCli) -> None:
    def answer_as_before(_method: str, path: str, _body: bytes) -> Answer:
        project = {"id": 1, "uuid": "0b7c1c4e-0000-4000-8000-000000000001", "name": "Shop"}
        known = {
            "/api/projects/@current/": project,
            "/api/projects/@current/llm_prompts/": {"count": 3, "next": None, "results": []},
        }
        found = known.get(path.partition("?")[0])
        return _json(404, {"detail": "Endpoint not found."}) if found is None else _json(200, found)

    with answering(answer_as_before) as host, logging_in(cli, "--json", host=host) as process:
        assert process.stderr is not None
        asked = ""
        while not asked.endswith("Key: "):
            asked += process.stderr.read(1)
        os.write(process.terminal, b"phx_typed\n")
        stdout, _ = process.communicate(timeout=120)
    assert asked == "This server offers no login with a browser yet.\nKey: "
    assert '"project": "1", "project_name": "Shop", "prompts": 3' in stdout


def _json(status: int, value: object) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()
