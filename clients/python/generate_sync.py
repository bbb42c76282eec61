"""Generates `client.py` from `async_client.py`. The option `--check` only compares, and exits with 1 if they differ.

Only this pair is generated: the fetchers and followers of the two clients differ, because one uses threads and the other tasks.
"""

import re
import subprocess
import sys
from pathlib import Path

_PACKAGE = Path(__file__).parent / "src/promptuary_client"
SOURCE = _PACKAGE / "async_client.py"
TARGET = _PACKAGE / "client.py"

TOKENS = [
    (r"\basync (def|with)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsync(Promptuary|Fetcher|Client|Iterator)\b", r"\1"),
    (r"\basync_fetcher\b", "fetcher"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
]
TEXTS = [
    ("for programs with an event loop", "for programs without an event loop"),
    ("All tasks of the loop share one client.", "All threads of a program share one client."),
    (
        "served only after asking the server.\n",
        "served only after asking the server. With ``threads`` `False`, every request is\n    sent in the calling thread.\n",
    ),
    ("In another event loop, such as that of a second ``asyncio.run``, a client", "After a fork, a client in the child process"),
    ("        live: bool = False,\n", "        threads: bool = True,\n        live: bool = False,\n"),
    ("            live=live,\n", "            threads=threads,\n            live=live,\n"),
]
NOTE = "# Generated from async_client.py by generate_sync.py.\n"


def generate(source: str) -> str:
    """Return the client with threads. Raises `ValueError` if a text that differs between the clients is missing."""
    for old, new in TEXTS:
        if old not in source:
            raise ValueError(f"{SOURCE.name} has no {old!r}: update {Path(__file__).name}.")
        source = source.replace(old, new)
    for pattern, replacement in TOKENS:
        source = re.sub(pattern, replacement, source)
    return _run_ruff(_run_ruff(NOTE + source, "check", "--select=I", "--fix", "--exit-zero"), "format")


def _run_ruff(source: str, *command: str) -> str:
    ruff = [str(Path(sys.executable).with_name("ruff")), *command, "--quiet", "--stdin-filename", str(TARGET), "-"]
    return subprocess.run(ruff, input=source, capture_output=True, text=True, check=True).stdout  # noqa: S603 - a fixed command.


def main() -> int:
    """Write the file, or compare it; return the exit code."""
    generated = generate(SOURCE.read_text())
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(generated)
    elif TARGET.read_text() != generated:
        print(f"{TARGET} is not current. Run: python {__file__}")  # noqa: T201 - a command prints.
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
