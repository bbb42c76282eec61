"""Requirements agree with each other: what is tested is what is built and what is in the image, and both packages fit together."""

import re
import tomllib
from pathlib import Path

import promptuary_client
import pytest
from packaging.requirements import Requirement

import promptuary

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "requirements"
FILES = sorted(FOLDER.glob("*.txt"))
LINE = re.compile(r"#|--hash=sha256:|[a-z0-9-]+(\[[a-z0-9,-]+\])?==\d")


def locked(name: str) -> set[tuple[str, str]]:
    """Return the names and versions of a file."""
    return set(re.findall(r"^([a-z0-9-]+)==(\S+)", (FOLDER / f"{name}.txt").read_text(), re.MULTILINE))


def test_wheels_are_built_with_what_a_checkout_has() -> None:
    assert "hatchling" in dict(locked("build"))
    assert locked("build") <= locked("run")


def test_the_image_has_what_a_checkout_has_except_what_builds_wheels() -> None:
    tools = locked("build") - locked("container")
    assert "hatchling" in dict(tools)
    assert locked("run") - tools <= locked("container")


def test_the_image_has_the_extras_at_the_versions_that_the_tests_run_with() -> None:
    image, tested = locked("container"), dict(locked("dev"))
    assert {"mcp", "opentelemetry-exporter-otlp-proto-http", "redis", "valkey"} <= set(dict(image))
    assert {package for package in image if package[0] in tested} <= locked("dev")


def declared(*place: str) -> dict[str, Requirement]:
    """Return what a package of the repository requires without extras, by name."""
    project = tomllib.loads(ROOT.joinpath(*place, "pyproject.toml").read_text())["project"]
    return {found.name: found for found in map(Requirement, project["dependencies"])}


def test_the_command_line_takes_every_release_of_the_client_library_with_its_own_minor_version_and_no_other() -> None:
    major, minor, _ = (int(part) for part in promptuary.__version__.split("."))
    accepted = declared()["promptuary-client"].specifier
    assert promptuary_client.__version__ in accepted
    assert (f"{major}.{minor}.0" in accepted, f"{major}.{minor}.99" in accepted) == (True, True)
    assert (f"{major}.{minor - 1}.99" in accepted, f"{major}.{minor + 1}.0" in accepted) == (False, False)


def test_what_the_client_library_requires_is_locked_and_accepted_by_the_command_line_too() -> None:
    run = dict(locked("run"))
    for name, required in declared("clients", "python").items():
        assert run[name] in required.specifier
        assert run[name] in declared()[name].specifier


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_lock_file_has_packages_of_an_index_with_digests_and_no_address_or_folder(path: Path) -> None:
    lines = [line.strip() for line in path.read_text().splitlines() if line]
    assert [line for line in lines if not LINE.match(line) or "://" in line] == []
    assert "promptuary-client" not in dict(locked(path.stem))
