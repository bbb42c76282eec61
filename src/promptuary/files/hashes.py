"""Hashes of contents: SHA-256 of their canonical JSON, which is compact, in UTF-8, with the keys in their order."""

from hashlib import sha256

from promptuary.model.json_text import dump_compact


def content_sha256(content: object) -> str:
    """Return the hex digest of a content."""
    return sha256(dump_compact(content).encode()).hexdigest()


def config_sha256(config: dict[str, object] | None) -> str | None:
    """Return the hex digest of a config, `None` if there is none."""
    return None if config is None else content_sha256(config)
