"""Profiles: where commands that work over HTTP get the server, the project and the key from."""

import stat
from pathlib import Path

import pytest
from desks import Desk
from ports import free_port

NOTHING = {"host": "", "api_key": "", "project": ""}


def _path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "promptuary" / "profiles.toml"


def _log_in(desk: Desk, *arguments: str) -> None:
    done = desk.run("login", "--host", desk.host, "--project", desk.project, *arguments, stdin=f"{desk.key}\n", **NOTHING)
    assert (done.returncode, done.stderr) == (0, "")
    assert desk.key not in done.stdout


def test_a_profile_that_works_is_kept_where_only_its_owner_reads_it(desk: Desk, tmp_path: Path) -> None:
    _log_in(desk)
    _log_in(desk, "--profile", "staging")
    assert stat.S_IMODE(_path(tmp_path).stat().st_mode) == 0o600
    assert _path(tmp_path).read_text().count(desk.key) == 2
    assert desk.run("logout", **NOTHING).stdout == f"Profile default is removed from {_path(tmp_path)}.\n"
    assert _path(tmp_path).read_text().startswith("[staging]\n")
    assert _path(tmp_path).read_text().count(desk.key) == 1
    assert desk.error("logout", **NOTHING) == f"No profile is named 'default' in {_path(tmp_path)}."


@pytest.mark.parametrize(
    ("host", "key", "sentence"),
    [
        (None, "phx_wrong", "Personal API key found in request Authorization header is invalid. Check the key."),
        (None, "", "The profile: the key must look like phx_..."),
        (None, "two words", "The profile: the key must look like phx_..."),
        (None, b"\xff", "The key is not UTF-8 text."),
        ("prompts.example.com", "phx_x", "The profile: the host must look like https://prompts.example.com."),
        ("https://user:secret@example.com", "phx_x", "The profile: the host must look like https://prompts.example.com."),
        ("http://127.0.0.1:0x", "phx_x", "The profile: the host must look like https://prompts.example.com."),
    ],
)
def test_a_profile_that_does_not_work_is_not_kept(
    desk: Desk, tmp_path: Path, host: str | None, key: str | bytes, sentence: str
) -> None:
    assert desk.error("login", "--host", host or desk.host, "--project", desk.project, stdin=key) == sentence
    assert not _path(tmp_path).exists()


def test_a_server_that_is_not_there_is_said_to_be_unreachable(desk: Desk) -> None:
    host = f"http://127.0.0.1:{free_port()}"
    sentence = desk.error("login", "--host", host, "--project", "1", stdin="phx_x")
    assert sentence == f"Cannot reach {host}: Connection refused. Check the address, and that the server runs."


def test_a_host_that_is_no_promptuary_is_said_to_be_none(desk: Desk) -> None:
    sentence = desk.error("login", "--host", f"{desk.host}/elsewhere", "--project", desk.project, stdin=desk.key)
    assert sentence == f"{desk.host}/elsewhere has no such endpoint. Check the host, and that the server is new enough."


def test_a_project_that_is_not_there_is_refused(desk: Desk) -> None:
    assert desk.error("login", "--host", desk.host, "--project", "999999", stdin=desk.key) == (
        f"{desk.host} has no project 999999 that the key may enter. Check the ID of the project, and the key."
    )
    assert desk.error("login", "--host", desk.host, "--project", "shop", stdin=desk.key).startswith("The profile: the project must")
