"""Prompts in a file that is released with a program, for use without a server. It is read once and must be intact.

``promptuary bundle`` writes such files. A content is found by its version, by the labels that pointed at it, and
without either if the file was made from latest versions. The file has no timestamp: the same prompts are the same bytes.

Version 2 of the format has contents in which references gave way to the texts that they mean; version 1 has none of these.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from promptuary_client.contracts import is_contract
from promptuary_client.errors import InvalidBundleError
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.references import read_references

FORMAT = "promptuary-bundle"
FORMAT_VERSIONS = (1, 2)


class Bundle:
    """The prompts of one file."""

    def __init__(self, contents: Mapping[PromptKey, Content]) -> None:
        self._contents = contents

    def find(self, key: PromptKey) -> Content | None:
        """Return the content for a key, or `None`. A bundle has no text with tags in the place of parts."""
        found = self._contents.get(key._replace(resolve=True))
        return found if key.resolve or found is None or not found.references else None


def read_bundle(path: str | Path) -> Bundle:
    """Return the prompts of a file. Raises `InvalidBundleError`."""
    try:
        data = Path(path).expanduser().read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        raise InvalidBundleError(f"The bundle {os.fspath(path)} cannot be read: {error}.") from error
    try:
        found = json.loads(data)
        _check_format(found)
        return Bundle(_read_prompts(found["prompts"]))
    except _Damage as damage:
        raise InvalidBundleError(f"The bundle {os.fspath(path)} is not usable: {damage}") from damage
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidBundleError(
            f"The bundle {os.fspath(path)} is damaged, or not a bundle. Write it again with promptuary bundle."
        ) from error


class _Damage(Exception):
    """Damage of a file, as a sentence."""


def _check_format(found: Mapping[str, Any]) -> None:
    if found["format"] != FORMAT:
        raise _Damage("it has another format. Write it with promptuary bundle.")
    if found["format_version"] not in FORMAT_VERSIONS:
        known = " and ".join(map(str, FORMAT_VERSIONS))
        raise _Damage(
            f"its format has version {found['format_version']}, and this client reads versions {known}. "
            "Install the client that belongs to the server."
        )


def _read_prompts(rows: list[Mapping[str, Any]]) -> dict[PromptKey, Content]:
    contents: dict[PromptKey, Content] = {}
    for row in rows:
        content = _read_content(row)
        for key in _keys(row, content):
            if contents.setdefault(key, content) != content:
                raise _Damage(f"it has two contents for {key}.")
    return contents


def _read_content(row: Mapping[str, Any]) -> Content:
    name, version, config = row["name"], row["version"], row["config"]
    is_version = isinstance(version, int) and not isinstance(version, bool)
    if not isinstance(name, str) or not is_version or not isinstance(config, (dict, type(None))):
        raise _Damage("one of its prompts is not of the form of a prompt.")
    # JSON may hold halves of characters.
    canonical = json.dumps(row["content"], ensure_ascii=False, separators=(",", ":"))
    if hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest() != row["sha256"]:
        raise _Damage(f"the content of {name!r} is not the one that was written.")
    # The server writes content that is not text in the same way.
    text = row["content"] if isinstance(row["content"], str) else json.dumps(row["content"], ensure_ascii=False)
    contract = row.get("variables")
    if contract is not None and not is_contract(contract):
        raise _Damage(f"the variables of {name!r} are not in a form that this client knows.")
    references = read_references(row.get("resolved_references"))
    if references is None:
        raise _Damage(f"the references of {name!r} are not in a form that this client knows.")
    return Content(name=name, text=text, config=config, version=version, contract=contract, references=references)


def _keys(row: Mapping[str, Any], content: Content) -> Iterator[PromptKey]:
    labels = [*row["labels"], *([] if row["label"] is None else [row["label"]])]
    if not all(isinstance(label, str) for label in labels):
        raise _Damage(f"the labels of {content.name!r} are no labels.")
    yield PromptKey(content.name, version=content.version)
    yield from (PromptKey(content.name, label=label) for label in labels)
    if row["label"] is None:
        yield PromptKey(content.name)
