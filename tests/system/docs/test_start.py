"""The page that newcomers begin with: its commands run as they stand, from an empty home to a rollback."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_harness import make_cli
from serving import environment, running_server

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/start.md").read_text()
COMMANDS = "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
(CONFIGURATION,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

_LOGIN = "promptuary login --host http://127.0.0.1:8000 --project 1"
_EDITOR = """#!/bin/sh
sed 's/kindly/warmly/' "$1" > edited && cp edited "$1" && rm edited
"""


@pytest.mark.skipif(shutil.which("git") is None, reason="Git is not installed.")
def test_a_newcomer_gets_from_an_empty_home_to_a_rollback(prepared_url: str, tmp_path: Path) -> None:
    repository, editor = tmp_path / "repository", tmp_path / "editor"
    repository.mkdir()
    editor.write_text(_EDITOR)
    editor.chmod(0o700)
    with running_server(prepared_url, tmp_path / "output.txt") as server, make_cli(server, prepared_url, repository) as cli:
        (repository / "key.txt").write_text(cli.key)

        def here(text: str) -> str:
            assert "http://127.0.0.1:8000" in text
            return text.replace("http://127.0.0.1:8000", server.url)

        project = cli.project
        (repository / "promptuary.toml").write_text(here(CONFIGURATION).replace("project = 1", f"project = {project}"))
        # The rest of the page is as it stands; here, nobody confirms the code of a login in a browser.
        login = here(_LOGIN).replace("--project 1", f"--project {project}")
        assert _LOGIN in COMMANDS
        script = COMMANDS.replace(_LOGIN, f"{login} --with-token < key.txt && rm key.txt")
        variables = environment() | {
            "HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "EDITOR": str(editor),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **{f"GIT_{role}_{field}": "newcomer@example.com" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")},
        }
        command = ["bash", "-euo", "pipefail", "-c", f"git init --quiet --initial-branch main\n{script}"]
        done = subprocess.run(command, cwd=repository, env=variables, capture_output=True, text=True, timeout=200, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        moves = cli.api.get("name/support-reply/labels/production/history/").json()["results"]
        history = [(move["from_version"], move["to_version"], move["kind"]) for move in moves]
    assert re.findall(r"^Answer Acme (.*)\.$", done.stdout, re.MULTILINE) == ["kindly", "kindly"]
    assert "+Answer {{customer}} warmly." in done.stdout.replace("+ ", "+")
    assert history == [(2, 1, "undo"), (1, 2, "direct"), (None, 1, "direct")]


def test_the_page_says_how_many_commands_it_takes() -> None:
    used = set(re.findall(r"\bpromptuary ((?:prompt |label )?[a-z]+)", COMMANDS))
    assert used == {"login", "prompt create", "render", "pull", "check", "plan", "apply", "label undo"}
    assert "eight\ncommands" in PAGE
