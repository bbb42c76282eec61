"""Single files of a folder: read without following links, written whole or not at all."""

import secrets
import stat
from pathlib import Path

from promptuary.files.errors import InvalidFile


def read_plain_file(path: Path, *, max_bytes: int) -> bytes:
    """Read a file that is no symbolic link and no device. Raises `InvalidFile` for one, or for more than ``max_bytes`` bytes."""
    kind = path.lstat().st_mode
    if stat.S_ISLNK(kind):
        raise InvalidFile("It is a symbolic link, which is not followed.")
    if not stat.S_ISREG(kind):
        raise InvalidFile("It is no regular file.")
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise InvalidFile(f"It is larger than {max_bytes:,} bytes.")
    return data


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; a link is replaced, not followed. Raises `InvalidFile` when that cannot be done."""
    draft = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.draft")
    try:
        if path.exists() and not path.is_symlink() and not path.is_file():
            raise InvalidFile(f"Cannot write {path}: it is there and is no regular file.")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # A link that waits under this name is not written through.
            with draft.open("xb") as file:
                file.write(data)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidFile(f"Cannot write {path}: {error.strerror}.") from None
