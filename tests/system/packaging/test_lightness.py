"""Promptuary stays light: what it installs, and what a server that has nothing to do holds in memory."""

import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

import httpx2
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from serving import running_server

MEGABYTE = 1_000_000


def _add_requirements(found: dict[str, Distribution], name: str, extras: frozenset[str] = frozenset({""})) -> None:
    """Add a distribution and all that it requires on this machine."""
    found[name] = distribution(name)
    for line in found[name].requires or ():
        requirement = Requirement(line)
        is_needed = requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)
        required = canonicalize_name(requirement.name)
        if is_needed and required not in found:
            _add_requirements(found, required, frozenset({"", *requirement.extras}))


def _installed_size(found: Distribution) -> int:
    paths = (Path(str(file.locate())) for file in found.files or ())
    return sum(path.stat().st_size for path in paths if path.is_file())


def _sizes(*extras: str) -> dict[str, float]:
    """Return the megabytes of Promptuary and all that it requires."""
    found: dict[str, Distribution] = {}
    _add_requirements(found, "promptuary", frozenset({"", *extras}))
    return {name: _installed_size(each) / MEGABYTE for name, each in found.items()}


def test_the_installed_requirements_are_smaller_than_120_megabytes() -> None:
    sizes = _sizes()
    assert {"sqlalchemy", "uvicorn", "psycopg-binary"} <= set(sizes)
    assert not {"pytest", "mcp", "cryptography"} & set(sizes)
    assert 20 < sum(sizes.values()) < 120, sizes


def test_mcp_adds_less_than_26_megabytes() -> None:
    # 25, of which 15 are of cryptography, which the package requires for signing in at servers of others.
    sizes = {name: size for name, size in _sizes("mcp").items() if name not in _sizes()}
    assert {"mcp", "mcp-types"} <= set(sizes)
    assert 5 < sum(sizes.values()) < 26, sizes


def _proportional_memory(process_id: int) -> int:
    lines = Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells how much of the memory is shared.")
def test_an_idle_server_is_smaller_than_100_megabytes(empty_database_url: str, tmp_path: Path) -> None:
    with running_server(empty_database_url, tmp_path / "output.txt") as server:
        assert httpx2.get(f"{server.url}/api/projects/@current/llm_prompts/").status_code == 401
        sizes = [_proportional_memory(process.pid) / MEGABYTE for process in server.processes()]
    assert len(sizes) >= 2
    assert 20 < sum(sizes) < 100, sizes
