"""The wheel installs and runs where there is no checkout."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import httpx2
import pytest
from serving import environment, running_server

from promptuary import __version__

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
UV = Path(sysconfig.get_path("scripts"), "uv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    options = ["--offline", "--quiet", "--no-build-isolation", f"--python={sys.executable}", f"--out-dir={folder}"]
    subprocess.run([UV, "build", "--wheel", *options, ROOT], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of a fresh environment with the wheel, which borrows its requirements from this one."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([UV, "venv", "--offline", "--quiet", f"--python={sys.executable}", environment], check=True)
    subprocess.run([UV, "pip", "install", "--offline", "--quiet", "--no-deps", f"--python={environment}", wheel], check=True)
    # A plain path in a .pth file does not activate the .pth files behind it, thus not the checkout.
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "requirements.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin"


def _run(*command: str | Path, folder: Path) -> str:
    return subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True, text=True).stdout


def test_the_wheel_has_every_file_of_the_package_and_no_others(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    present = {str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert packed == present
    assert {"promptuary/py.typed", "promptuary/store/migrations/versions/0001_registry.py"} <= packed


def test_the_wheel_tells_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    assert f"\nVersion: {__version__}\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata


def test_the_installed_command_runs_outside_the_checkout(scripts: Path, tmp_path: Path) -> None:
    place = _run(scripts / "python", "-c", "import promptuary; print(promptuary.__file__)", folder=tmp_path)
    assert Path(place).is_relative_to(scripts.parent)
    assert _run(scripts / "promptuary", "--version", folder=tmp_path) == f"promptuary {__version__}\n"
    assert _run(scripts / "promptuary", "db", "upgrade", folder=tmp_path) == "The database is now at schema 0001.\n"
    assert (tmp_path / "promptuary-data" / "promptuary.db").is_file()


def test_the_installed_server_serves(scripts: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'promptuary.db'}"
    with running_server(url, tmp_path / "output.txt", program=[str(scripts / "promptuary")]) as server:
        assert httpx2.get(f"{server.url}/_readyz").status_code == 200
        assert httpx2.get(f"{server.url}/api/docs/").status_code == 200
        assert {Path(process.exe()).resolve() for process in server.processes()} == {(scripts / "python").resolve()}
