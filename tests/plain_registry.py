"""What a registry should do, in plain dictionaries and lists: the state machine compares the real one with it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from promptuary.model.edits import Edit
from promptuary.model.errors import (
    ArchivedPromptNotFound,
    CopyNameTaken,
    EditRefused,
    LabelNotFound,
    NameTaken,
    PromptNotFound,
    RegistryError,
    RestoredNameTaken,
    VersionConflict,
    VersionNotFound,
)
from promptuary.model.listing import Listing
from promptuary.model.prompts import Version
from promptuary.registry.prompts import UNCHANGED

Refused = type[RegistryError]


@dataclass(frozen=True)
class PlainVersion:
    """A version as its author wrote it. Ids and time are the real registry's, which invents them."""

    id: str
    prompt_id: str
    created_at: datetime
    value: object
    config: object
    description: str | None

    @property
    def text(self) -> str:
        return self.value if isinstance(self.value, str) else json.dumps(self.value, ensure_ascii=False)

    @property
    def compact(self) -> str:
        return self.value if isinstance(self.value, str) else json.dumps(self.value, ensure_ascii=False, separators=(",", ":"))

    @property
    def size(self) -> int:
        return len(json.dumps(self.value, ensure_ascii=False).encode())


@dataclass
class PlainPrompt:
    name: str
    versions: list[PlainVersion]
    labels: dict[str, int] = field(default_factory=dict)
    archived_at: datetime | None = None
    former_labels: dict[str, int] = field(default_factory=dict)

    def view(self, number: int) -> dict[str, object]:
        """Show a version as `view_of` shows a real one."""
        version = self.versions[number - 1]
        return {
            "id": version.id,
            "name": self.name,
            "version": number,
            "text": version.text,
            "config": version.config,
            "description": version.description,
            "size": version.size,
            "created_at": version.created_at,
            "is_latest": number == len(self.versions),
            "latest": len(self.versions),
            "first_at": self.versions[0].created_at,
            "labels": sorted(label for label, target in self.labels.items() if target == number),
            "all_labels": sorted(self.labels.items()),
            "archived_at": self.archived_at,
        }


def view_of(version: Version) -> dict[str, object]:
    """Show a real version."""
    return {
        "id": version.id,
        "name": version.name,
        "version": version.version,
        "text": version.text,
        "config": version.config,
        "description": version.description,
        "size": version.size_bytes,
        "created_at": version.created_at,
        "is_latest": version.is_latest,
        "latest": version.latest_version,
        "first_at": version.first_version_created_at,
        "labels": list(version.labels),
        "all_labels": [(label.name, label.version) for label in version.prompt_labels],
        "archived_at": version.archived_at,
    }


