"""Input of commands: files, standard input, and objects of JSON in options."""

import sys
from pathlib import Path

from promptuary.cli.output import remark
from promptuary.files import InvalidFile, decoded
from promptuary.model.json_text import InvalidJson, find_surrogate, parse

_MAX_INPUT = 16_000_000


def read_bytes(file: Path | None) -> bytes:
    """Read a file, or standard input for `None` and ``-``. Raises `InvalidFile`."""
    try:
        if file is None or str(file) == "-":
            if sys.stdin.isatty():
                remark("Reading from the terminal. Ctrl+D on an empty line ends it.")
            data = sys.stdin.buffer.read(_MAX_INPUT + 1)
        else:
            with file.open("rb") as opened:
                data = opened.read(_MAX_INPUT + 1)
    except OSError as error:
        raise InvalidFile(f"Cannot read {file or 'standard input'}: {error.strerror}.") from None
    if len(data) > _MAX_INPUT:
        raise InvalidFile(f"{file or 'Standard input'} is larger than {_MAX_INPUT:,} bytes.")
    return data


def read_line() -> str:
    """Read the first line of standard input, without its end and a byte order mark. Raises `UnicodeDecodeError`."""
    return sys.stdin.buffer.readline().decode("utf-8-sig").rstrip("\r\n")


def read_object(option: str | None, name: str, verb: str) -> dict[str, object] | None:
    """Return the object of JSON that an option is, or names a file of, `None` for null."""
    if option is None:
        return None
    text = decoded(read_bytes(Path(option[1:])), name) if option.startswith("@") else option
    try:
        value = parse(text)
    except InvalidJson as error:
        raise InvalidFile(f"The {name} {verb} not JSON: {error}.") from None
    if value is not None and not isinstance(value, dict):
        raise InvalidFile(f"The {name} must be an object of JSON, or null.")
    if find_surrogate(value) is not None:
        raise InvalidFile(f"The {name} {'has' if verb == 'is' else 'have'} half of a surrogate pair.")
    return value
