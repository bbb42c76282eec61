"""The rules for names of prompts and labels (wire contract, sections 1.2 and 1.8)."""

import re

from promptuary.model.errors import InvalidValue
from promptuary.model.text import check_text

MAX_PROMPT_NAME = 255
MAX_LABEL_NAME = 128

_PROMPT_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_LABEL_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")


def check_prompt_name(name: str, *, field: str = "name") -> None:
    """Raise `InvalidValue` unless ``name`` may be given to a prompt.

    The order of the checks is part of the contract: length, NUL, reserved, alphabet.
    """
    check_text(name, field=field, max_length=MAX_PROMPT_NAME)
    if name.lower() == "new":
        raise InvalidValue("reserved_name", "'new' is a reserved name and cannot be used.", field=field)
    if not _PROMPT_NAME.fullmatch(name):
        raise InvalidValue("invalid_name", "Only letters, numbers, hyphens (-) and underscores (_) are allowed.", field=field)


def check_label_name(name: str, *, field: str | None = None) -> None:
    """Raise `InvalidValue` unless ``name`` may be given to a label; the order of the checks is part of the contract."""
    if not 1 <= len(name) <= MAX_LABEL_NAME:
        raise InvalidValue("invalid_label_name", "Label names must be between 1 and 128 characters.", field=field)
    if name.lower() == "latest":
        raise InvalidValue(
            "reserved_label_name",
            "'latest' is a reserved label. It always points to the newest version.",
            field=field,
        )
    if name.isdigit():
        raise InvalidValue(
            "invalid_label_name",
            "Label names cannot be numbers only, to avoid confusion with version numbers.",
            field=field,
        )
    if not _LABEL_NAME.fullmatch(name):
        raise InvalidValue(
            "invalid_label_name",
            "Use lowercase letters, numbers, dots (.), hyphens (-) and underscores (_), "
            "starting and ending with a letter or number.",
            field=field,
        )
