"""The prompts of a project on another server: what is there, and the verbs.

The API shows every prompt as text. Whether the text is a string or the JSON of another value is told by the size that lists have.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from promptuary.model.json_text import InvalidJson, dump, parse
from promptuary.remote.client import PAGE, Query, Remote
from promptuary.remote.errors import RemoteRefusal

_QUOTES = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A version as a list shows it, with its content as the value it is."""

    name: str
    version: int
    latest_version: int
    content: object
    config: dict[str, object] | None
    description: str | None
    labels: dict[str, int]
    """All labels of the prompt and the versions they point at."""

    @property
    def own_labels(self) -> list[str]:
        """The labels that point at this version, sorted."""
        return sorted(label for label, version in self.labels.items() if version == self.version)


class RemotePrompts:
    """The verbs on prompts, over HTTP."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote

    def list_rows(self, *, label: str | None = None) -> Iterator[Row]:
        """Go through all active prompts by name, at their latest version, or those with a label, at the labelled one."""
        query: Query = {"label": label, "content": "full", "order_by": "name", "limit": PAGE}
        return map(_row, self.remote.pages("llm_prompts/", query))

    def list_plain(self, *, search: str | None = None, label: str | None = None, is_archived: bool = False) -> list[dict[str, Any]]:
        """List prompts as the API shows them, without their contents."""
        archived = "true" if is_archived else None
        query: Query = {
            "search": search,
            "label": label,
            "archived": archived,
            "content": "none",
            "order_by": "name",
            "limit": 1000,
        }
        return list(self.remote.pages("llm_prompts/", query))

    def count(self) -> int:
        """Count the active prompts."""
        count = _object(self.remote.get("llm_prompts/", {"content": "none", "limit": 1})).get("count")
        return count if isinstance(count, int) else 0

    def find_row(self, name: str) -> Row | None:
        """Find the latest version of the prompt with this name."""
        query: Query = {"search": name, "content": "full", "order_by": "name", "limit": PAGE}
        return next((_row(each) for each in self.remote.pages("llm_prompts/", query) if each.get("name") == name), None)

    def fetch(self, name: str, *, version: int | None = None, label: str | None = None) -> dict[str, Any]:
        """Fetch a version as programs do."""
        return _object(self.remote.get(_path(name), {"version": version, "label": label}))

    def resolve(self, name: str, *, version: int | None = None, before_version: int | None = None) -> dict[str, Any]:
        """Read a version in full, a page of the history, newest first, and all labels."""
        path = f"llm_prompts/resolve/name/{quote(name, safe='')}/"
        return _object(self.remote.get(path, {"version": version, "before_version": before_version, "limit": 100}))

    def create(
        self, name: str, content: object, *, config: dict[str, object] | None = None, description: str | None = None
    ) -> dict[str, Any]:
        """Create a prompt with version 1."""
        body = {"name": name, "prompt": content, "config": config, "version_description": description}
        return _object(self.remote.send("POST", "llm_prompts/", body))

    def publish(
        self, name: str, base_version: int, changes: dict[str, object], *, description: str | None = None
    ) -> dict[str, Any]:
        """Publish the next version; ``changes`` has ``prompt``, ``config``, or both. Raises `Conflict` on an outdated base."""
        told = {} if description is None else {"version_description": description}
        return _object(self.remote.send("PATCH", _path(name), {"base_version": base_version, **changes, **told}))

    def set_label(self, name: str, label: str, version: int) -> dict[str, Any]:
        """Let a label point at a version."""
        return _object(self.remote.send("PUT", _label_path(name, label), {"version": version}))

    def remove_label(self, name: str, label: str) -> None:
        """Remove a label."""
        self.remote.send("DELETE", _label_path(name, label))

    def archive(self, name: str) -> None:
        """Take a prompt out of service."""
        self.remote.send("POST", f"{_path(name)}archive/")

    def restore(self, name: str) -> dict[str, Any]:
        """Bring an archived prompt back."""
        return _object(self.remote.send("POST", f"{_path(name)}restore/"))


def content_of(text: str, size: int) -> object:
    """Return the value of a content from its text and the size of its compact JSON.

    A string's JSON is at least two quotes longer than its text; the JSON of any other value is at most as long as its text.
    """
    if size >= len(text.encode()) + _QUOTES:
        return text
    try:
        return parse(text)
    except InvalidJson as error:
        raise RemoteRefusal(f"The server sent a prompt that is neither text nor JSON: {error}.") from None


def text_of(content: object) -> str:
    """Return the text as which the API shows a content."""
    return content if isinstance(content, str) else dump(content)


def _row(row: dict[str, Any]) -> Row:
    try:
        return Row(
            name=row["name"],
            version=row["version"],
            latest_version=row["latest_version"],
            content=content_of(row["prompt"], row["prompt_size_bytes"]),
            config=row["config"],
            description=row["version_description"],
            labels={label["name"]: label["version"] for label in row["all_labels"]},
        )
    except (KeyError, TypeError, AttributeError):
        raise RemoteRefusal(f"The server sent a row of a list that cannot be read: {json.dumps(row)[:100]}.") from None


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RemoteRefusal("The server answered with something that is no JSON object.")
    return value


def _path(name: str) -> str:
    return f"llm_prompts/name/{quote(name, safe='')}/"


def _label_path(name: str, label: str) -> str:
    return f"{_path(name)}labels/{quote(label, safe='')}/"
