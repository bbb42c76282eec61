"""Where `make frontend` puts the scripts and faces of the pages, and whether it did. Light, so that the command line can ask."""

from pathlib import Path

STATIC = Path(__file__).parent / "static"


def manifest_of(static: Path = STATIC) -> Path:
    """Return the path of the file that is there once a bundle is, and names what pages load of it."""
    return static / "build" / "manifest.json"


def is_built() -> bool:
    """Tell whether pages have scripts and faces."""
    return manifest_of().is_file()
