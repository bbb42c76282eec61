"""Parsing of forms: fields as the text that the user typed, not as the bytes of the browser's encoding."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from promptuary.http.urlencoding import decode_urlencoded
from promptuary.web.errors import WebError

MAX_FORM_BYTES = 5_000_000
MAX_PASSWORD_FORM_BYTES = 65_536
"""Maximum bytes of forms with passwords, which any client may send."""

_MEDIA_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS = 2000
"""Maximum fields of a form: a chat of 500 messages has 1500."""

_ADVICE = "Nothing was changed. Go back and send the form again."


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, each with the values that were sent for it."""

    values: Mapping[str, Sequence[str]]

    def get(self, name: str, default: str = "") -> str:
        """Return a field's value, of several the last, with line endings as they were typed: browsers send CRLF for each."""
        return self.values[name][-1].replace("\r\n", "\n") if name in self.values else default

    def all(self, name: str) -> Sequence[str]:
        """Return all values of a field, as ticked boxes of one name send them."""
        return self.values.get(name, ())


def parse_form(raw: bytes, content_type: str) -> Form:
    """Read a form. Raises `WebError` for any other type, for too many fields and for what is no UTF-8."""
    if not raw:
        return Form({})
    if content_type.partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise WebError(415, "This address accepts forms only.", advice=_ADVICE)
    values: dict[str, list[str]] = {}
    try:
        for name, value in _pairs(raw):
            values.setdefault(name, []).append(value)
    except ValueError:
        raise WebError(400, "The form is malformed or has too many fields.", advice=_ADVICE) from None
    return Form(values)


def _pairs(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield the names and values. Raises `ValueError`."""
    if not raw.isascii() or raw.count(b"&") >= _MAX_FIELDS:
        raise ValueError
    for name, _, value in (pair.partition(b"=") for pair in raw.split(b"&") if pair):
        yield decode_urlencoded(name, errors="strict"), decode_urlencoded(value, errors="strict")


def too_large(limit: int) -> WebError:
    """Say that a form is too large to be read."""
    shown = f"{limit // 1_000_000} MB" if limit == MAX_FORM_BYTES else f"{limit:,} bytes"
    detail = f"A form may have {shown} at most."
    return WebError(413, detail, advice="Nothing was changed. Go back: your text is still in the form.")
