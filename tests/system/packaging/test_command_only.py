"""The command line installs and works without the server, also on Windows."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import RemoteCli, make_cli
from environments import UV
from serving import environment, running_server

ROOT = Path(__file__).parents[3]

_WITH_THE_SERVER = {"serve", *(f"admin {name}" for name in ("user", "project", "member", "key", "webhook", "db", "demo"))}
_LOAD_ALL_COMMANDS = """
import promptuary_client
import typer
from promptuary.cli.application import app
from promptuary.model.errors import UserFacingError

commands = typer.main.get_group(app).commands
for words, group in {"": commands, "admin ": commands["admin"].commands}.items():
    for name in group:
        try:
            group[name]
        except UserFacingError as error:
            print(words + name)
            assert str(error) == (
                f'promptuary {words}{name} needs the server, which is not installed. Run: pip install "promptuary[server]"'
            )
import promptuary.exports.writing
"""
_AS_ON_WINDOWS = """
import os, sys, types
import asyncio, httpx2, rich.progress, ruamel.yaml, typer, webbrowser

for missing in ("fcntl", "grp", "pwd", "resource", "termios", "uvloop"):
    sys.modules[missing] = None
sys.modules["msvcrt"] = types.ModuleType("msvcrt")
sys.platform = "win32"
for missing in ("O_NOFOLLOW", "fchmod", "fork", "getuid", "register_at_fork"):
    delattr(os, missing)
"""


@pytest.fixture
def cli(prepared_url: str, tmp_path: Path) -> Iterator[RemoteCli]:
    folder = tmp_path / "cli"
    folder.mkdir()
    with (
        running_server(prepared_url, tmp_path / "output.txt") as server,
        make_cli(server, prepared_url, folder) as made,
    ):
        yield made


def _python(scripts: Path, *arguments: str) -> str:
    command = [str(scripts / "python"), *arguments]
    return subprocess.run(command, env=environment(), check=True, capture_output=True, text=True).stdout


def test_the_client_library_comes_with_the_command_line(command_scripts: Path) -> None:
    places = _python(command_scripts, "-c", "import promptuary, promptuary_client as c; print(promptuary.__file__, c.__file__)")
    for place in places.split():
        assert Path(place).is_relative_to(command_scripts.parent)


def test_what_needs_the_server_says_how_to_install_it_and_everything_else_loads(command_scripts: Path) -> None:
    assert set(_python(command_scripts, "-c", _LOAD_ALL_COMMANDS).splitlines()) == _WITH_THE_SERVER


def test_commands_load_without_what_windows_does_not_have(command_scripts: Path) -> None:
    assert set(_python(command_scripts, "-c", _AS_ON_WINDOWS + _LOAD_ALL_COMMANDS).splitlines()) == _WITH_THE_SERVER


def test_the_server_is_refused_in_one_sentence(command_scripts: Path, tmp_path: Path) -> None:
    command = [str(command_scripts / "promptuary"), "serve"]
    finished = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == (
        'Error: promptuary serve needs the server, which is not installed. Run: pip install "promptuary[server]"\n'
    )


def test_prompts_are_pulled_edited_pushed_and_bundled_without_the_server(command_scripts: Path, cli: RemoteCli) -> None:
    settings = environment(host=cli.host, api_key=cli.key, project=cli.project)

    def run(*arguments: str) -> object:
        command = [str(command_scripts / "promptuary"), *arguments, "--json"]
        finished = subprocess.run(command, cwd=cli.folder, env=settings, capture_output=True, text=True, check=False)
        assert (finished.returncode, finished.stderr) == (0, "")
        return json.loads(finished.stdout)

    cli.create("greeting", "Hello {{name}}!\nOne.\nTwo.\nThree.\n")
    run("pull")
    file = cli.folder / "prompts" / "greeting.md"
    file.write_text(file.read_text().replace("Hello", "Good morning"))
    cli.publish("greeting", 1, prompt="Hello {{name}}!\nOne.\nTwo.\nFour.\n")
    assert [each["action"] for each in run("push")] == ["merge"]  # type: ignore[attr-defined]
    assert cli.latest("greeting")["prompt"] == "Good morning {{name}}!\nOne.\nTwo.\nFour.\n"
    run("label", "greeting", "production", "--version", "3")
    run("verify")
    run("bundle")
    assert sorted(each.name for each in cli.folder.iterdir()) == ["prompts", "prompts.bundle.json"]


@pytest.mark.parametrize("version", ["3.11", "3.14"])
def test_the_command_line_installs_on_windows_without_a_compiler(version: str, wheels: Path, tmp_path: Path) -> None:
    target = tmp_path / "resolved.txt"
    options = ["--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:", "--python-platform", "x86_64-pc-windows-msvc"]
    command = [
        str(UV),
        "pip",
        "compile",
        *options,
        "--no-sources",
        f"--find-links={wheels}",
        f"--python-version={version}",
        f"--output-file={target}",
        str(ROOT / "pyproject.toml"),
    ]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if "error sending request" in finished.stderr or "Connect" in finished.stderr:
        pytest.skip("No package index can be reached.")
    assert finished.returncode == 0, finished.stderr
    names = {line.partition("==")[0] for line in target.read_text().splitlines() if "==" in line}
    assert {"httpx2", "promptuary-client", "rapidfuzz", "typer", "colorama"} <= names
    assert not {"uvloop", "sqlalchemy", "starlette", "fastapi", "psycopg-binary"} & names
