"""Profiles: where commands that work over HTTP get the server, the project and the key from."""

import stat
from pathlib import Path

import pytest
from cli_harness import RemoteCli
from ports import free_port

NOTHING = {"host": "", "api_key": "", "project": ""}


def _path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "promptuary" / "profiles.toml"


def _log_in(cli: RemoteCli, *arguments: str) -> None:
    done = cli.run("login", "--host", cli.host, "--project", cli.project, *arguments, stdin=f"{cli.key}\n", **NOTHING)
    assert (done.returncode, done.stderr) == (0, "")
    assert cli.key not in done.stdout


def test_a_profile_that_works_is_kept_where_only_its_owner_reads_it(cli: RemoteCli, tmp_path: Path) -> None:
    _log_in(cli)
    _log_in(cli, "--profile", "staging")
    assert stat.S_IMODE(_path(tmp_path).stat().st_mode) == 0o600
    assert _path(tmp_path).read_text().count(cli.key) == 2
    assert cli.run("logout", **NOTHING).stdout == f"Profile default is removed from {_path(tmp_path)}.\n"
    assert _path(tmp_path).read_text().startswith("[staging]\n")
    assert _path(tmp_path).read_text().count(cli.key) == 1
    assert cli.error("logout", **NOTHING) == f"No profile is named 'default' in {_path(tmp_path)}."


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
    cli: RemoteCli, tmp_path: Path, host: str | None, key: str | bytes, sentence: str
) -> None:
    assert cli.error("login", "--host", host or cli.host, "--project", cli.project, stdin=key) == sentence
    assert not _path(tmp_path).exists()


def test_a_server_that_is_not_there_is_said_to_be_unreachable(cli: RemoteCli) -> None:
    host = f"http://127.0.0.1:{free_port()}"
    sentence = cli.error("login", "--host", host, "--project", "1", stdin="phx_x")
    assert sentence == f"Cannot reach {host}: Connection refused. Check the address, and that the server runs."


def test_a_host_that_is_no_promptuary_is_said_to_be_none(cli: RemoteCli) -> None:
    sentence = cli.error("login", "--host", f"{cli.host}/elsewhere", "--project", cli.project, stdin=cli.key)
    assert sentence == f"{cli.host}/elsewhere has no such endpoint. Check the host, and that the server is new enough."


def test_a_project_that_is_not_there_is_refused(cli: RemoteCli) -> None:
    assert cli.error("login", "--host", cli.host, "--project", "999999", stdin=cli.key) == (
        f"{cli.host} has no project 999999 that the key may enter. Check the ID of the project, and the key."
    )
    assert cli.error("login", "--host", cli.host, "--project", "shop", stdin=cli.key).startswith("The profile: the project must")
