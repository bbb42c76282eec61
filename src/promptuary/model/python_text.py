"""Texts as literals of Python, for programs and modules that are written for users."""

import json


def python_text(text: str) -> str:
    """Return a text as a literal of Python in ASCII, in double quotes."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    # Above U+FFFF, JSON writes two escapes, which Python takes for two characters.
    return f"\\U{ord(character):08x}" if character > "\uffff" else json.dumps(character)[1:-1]
