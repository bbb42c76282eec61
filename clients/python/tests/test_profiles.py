"""Profiles of the command line: who is asked with which key, and what is refused."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from client_service import EitherMaker, Service
from command_line import CommandLine

from promptuary_client import ConfigurationError, Promptuary
from promptuary_client.access import resolve_access

OTHER = 'host = "https://other.example.com"\napi_key = "phx_other"\nproject = "7"\n'


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of the file, which is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "promptuary").mkdir()
    return tmp_path / "promptuary" / "profiles.toml"


def write(path: Path, text: str | bytes) -> None:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(0o600)


def access(host: str | None = None, api_key: str | None = None, profile: str | None = None, **more: Any) -> tuple[str, str, str]:
    found = resolve_access(host, api_key, more.pop("project", None), profile, **({"offline": False} | more))
    return found.host, found.api_key, found.project


def test_a_profile_that_the_command_line_stored_is_enough(
    make_either: EitherMaker, service: Service, profiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["login", "--host", service.server.url, "--project", str(service.registry.project.id), "--profile", "service"]
    stored = CommandLine(tmp_path).run(*arguments, stdin=f"{service.key.value}\n")
    assert (stored.returncode, stored.stderr) == (0, "")
    assert profiles.exists()
    nothing: dict[str, Any] = {"api_key": None, "cache_dir": False}
    client = type(make_either().client)
    assert client(profile="service", **nothing).settings.host == service.server.url
    monkeypatch.setenv("PROMPTUARY_PROFILE", "service")
    with Promptuary(timeout=60, **nothing) as prompts:
        assert prompts.get("greeting", label="production").source == "server"


def test_a_byte_order_mark_before_the_profiles_is_ignored(profiles: Path) -> None:
    write(profiles, f"\ufeff[other]\n{OTHER}")
    assert access(profile="other") == ("https://other.example.com", "phx_other", "7")


def test_no_profile_is_read_that_is_not_named(profiles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(profiles, f"[default]\n{OTHER}")
    monkeypatch.setenv("PROMPTUARY_PROFILE", " ")
    with pytest.raises(ConfigurationError, match="or set PROMPTUARY_HOST or PROMPTUARY_PROFILE"):
        Promptuary()


def test_a_named_profile_comes_before_the_environment_as_on_the_command_line(
    profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(profiles, f"[default]\n{OTHER}[third]\n{OTHER.replace('other', 'third')}")
    for name, value in {"HOST": "http://environment", "API_KEY": "phx_environment", "PROFILE": "third"}.items():
        monkeypatch.setenv(f"PROMPTUARY_{name}", value)
    other, third = ("https://other.example.com", "phx_other"), ("https://third.example.com", "phx_third")
    assert access() == (*third, "7")
    assert access(profile="default") == (*other, "7")
    assert access(profile="default", project=8) == (*other, "8")
    assert access("https://third.example.com/") == (*third, "7")
    # Nothing of a profile goes with what a program says itself.
    assert access("http://mine", "phx_mine") == ("http://mine", "phx_mine", "@current")
    monkeypatch.setenv("PROMPTUARY_PROJECT", "9")
    assert access() == (*third, "9")
    assert access(offline=True) == (*third, "9")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": "http://mine"}, "is for https://other.example.com, and its key is not sent to http://mine"),
        ({"api_key": "phx_mine"}, "Give either `profile`, or `host` and `api_key`"),
        ({"host": "http://mine", "api_key": "phx_mine"}, "Give either `profile`, or `host` and `api_key`"),
        ({"profile": ""}, "name of the profile is empty"),
        ({"profile": 5}, "name of the profile is empty"),
        ({"profile": "nobody"}, r"No profile is named 'nobody' in .*profiles.toml. Run: promptuary login --profile nobody"),
        ({"project": "../1"}, "project must be"),
    ],
)
def test_a_key_goes_to_no_other_host_and_a_wrong_profile_is_named(profiles: Path, options: dict[str, Any], message: str) -> None:
    write(profiles, f"[default]\n{OTHER}")
    with pytest.raises(ConfigurationError, match=message) as caught:
        Promptuary(**({"profile": "default"} | options))
    assert "phx_" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[default]\n", "has no host and no api_key and no project"),
        ("default = 5", "has no host"),
        (f"[default]\n{OTHER}".replace("https://", "ftp://"), "server's address must look like"),
        (f"[default]\n{OTHER}".replace("phx_other", "phx other"), "characters that no key has"),
        (f"[default]\n{OTHER}".replace('"7"', '"../7"'), "project must be"),
        ("[default", "is not TOML"),
        (b"\xff", "is not TOML"),
        (b"a = " + b"[" * 100_000, "is not TOML"),
    ],
)
def test_a_damaged_profile_is_refused_in_one_sentence(profiles: Path, text: str | bytes, message: str) -> None:
    write(profiles, text)
    with pytest.raises(ConfigurationError, match=message) as caught:
        access(profile="default")
    assert "phx" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="Files have no such modes.")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_can_read_is_refused(profiles: Path, mode: int) -> None:
    write(profiles, f"[default]\n{OTHER}")
    profiles.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"can be read by others\. Run: chmod 600"):
        access(profile="default", offline=True)


def test_a_missing_file_is_no_trouble_offline_and_a_folder_is_no_file(profiles: Path) -> None:
    assert access(profile="default", offline=True) == ("", "", "@current")
    with pytest.raises(ConfigurationError, match=r"No profile is named 'default' .* Run: promptuary login$"):
        access(profile="default")
    profiles.mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        access(profile="default")


def test_older_pythons_say_what_profiles_need(profiles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(profiles, f"[default]\n{OTHER}")
    monkeypatch.setattr("promptuary_client.profiles.sys", SimpleNamespace(version_info=(3, 10, 13)))
    with pytest.raises(ConfigurationError, match=r"Profiles need Python 3\.11"):
        access(profile="default")
