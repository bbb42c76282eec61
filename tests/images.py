"""The container image of this checkout, built without a registry: on Debian's packages, with the Dockerfile as it stands.

Building takes a minute, so all processes of a test run share one image.
"""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
PROGRAMS: Final = ("buildah", "crun", "mmdebstrap", "node", "npm")

_PACKAGES: Final = ("passwd", "python3-venv")
"""What the Dockerfile asks of a base."""

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The variable that images of Debian set."""

_NODE: Final = Path(shutil.which("node") or "node").resolve()
_NPM: Final = Path(shutil.which("npm") or "npm").resolve().parents[1]

_ACCESS: Final = {path: path for path in ("/etc/ssl/certs", "/etc/pip.conf", "/usr/etc/npmrc") if Path(path).exists()}
"""What tells pip and npm on this machine how they reach packages."""

_LENT: Final = {str(_NODE): "/usr/bin/node", str(_NPM): "/usr/lib/node_modules/npm", **_ACCESS}
"""What the build gets of this machine while it lasts, by place: Debian's npm would be hundreds of packages."""


def reason_to_skip() -> str:
    """Return the reason why no image can be built here, or nothing."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"Images need these programs: {', '.join(missing)}; on Debian: apt-get install buildah crun mmdebstrap nodejs npm"
    if not (_NPM / "node_modules").is_dir():
        return "This machine's npm is spread over many packages, and the image takes it from one folder."
    return "" if os.geteuid() == 0 else "Only root can make images and run them."


@dataclass(frozen=True)
class Image:
    """An image as a folder, which containers share, because they cannot write to it."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @cached_property
    def facts(self) -> Any:
        """What the image says of itself, and the bytes of its files and of its base."""
        return json.loads((self.folder / "facts.json").read_text())

    @property
    def config(self) -> Any:
        return self.facts["config"]


@contextmanager
def shared_image(folder: Path) -> Iterator[Image]:
    """Provide the image in a folder; the first process builds it, and the last one removes it."""
    folder.mkdir(exist_ok=True)
    with (folder / "users").open("w") as users, (folder / "builders").open("w") as builders:
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(builders, fcntl.LOCK_EX)
        image = Image(folder)
        if not (folder / "facts.json").exists():
            _build(image)
        fcntl.flock(builders, fcntl.LOCK_UN)
        yield image
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        shutil.rmtree(folder)


def _build(image: Image) -> None:
    store = _Store(image.folder / "store")
    try:
        base_size = store.make_base("localhost/base")
        arguments = ["--build-arg=BASE=localhost/base", "--build-arg=NODE_BASE=localhost/base"]
        lent = [f"--volume={path}:{place}:ro" for path, place in _LENT.items()]
        # A health check is part of Docker's format only.
        store.buildah("build", "--pull-never", "--format=docker", "--tag=promptuary", *arguments, *lent, str(ROOT))
        config = json.loads(store.buildah("inspect", "--type=image", "promptuary"))["Docker"]["config"]
        root = store.mount("promptuary")
        facts = {"config": config, "size": size_of(root), "base_size": base_size}
        root.rename(image.root)
        (image.folder / "facts.json").write_text(json.dumps(facts))
    finally:
        shutil.rmtree(store.folder)


@dataclass(frozen=True)
class _Store:
    """Images in a folder of their own."""

    folder: Path

    def buildah(self, *arguments: str) -> str:
        # Without layers over layers, a mounted image is a folder like any other.
        places = [f"--root={self.folder / 'images'}", f"--runroot={self.folder / 'run'}", "--storage-driver=vfs"]
        return run(["buildah", *places, *arguments], env=os.environ | {"BUILDAH_ISOLATION": "chroot"})

    def mount(self, image: str) -> Path:
        """Return the folder of a new container of an image."""
        return Path(self.buildah("mount", self.buildah("from", "--pull-never", image).strip()).strip())

    def make_base(self, name: str) -> int:
        """Make an image of Debian with Python, and return the bytes of its files."""
        container = self.buildah("from", "scratch").strip()
        root = Path(self.buildah("mount", container).strip())
        options = ["--quiet", "--mode=root", "--variant=apt", f"--include={','.join(_PACKAGES)}", "--dpkgopt=force-unsafe-io"]
        run(["mmdebstrap", *options, _codename(), str(root)])
        (root / "usr/bin/npm").symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
        size = size_of(root)
        self.buildah("config", f"--env=PATH={_PATH}", container)
        self.buildah("commit", "--rm", container, name)
        return size


def size_of(folder: Path) -> int:
    """Return the bytes of all files of a folder."""
    paths = (Path(place) / name for place, _, names in os.walk(folder) for name in names)
    return sum(path.lstat().st_size for path in paths)


def run(command: Sequence[str], *, env: dict[str, str] | None = None) -> str:
    """Run a program and return its output; if it fails, the error has all that it wrote."""
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _codename() -> str:
    """Return the release of Debian that this machine runs, on which its node runs too."""
    lines = Path("/etc/os-release").read_text().splitlines()
    return dict(line.partition("=")[::2] for line in lines)["VERSION_CODENAME"].strip('"')
