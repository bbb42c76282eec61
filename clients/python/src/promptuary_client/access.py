"""The server, the key and the project of a client: from its arguments, a profile or the environment. Sends nothing.

A profile is taken as a whole, so that a key never goes to a host that it was not meant for.
"""

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from promptuary_client.errors import ConfigurationError
from promptuary_client.profiles import Profile, find_profile, read_profile

CURRENT_PROJECT = "@current"

_HOST, _API_KEY, _PROJECT, _PROFILE = "PROMPTUARY_HOST", "PROMPTUARY_API_KEY", "PROMPTUARY_PROJECT", "PROMPTUARY_PROFILE"


@dataclass(frozen=True)
class Access:
    """The address of a server without a slash at its end, a key of it and a project; offline, both may be empty."""

    host: str
    api_key: str = field(repr=False)
    project: str


def resolve_access(
    host: str | None, api_key: str | None, project: str | int | None, profile: str | None, *, offline: bool
) -> Access:
    """Return what the arguments say, else the profile that is named, else the environment. Raises `ConfigurationError`.

    A profile is named by its argument or by ``PROMPTUARY_PROFILE``. ``PROMPTUARY_PROJECT`` selects another project of it.
    """
    name = _resolve_profile_name(profile)
    if name is not None and (profile is not None or host is None or api_key is None):
        found = find_profile(name) if offline else read_profile(name)
        return Access("", "", _resolve_project(project)) if found is None else _of_profile(found, host, api_key, project)
    is_given = bool(host or os.environ.get(_HOST)) and bool(api_key or os.environ.get(_API_KEY))
    if offline and not is_given:
        return Access("", "", _resolve_project(project))
    address = _check_host(_given(host, _HOST, "the server's address"))
    return Access(address, _check_key(_given(api_key, _API_KEY, "an API key")), _resolve_project(project))


def _resolve_profile_name(profile: object) -> str | None:
    if profile is None:
        return os.environ.get(_PROFILE, "").strip() or None
    if not isinstance(profile, str) or not profile.strip():
        raise ConfigurationError("The name of the profile is empty, or no text. Give a profile, or None.")
    return profile


def _of_profile(profile: Profile, host: str | None, api_key: str | None, project: str | int | None) -> Access:
    if api_key is not None:
        raise ConfigurationError("A profile has a key of its own. Give either `profile`, or `host` and `api_key`.")
    try:
        found = Access(_check_host(profile.host), _check_key(profile.api_key), _resolve_project(project, profile.project))
    except ConfigurationError as error:
        raise ConfigurationError(f"{profile.source}: {error}") from None
    if host is not None and _check_host(host.strip()) != found.host:
        raise ConfigurationError(
            f"The profile is for {found.host}, and its key is not sent to {host}. Remove `host`, or give `api_key`."
        )
    return found


def _check_host(address: str) -> str:
    address = address.rstrip("/")
    try:
        parts = urlsplit(address)
        is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain
        _ = parts.port
    except ValueError:
        is_good = False
    if not is_good:
        raise ConfigurationError("The server's address must look like https://prompts.example.com.")
    return address


def _check_key(key: str) -> str:
    # The text does not repeat the key.
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError("The API key has characters that no key has.")
    return key


def _resolve_project(project: str | int | None, default: str = CURRENT_PROJECT) -> str:
    """Return the project's number, token, or ``@current``."""
    found = str(project) if project is not None else os.environ.get(_PROJECT, "").strip() or default
    if found == CURRENT_PROJECT or (found.isascii() and (found.isdigit() or found.startswith("phc_"))):
        return found
    raise ConfigurationError("The project must be its ID, its token (phc_...), or @current.")


def _given(value: str | None, variable: str, what: str) -> str:
    found = value if value is not None else os.environ.get(variable, "")
    if not found.strip():
        raise ConfigurationError(f"Give {what}, or set {variable} or {_PROFILE}.")
    return found.strip()
