"""Puts the pages of the site, what they show, and the generator's settings into one folder."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from string import Template

from docsite.commands import commands_as_markdown
from docsite.endpoints import endpoints_as_markdown, read_openapi
from docsite.links import Links
from docsite.navigation import CLIENT_REFERENCE, ENDPOINTS, LOCATIONS, REFUSALS, Page, Section, list_sections
from docsite.refusals import refusals_as_markdown

ROOT = Path(__file__).parents[1]
_OWN = ROOT / "docsite"

_CLIENT_PAGE = """# Classes and functions

*This page is made from the docstrings of the client library.* How it is used is in [its introduction](index.md).

::: promptuary_client
"""

_GENERATED: dict[Page, Callable[[], str]] = {
    LOCATIONS: commands_as_markdown,
    ENDPOINTS: lambda: endpoints_as_markdown(read_openapi()),
    REFUSALS: refusals_as_markdown,
    CLIENT_REFERENCE: lambda: _CLIENT_PAGE,
}


def stage(folder: Path, *, root: Path = ROOT) -> None:
    """Write ``zensical.toml`` and the folder ``pages`` into a folder; an older ``pages`` is replaced.

    ``root`` is the repository. Raises `Unlisted` and `DeadLink`.
    """
    sections = list_sections(root)
    pages = [page for section in sections for page in section.pages]
    links = Links(
        root,
        pages={page.source or page.target: page.target for page in pages},
        titles={page.target: page.title for page in pages},
    )
    texts = {page.target: _text(page, links) for page in pages}
    shutil.rmtree(folder / "pages", ignore_errors=True)
    for target, text in texts.items():
        _write(folder / "pages" / target, text)
    for source, place in links.files.items():
        _copy(root / source, folder / "pages" / place)
    _copy(_OWN / "site.css", folder / "pages/assets/site.css")
    settings = Template((_OWN / "zensical.toml").read_text())
    _write(
        folder / "zensical.toml",
        settings.substitute(nav=_navigation(sections), client=json.dumps(str(root / "clients/python/src"))),
    )


def _text(page: Page, links: Links) -> str:
    if not page.source:
        return _GENERATED[page]()
    return links.turn((links.root / page.source).read_text(), source=page.source, target=page.target)


def _navigation(sections: Sequence[Section]) -> str:
    """Return the navigation as a value of TOML, whose strings are written like those of JSON."""
    lines = [
        f"  {{ {json.dumps(section.title)} = [\n"
        + "".join(f"    {{ {json.dumps(page.title)} = {json.dumps(page.target)} }},\n" for page in section.pages)
        + "  ] },\n"
        for section in sections
        if section.pages
    ]
    return "[\n" + "".join(lines) + "]"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
