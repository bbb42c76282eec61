"""Numbers that people see in addresses and send in forms."""

_MAX_DIGITS = 9


def positive_int(text: str | None) -> int | None:
    """Return the positive number that a text is; `None` for anything else."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        return None
    return int(text) or None
