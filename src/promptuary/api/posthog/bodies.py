"""Reading request bodies: JSON and forms, as the wire contract has it (sections 0, 3.2 and 3.4)."""

import io
import itertools
import re
from email.message import Message

from python_multipart import parse_form
from python_multipart.exceptions import FormParserError, MultipartParseError

from promptuary.api.errors import ApiError, parse_error, unsupported_media_type
from promptuary.api.posthog.errors import invalid_value
from promptuary.api.posthog.fields import INVALID_JSON_TEXT
from promptuary.http.urlencoding import NO_ESCAPE, decode_urlencoded
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import InvalidJson, find_surrogate, parse
from promptuary.model.transfer import Line, read_line

MAX_BODY_BYTES = 8 * 1024 * 1024

JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
LINES = "application/x-ndjson"
FORMS = frozenset({URLENCODED, MULTIPART})

_JSON_FIELDS = frozenset({"prompt", "config", "edits", "variables", "labels", "names", "expected", "versions"})
_EDIT_FIELD = re.compile(r"edits\[([0-9]+)\](.*)", re.DOTALL)
_MAX_FORM_FIELDS = 1000
_MAX_CONTENT_TYPE = 1000
_MAX_NO_ESCAPES = 10_000
_KEYS = {
    JSON: re.compile(rb'"personal_api_key"\s*:\s*"([\w-]{1,200})"'),
    URLENCODED: re.compile(rb"(?:^|&)personal_api_key=([\w-]{1,200})(?:&|$)"),
    MULTIPART: re.compile(rb'name="personal_api_key"\r\n\r\n([\w-]{1,200})\r\n'),
}
MAX_LINES = 5000


def media_type_of(content_type: str) -> str:
    """Return a content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def parse_body(raw: bytes, content_type: str) -> object:
    """Return a body's value; an empty body is an empty object. In forms, values that must be JSON are read as JSON.

    Raises `ApiError` for a type that is not read here, for what cannot be parsed, and for lone surrogates.
    """
    if not raw:
        return {}
    media_type = media_type_of(content_type)
    if media_type == JSON:
        return _parse_json(raw)
    if media_type in FORMS:
        fields = _parse_form(raw, content_type)
        values = {name: _form_value(name, value) for name, value in fields.items()}
        edits = _edits_by_field(fields)
        return {**values, "edits": edits} if edits else values
    raise unsupported_media_type(content_type)


def find_key_in_beginning(raw: bytes, content_type: str) -> str | None:
    """Return what looks like a key in the beginning of a body. It tells who may send the rest, and stands in for no check of it."""
    found = _KEYS[media_type].search(raw) if raw and (media_type := media_type_of(content_type)) in _KEYS else None
    return None if found is None else found[1].decode(errors="replace")


def parse_lines(raw: bytes, content_type: str) -> list[Line]:
    """Return what the lines of a body stand for. Raises `ApiError` for another type, `InvalidValue` for what cannot be read."""
    if media_type_of(content_type) != LINES:
        raise unsupported_media_type(content_type)
    lines = raw.removesuffix(b"\n").split(b"\n") if raw else []
    if len(lines) > MAX_LINES:
        message = f"At most {MAX_LINES} lines can be sent at once."
        raise InvalidValue("max_length", message)
    return [read_line(line, number) for number, line in enumerate(lines, start=1)]


def parse_form_fields(raw: bytes, content_type: str) -> dict[str, str | None]:
    """Return a form's fields as sent; of fields of one name the last. Any other or broken body has none."""
    if media_type_of(content_type) not in FORMS:
        return {}
    return _parse_form(raw, content_type)


def _parse_json(raw: bytes) -> object:
    try:
        value = parse(raw.decode())
    except (UnicodeDecodeError, InvalidJson) as error:
        detail = f"JSON parse error - {error}"
        raise parse_error(detail) from None
    _refuse_surrogates(value)
    return value


