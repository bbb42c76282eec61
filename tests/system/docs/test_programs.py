"""The commands and programs of `docs/programs.md` run one after the other against a real server, on a machine that may be busy."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

from serving import environment, running_server

PAGE = (Path(__file__).parents[3] / "docs/programs.md").read_text()
SECRETS = {"PROMPTS_KEY": r"phx_[\w-]+", "PROMPTS_TOKEN": r"phc_[\w-]+"}
INTERPRETERS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
MESSAGES = [{"role": "system", "content": "Sort tickets."}, {"role": "user", "content": 'It says "no".'}]
PROGRAMS = [
    f"Hello, Ada! server 1 {{'model': 'small-model'}}\n{MESSAGES}\n",
    "Hello, Ada!\n",
    "Hello, Ada! api 1 {'model': 'small-model'}\n",
    f"{MESSAGES}\n",
]
"""What the programs of the page print, in their order."""

# A first fetch waits for a second, which is little on a busy machine: then a program would get its fallback.
_CLIENT = 'Promptuary(os.environ["PROMPTS_HOST"], '
_PATIENT_CLIENT = f"{_CLIENT}timeout=60, "


def run_block(language: str, text: str, *, env: dict[str, str], folder: Path) -> str:
    command = [*INTERPRETERS[language], text]
    run = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, f"{text}\n{run.stdout}\n{run.stderr}"
    return run.stdout


def test_every_block_of_the_page_runs_in_order(prepared_url: str, tmp_path: Path) -> None:
    with running_server(prepared_url, tmp_path / "output.txt") as server:
        shown = {name: found[0] for name, pattern in SECRETS.items() if (found := re.search(pattern, server.output))}
        env = environment(database_url=prepared_url) | shown | {"PROMPTS_HOST": server.url, "PATH": os.environ["PATH"]}
        run = partial(run_block, env=env, folder=tmp_path)
        blocks = [block for block in re.findall(r"```(bash|python)\n(.*?)```", PAGE, re.DOTALL) if "export " not in block[1]]
        commands, programs = blocks[: -len(PROGRAMS)], blocks[-len(PROGRAMS) :]
        created, _, fetched, conditional = [run(*block) for block in commands]
        assert '"version":1' in created
        assert '"prompt":"Hello, {{name}}!"' in fetched
        assert conditional == "304\n"
        assert [text.count(_CLIENT) for _, text in programs] == [1, 1, 0, 0]
        assert [run(language, text.replace(_CLIENT, _PATIENT_CLIENT)) for language, text in programs] == PROGRAMS
