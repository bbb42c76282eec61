"""Bringing an edited file together with what others published meanwhile, where both can stand beside each other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from promptuary.differences import ChunkKind, merge_configs, merge_contracts, merge_texts
from promptuary.differences.configs import show_path
from promptuary.files import content_sha256
from promptuary.model.json_text import InvalidJson, dump, dump_indented, find_repeated_key, parse


@dataclass(frozen=True, slots=True)
class Draft:
    """Content, config and contract of a version."""

    content: object
    config: dict[str, object] | None
    contract: dict[str, object] | None = None

    @property
    def parts(self) -> list[object]:
        """Everything, to be compared."""
        return [self.content, self.config, self.contract]


class Unmergeable(Exception):
    """Both changed the same place; ``str(error)`` says which."""


def merge(base: Draft, theirs: Draft, yours: Draft) -> Draft:
    """Return both changes of the base together. Raises `Unmergeable` where they contradict each other."""
    return Draft(
        _merged_content(base.content, theirs.content, yours.content),
        merge_configs(base.config, theirs.config, yours.config, _refusing("config")),
        merge_contracts(base.contract, theirs.contract, yours.contract, _refusing("variables")),
    )


def is_same(one: object, other: object) -> bool:
    """Return `True` if two values of JSON are the same, to the last digit and in the same order."""
    return dump(one) == dump(other)


def value_of(text: str, sha256: str) -> object:
    """Return the content that the API shows as a text, identified by its hash. Raises `Unmergeable` if the hash differs."""
    if content_sha256(text) == sha256:
        return text
    try:
        value = parse(text)
    except InvalidJson:
        value = None
    if content_sha256(value) != sha256:
        message = "the server has another content for the pulled version"
        raise Unmergeable(message)
    return value


def _merged_content(base: object, theirs: object, yours: object) -> object:
    if is_same(theirs, yours) or is_same(base, theirs):
        return yours
    if is_same(base, yours):
        return theirs
    if isinstance(base, str) and isinstance(theirs, str) and isinstance(yours, str):
        return _merged_text(base, theirs, yours)
    return _read_merged(_merged_text(*map(dump_indented, (base, theirs, yours))))


def _read_merged(text: str) -> object:
    """Read JSON that was merged line by line: both may have added the same key at different places."""
    try:
        value = parse(text)
    except InvalidJson:
        message = "the merged content is not valid JSON"
        raise Unmergeable(message) from None
    repeated = find_repeated_key(text)
    if repeated is not None:
        message = f"the merged content would have the key {show_path((repeated,))} twice"
        raise Unmergeable(message)
    return value


def _merged_text(base: str, theirs: str, yours: str) -> str:
    chunks = merge_texts(base, theirs, yours)
    if any(chunk.kind is ChunkKind.CONFLICT for chunk in chunks):
        at = 1
        for chunk in chunks:
            if chunk.kind is ChunkKind.CONFLICT:
                break
            at += chunk.yours.count("\n")
        message = f"both changed line {at} of the content"
        raise Unmergeable(message)
    return "".join(chunk.merged or "" for chunk in chunks)


def _refusing(part: str) -> Callable[..., NoReturn]:
    def refuse(path: str, _base: object, _theirs: object, _yours: object) -> NoReturn:
        message = f"both changed {path} of the {part}" if path else f"both changed the {part}"
        raise Unmergeable(message)

    return refuse
