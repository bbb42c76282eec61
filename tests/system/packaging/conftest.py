"""The wheel, and environments with it; what it requires is borrowed from the environment of the tests."""

import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from distributions import required_distributions

ROOT = Path(__file__).parents[3]
UV = Path(sysconfig.get_path("scripts"), "uv")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    options = ["--offline", "--quiet", "--no-build-isolation", f"--python={sys.executable}", f"--out-dir={folder}"]
    subprocess.run([UV, "build", "--wheel", *options, ROOT], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment with the wheel and everything of the environment of the tests."""
    environment = _install(wheel, tmp_path_factory.mktemp("installed") / "venv")
    # A plain path in a .pth file does not activate the .pth files behind it, thus not the checkout.
    (_packages(environment) / "requirements.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin"


@pytest.fixture(scope="session")
def command_scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment with the wheel, without extras, and nothing but what it then requires."""
    environment = _install(wheel, tmp_path_factory.mktemp("command") / "venv")
    packages = _packages(environment)
    for name, found in required_distributions("promptuary").items():
        for top in set() if name == "promptuary" else _top_entries(found):
            (packages / top.name).symlink_to(top)
    return environment / "bin"


def _top_entries(found: Distribution) -> Iterable[Path]:
    """Return the files and folders that a distribution has directly in the folder of packages."""
    tops = {file.parts[0] for file in found.files or () if file.parts[0] not in {"..", "__pycache__"}}
    return [Path(str(found.locate_file(top))) for top in tops]


def _install(wheel: Path, environment: Path) -> Path:
    subprocess.run([UV, "venv", "--offline", "--quiet", f"--python={sys.executable}", environment], check=True)
    subprocess.run([UV, "pip", "install", "--offline", "--quiet", "--no-deps", f"--python={environment}", wheel], check=True)
    return environment


def _packages(environment: Path) -> Path:
    (packages,) = environment.glob("lib/python*/site-packages")
    return packages
