"""The refusals of references: of writes, of fetches, and of writes to prompts that others refer to."""

from collections.abc import Iterable, Sequence

from promptuary.model.content import MAX_BYTES
from promptuary.model.errors import InvalidValue, RegistryError
from promptuary.model.references import MAX_ALL_REFERENCES, MAX_REFERENCES, Reference

MAX_NAMED = 100
"""Maximum names that an error lists."""


def listed(names: Iterable[str]) -> tuple[str, ...]:
    """Return different names, sorted, as many as an error lists."""
    return tuple(sorted(set(names))[:MAX_NAMED])


class InvalidReference(InvalidValue):
    """A version cannot have the references of its content. ``name`` is the prompt that the refusal is about, if it is about one."""

    def __init__(self, code: str, detail: str, *, name: str | None = None) -> None:
        super().__init__(code, detail)
        self.name = name

    def preceded_by(self, sentence: str) -> "InvalidReference":
        """Return the same refusal with a sentence before its own."""
        return InvalidReference(self.code, f"{sentence} {self}", name=self.name)


def too_many_references() -> InvalidReference:
    """Refuse more references than a version may have."""
    detail = f"A prompt can reference at most {MAX_REFERENCES} other prompts. Remove some references and try again."
    return InvalidReference("too_many_references", detail)


def too_many_in_all() -> InvalidReference:
    """Refuse more references than a version may have together with all that it refers to."""
    detail = (
        f"A prompt can reference at most {MAX_ALL_REFERENCES} other prompts, including those that these reference. "
        "Remove some references and try again."
    )
    return InvalidReference("too_many_references", detail)


def referenced_cannot_reference(parents: Sequence[str]) -> InvalidReference:
    """Refuse references in a prompt that others refer to, where chains are not allowed."""
    detail = f"{_is_referenced('This prompt', parents)} A referenced prompt cannot contain references of its own."
    return InvalidReference("referenced_prompt_cannot_reference", detail)


def self_reference(name: str) -> InvalidReference:
    """Refuse a reference to the prompt that has it."""
    detail = f"A prompt cannot reference itself. Remove the reference to '{name}' or point it at another prompt."
    return InvalidReference("self_reference", detail, name=name)


def reference_not_found(reference: Reference) -> InvalidReference:
    """Refuse a reference to a prompt that does not exist."""
    detail = f"The referenced prompt '{reference.name}' does not exist. Create it first or remove the reference."
    return InvalidReference("reference_not_found", detail, name=reference.name)


def reference_version_not_found(reference: Reference) -> InvalidReference:
    """Refuse a reference to a version that does not exist."""
    detail = f"Prompt '{reference.name}' has no version {reference.version}. Pin an existing version or use a label."
    return InvalidReference("reference_version_not_found", detail, name=reference.name)


def reference_label_not_found(reference: Reference) -> InvalidReference:
    """Refuse a reference to a label that does not exist."""
    detail = f"Prompt '{reference.name}' has no label '{reference.label}'. Create the label first or pin a version instead."
    return InvalidReference("reference_label_not_found", detail, name=reference.name)


def reference_not_text(reference: Reference) -> InvalidReference:
    """Refuse a reference to a version that is not text."""
    detail = f"Prompt '{reference.name}' cannot be referenced because its content is not plain text."
    return InvalidReference("reference_not_text", detail, name=reference.name)


def nested_reference(name: str, depth: int) -> InvalidReference:
    """Refuse a reference that makes a chain longer than ``depth``."""
    if depth == 1:
        detail = f"Prompt '{name}' contains references of its own. Referenced prompts cannot contain references."
    else:
        detail = f"Prompt '{name}' contains references of its own, deeper than {depth} levels."
    return InvalidReference("nested_reference", detail, name=name)


def reference_cycle(names: Sequence[str]) -> InvalidReference:
    """Refuse a reference by which a prompt would contain itself; ``names`` are the way from the prompt back to it."""
    detail = f"A prompt cannot reference itself through other prompts: {', '.join(names)}."
    return InvalidReference("reference_cycle", detail, name=names[1])


def assembled_too_large() -> InvalidReference:
    """Refuse references with which the text exceeds the size of a prompt."""
    detail = (
        f"The prompt with all referenced content included exceeds {MAX_BYTES} bytes. Shorten the prompt or its referenced prompts."
    )
    return InvalidReference("assembled_too_large", detail)


def label_is_referenced(parents: Sequence[str]) -> str:
    """Return the sentence that begins the refusals of moving a label that others follow."""
    return _is_referenced("This label", parents)


class ReferencedPrompt(RegistryError):
    """The prompt cannot be archived because active prompts, ``parents``, refer to it."""

    def __init__(self, parents: Sequence[str]) -> None:
        super().__init__(f"{_is_referenced('This prompt', parents)} Remove those references before archiving.")
        self.parents = tuple(parents)


class ReferencedLabel(RegistryError):
    """The label cannot be removed because active prompts, ``parents``, follow it."""

    def __init__(self, parents: Sequence[str]) -> None:
        super().__init__(f"{_is_referenced('This label', parents)} Remove those references before deleting the label.")
        self.parents = tuple(parents)


class UnrestorableReferences(RegistryError):
    """An archived prompt cannot be restored because its latest version has references that are not allowed now."""

    def __init__(self, refusal: InvalidReference, *, name: str) -> None:
        super().__init__(str(refusal))
        self.name = refusal.name or name


class UnresolvedReference(RegistryError):
    """The references of a fetched version cannot be resolved. ``name`` is the prompt that stands in the way."""

    def __init__(self, detail: str, *, name: str) -> None:
        super().__init__(detail)
        self.name = name


class ReferencedVersionGone(UnresolvedReference):
    """The version that a reference means does not exist, or does not exist any more."""

    def __init__(self, reference: Reference) -> None:
        place = f"version {reference.version}" if reference.label is None else f"label '{reference.label}'"
        super().__init__(f"This prompt references '{reference.name}' at {place}, which no longer exists.", name=reference.name)


class UnusableReference(UnresolvedReference):
    """The version that a reference means exists and cannot be a part of a text."""


def cannot_be_spliced(reference: Reference, reason: str) -> UnusableReference:
    """Refuse to put a version into a text; ``reason`` says what it is or has."""
    detail = f"The referenced prompt '{reference.name}' {reason} and cannot be spliced in."
    return UnusableReference(detail, name=reference.name)


def _is_referenced(what: str, parents: Sequence[str]) -> str:
    return f"{what} is referenced by {', '.join(parents)}."
