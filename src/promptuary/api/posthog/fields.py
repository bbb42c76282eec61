"""Types of request fields with the coercions and error texts of the wire contract (section 3.4), for pydantic schemas.

Each refuses with a `PydanticCustomError` whose type and message are the code and the detail of the answer.
"""

import re
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, NoReturn

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from promptuary.model.edits import MAX_EDITS
from promptuary.model.errors import InvalidValue

_TRAILING_ZEROS = re.compile(r"\.0*\s*$")
_MAX_INTEGER_TEXT = 1000
_FLAGS = dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True) | dict.fromkeys(("false", "f", "no", "n", "off", "0"), False)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class InvalidJsonText:
    """Placeholder in a form's data for a value that is not valid JSON text."""


INVALID_JSON_TEXT = InvalidJsonText()


def refuse(code: str, detail: str) -> NoReturn:
    """Refuse a field's value."""
    raise PydanticCustomError(code, "{detail}", {"detail": detail})


def checked(check: Callable[[], object]) -> None:
    """Apply a rule of the model, and reject the field if it fails."""
    try:
        check()
    except InvalidValue as error:
        refuse(error.code, str(error))


def text(check: Callable[[str], object] | None = None, *, trim: bool = True, nullable: bool = False) -> BeforeValidator:
    """Accept a string; a number becomes one. It is trimmed and handed to ``check``, a rule that raises `InvalidValue`."""

    def validate(value: object) -> str | None:
        if value is None and nullable:
            return None
        refuse_null(value)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            refuse("invalid", "Not a valid string.")
        string = str(value).strip() if trim else str(value)
        if check is not None:
            checked(lambda: check(string))
        return string

    return BeforeValidator(validate)


def integer(*, minimum: int | None = None, maximum: int | None = None, nullable: bool = False) -> BeforeValidator:
    """Accept an integer, also as ``"1"``, ``1.0`` and ``"1.0"``, within bounds that are part of the range."""

    def validate(value: object) -> int | None:
        if value is None and nullable:
            return None
        refuse_null(value)
        string = str(value)
        if len(string) > _MAX_INTEGER_TEXT:
            refuse("max_string_length", "String value too large.")
        try:
            number = int(_TRAILING_ZEROS.sub("", string))
        except ValueError:
            refuse("invalid", "A valid integer is required.")
        if minimum is not None and number < minimum:
            refuse("min_value", f"Ensure this value is greater than or equal to {minimum}.")
        if maximum is not None and number > maximum:
            refuse("max_value", f"Ensure this value is less than or equal to {maximum}.")
        return number

    return BeforeValidator(validate)


def choice(allowed: Sequence[str]) -> BeforeValidator:
    """Accept one of the allowed strings."""

    def validate(value: object) -> object:
        if value not in allowed:
            refuse("invalid_choice", f'"{value}" is not a valid choice.')
        return value

    return BeforeValidator(validate)


def choices(allowed: Sequence[str]) -> BeforeValidator:
    """Accept a list of the allowed strings, in a form also as one text with commas. Each of them counts once."""

    def validate(value: object) -> object:
        refuse_null(value)
        items = [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value
        if not isinstance(items, list):
            refuse("not_a_list", f'Expected a list of items but got type "{type(value).__name__}".')
        for item in items:
            if item not in allowed:
                refuse("invalid_choice", f'"{item}" is not a valid choice.')
        return list(dict.fromkeys(items))

    return BeforeValidator(validate)


def day() -> BeforeValidator:
    """Accept a day of the form ``2026-03-01``."""

    def validate(value: object) -> date:
        string = str(value).strip()
        try:
            if _DAY.fullmatch(string):
                return date.fromisoformat(string)
        except ValueError:
            pass
        refuse("invalid", "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")

    return BeforeValidator(validate)


def moment() -> BeforeValidator:
    """Accept a time in ISO 8601 such as ``2026-03-01T14:05:00Z``; without an offset it is one of UTC."""

    def validate(value: object) -> datetime:
        try:
            read = datetime.fromisoformat(str(value).strip())
            return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            refuse(
                "invalid",
                "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
            )

    return BeforeValidator(validate)


def flag() -> BeforeValidator:
    """Accept a boolean, also as a word."""

    def validate(value: object) -> bool:
        word = str(value).strip().lower()
        if word not in _FLAGS:
            refuse("invalid", "Must be a valid boolean.")
        return _FLAGS[word]

    return BeforeValidator(validate)


def uuid_text() -> BeforeValidator:
    """Accept a UUID in any usual spelling and return the canonical one."""

    def validate(value: object) -> str:
        try:
            return str(uuid.UUID(str(value)))
        except ValueError:
            refuse("invalid", "Must be a valid UUID.")

    return BeforeValidator(validate)


def json_value(check: Callable[[Any], object]) -> BeforeValidator:
    """Accept any JSON value that ``check`` does not refuse; in a form it must be JSON text."""

    def validate(value: object) -> object:
        if isinstance(value, InvalidJsonText):
            refuse("invalid", "Value must be valid JSON.")
        checked(lambda: check(value))
        return value

    return BeforeValidator(validate)


def edit_list() -> BeforeValidator:
    """Accept a list of one to `MAX_EDITS` items; the items themselves are validated after it."""

    def validate(value: object) -> object:
        if value == []:
            refuse("invalid", "At least one edit operation is required.")
        return _accept_items(value, maximum=MAX_EDITS)

    return BeforeValidator(validate)


def item_list(*, maximum: int, nullable: bool = False) -> BeforeValidator:
    """Accept a list of at most ``maximum`` items; the items themselves are validated after it."""

    def validate(value: object) -> object:
        return None if value is None and nullable else _accept_items(value, maximum=maximum)

    return BeforeValidator(validate)


def _accept_items(value: object, *, maximum: int) -> object:
    if isinstance(value, InvalidJsonText):
        refuse("invalid", "Value must be valid JSON.")
    refuse_null(value)
    if not isinstance(value, list):
        refuse("not_a_list", f'Expected a list of items but got type "{type(value).__name__}".')
    if len(value) > maximum:
        refuse("max_length", f"Ensure this field has no more than {maximum} elements.")
    return value


def positions() -> BeforeValidator:
    """Accept an object of version numbers, or null where a label is not set, by names of prompts."""

    def validate(value: object) -> object:
        if isinstance(value, InvalidJsonText):
            refuse("invalid", "Value must be valid JSON.")
        refuse_null(value)
        if not isinstance(value, dict):
            refuse("not_a_dict", f'Expected a dictionary of items but got type "{type(value).__name__}".')
        return value

    return BeforeValidator(validate)


def expect_object(value: object) -> dict[str, Any]:
    """Return the value if it is an object, else refuse it as a whole."""
    refuse_null(value)
    if not isinstance(value, dict):
        refuse("invalid_object", f"Invalid data. Expected a dictionary, but got {type(value).__name__}.")
    return value


def refuse_null(value: object) -> None:
    """Refuse null."""
    if value is None:
        refuse("null", "This field may not be null.")
