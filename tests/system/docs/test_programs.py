"""The commands and programs of `docs/programs.md` run as they stand, one after the other, against a real server."""

import os
import re
import subprocess
import sys
from pathlib import Path

from serving import environment, running_server

PAGE = (Path(__file__).parents[3] / "docs/programs.md").read_text()
SECRETS = {"PROMPTS_KEY": r"phx_[\w-]+", "PROMPTS_TOKEN": r"phc_[\w-]+"}
INTERPRETERS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


def test_every_block_of_the_page_runs_in_order(prepared_url: str, tmp_path: Path) -> None:
    with running_server(prepared_url, tmp_path / "output.txt") as server:
        shown = {name: found[0] for name, pattern in SECRETS.items() if (found := re.search(pattern, server.output))}
        env = environment(database_url=prepared_url) | shown | {"PROMPTS_HOST": server.url, "PATH": os.environ["PATH"]}
        output = []
        for language, text in re.findall(r"```(bash|python)\n(.*?)```", PAGE, re.DOTALL):
            if "export " not in text:
                command = [*INTERPRETERS[language], text]
                run = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
                assert run.returncode == 0, f"{text}\n{run.stdout}\n{run.stderr}"
                output.append(run.stdout)
    created, _, fetched, conditional, with_client, with_hook, with_posthog, chat = output
    assert '"version":1' in created
    assert '"prompt":"Hello, {{name}}!"' in fetched
    assert conditional == "304\n"
    messages = [{"role": "system", "content": "Sort tickets."}, {"role": "user", "content": 'It says "no".'}]
    assert with_client == f"Hello, Ada! server 1 {{'model': 'small-model'}}\n{messages}\n"
    assert with_hook == "Hello, Ada!\n"
    assert chat == f"{messages}\n"
    assert with_posthog == "Hello, Ada! api 1 {'model': 'small-model'}\n"
