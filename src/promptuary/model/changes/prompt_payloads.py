"""Payloads of the changes of prompts and labels; see `payloads`."""

from dataclasses import dataclass
from typing import ClassVar, Self

from promptuary.model.changes.kinds import ChangeKind
from promptuary.model.changes.stored_facts import (
    Facts,
    Sides,
    find_text,
    get_fact,
    read_affected,
    read_labels,
    show_affected,
    show_labels,
)
from promptuary.model.prompts import LabelPointer


@dataclass(frozen=True, slots=True)
class CopySource:
    """The prompt and the version that a copy was made from."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class PromptCreated:
    """A prompt was created; with a ``source``, as a copy of another one."""

    kind: ClassVar = ChangeKind.PROMPT_CREATED

    version: int
    description: str | None
    has_config: bool
    source: CopySource | None = None

    def to_json(self) -> Sides:
        """Return the stored form."""
        after: dict[str, object] = {"version": self.version, "description": self.description, "has_config": self.has_config}
        if self.source is not None:
            after |= {"duplicated_from": self.source.name, "source_version": self.source.version}
        return None, after

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        is_copy = "duplicated_from" in after
        source = CopySource(get_fact(after, "duplicated_from", str), get_fact(after, "source_version", int)) if is_copy else None
        return cls(get_fact(after, "version", int), find_text(after, "description"), get_fact(after, "has_config", bool), source)


@dataclass(frozen=True, slots=True)
class PromptPublished:
    """A version was published on top of another one."""

    kind: ClassVar = ChangeKind.PROMPT_PUBLISHED

    base_version: int
    version: int
    description: str | None
    has_config: bool
    config_changed: bool

    def to_json(self) -> Sides:
        """Return the stored form."""
        after: dict[str, object] = {
            "version": self.version,
            "description": self.description,
            "has_config": self.has_config,
            "config_changed": self.config_changed,
        }
        return {"version": self.base_version}, after

    @classmethod
    def from_json(cls, before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(
            base_version=get_fact(before, "version", int),
            version=get_fact(after, "version", int),
            description=find_text(after, "description"),
            has_config=get_fact(after, "has_config", bool),
            config_changed=get_fact(after, "config_changed", bool),
        )


@dataclass(frozen=True, slots=True)
class PromptDuplicated:
    """A prompt was copied to a new name; the copy has an entry of its own."""

    kind: ClassVar = ChangeKind.PROMPT_DUPLICATED

    new_name: str

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, {"duplicated_to": self.new_name}

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(get_fact(after, "duplicated_to", str))


@dataclass(frozen=True, slots=True)
class PromptArchived:
    """A prompt was archived; the labels are those that it lost."""

    kind: ClassVar = ChangeKind.PROMPT_ARCHIVED

    version: int
    version_count: int
    labels: tuple[LabelPointer, ...]

    def to_json(self) -> Sides:
        """Return the stored form."""
        return {"version": self.version, "version_count": self.version_count, "labels": show_labels(self.labels)}, None

    @classmethod
    def from_json(cls, before: Facts, _after: Facts) -> Self:
        """Read the stored form."""
        return cls(get_fact(before, "version", int), get_fact(before, "version_count", int), read_labels(before))


@dataclass(frozen=True, slots=True)
class PromptRestored:
    """An archived prompt was restored; ``former_name`` is set if it got another name."""

    kind: ClassVar = ChangeKind.PROMPT_RESTORED

    version: int
    version_count: int
    former_name: str | None

    def to_json(self) -> Sides:
        """Return the stored form."""
        before: dict[str, object] | None = None if self.former_name is None else {"name": self.former_name}
        return before, {"version": self.version, "version_count": self.version_count}

    @classmethod
    def from_json(cls, before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(get_fact(after, "version", int), get_fact(after, "version_count", int), find_text(before, "name"))


@dataclass(frozen=True, slots=True)
class PromptImported:
    """Versions and labels of a prompt were imported; ``former_version`` is `None` if the prompt was created by it.

    ``affected_prompts`` serve another text since, by references that follow the labels.
    """

    kind: ClassVar = ChangeKind.PROMPT_IMPORTED

    former_version: int | None
    version: int
    versions_added: int
    labels: tuple[LabelPointer, ...]
    is_archived: bool
    affected_prompts: tuple[str, ...] = ()

    def to_json(self) -> Sides:
        """Return the stored form."""
        after = {
            "version": self.version,
            "versions_added": self.versions_added,
            "labels": show_labels(self.labels),
            "is_archived": self.is_archived,
            **show_affected(self.affected_prompts),
        }
        return None if self.former_version is None else {"version": self.former_version}, after

    @classmethod
    def from_json(cls, before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(
            former_version=get_fact(before, "version", int) if before else None,
            version=get_fact(after, "version", int),
            versions_added=get_fact(after, "versions_added", int),
            labels=read_labels(after),
            is_archived=get_fact(after, "is_archived", bool),
            affected_prompts=read_affected(after),
        )


@dataclass(frozen=True, slots=True)
class LabelCreated:
    """A label was set that the prompt did not have; ``affected_prompts`` serve another text since, by references."""

    kind: ClassVar = ChangeKind.LABEL_CREATED

    label: str
    version: int
    affected_prompts: tuple[str, ...] = ()

    def to_json(self) -> Sides:
        """Return the stored form."""
        return None, {"label": self.label, "version": self.version, **show_affected(self.affected_prompts)}

    @classmethod
    def from_json(cls, _before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        return cls(get_fact(after, "label", str), get_fact(after, "version", int), read_affected(after))


@dataclass(frozen=True, slots=True)
class LabelMoved:
    """A label was moved to another version; ``affected_prompts`` serve another text since, by references."""

    kind: ClassVar = ChangeKind.LABEL_MOVED

    label: str
    former_version: int
    version: int
    affected_prompts: tuple[str, ...] = ()

    def to_json(self) -> Sides:
        """Return the stored form."""
        after: dict[str, object] = {"label": self.label, "version": self.version, **show_affected(self.affected_prompts)}
        return {"label": self.label, "version": self.former_version}, after

    @classmethod
    def from_json(cls, before: Facts, after: Facts) -> Self:
        """Read the stored form."""
        label = get_fact(after, "label", str)
        return cls(label, get_fact(before, "version", int), get_fact(after, "version", int), read_affected(after))


@dataclass(frozen=True, slots=True)
class LabelRemoved:
    """A label was removed from a version."""

    kind: ClassVar = ChangeKind.LABEL_REMOVED

    label: str
    former_version: int

    def to_json(self) -> Sides:
        """Return the stored form."""
        return {"label": self.label, "version": self.former_version}, None

    @classmethod
    def from_json(cls, before: Facts, _after: Facts) -> Self:
        """Read the stored form."""
        return cls(get_fact(before, "label", str), get_fact(before, "version", int))
