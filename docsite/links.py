"""Links between files of the repository, turned into links between pages of the site."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

_KEPT_APART = re.compile(r"^(```.*?^```[^\n]*$|<!-- site: .*? -->)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"""(?P<before>\]\(|\b(?:src|srcset|href)=")(?P<to>[^)"\s]+)(?P<after>[)"])""")
_NAMED_BY_FILE = re.compile(r"\[(?P<text>[\w./-]*[./][\w./-]*)\](?=\((?P<to>[^)#]+\.md)(?:#[^)]*)?\))")
_ELSEWHERE = re.compile(r"[a-z]+:|#", re.IGNORECASE)
_PICTURE = re.compile(
    r'<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="(?P<dark>[^"]+)">'
    r'\s*<img src="(?P<light>[^"]+)" (?P<rest>[^>]*)>\s*</picture>'
)
_ONLY_HERE = re.compile(r"^<!-- site: (.*?) -->$", re.DOTALL)


class DeadLink(Exception):
    """A page links to a file that the repository does not have."""


@dataclass
class Links:
    """Turns links of pages. ``pages`` are the files that have a place on the site, ``titles`` the titles of those places.

    ``files`` collects what else is linked to, such as pictures and examples, and has to come along.
    """

    root: Path
    pages: Mapping[str, str]
    titles: Mapping[str, str]
    files: dict[str, str] = field(default_factory=dict)

    def turn(self, text: str, *, source: str, target: str) -> str:
        """Return the text of the page ``source`` for its place ``target`` on the site. Raises `DeadLink`.

        Links that are named by a file or folder are named by its page. Pictures by day and by night follow the site's switch. A
        comment that begins with ``site:`` is shown, if the site has the pages that it links to.
        """

        def turned(link: re.Match[str]) -> str:
            return link["before"] + self._turned(link["to"], source, target) + link["after"]

        def named(link: re.Match[str]) -> str:
            place = os.path.normpath(PurePosixPath(target).parent / link["to"])
            return f"[{self.titles.get(place, link['text'])}]"

        # Whatever the pattern kept apart, code and comments, comes second.
        parts = _KEPT_APART.split(text)
        for index in range(0, len(parts), 2):
            parts[index] = _PICTURE.sub(_by_day_and_night, _NAMED_BY_FILE.sub(named, _LINK.sub(turned, parts[index])))
        for index in range(1, len(parts), 2):
            parts[index] = _ONLY_HERE.sub(self._shown, parts[index])
        return "".join(parts)

    def _shown(self, comment: re.Match[str]) -> str:
        linked = {link["to"].partition("#")[0] for link in _LINK.finditer(comment[1])}
        return comment[1] if linked <= set(self.pages.values()) else ""

    def _turned(self, link: str, source: str, target: str) -> str:
        if _ELSEWHERE.match(link):
            return link
        path, hash_sign, anchor = link.partition("#")
        meant = os.path.normpath(PurePosixPath(source).parent / path)
        return os.path.relpath(self._place(meant, source), PurePosixPath(target).parent) + hash_sign + anchor

    def _place(self, meant: str, source: str) -> str:
        place = self.pages.get(meant) or self.pages.get(f"{meant}/README.md")
        if place:
            return place
        if not (self.root / meant).is_file():
            raise DeadLink(f"{source} links to {meant}, which is no file.")
        return self.files.setdefault(meant, meant.removeprefix("docs/") if meant.startswith("docs/") else f"files/{meant}")


def _by_day_and_night(picture: re.Match[str]) -> str:
    return (
        f'<img src="{picture["light"]}#only-light" {picture["rest"]}>'
        f'<img src="{picture["dark"]}#only-dark" {picture["rest"]} loading="lazy">'
    )
