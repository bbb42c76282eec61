"""Prompts, their versions and their labels, as the registry hands them out."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from promptuary.model import content
from promptuary.model.accounts import Author
from promptuary.model.contracts import Contract, read_contract
from promptuary.model.json_text import dump_indented
from promptuary.model.outline import Heading, outline_of
from promptuary.model.templates import Template

MAX_VERSIONS = 2000
MAX_LABELS = 50
MAX_DESCRIPTION = 400


@dataclass(frozen=True, slots=True)
class Prompt:
    """A name and the versions behind it. Versions are numbered from 1 without gaps, so ``latest_version`` also counts them."""

    id: str
    project_id: int
    name: str
    latest_version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LabelPointer:
    """A label's name and the version it points at."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class Standing:
    """State of a prompt when it was archived: the number of its latest version, and its labels, ordered by name.

    ``prompt_id`` tells it from others that had or get its name.
    """

    prompt_id: str
    latest_version: int
    labels: tuple[LabelPointer, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """A movable name for one version of a prompt."""

    id: str
    name: str
    prompt_name: str
    version: int
    created_by: Author | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """The parts of a version that an author decides: stored content, stored config, note, stored contract of variables."""

    content: str
    config: str | None
    description: str | None
    variables: str | None = None


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """One line of a prompt's history. ``labels`` are the names that point at this version, sorted."""

    id: str
    version: int
    description: str | None
    created_by: Author | None
    created_at: datetime
    is_latest: bool
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable version together with what is known of its prompt at the moment of reading.

    ``content``, ``config_json`` and ``variables_json`` are stored JSON text; ``content`` is empty where a list was asked for
    without it.
    ``prompt_labels`` are all labels of the prompt, ordered by name, whichever version they point at; empty where a version was
    asked for without them.
    """

    id: str
    prompt_id: str
    name: str
    version: int
    content: str
    config_json: str | None
    description: str | None
    size_bytes: int
    outline: Sequence[Heading]
    created_by: Author | None
    created_at: datetime
    latest_version: int
    first_version_created_at: datetime
    archived_at: datetime | None = None
    prompt_labels: tuple[LabelPointer, ...] = ()
    variables_json: str | None = None

    @property
    def is_latest(self) -> bool:
        """`True` if no newer version exists."""
        return self.version == self.latest_version

    @property
    def text(self) -> str:
        """The content as readers see it."""
        return content.text_of(self.content)

    @property
    def config(self) -> dict[str, object] | None:
        """The config as an object, or `None` when it is not set."""
        return None if self.config_json is None else json.loads(self.config_json)

    @property
    def written_config(self) -> str:
        """The config as it is edited, indented JSON; empty if it is not set."""
        return "" if self.config_json is None else dump_indented(json.loads(self.config_json))

    @property
    def contract(self) -> Contract | None:
        """The contract of the variables, or `None` if the version has none."""
        return read_contract(self.variables_json)

    @property
    def template(self) -> Template:
        """The content with its variables, as programs get it."""
        return Template(self.text, self.contract)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels that point at this version, sorted."""
        return tuple(label.name for label in self.prompt_labels if label.version == self.version)

    @property
    def activity_item_id(self) -> str:
        """The name under which activity of the prompt is filed: at most 72 characters, long names shortened by a hash."""
        if len(self.name) <= _MAX_ITEM_ID:
            return self.name
        return f"{self.name[:39]}#{hashlib.sha256(self.name.encode()).hexdigest()[:32]}"


_MAX_ITEM_ID = 72


def latest_version(
    prompt: Prompt,
    draft: Draft,
    *,
    version_id: str,
    created_by: Author | None,
    created_at: datetime,
    prompt_labels: tuple[LabelPointer, ...] = (),
) -> Version:
    """Return the latest version of a prompt from what its author decided, with everything that is derived from its content."""
    return Version(
        id=version_id,
        prompt_id=prompt.id,
        name=prompt.name,
        version=prompt.latest_version,
        content=draft.content,
        config_json=draft.config,
        description=draft.description,
        size_bytes=len(draft.content.encode()),
        outline=outline_of(content.text_of(draft.content)),
        created_by=created_by,
        created_at=created_at,
        latest_version=prompt.latest_version,
        first_version_created_at=prompt.created_at,
        prompt_labels=prompt_labels,
        variables_json=draft.variables,
    )
