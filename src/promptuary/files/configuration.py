"""The file ``promptuary.toml`` at the root of a repository: the folder of the prompts, and the environments they are applied to.

It is reviewed and shared like code, so it has no keys. A repository may come from an untrusted source: the file is validated, links
are not followed, and the folder is below the file.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from promptuary.files.errors import InvalidFile
from promptuary.files.folder_files import read_plain_file
from promptuary.files.locks import LOCK
from promptuary.model.errors import InvalidValue
from promptuary.model.hosts import is_host
from promptuary.model.names import check_label_name

CONFIGURATION = "promptuary.toml"
DEFAULT_FOLDER = "prompts"

Declared = Mapping[str, tuple[str, ...]]
"""Variables that programs fill in, by the name of the prompt."""

_MAX_BYTES = 1_000_000
_MAX_PROJECT = 10**18
_MAX_SHOWN = 60
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
_PROFILE = re.compile(r"[A-Za-z0-9_-]{1,100}")
_KEYS = ("folder", "env", "variables")
_ENVIRONMENT_KEYS = ("host", "project", "label", "profile")
_SECRET_KEY = re.compile(r"(?i)(?:.*[_-])?(?:key|token|secret|password)")
_SECRET_VALUE = re.compile(r"phx_[A-Za-z0-9_-]{16,}")
_NO_KEYS = "Keys do not belong in this file: run promptuary login, or set PROMPTUARY_API_KEY. Revoke a key that was committed."


@dataclass(frozen=True, slots=True)
class Environment:
    """A project on a server to which prompts of the repository are applied. ``label`` is the one that releases them, if any."""

    name: str
    host: str
    project: int
    label: str | None = None
    profile: str | None = None

    @property
    def lock_name(self) -> str:
        """Name of the lock file of this environment."""
        stem, _, suffix = LOCK.partition(".")
        return f"{stem}.{self.name}.{suffix}"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Contents of ``promptuary.toml``. ``folder`` is relative to the folder of the file, and below it."""

    path: Path
    folder: str = DEFAULT_FOLDER
    environments: Mapping[str, Environment] = field(default_factory=dict)
    variables: Declared = field(default_factory=dict)
    is_complete: bool = False
    """`True` if the file names a folder or an environment, and not only variables."""

    @property
    def folder_path(self) -> Path:
        """Path of the folder of the prompts."""
        return self.path.parent / self.folder


def find_configuration(start: Path) -> Configuration | None:
    """Return the configuration of the folder ``start`` or of its nearest parent within the repository. Raises `InvalidFile`.

    Outside of a repository, only ``start`` itself counts. A file that declares only variables gives way to one of a parent.
    """
    found = [read_configuration(path) for folder in _folders(start) if _is_there(path := folder / CONFIGURATION)]
    return next((each for each in found if each.is_complete), found[0] if found else None)


def read_configuration(path: Path) -> Configuration:
    """Read a configuration. Raises `InvalidFile` with the path in its sentence."""
    try:
        found = parse_configuration(read_plain_file(path, max_bytes=_MAX_BYTES), path)
        _check_place(found)
    except InvalidFile as error:
        raise InvalidFile(f"{os.path.relpath(path)}: {error}") from None
    except OSError as error:
        raise InvalidFile(f"Cannot read {os.path.relpath(path)}: {error.strerror}.") from None
    return found


def parse_configuration(data: bytes, path: Path) -> Configuration:
    """Return the configuration that the bytes of a file have. Raises `InvalidFile`."""
    try:
        text = data.decode("utf-8-sig")
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidFile(f"It is not TOML: {error}.") from None
    if _SECRET_VALUE.search(text):
        raise InvalidFile(f"It has a key, phx_.... {_NO_KEYS}")
    _check_keys(values, _KEYS, "It")
    return Configuration(
        path,
        _folder(values.get("folder", DEFAULT_FOLDER)),
        {name: _environment(name, table) for name, table in _table(values.get("env", {}), "[env]").items()},
        parse_variables(values.get("variables", {})),
        is_complete="folder" in values or "env" in values,
    )


def parse_variables(value: object) -> Declared:
    """Return the variables that a table declares. Raises `InvalidFile`."""
    if not isinstance(value, dict) or not all(map(_is_texts, value.values())):
        raise InvalidFile("[variables] must have a list of texts for each prompt.")
    return {name: tuple(texts) for name, texts in value.items()}


def _folders(start: Path) -> list[Path]:
    folders = [start, *start.parents]
    root = next((number for number, folder in enumerate(folders) if (folder / ".git").exists()), 0)
    return folders[: root + 1]


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _check_place(configuration: Configuration) -> None:
    root = configuration.path.parent
    try:
        is_inside = configuration.folder_path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:
        raise InvalidFile(f"The folder {configuration.folder} cannot be read: {error}.") from None
    if not is_inside:
        raise InvalidFile(f"The folder {configuration.folder} leads out of the repository by a symbolic link.")


def _folder(value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise InvalidFile('folder must be a text, such as "prompts".')
    folder = PurePosixPath(value)
    if folder.is_absolute() or ".." in folder.parts or "\\" in value or ":" in value:
        raise InvalidFile(f"folder must be a path below this file, with / between folders, and not {_shown(value)}.")
    return value


def _environment(name: str, value: object) -> Environment:
    where = f"[env.{name[:_MAX_SHOWN]}]"
    if not _NAME.fullmatch(name):
        raise InvalidFile(f"{where}: an environment's name has up to 50 lowercase letters, digits, - and _.")
    table = _table(value, where)
    _check_keys(table, _ENVIRONMENT_KEYS, where)
    host, project, label, profile = (table.get(key) for key in _ENVIRONMENT_KEYS)
    if not isinstance(host, str) or not is_host(host):
        raise InvalidFile(f"{where}: host must look like https://prompts.example.com.")
    if not isinstance(project, int) or isinstance(project, bool) or not 1 <= project <= _MAX_PROJECT:
        raise InvalidFile(f"{where}: project must be the number of a project, such as 1.")
    if profile is not None and not (isinstance(profile, str) and _PROFILE.fullmatch(profile)):
        raise InvalidFile(f"{where}: profile must be the name of a profile of promptuary login.")
    return Environment(name, host.rstrip("/"), project, _label(label, where), profile)


def _label(value: object, where: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidFile(f"{where}: label must be a text.")
    try:
        check_label_name(value)
    except InvalidValue as refusal:
        raise InvalidFile(f"{where}: label: {refusal}") from None
    return value


def _check_keys(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key in known:
            continue
        if _SECRET_KEY.fullmatch(key):
            raise InvalidFile(f"{where} has {_shown(key)}. {_NO_KEYS}")
        raise InvalidFile(f"{where} has an unknown key {_shown(key)}. Known are {', '.join(known)}.")


def _table(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise InvalidFile(f"{where} must be a table.")
    return value


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _shown(text: str) -> str:
    return f"'{text if len(text) <= _MAX_SHOWN else f'{text[:_MAX_SHOWN]}...'}'"
