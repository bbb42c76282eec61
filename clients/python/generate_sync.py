"""Generates the client with threads from the one with tasks. The option `--check` only compares, and exits with 1 if they differ.

Only these pairs are generated: the fetchers and followers of the two clients differ, because one uses threads and the other tasks.
"""

import re
import subprocess
import sys
from pathlib import Path

_PACKAGE = Path(__file__).parent / "src/promptuary_client"
PAIRS = [(_PACKAGE / f"async_{name}.py", _PACKAGE / f"{name}.py") for name in ("client", "management")]

TOKENS = [
    (r"\basync (def|with)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsync(Promptuary|Management|Fetcher|Client|Iterator)\b", r"\1"),
    (r"\basync_(fetcher|management)\b", r"\1"),
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


def generate(source: Path, target: Path) -> str:
    """Return the module for threads."""
    text = source.read_text()
    for old, new in TEXTS:
        text = text.replace(old, new)
    for pattern, replacement in TOKENS:
        text = re.sub(pattern, replacement, text)
    text = f"# Generated from {source.name} by {Path(__file__).name}.\n{text}"
    return _run_ruff(_run_ruff(text, target, "check", "--select=I", "--fix", "--exit-zero"), target, "format")


def _run_ruff(text: str, target: Path, *command: str) -> str:
    ruff = [str(Path(sys.executable).with_name("ruff")), *command, "--quiet", "--stdin-filename", str(target), "-"]
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout  # noqa: S603 - a fixed command.


def check_texts() -> None:
    """Raise `ValueError` if a text that differs between the clients is in none of the modules."""
    sources = [source.read_text() for source, _ in PAIRS]
    for old, _ in TEXTS:
        if not any(old in source for source in sources):
            raise ValueError(f"No module has {old!r}: update {Path(__file__).name}.")


def main() -> int:
    """Write the modules, or compare them; return the exit code."""
    check_texts()
    for source, target in PAIRS:
        generated = generate(source, target)
        if "--check" not in sys.argv[1:]:
            target.write_text(generated)
        elif target.read_text() != generated:
            print(f"{target} is not current. Run: python {__file__}")  # noqa: T201 - a command prints.
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
