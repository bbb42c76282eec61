"""Names of files for names of prompts, good on every system.

A prompt's name is its file's name where that is possible everywhere. It is not where another name differs only in case, where
Windows keeps the name for a device, where it is too long, or where commands would take it for an option; the file's name then ends
with a tilde, which no prompt's name has, and a hash of the name. Whatever the name, the file is in the folder itself: characters
that names of files do not have here become hyphens.
"""

import re
from collections.abc import Collection
from hashlib import sha256
from itertools import count

SUFFIX = ".md"

_MAX_STEM = 100
_HASH_DIGITS = 16
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789")}
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,119}(~[0-9a-f]{16})?\.md")
_UNSAFE = re.compile(r"[^a-z0-9_-]")


def choose_file_name(name: str, taken: Collection[str]) -> str:
    """Return the name of the file for a prompt's name; ``taken`` has the names of other files, in any case."""
    folded = {other.casefold() for other in taken}
    plain = f"{name}{SUFFIX}"
    if len(name) <= _MAX_STEM and is_safe_file_name(plain) and plain.casefold() not in folded:
        return plain
    stem = _UNSAFE.sub("-", name.lower()).lstrip("-")[:_MAX_STEM] or "prompt"
    hashed = (_hashed(stem, name, attempt) for attempt in count())
    return next(file for file in hashed if file.casefold() not in folded)


def is_safe_file_name(file_name: str) -> bool:
    """Return `True` if a name leads to a file in the folder itself, on every system."""
    return _SAFE.fullmatch(file_name) is not None and file_name.lower().removesuffix(SUFFIX) not in _DEVICES


def _hashed(stem: str, name: str, attempt: int) -> str:
    hashed = name if attempt == 0 else f"{name}~{attempt}"
    return f"{stem}~{sha256(hashed.encode(errors='surrogatepass')).hexdigest()[:_HASH_DIGITS]}{SUFFIX}"
