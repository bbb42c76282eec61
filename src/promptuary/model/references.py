"""References: tags in a prompt in whose place programs get the text of another prompt.

``@@@prompt:name=tone|label=production@@@`` follows a label, ``@@@prompt:name=tone|version=3@@@`` stays at a version. Anything that
is not exactly a tag is plain text. In a content that is a string the whole text counts, in any other JSON the strings do, but not
the keys of objects.

The grammar is here alone. `assembly` puts texts in the place of tags.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from promptuary.model.chats import json_texts
from promptuary.model.content import text_of
from promptuary.model.json_text import change_strings

MAX_REFERENCES = 20
"""Maximum different references in one version."""

MAX_DEPTH = 5
"""Maximum length of a chain of references; one to a prompt without references has the length 1."""

MAX_ALL_REFERENCES = 400
"""Maximum different references in one version and in all that it refers to."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The prompt that a tag names, and either the version or the label by which it is selected."""

    name: str
    version: int | None = None
    label: str | None = None

    @property
    def order(self) -> tuple[str, int, str]:
        """Key by which references are sorted."""
        return self.name, self.version or 0, self.label or ""

    def __str__(self) -> str:
        return f"{self.name}@{self.label or f'v{self.version}'}"


@dataclass(frozen=True, slots=True)
class Tag:
    """One place of a reference; ``text[start:end]`` is its tag."""

    reference: Reference
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Spelling:
    """A way to write a tag. The pattern has the groups ``name``, ``version`` and ``label``."""

    pattern: re.Pattern[str]

    def find(self, text: str) -> Iterator[Tag]:
        """Yield the tags of a text in order."""
        for match in self.pattern.finditer(text):
            version = match["version"]
            reference = Reference(match["name"], None if version is None else int(version), match["label"])
            yield Tag(reference, match.start(), match.end())


_LABEL = r"[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?"
SPELLINGS: Final = (
    Spelling(
        re.compile(
            rf"@@@prompt:name=(?P<name>[A-Za-z0-9_-]{{1,255}})\|(?:version=(?P<version>[1-9][0-9]{{0,8}})|label=(?P<label>{_LABEL}))@@@"
        )
    ),
)

_BOUNDARY = "@@@"


def find_tags(text: str) -> Iterator[Tag]:
    """Yield the tags of a text in order."""
    if _BOUNDARY not in text:
        return
    end = 0
    for tag in sorted((tag for spelling in SPELLINGS for tag in spelling.find(text)), key=lambda tag: tag.start):
        # Tags of two spellings could share a boundary; the first one has it.
        if tag.start >= end:
            yield tag
            end = tag.end


def tag_of(reference: Reference) -> str:
    """Return the tag of a reference."""
    selector = f"version={reference.version}" if reference.label is None else f"label={reference.label}"
    return f"@@@prompt:name={reference.name}|{selector}@@@"


def is_text(content: str) -> bool:
    """Return `True` if a stored content is a string, and so can be referenced."""
    return content.startswith('"')


def list_tags(content: str) -> list[Tag]:
    """List the tags of a stored content, in the order in which they are met."""
    return [tag for text in _texts(content) for tag in find_tags(text)] if _BOUNDARY in content else []


def count_references(content: str) -> Mapping[Reference, int]:
    """Count the tags of each reference of a stored content, in the order of first appearance."""
    return Counter(tag.reference for tag in list_tags(content))


def replace_tags(content: str, replacement: Callable[[Reference], str]) -> str:
    """Return the text of a stored content, as readers see it, with texts in the place of its tags."""
    text = text_of(content)
    if _BOUNDARY not in text:
        return text
    return _replaced(text, replacement) if is_text(content) else change_strings(text, lambda each: _replaced(each, replacement))


def _texts(content: str) -> Iterable[str]:
    value = json.loads(content)
    return (value,) if isinstance(value, str) else json_texts(value)


def _replaced(text: str, replacement: Callable[[Reference], str]) -> str:
    pieces: list[str] = []
    end = 0
    for tag in find_tags(text):
        pieces += (text[end : tag.start], replacement(tag.reference))
        end = tag.end
    return "".join((*pieces, text[end:]))
