"""Contents of an export: prompts with all versions and labels, and the lines of JSON in which they travel.

A line's text is fixed, keys in order, so that what is exported, imported and exported again is the same to the byte. There are no
ids in it: a prompt is known by its name and the moment of its first version.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from promptuary.model.accounts import MAX_EMAIL, MAX_NAME
from promptuary.model.content import encode_config, encode_prompt
from promptuary.model.contracts import encode_contract
from promptuary.model.errors import InvalidLine, InvalidValue
from promptuary.model.json_text import MAX_DEPTH, InvalidJson, dump, find_surrogate, parse
from promptuary.model.names import check_label_name, check_prompt_name
from promptuary.model.prompts import MAX_DESCRIPTION, MAX_VERSIONS
from promptuary.model.text import check_text

FORMAT = "promptuary-export"
FORMAT_VERSION = 1

HEADER = dump({"type": "header", "format": FORMAT, "format_version": FORMAT_VERSION})
"""The first line of a file."""

_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
"""Databases differ in their support of timestamps beyond this one."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Author of a version or label: a member of the project if one has the address, else only the name and address here."""

    email: str
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class PromptLine:
    """A prompt; lines of versions and labels behind it are its own."""

    name: str
    created_at: datetime
    archived_at: datetime | None

    @property
    def identity(self) -> tuple[str, datetime]:
        """Identity of the prompt across servers."""
        return self.name, self.created_at


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version. ``content``, ``config`` and ``variables`` are JSON text as it is stored."""

    version: int
    created_at: datetime
    created_by: Writer | None
    description: str | None
    content: str
    config: str | None
    variables: str | None = None


@dataclass(frozen=True, slots=True)
class LabelLine:
    """A label, and the version it points at."""

    name: str
    version: int
    created_by: Writer | None
    created_at: datetime
    updated_at: datetime


Line = PromptLine | VersionLine | LabelLine


def write_line(line: Line) -> str:
    """Return the text of a line, without its end."""
    match line:
        case PromptLine():
            archived = None if line.archived_at is None else show_timestamp(line.archived_at)
            return dump(
                {"type": "prompt", "name": line.name, "created_at": show_timestamp(line.created_at), "archived_at": archived}
            )
        case VersionLine():
            known = {
                "type": "version",
                "version": line.version,
                "created_at": show_timestamp(line.created_at),
                "created_by": show_writer(line.created_by),
                "description": line.description,
            }
            # What is stored is JSON already, in the one form that it is written in.
            variables = "" if line.variables is None else f', "variables": {line.variables}'
            return f'{dump(known)[:-1]}, "prompt": {line.content}, "config": {line.config or "null"}{variables}}}'
        case LabelLine():
            return dump(
                {
                    "type": "label",
                    "name": line.name,
                    "version": line.version,
                    "created_at": show_timestamp(line.created_at),
                    "updated_at": show_timestamp(line.updated_at),
                    "created_by": show_writer(line.created_by),
                }
            )


def read_object(raw: bytes, number: int) -> dict[str, object]:
    """Read a line as a JSON object; errors name the line ``number``. Raises `InvalidLine`."""
    try:
        # A prompt may itself be as deep as JSON may be, and is one level down.
        value = parse(raw.decode(), max_depth=MAX_DEPTH + 1)
    except UnicodeDecodeError:
        raise InvalidLine(number, "it is not UTF-8 text") from None
    except InvalidJson as error:
        raise InvalidLine(number, f"it is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InvalidLine(number, "it is not a JSON object")
    # Half of a pair can only have come by an escape, which few lines have; to look for it takes as long as to read the line.
    if rb"\u" in raw and find_surrogate(value) is not None:
        raise InvalidLine(number, "it holds half of a surrogate pair")
    return value


def read_line(raw: bytes, number: int) -> Line:
    """Read a line of a prompt, a version or a label, by the rules that writing them here has. Raises `InvalidLine`."""
    return line_of(read_object(raw, number), number)


def line_of(fields: dict[str, object], number: int) -> Line:
    """Return the line that an object stands for. Raises `InvalidLine`."""
    kind = fields.get("type")
    read = _READERS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise InvalidLine(number, "its type is neither prompt nor version nor label")
    try:
        return read(fields)
    except InvalidValue as error:
        raise InvalidLine(number, f"{error.field}: {error}" if error.field else str(error)) from None


def show_timestamp(moment: datetime) -> str:
    """Write a moment to the microsecond, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_timestamp(value: object, field: str) -> datetime:
    """Read what `show_timestamp` writes. Raises `InvalidValue`."""
    if isinstance(value, str) and _TIMESTAMP.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            if _FIRST_YEAR <= moment.year <= _LAST_YEAR:
                return moment
    raise InvalidValue("invalid", "A timestamp like 2026-01-31T12:00:00.000000Z is required.", field=field)


