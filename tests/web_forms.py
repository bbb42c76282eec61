"""Forms of pages as browsers read and send them: what HTML does to line ends and NUL is part of the test."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from httpx2 import Response

Fields = dict[str, str | list[str]]


def form_of(response: Response, action: str) -> Fields:
    """Return the fields that a browser sends with the form of an address, as it stands on a page."""
    reader = _FormReader(action)
    # A browser reads every line end as LF, and NUL in a text as a replacement character.
    reader.feed(re.sub(r"\r\n?", "\n", response.text).replace("\0", "\ufffd"))
    reader.close()
    assert reader.found, f"no form sends to {action}"
    fields: Fields = {}
    for name, values in reader.values.items():
        sent = [re.sub(r"\r\n?|\n", "\r\n", value) for value in values]
        fields[name] = sent[0] if len(sent) == 1 else sent
    return fields


def edited(fields: Fields, **changes: str) -> Fields:
    """Return the fields after somebody has typed into some of them."""
    return fields | {name: value.replace("\r\n", "\n").replace("\n", "\r\n") for name, value in changes.items()}


class _FormReader(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__(convert_charrefs=True)
        self.action = action
        self.found = False
        self.values: dict[str, list[str]] = {}
        self._inside = False
        self._textarea: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("action", "").partition("?")[0] == self.action and given.get("method") == "post"
            self.found |= self._inside
        elif self._inside:
            self._take(tag, given)

    def _take(self, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "textarea":
            self._textarea = name
            self.values.setdefault(name, []).append("")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or self._select not in self.values):
            self.values[self._select] = [given.get("value", "")]
        elif tag == "input" and name and given.get("type") not in {"radio", "checkbox"}:
            self.values.setdefault(name, []).append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea" and self._textarea is not None:
            text = self.values[self._textarea][-1]
            self.values[self._textarea][-1] = text.removeprefix("\n")
            self._textarea = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self.values[self._textarea][-1] += data


def addresses_of(response: Response) -> Iterator[str]:
    """Return where the links and forms of a page lead."""
    for found in re.finditer(r'\b(?:href|action|formaction)="([^"]*)"', response.text):
        yield found[1]
