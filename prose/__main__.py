"""Command `python -m prose`: prints each place that breaks a rule and exits with 1 if any does. Arguments: other paths to check."""

import sys
from pathlib import Path

from prose.check import RULES, check_text, read_rules

SUFFIXES = {".html", ".md", ".py", ".ts"}


def main() -> int:
    """Check the files and return the exit code."""
    root = Path(__file__).parents[1]
    rules = read_rules(RULES.read_text())
    files = [file for argument in sys.argv[1:] for file in _files(Path(argument).resolve())] or rules.files(root)
    findings = [finding for path in files for finding in check_text(str(path.relative_to(root)), path.read_text(), rules.rules)]
    for finding in findings:
        print(f"{finding.path}:{finding.line}: {finding.message}")  # noqa: T201 - a command prints
    return 1 if findings else 0


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [file for file in path.rglob("*.*") if file.suffix in SUFFIXES]


if __name__ == "__main__":
    sys.exit(main())
