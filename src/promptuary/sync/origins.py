"""Origins: a suffix of a version's description that says from which file and commit the version was published.

    Shorter greeting [files 3f2a9c0d1e5b4a7f 1a2b3c4d5e6f]

The first number is the digest of content, config and contract of the file, the second one the commit, if there was one. Later runs
recognise by it the versions that came from the files, without a lock file. If the digest is not that of the version itself, the
version is a merge of the file with a change that was made elsewhere, or the suffix was copied: it proves nothing then.
"""

import re
from dataclasses import dataclass
from hashlib import sha256

from promptuary.files import hashes_of
from promptuary.model.prompts import MAX_DESCRIPTION
from promptuary.sync.merging import Draft

_DIGITS = 16
_COMMIT_DIGITS = 12
_SUFFIX = re.compile(rf"(?:^| )\[files ([0-9a-f]{{{_DIGITS}}})(?: ([0-9a-f]{{{_COMMIT_DIGITS}}}))?\]$")
_DOTS = "..."


@dataclass(frozen=True, slots=True)
class Origin:
    """Origin of a version: digest of the file, and the beginning of the commit's hash, if any."""

    digest: str
    commit: str | None = None


def digest_of(draft: Draft) -> str:
    """Return the digest by which origins identify content, config and contract."""
    hashes = hashes_of(draft.content, draft.config, draft.contract)
    return sha256(" ".join(each or "" for each in hashes).encode()).hexdigest()[:_DIGITS]


def with_origin(note: str | None, draft: Draft, commit: str | None) -> str:
    """Return the description of a version that is published from a file; a note that is too long is cut."""
    commit = f" {commit[:_COMMIT_DIGITS]}" if commit else ""
    suffix = f"[files {digest_of(draft)}{commit}]"
    if not note:
        return suffix
    room = MAX_DESCRIPTION - len(suffix) - 1
    return f"{note if len(note) <= room else note[: room - len(_DOTS)] + _DOTS} {suffix}"


def origin_of(description: str | None) -> Origin | None:
    """Return the origin in a description, `None` if it has none."""
    match = _SUFFIX.search(description or "")
    return None if match is None else Origin(match[1], match[2])


def without_origin(description: str | None) -> str | None:
    """Return a description as its author wrote it."""
    if description is None or origin_of(description) is None:
        return description
    return _SUFFIX.sub("", description) or None
