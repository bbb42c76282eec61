"""Promptuary stays light: what it installs, and what a server that has nothing to do holds in memory."""

import sys
from importlib.metadata import Distribution
from pathlib import Path

import httpx2
import pytest
from distributions import required_distributions
from serving import running_server

MEGABYTE = 1_000_000


def _installed_size(found: Distribution) -> int:
    paths = (Path(str(file.locate())) for file in found.files or ())
    return sum(path.stat().st_size for path in paths if path.is_file())


def _sizes(*extras: str) -> dict[str, float]:
    """Return the megabytes of Promptuary and all that it requires."""
    return {name: _installed_size(each) / MEGABYTE for name, each in required_distributions("promptuary", *extras).items()}


def test_the_command_line_requires_less_than_50_megabytes_and_no_server() -> None:
    sizes = _sizes()
    assert {"httpx2", "promptuary-client", "typer", "rapidfuzz"} <= set(sizes)
    assert not {"sqlalchemy", "psycopg", "starlette", "fastapi-offline", "uvicorn", "uvloop", "jinja2", "argon2-cffi"} & set(sizes)
    assert 5 < sum(sizes.values()) < 50, sizes


def test_the_server_requires_less_than_130_megabytes() -> None:
    sizes = _sizes("server")
    assert {"sqlalchemy", "uvicorn", "psycopg-binary"} <= set(sizes)
    assert not {"pytest", "mcp", "cryptography"} & set(sizes)
    assert 20 < sum(sizes.values()) < 130, sizes


def test_mcp_adds_less_than_26_megabytes() -> None:
    # 25, of which 15 are of cryptography, which the package requires for signing in at servers of others.
    sizes = {name: size for name, size in _sizes("server", "mcp").items() if name not in _sizes("server")}
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