def _prompt(fields: dict[str, object]) -> PromptLine:
    name = _text(fields, "name")
    check_prompt_name(name)
    archived = fields.get("archived_at")
    return PromptLine(
        name,
        created_at=read_timestamp(fields.get("created_at"), "created_at"),
        archived_at=None if archived is None else read_timestamp(archived, "archived_at"),
    )


def _version(fields: dict[str, object]) -> VersionLine:
    description = fields.get("description")
    if description is not None:
        check_text(_text(fields, "description"), field="description", max_length=MAX_DESCRIPTION)
    return VersionLine(
        version=_number(fields),
        created_at=read_timestamp(fields.get("created_at"), "created_at"),
        created_by=read_writer(fields.get("created_by")),
        description=None if description is None else str(description),
        content=_stored(fields, "prompt"),
        config=encode_config(fields.get("config")),
        variables=encode_contract(fields.get("variables")),
    )


def _label(fields: dict[str, object]) -> LabelLine:
    name = _text(fields, "name")
    check_label_name(name, field="name")
    return LabelLine(
        name,
        version=_number(fields),
        created_by=read_writer(fields.get("created_by")),
        created_at=read_timestamp(fields.get("created_at"), "created_at"),
        updated_at=read_timestamp(fields.get("updated_at"), "updated_at"),
    )


_READERS: dict[str, Callable[[dict[str, object]], Line]] = {"prompt": _prompt, "version": _version, "label": _label}


def _stored(fields: dict[str, object], field: str) -> str:
    return encode_prompt(fields.get(field), field=field)


def _text(fields: dict[str, object], field: str) -> str:
    value = fields.get(field)
    if not isinstance(value, str):
        raise InvalidValue("invalid", "A text is required.", field=field)
    return value


def _number(fields: dict[str, object]) -> int:
    value = fields.get("version")
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_VERSIONS:
        raise InvalidValue("invalid", f"A number from 1 to {MAX_VERSIONS} is required.", field="version")
    return value


def read_writer(value: object) -> Writer | None:
    """Read a writer by the rules of accounts. Raises `InvalidValue`."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidValue("invalid", "An object or null is required.", field="created_by")
    email = _text(value, "email").lower()
    check_text(email, field="email", max_length=MAX_EMAIL)
    if not _EMAIL.fullmatch(email):
        raise InvalidValue("invalid", f"{json.dumps(email)} is not an e-mail address.", field="email")
    first_name, last_name = _text(value, "first_name"), _text(value, "last_name")
    for field, name in (("first_name", first_name), ("last_name", last_name)):
        check_text(name, field=field, max_length=MAX_NAME, blank=True)
    return Writer(email, first_name, last_name)


def show_writer(writer: Writer | None) -> dict[str, str] | None:
    """Return a writer as JSON has it."""
    if writer is None:
        return None
    return {"email": writer.email, "first_name": writer.first_name, "last_name": writer.last_name}
