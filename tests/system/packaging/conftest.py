"""The wheels of Promptuary and of the client library, and environments with them."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from environments import UV, install, make_environment, packages_of

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both wheels, which `make build` writes to ``dist``."""
    folder = tmp_path_factory.mktemp("dist")
    options = ["--offline", "--quiet", "--no-build-isolation", f"--python={sys.executable}", f"--out-dir={folder}"]
    for source in (ROOT, ROOT / "clients" / "python"):
        subprocess.run([UV, "build", "--wheel", *options, source], check=True)
    return folder


@pytest.fixture(scope="session")
def wheel(wheels: Path) -> Path:
    (wheel,) = wheels.glob("promptuary-*.whl")
    return wheel


@pytest.fixture(scope="session")
def scripts(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment with the wheels and everything of the environment of the tests."""
    environment = make_environment(tmp_path_factory.mktemp("installed") / "venv")
    install(environment, "--no-deps", *map(str, wheels.glob("*.whl")))
    # A plain path in a .pth file does not activate the .pth files behind it, thus not the checkout.
    (packages_of(environment) / "requirements.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin"


@pytest.fixture(scope="session")
def command_scripts(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment with the command line, as it is installed without extras."""
    environment = make_environment(tmp_path_factory.mktemp("command") / "venv", "promptuary")
    install(environment, f"--find-links={wheels}", "promptuary")
    return environment / "bin"
