"""On what was measured: the machine and the versions of everything that took part."""

import os
import platform
import re
import sqlite3
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.peers import PEERS

_GIGABYTE = 10**9


def describe() -> dict[str, object]:
    """Return date, machine and versions; call it before the run, because it tells what else the machine does."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": _machine(),
        "load_average": round(os.getloadavg()[0], 2),
        "versions": _versions(),
    }


def memory_of(process: psutil.Process) -> int:
    """Return the bytes that a process holds, with its part of the pages that it shares."""
    usage = process.memory_full_info()
    # Only Linux tells how much of the shared pages is a process's part; elsewhere its own pages have to do.
    held: int = getattr(usage, "pss", usage.uss)
    return held


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIGABYTE
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {kernel}"


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in ("promptuary", "uvicorn", "sqlalchemy")}
    peers = {peer.name: peer.version for peer in PEERS}
    tools = {"nginx": _output_of(["nginx", "-v"]), "wrk": _output_of(["wrk", "-v"])}
    return {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version} | packages | tools | peers


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    return names[0] if names else platform.machine()


def _output_of(command: Sequence[str]) -> str:
    """Return the first version number that a command tells."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found[0] if found else "unknown"
