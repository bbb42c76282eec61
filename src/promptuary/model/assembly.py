"""Assembling: the text of a prompt with the texts of its references, at all levels.

A reference means the same version wherever it stands, so all that is needed of the parts of a prompt is in one mapping. It is read
from the database level by level; here nothing is read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from promptuary.model import reference_errors as errors
from promptuary.model.content import MAX_BYTES
from promptuary.model.contracts import Contract, read_contract
from promptuary.model.json_text import dump
from promptuary.model.references import (
    MAX_ALL_REFERENCES,
    MAX_DEPTH,
    Reference,
    count_references,
    is_text,
    replace_tags,
)


class Absence(Enum):
    """Reason why a reference means no version."""

    PROMPT = "prompt"
    VERSION = "version"
    LABEL = "label"


@dataclass(frozen=True)
class Part:
    """A version that a reference means at one moment; ``content`` and ``variables_json`` as they are stored."""

    name: str
    version: int
    version_id: str
    content: str
    variables_json: str | None = None

    @cached_property
    def references(self) -> Mapping[Reference, int]:
        """The number of tags of each of its references, in the order of first appearance."""
        return count_references(self.content)

    @property
    def contract(self) -> Contract | None:
        """The contract of its variables."""
        return read_contract(self.variables_json)


Target = Part | Absence
Targets = Mapping[Reference, Target]
"""The meaning of references, of a content and of all its parts, as deep as they could be followed."""


@dataclass(frozen=True, slots=True)
class ServedReference:
    """A reference and the part that was put in its place."""

    reference: Reference
    part: Part


@dataclass(frozen=True, slots=True)
class Assembled:
    """The content of a prompt with all its parts, as it would be stored, and each reference in the order in which tags are met."""

    content: str
    served: tuple[ServedReference, ...]
    texts: Mapping[Reference, str]
    """The assembled text of each reference of the content itself."""


@dataclass(slots=True)
class Assembly:
    """A stored content and the meaning of all references in it and below."""

    content: str
    targets: Targets
    _sizes: dict[Reference, int] = field(default_factory=dict)
    _texts: dict[Reference, str] = field(default_factory=dict)

    def assemble(self, name: str) -> Assembled:
        """Return the content with all parts. Raises `UnresolvedReference` for the first tag in the way.

        ``name`` is the name of the prompt itself.
        """
        served = {each.reference: each for each in self._meet(count_references(self.content), 1, {})}
        if len(served) > MAX_ALL_REFERENCES:
            raise errors.UnusableReference(str(errors.too_many_in_all()), name=name)
        if self.size > MAX_BYTES:
            raise errors.UnusableReference(str(errors.assembled_too_large()), name=name)
        text = replace_tags(self.content, self._text)
        texts = {reference: self._text(reference) for reference in count_references(self.content)}
        return Assembled(dump(text) if is_text(self.content) else text, tuple(served.values()), texts)

    @property
    def size(self) -> int:
        """Bytes of the text with all parts. Call it when all references are known to be usable."""
        return self._size(self.content, count_references(self.content))

    @property
    def count(self) -> int:
        """The number of different references in all. Raises `UnresolvedReference`."""
        return len({each.reference for each in self._meet(count_references(self.content), 1, {})})

    @property
    def can_be_resolved(self) -> bool:
        """`True` if each reference means a text."""
        try:
            return self.count >= 0
        except errors.UnresolvedReference:
            return False

    def _meet(self, references: Mapping[Reference, int], level: int, met: dict[Reference, int]) -> Iterator[ServedReference]:
        """Yield the references of a content and of its parts, depth first; each once, or again if it is met on a deeper level."""
        for reference in references:
            if met.get(reference, 0) >= level:
                continue
            met[reference] = level
            part = self.targets.get(reference)
            if not isinstance(part, Part):
                raise errors.ReferencedVersionGone(reference)
            if not is_text(part.content):
                raise errors.cannot_be_spliced(reference, "is not plain text")
            if part.references and level == MAX_DEPTH:
                raise errors.cannot_be_spliced(reference, "contains references of its own")
            yield ServedReference(reference, part)
            yield from self._meet(part.references, level + 1, met)

    def _size(self, content: str, references: Mapping[Reference, int]) -> int:
        return own_size(content) + sum(count * self._size_of(reference) for reference, count in references.items())

    def _size_of(self, reference: Reference) -> int:
        if reference not in self._sizes:
            part = self._part(reference)
            self._sizes[reference] = self._size(part.content, part.references)
        return self._sizes[reference]

    def _text(self, reference: Reference) -> str:
        if reference not in self._texts:
            self._texts[reference] = replace_tags(self._part(reference).content, self._text)
        return self._texts[reference]

    def _part(self, reference: Reference) -> Part:
        part = self.targets[reference]
        assert isinstance(part, Part)  # noqa: S101 - `assemble` has looked
        return part


def own_size(content: str) -> int:
    """Count the bytes of a stored content's text without its tags: at least so many it adds to a text that it is a part of."""
    return len(replace_tags(content, lambda _reference: "").encode())
