"""Rules for short plain texts (names, notes, addresses), the folding that search compares, and numbers with their nouns."""

from promptuary.model.errors import InvalidValue

# PostgreSQL cannot store NUL in a text column. Case folding leaves no capital letters, so one is free to stand in its place.
_NUL_STAND_IN = "A"


def check_text(text: str, *, field: str, max_length: int, blank: bool = False) -> None:
    """Raise `InvalidValue` for a blank text (unless allowed), one longer than ``max_length`` characters, or one with NUL."""
    if not blank and not text.strip():
        raise InvalidValue("blank", "This field may not be blank.", field=field)
    if len(text) > max_length:
        raise InvalidValue("max_length", f"Ensure this field has no more than {max_length} characters.", field=field)
    if "\0" in text:
        raise InvalidValue("null_characters_not_allowed", "Null characters are not allowed.", field=field)


def fold(text: str) -> str:
    """Return the form in which search compares texts: Unicode case folding, so that ``straße`` equals ``STRASSE``."""
    return text.casefold().replace("\0", _NUL_STAND_IN)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with a noun in singular or plural (by default with an "s"): `1 version`, `2,000 versions`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
