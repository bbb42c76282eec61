"""Exact find-and-replace edits of a prompt (wire contract, section 1.4; white space counts, ``new`` may be empty)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from promptuary.model.content import MAX_BYTES, byte_size, text_of
from promptuary.model.errors import EditRefused
from promptuary.model.json_text import InvalidJson, dump, dump_indented, find_surrogate, parse

MAX_EDITS = 1000
"""Most edits in one request. Each one searches the whole text, so without a limit one request could hold a worker for minutes."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the only occurrence of ``old`` (never empty) by ``new``."""

    old: str
    new: str


def apply_edits(content: str, edits: Sequence[Edit]) -> str:
    """Apply edits one after the other to a stored content and return the stored form of the result.

    A string is edited as itself, any other JSON as its text with an indent of two spaces. Raises `EditRefused` when an ``old``
    does not occur exactly once, or when the result is not a valid prompt.
    """
    is_string = content.startswith('"')
    text = text_of(content) if is_string else dump_indented(json.loads(content))
    for index, edit in enumerate(edits):
        text = _apply(text, edit, index)
    last = len(edits) - 1
    result: object = text if is_string else _parse_edited(text, last)
    if byte_size(result) > MAX_BYTES:
        raise EditRefused(f"Resulting prompt exceeds the {MAX_BYTES} byte size limit.", edit_index=last)
    return dump(result)


def _apply(text: str, edit: Edit, index: int) -> str:
    matches = text.count(edit.old)
    if matches == 0:
        is_like = _in_line_feeds(edit.old) in _in_line_feeds(text)
        hint = "It would match with other line breaks: read the prompt again and keep CRLF where it has CRLF." if is_like else ""
        raise EditRefused("Text to replace was not found in the prompt.", edit_index=index, hint=hint)
    if matches > 1:
        raise EditRefused(
            f"Text to replace matches {matches} times \N{EM DASH} provide more context to make it unique.",
            edit_index=index,
        )
    return text.replace(edit.old, edit.new)


def _in_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n")


def _parse_edited(text: str, last: int) -> object:
    problem: str
    try:
        value = parse(text)
    except InvalidJson as error:
        problem = str(error)
    else:
        if value is not None and find_surrogate(value) is None:
            return value
        problem = "a prompt cannot be null" if value is None else "surrogate characters are not allowed"
    raise EditRefused(f"Edits produced invalid JSON: {problem}", edit_index=last)
