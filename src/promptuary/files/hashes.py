"""Hashes of contents: SHA-256 of their canonical JSON, which is compact, in UTF-8, with the keys in their order."""

from hashlib import sha256

from promptuary.model.json_text import dump_compact

Hashes = tuple[str, str | None, str | None]
"""Digests of content, config and contract."""


def hashes_of(content: object, config: dict[str, object] | None, contract: dict[str, object] | None) -> Hashes:
    """Return the digests of a version."""
    return content_sha256(content), object_sha256(config), object_sha256(contract)


def content_sha256(content: object) -> str:
    """Return the hex digest of a content."""
    return sha256(dump_compact(content).encode()).hexdigest()


def object_sha256(value: dict[str, object] | None) -> str | None:
    """Return the hex digest of a config or a contract, `None` if there is none."""
    return None if value is None else content_sha256(value)
