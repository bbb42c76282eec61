"""The README's commands and snippets run as they stand, against a real server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from serving import Server, environment, running_server

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(bash|python)\n(.*?)```", README, re.DOTALL)


def run_block(language: str, text: str, *, env: dict[str, str], folder: Path) -> str:
    command = ["bash", "-euo", "pipefail", "-c", text] if language == "bash" else [sys.executable, "-c", text]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def shown_secrets(server: Server) -> dict[str, str]:
    found = {name: re.search(pattern, server.output) for name, pattern in SECRETS.items()}
    return {name: match[0] for name, match in found.items() if match}


SECRETS = {"PROMPTS_KEY": r"phx_[\w-]+", "PROMPTS_TOKEN": r"phc_[\w-]+"}


def test_every_block_of_the_readme_runs_in_order(prepared_url: str, tmp_path: Path) -> None:
    with running_server(prepared_url, tmp_path / "output.txt") as server:
        env = (
            environment(database_url=prepared_url)
            | shown_secrets(server)
            | {"PROMPTS_HOST": server.url, "XDG_CACHE_HOME": str(tmp_path)}
        )
        env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
        blocks = [block for block in BLOCKS if "export " not in block[1]]
        output = "\n".join(run_block(language, text, env=env, folder=tmp_path) for language, text in blocks)
    assert output.count("Answer {{customer}} kindly.") >= 3
    assert "Answer Acme kindly." in output
    assert '"version":2' in output
    assert "The database is sound." in output


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_every_link_of_the_readme_leads_to_a_file(link: str) -> None:
    assert (ROOT / link).exists()
