"""Lock file ``prompts.lock`` beside the prompts: records the pulled versions. Written by commands, readable by users."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from promptuary.files.errors import InvalidFile
from promptuary.files.hashes import Hashes
from promptuary.files.naming import is_safe_file_name
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import InvalidJson, dump, find_surrogate, parse
from promptuary.model.names import check_label_name, check_prompt_name
from promptuary.model.prompts import MAX_DESCRIPTION, MAX_VERSIONS
from promptuary.model.references import Reference, find_tags, tag_of
from promptuary.model.text import check_text

LOCK = "prompts.lock"

_HASH = re.compile(r"[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAX_SHOWN = 40

_FORMAT, _FORMAT_VERSION = "promptuary-lock", 1


@dataclass(frozen=True, slots=True)
class LockedReference:
    """A reference of a pulled version or of a part of it, and the version that it meant then; `None` if it meant none.

    ``sha256`` is the digest of that version's content.
    """

    name: str
    label: str | None
    version: int | None
    resolved_version: int | None
    sha256: str | None

    @property
    def reference(self) -> Reference:
        """The reference as its tag has it."""
        return Reference(self.name, self.version, self.label)


@dataclass(frozen=True, slots=True)
class LockEntry:
    """The version of a prompt that a file was written from. ``references`` are those at all levels."""

    name: str
    file: str
    version: int
    labels: tuple[str, ...]
    description: str | None
    sha256: str
    config_sha256: str | None
    variables_sha256: str | None = None
    references: tuple[LockedReference, ...] = ()

    @property
    def hashes(self) -> Hashes:
        """The digests of content, config and contract."""
        return self.sha256, self.config_sha256, self.variables_sha256


@dataclass(frozen=True, slots=True)
class Lock:
    """All of what was pulled, and from where. ``label`` is the one that was pulled by, `None` for the latest versions.

    ``project_uuid`` tells the project, wherever its server is reached; older locks, and those of some servers, have none.
    """

    server: str
    project: str
    label: str | None = None
    entries: Mapping[str, LockEntry] = field(default_factory=dict)
    project_uuid: str | None = None


def render_lock(lock: Lock) -> bytes:
    """Write a lock; the same lock is the same bytes, an entry a stretch of lines that version control can merge."""
    prompts = [_shown(entry) for _, entry in sorted(lock.entries.items())]
    head = {"format": _FORMAT, "format_version": _FORMAT_VERSION, "server": lock.server, "project": lock.project}
    if lock.project_uuid is not None:
        head["project_uuid"] = lock.project_uuid
    return (json.dumps({**head, "label": lock.label, "prompts": prompts}, ensure_ascii=False, indent=2) + "\n").encode()


def parse_lock(data: bytes) -> Lock:
    """Read a lock. Raises `InvalidFile`, also where a file's name would lead out of the folder."""
    try:
        value = parse(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, InvalidJson) as error:
        raise InvalidFile(f"It is not JSON: {error}.") from None
    if find_surrogate(value) is not None:
        raise InvalidFile("It holds half of a surrogate pair.")
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        raise InvalidFile("It is no lock of Promptuary.")
    if value.get("format_version") != _FORMAT_VERSION:
        found = dump(value.get("format_version"))[:_MAX_SHOWN]
        raise InvalidFile(f"It has format version {found}; this Promptuary reads {_FORMAT_VERSION}.")
    try:
        entries = [_entry(each) for each in value["prompts"]]
        _require(type(value["server"]) is str and type(value["project"]) is str)
        if value["label"] is not None:
            check_label_name(value["label"])
        identity = value.get("project_uuid")
        _require(identity is None or _UUID.fullmatch(identity) is not None)
        lock = Lock(value["server"], value["project"], value["label"], {entry.name: entry for entry in entries}, identity)
    except (KeyError, TypeError, AttributeError, ValueError, InvalidValue):
        raise InvalidFile("An entry of it is damaged.") from None
    files = {entry.file.casefold() for entry in entries}
    if len(lock.entries) != len(entries) or len(files) != len(entries):
        raise InvalidFile("Two entries of it have the same name or file.")
    return lock


def _shown(entry: LockEntry) -> dict[str, object]:
    shown = {**asdict(entry), "labels": sorted(entry.labels)}
    # Locks of prompts without a contract, or without references, are as they were before there were any.
    if entry.variables_sha256 is None:
        del shown["variables_sha256"]
    if not entry.references:
        del shown["references"]
    return shown


def _entry(value: Mapping[str, Any]) -> LockEntry:
    references = tuple(_reference(each) for each in value.get("references", ()))
    entry = LockEntry(**{**value, "labels": tuple(value["labels"]), "references": references})
    check_prompt_name(entry.name)
    for label in entry.labels:
        check_label_name(label)
    _require(type(entry.version) is int and 1 <= entry.version <= MAX_VERSIONS)
    _require(_HASH.fullmatch(entry.sha256) is not None)
    for digest in (entry.config_sha256, entry.variables_sha256):
        _require(digest is None or _HASH.fullmatch(digest) is not None)
    _require(is_safe_file_name(entry.file))
    if entry.description is not None:
        check_text(entry.description, field="description", max_length=MAX_DESCRIPTION, blank=True)
    return entry


def _reference(value: Mapping[str, Any]) -> LockedReference:
    found = LockedReference(**value)
    _require((found.label is None) != (found.version is None))
    # Only what a tag can say is a reference.
    _require([tag.reference for tag in find_tags(tag_of(found.reference))] == [found.reference])
    _require(found.resolved_version is None or (type(found.resolved_version) is int and found.resolved_version >= 1))
    _require(found.sha256 is None or _HASH.fullmatch(found.sha256) is not None)
    _require((found.resolved_version is None) == (found.sha256 is None))
    return found


def _require(is_right: bool) -> None:  # noqa: FBT001 - a condition
    if not is_right:
        message = "damaged"
        raise ValueError(message)
