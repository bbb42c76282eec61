"""Commands as processes of their own, forked from one that has loaded what they need: that is ten times as fast as Python's start.

What a command loads by itself is for `cli/test_loading.py`, and for the tests that start programs from their beginning.
"""

import io
import multiprocessing
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

_LONGEST_SECONDS = 200
_PRELOADED = [
    "forked_commands",
    "httpx2",
    "promptuary.cli.admin.db",
    "promptuary.cli.admin.users",
    "promptuary.cli.application",
    "promptuary.cli.prompts",
    "promptuary.cli.transfers",
    "sqlalchemy.dialects.sqlite",
]
_ANEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

_commands = multiprocessing.get_context("forkserver")
_commands.set_forkserver_preload(_PRELOADED)


def run_forked(
    arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str], stdin: bytes
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end. Raises `subprocess.TimeoutExpired` if that takes longer than a busy machine needs."""
    with TemporaryDirectory(prefix="promptuary-command-") as streams:
        given, output, errors = (Path(streams) / name for name in ("stdin", "stdout", "stderr"))
        given.write_bytes(stdin)
        process = _commands.Process(
            target=_run, args=(list(arguments), str(folder), dict(environment), str(given), str(output), str(errors))
        )
        process.start()
        process.join(_LONGEST_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(arguments), _LONGEST_SECONDS)
        assert process.exitcode is not None
        return subprocess.CompletedProcess(list(arguments), process.exitcode, output.read_bytes(), errors.read_bytes())


def _run(arguments: list[str], folder: str, environment: dict[str, str], given: str, output: str, errors: str) -> None:
    """Become the command: its folder, its environment, its streams."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for path, flags, number in ((given, os.O_RDONLY, 0), (output, _ANEW, 1), (errors, _ANEW, 2)):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding="utf-8")
    sys.stdout = _writer(1)
    sys.stderr = _writer(2, errors="backslashreplace")
    sys.argv = ["promptuary", *arguments]
    runpy.run_module("promptuary", run_name="__main__", alter_sys=True)


def _writer(number: int, *, errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(number, "w", closefd=False)), encoding="utf-8", errors=errors)
