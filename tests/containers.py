"""Containers of an image, run as Docker and Kubernetes do with all protection on: read-only, without rights, as the image's user.

They share the network of this machine, or have one of their own, in which nothing else is.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from images import Image
from serving import START_SECONDS, Server

_CRUN: Final = (
    *("unshare", "--mount", "sh", "-c"),
    # Crun refuses machines that mount both versions of control groups, even if it uses neither.
    'umount --lazy /sys/fs/cgroup/unified 2>&-; exec crun --cgroup-manager=disabled "$@"',
    "crun",
)
NO_MOUNTS: Final[Mapping[str, Path]] = MappingProxyType({})
NO_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({})

_MOUNTS: Final = (
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755"]},
    {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "noexec", "mode=1777"]},  # noqa: S108
)
_MASKED: Final = ("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/sys/firmware")
_CAPABILITIES: Final = ("bounding", "effective", "inheritable", "permitted", "ambient")


@dataclass
class Container(Server):
    """A running container of a server."""

    name: str
    state: Path
    user: str
    variables: Sequence[str]

    def crun(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [*_CRUN, f"--root={self.state}", *arguments]
        return subprocess.run(command, capture_output=True, timeout=START_SECONDS, check=False)

    def execute(self, *command: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command in the container, as ``docker exec`` does."""
        environment = [f"--env={each}" for each in (*self.variables, *_lines(variables))]
        return self.crun("exec", f"--user={self.user}", *environment, self.name, *command)

    def signal(self, name: str) -> None:
        assert self.crun("kill", self.name, name).returncode == 0

    def stop(self) -> None:
        self.signal("TERM")
        self.process.wait(timeout=START_SECONDS)


def command_of(image: Image, *arguments: str) -> list[str]:
    """Return the command that runs for ``docker run IMAGE ARGUMENTS``."""
    return [*image.config["Entrypoint"], *(arguments or image.config["Cmd"])]


@contextmanager
def started_container(
    image: Image,
    folder: Path,
    command: Sequence[str],
    *,
    mounts: Mapping[str, Path] = NO_MOUNTS,
    variables: Mapping[str, str] = NO_VARIABLES,
    port: int = 0,
    has_own_network: bool = False,
) -> Iterator[Container]:
    """Start a container, and kill it after the block if it still runs.

    ``mounts`` are the volumes at its places, ``port`` is where its server listens, if it is one.
    """
    folder.mkdir()
    name = folder.name
    environment = [*image.config["Env"], *_lines(variables)]
    (folder / "config.json").write_text(json.dumps(_bundle(image, command, mounts, environment, has_own_network=has_own_network)))
    arguments = [*_CRUN, f"--root={folder / 'state'}", "run", f"--bundle={folder}", name]
    output = folder / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    container = Container(f"http://127.0.0.1:{port}", process, output, name, folder / "state", image.config["User"], environment)
    try:
        yield container
    finally:
        if process.poll() is None:
            container.signal("KILL")
            process.wait(timeout=START_SECONDS)


def _lines(variables: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in variables.items()]


def make_volume(image: Image, folder: Path) -> Path:
    """Make an empty volume, which belongs to the image's user, as Docker makes it from the folder of the image."""
    [place] = image.config["Volumes"]
    facts = (image.root / place.lstrip("/")).stat()
    folder.mkdir(mode=facts.st_mode & 0o777)
    os.chown(folder, facts.st_uid, facts.st_gid)
    return folder


def _bundle(
    image: Image, command: Sequence[str], mounts: Mapping[str, Path], environment: Sequence[str], *, has_own_network: bool
) -> dict[str, Any]:
    """Return the configuration of a container for an OCI runtime."""
    user, _, group = image.config["User"].partition(":")
    namespaces = ["pid", "mount", "ipc", "uts", *(["network"] if has_own_network else [])]
    volumes = [
        {"destination": place, "type": "bind", "source": str(volume), "options": ["bind", "rw"]} for place, volume in mounts.items()
    ]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": int(user), "gid": int(group)},
            "args": list(command),
            "env": list(environment),
            "cwd": image.config["WorkingDir"],
            "noNewPrivileges": True,
            "capabilities": {kind: [] for kind in _CAPABILITIES},
        },
        "root": {"path": str(image.root), "readonly": True},
        "mounts": [*_MOUNTS, *volumes],
        "linux": {"namespaces": [{"type": kind} for kind in namespaces], "maskedPaths": list(_MASKED)},
    }
