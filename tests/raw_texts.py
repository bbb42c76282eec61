"""Hidden characters that a page shows as they are, where readers cannot see them."""

from html.parser import HTMLParser

from promptuary.model.hidden_characters import has_hidden

_EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class PageReader(HTMLParser):
    """Collects the links of a page, and its raw texts outside of editors, values of fields and what is drawn or copied."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.raw: list[str] = []
        self._exempt = [False]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        for name, value in attrs:
            if name != "value" and not name.startswith("data-") and has_hidden(value or ""):
                self.raw.append(f"<{tag} {name}={value!a}>")
        if tag == "a" and known.get("href"):
            self.links.append(str(known["href"]))
        if tag not in _EMPTY:
            is_drawn = known.get("class") == "hidden-character"
            self._exempt.append(self._exempt[-1] or tag == "textarea" or is_drawn)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY:
            self._exempt.pop()

    def handle_data(self, data: str) -> None:
        if not self._exempt[-1] and has_hidden(data):
            self.raw.append(ascii(data.strip()[:200]))


def read_page(html: str) -> PageReader:
    """Read a page."""
    reader = PageReader()
    reader.feed(html)
    reader.close()
    return reader
