"""Settings of a client: arguments first, then environment variables, then defaults. Sends nothing."""

import math
import os
import re
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from promptuary_client.bundle import Bundle, read_bundle
from promptuary_client.changes import ChangeEvent
from promptuary_client.errors import ConfigurationError, InvalidBundleError, PromptuaryError
from promptuary_client.prompts import Prompt, PromptKey

T = TypeVar("T")
Hook: TypeAlias = Callable[[T], None]


class Default(Enum):
    """The type of `DEFAULT`."""

    DEFAULT = auto()


DEFAULT = Default.DEFAULT
"""Value of ``label`` that stands for the default: in a call the client's own label, for a client ``PROMPTUARY_LABEL``."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_HEADERS = frozenset({"authorization", "accept"})
_ANSWERS: Mapping[str, bool] = {"": False, "0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}


@dataclass(frozen=True)
class ErrorEvent:
    """Argument of ``on_error``: the error, the key of the fetch, and ``has_content`` if older content is still served.

    ``key`` is `None` if the error does not concern a single prompt, for example for a bundle that cannot be used.
    """

    key: PromptKey | None
    error: PromptuaryError
    has_content: bool


@dataclass(frozen=True)
class Settings:
    """All settings of a client, checked.

    ``timeout`` is the maximum wait of a caller, ``request_timeout`` the maximum duration of a request, which may continue without
    its caller. Content is fresh for ``ttl`` seconds, and served at once after that unless it is staler than ``max_stale``.
    """

    host: str
    api_key: str = field(repr=False)
    project: str = "@current"
    label: str | None = None
    timeout: float = 1.0
    request_timeout: float = 10.0
    ttl: float = 60.0
    max_stale: float | None = None
    max_entries: int = 1000
    folder: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    verify: ssl.SSLContext | bool = True
    http_client_factory: Callable[..., Any] | None = None
    threads: bool = True
    live: bool = False
    bundle: Bundle | None = field(default=None, repr=False)
    bundle_error: InvalidBundleError | None = None
    offline: bool = False
    on_get: Hook[Prompt] | None = None
    on_error: Hook[ErrorEvent] | None = None
    on_change: Hook[ChangeEvent] | None = None

    @property
    def has_token(self) -> bool:
        """True if ``project`` is the project's token, which the server accepts for reading only."""
        return self.project.startswith("phc_")


def resolve_bundle(bundle: str | Path | None) -> tuple[Bundle | None, InvalidBundleError | None]:
    """Return the prompts of the given file, or of that of ``PROMPTUARY_BUNDLE``, or the error if the file cannot be used.

    The error is not raised, because a program with a server or a fallback does not need the bundle.
    """
    path = bundle if bundle is not None else os.environ.get("PROMPTUARY_BUNDLE", "").strip()
    try:
        return (read_bundle(path) if path else None), None
    except InvalidBundleError as error:
        return None, error


def resolve_offline(offline: bool | None) -> bool:  # noqa: FBT001 - the only argument.
    """Return whether no server is to be asked, as given or as ``PROMPTUARY_OFFLINE`` says. Raises `ConfigurationError`."""
    if offline is not None:
        return offline
    found = os.environ.get("PROMPTUARY_OFFLINE", "").strip().lower()
    if found not in _ANSWERS:
        raise ConfigurationError("PROMPTUARY_OFFLINE must be 1 or 0.")
    return _ANSWERS[found]


def resolve_folder(folder: str | Path | None) -> Path:
    """Return the folder for content on disk: the given one, that of ``PROMPTUARY_CACHE_DIR``, or one in the user's cache folder."""
    chosen = folder or os.environ.get("PROMPTUARY_CACHE_DIR")
    return Path(chosen).expanduser() if chosen else _user_cache(sys.platform, os.environ) / "promptuary"


def resolve_label(label: object) -> str | None:
    """Return the label that is fetched unless a call names another: the given one, else that of ``PROMPTUARY_LABEL``.

    `None` stands for latest versions, whatever the environment says. Raises `ConfigurationError` for an empty label.
    """
    if label is DEFAULT:
        found = os.environ.get("PROMPTUARY_LABEL")
        if found is not None and not found.strip():
            raise ConfigurationError("PROMPTUARY_LABEL is empty. Set it to a label, or remove it for the latest versions.")
        return found and found.strip()
    if label is None or (isinstance(label, str) and label.strip()):
        return label
    raise ConfigurationError("`label` is empty, or no text. Give a label, or None for the latest versions.")


def resolve_headers(headers: Mapping[Any, Any] | None) -> dict[str, str]:
    """Return headers that every request carries. Raises `ConfigurationError`, whose text does not repeat values."""
    found = check_headers(dict(headers or {}))
    for name in found:
        if name.lower() in _OWN_HEADERS:
            raise ConfigurationError(f"The client sends the header {name} itself. Remove it from `headers`.")
    return found


def check_headers(headers: dict[Any, Any]) -> dict[str, str]:
    """Return headers that can be sent. Raises `ConfigurationError`, whose text does not repeat values."""
    for name, value in headers.items():
        if not (isinstance(name, str) and isinstance(value, str) and _HEADER_NAME.fullmatch(name)):
            raise ConfigurationError("`headers` has a name or a value that no header can have.")
        if not (value.isascii() and value.isprintable()):
            raise ConfigurationError(f"The value of the header {name} has characters that no header can have.")
    return headers


def resolve_verify(verify: ssl.SSLContext | str | Path | bool) -> ssl.SSLContext | bool:  # noqa: FBT001 - as in httpx2.
    """Return how certificates of servers are checked. Raises `ConfigurationError` for authorities that cannot be read."""
    if isinstance(verify, (bool, ssl.SSLContext)):
        return verify
    path = Path(verify).expanduser()
    try:
        if path.is_dir() and str(verify):
            return ssl.create_default_context(capath=str(path))
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"The certificates of `verify`, {path}, cannot be read: {error}.") from error


def check_numbers(settings: Settings) -> Settings:
    """Return the settings if their numbers make sense. Raises `ConfigurationError`."""
    positive = {"timeout": settings.timeout, "request_timeout": settings.request_timeout, "max_entries": settings.max_entries}
    for name, value in positive.items():
        if not (math.isfinite(value) and value > 0):
            raise ConfigurationError(f"`{name}` must be more than 0.")
    if not (math.isfinite(settings.ttl) and settings.ttl >= 0):
        raise ConfigurationError("`ttl` must be 0 or more.")
    if settings.max_stale is not None and not settings.max_stale >= 0:
        raise ConfigurationError("`max_stale` must be 0 or more, or None.")
    if settings.live and not settings.threads:
        raise ConfigurationError("`live` needs a thread, and `threads` is False.")
    return settings


def _user_cache(platform: str, environment: Mapping[str, str]) -> Path:
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
