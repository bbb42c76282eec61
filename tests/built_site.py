"""The documentation's site as it is built, and what its pages load, offer and link to."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
GENERATOR = ROOT / ".venv-docs/bin/zensical"

_LOADS = {"src", "srcset", "poster", "data"}
_LOADED_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch", "manifest"}
_IN_STYLES = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")


@dataclass
class Page(HTMLParser):
    """What one page loads, the places in it, its links, and its text."""

    path: Path
    loads: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        source = self.path.read_text()
        self.loads |= styled_loads(source)
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.places |= {found[name] for name in ("id", "name") if name in found}
        self.loads |= {found[name].split()[0] for name in _LOADS if found.get(name)}
        if tag == "a" and "href" in found:
            self.links.add(found["href"].removeprefix("./"))
        if tag == "link" and _LOADED_LINKS & set(found.get("rel", "").split()):
            self.loads.add(found["href"])

    def handle_data(self, data: str) -> None:
        self.text += data


def styled_loads(text: str) -> set[str]:
    """What styles load."""
    return {first or second for first, second in _IN_STYLES.findall(text)}


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the site from what is staged in a folder, as `make docs` does."""
    return subprocess.run(
        [GENERATOR, "build", "--strict", "--config-file", folder / "zensical.toml"],
        env={"NO_COLOR": "1", "PATH": ""},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )


def read_pages(site: Path) -> dict[Path, Page]:
    """All pages of a site."""
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


def is_elsewhere(address: str) -> bool:
    """Whether an address leads to another host."""
    return bool(urlsplit(address).netloc)


def dead_links(pages: dict[Path, Page]) -> Iterator[str]:
    """Links to pages, files and places that are not there. The page for what is not found is at no certain place."""
    for path, page in pages.items():
        for link in sorted(page.links):
            to = urlsplit(link)
            if to.scheme or to.netloc or path.name == "404.html":
                continue
            target = (path.parent / unquote(to.path)).resolve() if to.path else path
            target = target / "index.html" if target.is_dir() else target
            is_place = not to.fragment or target not in pages or unquote(to.fragment) in pages[target].places
            if not target.is_file() or not is_place:
                yield f"{path.name}: {link}"
