"""Folder of the scripts and fonts built by `make frontend`. Imports nothing heavy, so that the command line can use it."""

from pathlib import Path

STATIC = Path(__file__).parent / "static"


def manifest_of(static: Path = STATIC) -> Path:
    """Return the path of the file that is there once a bundle is, and names what pages load of it."""
    return static / "build" / "manifest.json"


def is_built() -> bool:
    """Return `True` if pages have scripts and fonts."""
    return manifest_of().is_file()
