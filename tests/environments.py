"""Environments for packages of this repository; what these require is borrowed from the environment of the tests."""

import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path
from typing import Final

from distributions import required_distributions

UV: Final = Path(sysconfig.get_path("scripts"), "uv")
_OWN: Final = frozenset({"promptuary", "promptuary-client"})


def make_environment(folder: Path, *names: str) -> Path:
    """Make an environment that has the named distributions and what they require, except the packages of this repository."""
    subprocess.run([UV, "venv", "--offline", "--quiet", f"--python={sys.executable}", folder], check=True)
    borrowed = {name: found for each in names for name, found in required_distributions(each).items()}
    for top in {top for name, found in borrowed.items() if name not in _OWN for top in _top_entries(found)}:
        (packages_of(folder) / top.name).symlink_to(top)
    return folder


def install(environment: Path, *options: str, folder: Path | None = None) -> None:
    """Let pip install packages without an index. Unlike uv, it sees packages that are borrowed."""
    command = [sys.executable, "-m", "pip", "--isolated", "--quiet", f"--python={environment}", "install", "--no-index"]
    subprocess.run([*command, *options], cwd=folder, check=True)


def packages_of(environment: Path) -> Path:
    """Return the folder of packages of an environment."""
    (packages,) = environment.glob("lib/python*/site-packages")
    return packages


def _top_entries(found: Distribution) -> Iterable[Path]:
    """Return the files and folders that a distribution has directly in the folder of packages."""
    tops = {file.parts[0] for file in found.files or () if file.parts[0] not in {"..", "__pycache__"}}
    return [Path(str(found.locate_file(top))) for top in tops]
