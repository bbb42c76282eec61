"""Profiles of the command line: ``promptuary login`` stores host, key and project in a file that only its owner reads.

A client reads the profile that is named, and never one that is not, so that a program gets the same prompts for every user.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptuary_client.errors import ConfigurationError

_READABLE_BY_OTHERS = 0o077
_FIELDS = ("host", "api_key", "project")


@dataclass(frozen=True)
class Profile:
    """A host, the key to it and a project, as the file has them. ``source`` says in errors where they are from."""

    host: str
    api_key: str = field(repr=False)
    project: str
    source: str


def read_profile(name: str) -> Profile:
    """Return a profile. Raises `ConfigurationError` if there is none, or the file is not safe or damaged."""
    found = find_profile(name)
    if found is None:
        option = "" if name == "default" else f" --profile {name}"
        raise ConfigurationError(f"No profile is named {name!r} in {_path()}. Run: promptuary login{option}")
    return found


def find_profile(name: str) -> Profile | None:
    """Return a profile, or `None`. Raises `ConfigurationError` if the file is not safe or damaged."""
    path = _path()
    table = _read(path).get(name)
    if table is None:
        return None
    source = f"{path}, [{name}]"
    values = table if isinstance(table, dict) else {}
    given = {each: str(values.get(each) or "").strip() for each in _FIELDS}
    missing = [each for each in _FIELDS if not given[each]]
    if missing:
        raise ConfigurationError(f"{source} has no {' and no '.join(missing)}.")
    return Profile(**given, source=source)


def _path() -> Path:
    try:
        base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    except RuntimeError:
        raise ConfigurationError("The user has no home folder, so there is no profile. Set XDG_CONFIG_HOME.") from None
    return Path(base) / "promptuary" / "profiles.toml"


def _read(path: Path) -> Mapping[str, Any]:
    """Return all tables of the file, none if there is no file."""
    if sys.version_info < (3, 11):
        raise ConfigurationError("Profiles need Python 3.11. Set PROMPTUARY_HOST and PROMPTUARY_API_KEY instead.")
    import tomllib  # noqa: PLC0415 - it is younger than Python 3.10.

    try:
        return tomllib.loads(_read_private(path).decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except ConfigurationError:
        raise
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}.") from None


def _read_private(path: Path) -> bytes:
    with path.open("rb") as file:
        if os.name == "posix" and os.fstat(file.fileno()).st_mode & _READABLE_BY_OTHERS:
            raise ConfigurationError(f"{path} has keys and can be read by others. Run: chmod 600 {path}")
        return file.read()