def _refuse_surrogates(value: object) -> None:
    surrogate = find_surrogate(value)
    if surrogate is None:
        return
    detail = f"Surrogate characters are not allowed: U+{ord(surrogate):X}."
    field = _field_of_surrogate(value) if isinstance(value, dict) else []
    raise invalid_value("invalid", detail, "__".join(field) or None)


def _field_of_surrogate(value: object) -> list[str]:
    """Return the path of the field that holds a surrogate: into the list of edits, but not into values that are any JSON."""
    if isinstance(value, list):
        items = [(str(index), item) for index, item in enumerate(value)]
    else:
        items = list(value.items()) if isinstance(value, dict) else []
    for name, item in items:
        if find_surrogate(name) is None and find_surrogate(item) is not None:
            return [name] if name in {"prompt", "config", "variables"} else [name, *_field_of_surrogate(item)]
    return []


def _form_value(name: str, value: str | None) -> object:
    if name not in _JSON_FIELDS or value is None:
        return value if name not in _JSON_FIELDS else INVALID_JSON_TEXT
    try:
        parsed = parse(value)
    except InvalidJson:
        return INVALID_JSON_TEXT
    if find_surrogate(parsed) is not None:
        _refuse_surrogates({name: parsed})
    return parsed


def _edits_by_field(fields: dict[str, str | None]) -> list[object]:
    """Return the edits that a form has as ``edits[0]old``, ``edits[0]new`` ..., by their numbers, which may have gaps."""
    items: dict[str, object] = {}
    for name, value in fields.items():
        found = _EDIT_FIELD.fullmatch(name)
        if found is None:
            continue
        number, key = found[1].lstrip("0"), found[2]
        item = items.get(number)
        if not key:
            items[number] = value
        elif isinstance(item, dict):
            item[key] = value
        else:
            items[number] = {key: value}
    # Numbers are compared as texts, so that none is too long to be converted.
    return [items[number] for number in sorted(items, key=lambda number: (len(number), number))]


def _parse_form(raw: bytes, content_type: str) -> dict[str, str | None]:
    if media_type_of(content_type) == URLENCODED:
        if raw.count(b"&") >= _MAX_FORM_FIELDS:
            raise _too_many_fields("Form")
        if any(True for _ in itertools.islice(NO_ESCAPE.finditer(raw), _MAX_NO_ESCAPES, None)):
            detail = f"Form parse error - more than {_MAX_NO_ESCAPES} percent signs that begin no escape"
            raise parse_error(detail)
        pairs = (pair.partition(b"=") for pair in raw.split(b"&") if pair)
        return {decode_urlencoded(name, errors="replace"): decode_urlencoded(value, errors="replace") for name, _, value in pairs}
    return _parse_multipart(raw, content_type)


def _too_many_fields(form: str) -> ApiError:
    return parse_error(f"{form} parse error - more than {_MAX_FORM_FIELDS} fields")


def _parse_multipart(raw: bytes, content_type: str) -> dict[str, str | None]:
    message = Message()
    # Its parameters are looked for one after the other.
    message["Content-Type"] = content_type if len(content_type) <= _MAX_CONTENT_TYPE else MULTIPART
    if message.get_boundary() is None:
        detail = "Multipart form parse error - Invalid boundary in multipart: None"
        raise parse_error(detail)
    fields: dict[str, str | None] = {}
    parts = itertools.count(1)

    def add(name: bytes | None, value: str | None) -> None:
        if next(parts) > _MAX_FORM_FIELDS:
            raise _too_many_fields("Multipart form")
        if name is not None:
            fields[name.decode(errors="replace")] = value

    def on_field(field) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the parser's own type
        add(field.field_name, (field.value or b"").decode(errors="replace"))

    def on_file(file) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the parser's own type
        add(file.field_name, None)

    headers = {"Content-Type": content_type.encode(), "Content-Length": str(len(raw)).encode()}
    try:
        parse_form(headers, io.BytesIO(raw), on_field, on_file)
    except (FormParserError, MultipartParseError) as error:
        detail = f"Multipart form parse error - {error}"
        raise parse_error(detail) from None
    return fields