@dataclass
class PlainRegistry:
    """The active prompts by name, the archived ones, and the kinds and names of all changes."""

    prompts: dict[str, PlainPrompt] = field(default_factory=dict)
    archived: list[PlainPrompt] = field(default_factory=list)
    changes: list[tuple[str, str]] = field(default_factory=list)

    def refuses_create(self, name: str) -> Refused | None:
        return NameTaken if name in self.prompts else None

    def create(self, name: str, version: PlainVersion) -> None:
        self.prompts[name] = PlainPrompt(name, [version])
        self.changes.append(("prompt.created", name))

    def refuses_publish(self, name: str, base: int, edit: Edit | None) -> Refused | None:
        if name not in self.prompts:
            return PromptNotFound
        if base != len(self.prompts[name].versions):
            return VersionConflict
        return None if edit is None or self.edited(name, edit) is not None else EditRefused

    def edited(self, name: str, edit: Edit) -> object:
        """Return the latest value after an edit, `None` when the edit must be refused."""
        value = self.prompts[name].versions[-1].value
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        if text.count(edit.old) != 1:
            return None
        edited = text.replace(edit.old, edit.new)
        try:
            return edited if isinstance(value, str) else json.loads(edited)
        except ValueError:
            return None

    def next_config(self, name: str, config: object) -> object:
        return self.prompts[name].versions[-1].config if config is UNCHANGED else config

    def publish(self, name: str, version: PlainVersion) -> None:
        self.prompts[name].versions.append(version)
        self.changes.append(("prompt.published", name))

    def refuses_duplicate(self, name: str, new_name: str) -> Refused | None:
        if name not in self.prompts:
            return PromptNotFound
        return CopyNameTaken if new_name in self.prompts else None

    def duplicate(self, name: str, new_name: str, copied: Version) -> None:
        latest = self.prompts[name].versions[-1]
        copy = PlainVersion(copied.id, copied.prompt_id, copied.created_at, latest.value, latest.config, None)
        self.create(new_name, copy)
        self.changes.append(("prompt.duplicated", name))

    def refuses_archive(self, name: str) -> Refused | None:
        return None if name in self.prompts else PromptNotFound

    def archive(self, name: str, archived_at: datetime) -> None:
        prompt = self.prompts.pop(name)
        prompt.archived_at, prompt.former_labels, prompt.labels = archived_at, prompt.labels, {}
        self.archived.append(prompt)
        self.changes.append(("prompt.archived", name))

    def restore(self, name: str, version_id: str | None) -> Refused | PlainPrompt:
        """Return the prompt as it is now."""
        named = [prompt for prompt in _newest(self.archived) if prompt.name == name]
        chosen = [prompt for prompt in named if version_id in {None, *(version.id for version in prompt.versions)}]
        if not chosen:
            return ArchivedPromptNotFound
        if name in self.prompts:
            return RestoredNameTaken
        chosen[0].archived_at = None
        self.archived.remove(chosen[0])
        self.prompts[name] = chosen[0]
        self.changes.append(("prompt.restored", name))
        return chosen[0]

    def move_label(self, name: str, label: str, number: int) -> Refused | None:
        if name not in self.prompts or not 1 <= number <= len(self.prompts[name].versions):
            return VersionNotFound
        labels = self.prompts[name].labels
        if label not in labels:
            self.changes.append(("label.created", name))
        elif labels[label] != number:
            self.changes.append(("label.moved", name))
        labels[label] = number
        return None

    def remove_label(self, name: str, label: str) -> Refused | None:
        if name not in self.prompts or label not in self.prompts[name].labels:
            return LabelNotFound
        del self.prompts[name].labels[label]
        self.changes.append(("label.removed", name))
        return None

    def fetch(self, segment: str, *, version: int | None, label: str | None) -> dict[str, object] | Refused:
        owners = [prompt for prompt in self.prompts.values() if segment in {version.id for version in prompt.versions}]
        prompt = self.prompts.get(segment) or next(iter(owners), None)
        if prompt is None:
            return PromptNotFound
        number = version or len(prompt.versions)
        if label is not None:
            number = prompt.labels.get(label, 0)
        return prompt.view(number) if 1 <= number <= len(prompt.versions) else PromptNotFound

    def list(self, listing: Listing) -> tuple[int, list[dict[str, object]]]:
        """Return the number of matches and the page."""
        if listing.is_archived:
            views = [prompt.view(len(prompt.versions)) for prompt in self.archived]
            found = [view for view in views if listing.search.casefold() in str(view["name"]).casefold()]
            return _page_of(found, listing, tie=self._prompt_id)
        numbers = {
            name: prompt.labels.get(listing.label, 0) if listing.label else len(prompt.versions)
            for name, prompt in self.prompts.items()
        }
        views = [self.prompts[name].view(number) for name, number in numbers.items() if number]
        return _page_of([view for view in views if self._matches(view, listing.search)], listing, tie=lambda view: str(view["id"]))

    def _prompt_id(self, view: dict[str, object]) -> str:
        return next(prompt.versions[-1].prompt_id for prompt in self.archived if prompt.versions[-1].id == view["id"])

    def _matches(self, view: dict[str, object], search: str) -> bool:
        version = next(version for version in self.prompts[str(view["name"])].versions if version.id == view["id"])
        return any(search.casefold() in text.casefold() for text in (str(view["name"]), version.compact))


def _newest(archived: list[PlainPrompt]) -> list[PlainPrompt]:
    return sorted(archived, key=lambda prompt: (prompt.archived_at, prompt.versions[-1].prompt_id), reverse=True)


def _page_of(
    found: list[dict[str, object]], listing: Listing, *, tie: Callable[[dict[str, object]], str]
) -> tuple[int, list[dict[str, object]]]:
    found.sort(key=tie, reverse=True)
    found.sort(key=_ORDERS[listing.order_by], reverse=listing.is_descending)
    return len(found), found[listing.offset : listing.offset + listing.limit]


_ORDERS: dict[str, Callable[[dict[str, object]], Any]] = {
    "name": lambda view: view["name"],
    "created_at": lambda view: view["created_at"],
    "updated_at": lambda view: view["created_at"],
    "version": lambda view: view["version"],
    "latest_version": lambda view: view["latest"],
    "version_count": lambda view: view["latest"],
    "first_version_created_at": lambda view: view["first_at"],
    "prompt_size_bytes": lambda view: view["size"],
    "archived_at": lambda view: view["archived_at"],
}
