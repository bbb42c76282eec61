"""The wheel installs and runs where there is no checkout."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx2
import pytest
import trove_classifiers
from packaging.metadata import Metadata
from serving import environment, running_server

from promptuary import __version__
from promptuary.store import schema
from promptuary.web.bundle import is_built

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "src"


def _run(*command: str | Path, folder: Path) -> str:
    return subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True, text=True).stdout


def test_the_wheel_has_every_file_of_the_package_and_no_others(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    present = {str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert packed == present
    migrations = {f"promptuary/store/migrations/{name}" for name in ("newest_sqlite.sql", "versions/0001_registry.py")}
    assert {"promptuary/py.typed", *migrations} <= packed


@pytest.mark.skipif(not is_built(), reason="The bundle is not built; `make frontend` needs npm.")
def test_the_wheel_has_the_scripts_and_faces_of_the_pages_and_their_licences(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name.removeprefix("promptuary/web/static/") for name in archive.namelist()}
    assert {"css/tokens.css", "favicon.svg", "build/manifest.json", "build/literata-latin.woff2", "build/licences.txt"} <= packed
    assert any(re.fullmatch(r"build/app\.[A-Z0-9]+\.js", name) for name in packed)
    assert any(re.fullmatch(r"build/editor\.[A-Z0-9]+\.js", name) for name in packed)


def test_no_wheel_is_built_without_its_scripts(tmp_path: Path) -> None:
    for tool in ("make", "sh"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or tool)
    command = [str(tmp_path / "make"), "--old-file=build-client", "build"]
    told = subprocess.run(command, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert told.returncode != 0
    assert "npm, which builds them, is not installed" in told.stdout


def test_the_wheel_tells_what_it_is_in_metadata_that_indexes_accept(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Metadata.from_email(archive.read(name), validate=True)
    assert (str(metadata.version), metadata.license_expression, str(metadata.requires_python)) == (__version__, "MIT", ">=3.11")
    assert metadata.description_content_type == "text/markdown"
    assert metadata.description == (ROOT / "README.md").read_text()
    assert set(metadata.provides_extra or ()) == {"mcp", "otel", "redis", "server", "valkey"}
    assert [each.name for each in metadata.requires_dist or () if each.url] == []
    assert set(metadata.classifiers or ()) <= trove_classifiers.classifiers


@pytest.mark.skipif(not is_built(), reason="The bundle is not built; `make frontend` needs npm.")
def test_the_source_archive_builds_the_same_wheel_without_npm(wheel: Path, tmp_path: Path) -> None:
    def build(kind: str, source: Path) -> Path:
        command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(tmp_path / kind)]
        subprocess.run(command, cwd=source, env={"PATH": ""}, check=True, capture_output=True)
        (built,) = (tmp_path / kind).iterdir()
        return built

    (tmp_path / "unpacked").mkdir()
    subprocess.run([shutil.which("tar") or "tar", "-xzf", build("sdist", ROOT), "-C", tmp_path / "unpacked"], check=True)
    (source,) = (tmp_path / "unpacked").iterdir()
    assert {path.name for path in source.iterdir()} <= {
        "src",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "PKG-INFO",
        "pyproject.toml",
        ".gitignore",
    }
    # The same files, times and order: anyone can compare what is published with what the sources give.
    assert build("wheel", source).read_bytes() == wheel.read_bytes()


def test_the_installed_command_runs_outside_the_checkout(scripts: Path, tmp_path: Path) -> None:
    place = _run(scripts / "python", "-c", "import promptuary; print(promptuary.__file__)", folder=tmp_path)
    assert Path(place).is_relative_to(scripts.parent)
    assert _run(scripts / "promptuary", "--version", folder=tmp_path) == f"promptuary {__version__}\n"
    assert (
        _run(scripts / "promptuary", "admin", "db", "upgrade", folder=tmp_path) == f"The database is now at schema {schema.HEAD}.\n"
    )
    assert (tmp_path / "promptuary-data" / "promptuary.db").is_file()


def test_the_installed_server_serves(scripts: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'promptuary.db'}"
    with running_server(url, tmp_path / "output.txt", program=[str(scripts / "promptuary")]) as server:
        assert httpx2.get(f"{server.url}/_readyz").status_code == 200
        assert httpx2.get(f"{server.url}/api/docs/").status_code == 200
        assert {Path(process.exe()).resolve() for process in server.processes()} == {(scripts / "python").resolve()}
