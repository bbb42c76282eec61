"""The command that stages the site of the documentation."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_misuse_is_one_sentence() -> None:
    run = subprocess.run([sys.executable, "-m", "docsite"], cwd=ROOT, capture_output=True, check=False, text=True, timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (1, "", "Usage: python -m docsite FOLDER\n")
