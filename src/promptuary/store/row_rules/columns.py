"""The types of columns, as a driver returns their values."""

import re
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, String, Text

from promptuary.model.json_text import InvalidJson, parse
from promptuary.store.column_types import MAX_INTEGER, Count, JsonText, UtcDateTime, Word
from promptuary.store.tables import fetches

MAX_DEPTH: Final = 210
"""Somewhat deeper than what authors may write, which the change log puts into objects of its own."""

_COMPARED = {"outline", "recorded_author"}
_MAX_BIG_INTEGER = 2**63 - 1
_ID = re.compile(r"[0-9A-Za-z-]{1,36}")
_FREE_IDS = {"request_id", "message_id"}
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?")


def fits(each: Column[Any], value: object) -> bool:  # noqa: PLR0911 - a table
    """Return `True` if a value is of the type of its column."""
    kind = each.type
    if value is None:
        return bool(each.nullable)
    if isinstance(kind, UtcDateTime):
        return isinstance(value, datetime) or _is_timestamp(value)
    if isinstance(kind, Date):
        return isinstance(value, date) or _is_day(value)
    if isinstance(kind, Boolean):
        return value in {0, 1} and isinstance(value, int)
    if isinstance(kind, JsonText):
        # What is derived, and who is recorded, is compared by `integrity_checks`.
        return isinstance(value, str) and (each.name in _COMPARED or _is_json(value))
    if isinstance(kind, (Count, Integer, BigInteger)):
        return _is_number(each, value)
    if isinstance(kind, (Text, String, Word)):
        return _is_word(each, value)
    return True


def _is_number(each: Column[Any], value: object) -> bool:
    most = _MAX_BIG_INTEGER if isinstance(each.type, BigInteger) or each.name == "sequence" else MAX_INTEGER
    least = 1 if _is_id(each) else -most
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_word(each: Column[Any], value: object) -> bool:
    length = getattr(each.type, "length", None) or getattr(each.type, "_length", None)
    is_text = isinstance(value, str) and (length is None or len(value) <= length) and "\0" not in value
    return is_text and (not _is_id(each) or each.name in _FREE_IDS or _is_text_id(each, str(value)))


def _is_text_id(each: Column[Any], value: str) -> bool:
    # A fetch by a user who is signed in has no id of a key.
    return bool(_ID.fullmatch(value)) or (each is fetches.c.key_id and not value)


def _is_id(each: Column[Any]) -> bool:
    return each.name in {"id", "uuid"} or each.name.endswith("_id")


def _is_timestamp(value: object) -> bool:
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_json(value: str) -> bool:
    try:
        parse(value, max_depth=MAX_DEPTH)
    except InvalidJson:
        return False
    return True
