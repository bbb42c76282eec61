"""Validation of a server's responses by the rules of `model`.

Names become names of files, labels and versions become lines of a lock, and texts are printed: an answer that breaks a rule is
refused as a whole, with a sentence that says which field is wrong. Fields that are not listed here pass and are not used.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from promptuary.model.content import encode_config, encode_prompt
from promptuary.model.contracts import encode_contract
from promptuary.model.errors import InvalidValue
from promptuary.model.names import check_label_name, check_prompt_name
from promptuary.model.prompts import MAX_DESCRIPTION, MAX_LABELS, MAX_VERSIONS
from promptuary.model.text import check_text
from promptuary.remote.errors import RemoteError

Check = Callable[[object], object]
"""Raises `InvalidValue` for a value that breaks a rule."""

Shape = Mapping[str, Check]
"""The fields that are used of an object in an answer."""

_MAX_SHOWN = 60
_MAX_SIZE = 2_000_000_000
_MAX_LABEL = 128
_MAX_CURSOR = 20


def checked(value: object, shape: Shape, what: str) -> dict[str, Any]:
    """Return an object of an answer whose fields keep the rules of ``shape``. Raises `RemoteError`."""
    if not isinstance(value, dict):
        raise RemoteError(f"The server answered with {what} that is no JSON object.")
    for field, check in shape.items():
        if field not in value:
            raise RemoteError(f"The server answered with {what} that has no {field}. Is it a Promptuary?")
        try:
            check(value[field])
        except InvalidValue as reason:
            shown = f"{value[field]!r}"[:_MAX_SHOWN]
            raise RemoteError(f"The server answered with {what} that is invalid: {field} {shown}: {reason}") from None
    # Only versions with declared variables have this field.
    if "variables" in value and "prompt" in shape:
        try:
            encode_contract(value["variables"])
        except InvalidValue as reason:
            raise RemoteError(f"The server answered with {what} that is invalid: variables: {reason}") from None
    return value


def checked_list(value: object, shape: Shape, what: str) -> list[dict[str, Any]]:
    """Return a list of objects of an answer, each checked. Raises `RemoteError`."""
    if not isinstance(value, list):
        raise RemoteError(f"The server answered with {what} that is not a list.")
    return [checked(each, shape, what) for each in value]


def text(value: object) -> None:
    """Require a text."""
    if not isinstance(value, str):
        raise _invalid("A text is required.")


def flag(value: object) -> None:
    """Require true or false."""
    if not isinstance(value, bool):
        raise _invalid("It must be true or false.")


def count(value: object) -> None:
    """Require a number from 0."""
    if not _is_number(value, 0, _MAX_SIZE):
        raise _invalid("A number from 0 is required.")


def version_number(value: object) -> None:
    """Require the number of a version."""
    if not _is_number(value, 1, MAX_VERSIONS):
        raise _invalid(f"A number from 1 to {MAX_VERSIONS} is required.")


def moment(value: object) -> None:
    """Require a moment in ISO 8601 with a time zone."""
    try:
        is_whole = isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        is_whole = False
    if not is_whole:
        raise _invalid("A timestamp such as 2026-01-31T12:00:00Z is required.")


def optional_moment(value: object) -> None:
    """Require a moment, or null."""
    if value is not None:
        moment(value)


def optional_numbers(value: object) -> None:
    """Require a list of numbers from 1, or null."""
    if value is not None and not (isinstance(value, list) and all(_is_number(each, 1, _MAX_SIZE) for each in value)):
        raise _invalid("A list of numbers, or null, is required.")


def optional_number(value: object) -> None:
    """Require the number of a version, of which tags may name very high ones, or null."""
    if value is not None and not _is_number(value, 1, _MAX_SIZE):
        raise _invalid("A number from 1, or null, is required.")


def optional_version(value: object) -> None:
    """Require the number of a version, or null where a label is not set."""
    if value is not None:
        version_number(value)


def texts(value: object) -> None:
    """Require a list of texts."""
    if not isinstance(value, list):
        raise _invalid("A list of texts is required.")
    for each in value:
        text(each)


def optional_text(value: object) -> None:
    """Require a text, or null."""
    if value is not None:
        text(value)


def optional_label(value: object) -> None:
    """Require a name that a tag may give a label, or null."""
    if value is not None and len(_text(value)) > _MAX_LABEL:
        raise _invalid(f"A text of at most {_MAX_LABEL} characters is required.")


def selector(value: object) -> None:
    """Require the selector of a reference."""
    if not isinstance(value, dict):
        raise _invalid("An object is required.")
    optional_label(value.get("label"))
    optional_number(value.get("version"))


def prompt_name(value: object) -> None:
    """Require a name that a prompt may have."""
    check_prompt_name(_text(value))


def label_name(value: object) -> None:
    """Require a name that a label may have."""
    check_label_name(_text(value))


def label_names(value: object) -> None:
    """Require a list of names of labels."""
    for each in _list(value, MAX_LABELS):
        label_name(each)


def pointers(value: object) -> None:
    """Require a list of labels with the versions they point at."""
    for each in _list(value, MAX_LABELS):
        if not isinstance(each, dict):
            raise _invalid("A list of labels is required.")
        label_name(each.get("name"))
        version_number(each.get("version"))


def prompt_text(value: object) -> None:
    """Require the text of a content; one that is shown of a value of JSON is longer than the value may be."""
    if len(_text(value)) > _MAX_SHOWN_CONTENT:
        encode_prompt(value)


def description(value: object) -> None:
    """Require the note of a version, or null."""
    if value is not None:
        check_text(_text(value), field="version_description", max_length=MAX_DESCRIPTION, blank=True)


def config(value: object) -> None:
    """Require a config, or null."""
    encode_config(value)


def cursor(value: object) -> None:
    """Require the place of a change in the log."""
    if not (_text(value).isascii() and _text(value).isdigit() and len(_text(value)) <= _MAX_CURSOR):
        raise _invalid("A cursor is required.")


def author(value: object) -> None:
    """Require an object with an address, or null."""
    if value is not None and not (isinstance(value, dict) and isinstance(value.get("email"), str)):
        raise _invalid("An object with an e-mail address, or null, is required.")


_MAX_SHOWN_CONTENT = 4_000_000

LABEL: Shape = {"name": label_name, "version": version_number}
"""A label of a prompt."""

REFUSAL: Shape = {"name": prompt_name, "code": text, "detail": text, "current_version": optional_version}
"""Reason why a label cannot be moved."""

KEY_FETCHES: Shape = {"label": optional_text, "fetches": count}
"""Fetches with a key."""


def _is_number(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _invalid("A text is required.")
    return value


def _list(value: object, most: int) -> list[object]:
    if not isinstance(value, list) or len(value) > most:
        raise _invalid(f"A list of at most {most} labels is required.")
    return value


def _invalid(sentence: str) -> InvalidValue:
    return InvalidValue("invalid", sentence)
