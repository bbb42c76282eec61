"""Server, key and project of commands: from the environment, or from profiles in a file that only its owner reads.

The environment is taken as a whole, so that a key never goes to a host that it was not meant for.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from promptuary.model.hosts import is_host, is_same_host
from promptuary.remote.errors import NoServer, RemoteError

HOST, API_KEY, PROJECT, PROFILE = "PROMPTUARY_HOST", "PROMPTUARY_API_KEY", "PROMPTUARY_PROJECT", "PROMPTUARY_PROFILE"

DEFAULT_NAME = "default"

_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_PROJECT = re.compile(r"[0-9]{1,18}|@current")
_READABLE_BY_OTHERS = 0o077
_FIELDS = ("host", "api_key", "project")
_SELECTED = "selected"


@dataclass(frozen=True, slots=True)
class Profile:
    """A project on a server and the key to it. ``project`` is its id, or ``@current``, the current one of the key's owner.

    ``is_selected`` says that commands use it when they name no profile; see `selected_name`.
    """

    host: str
    api_key: str = field(repr=False)
    project: str
    is_selected: bool = False


def read_profile(name: str | None = None) -> Profile:
    """Return the profile that is named, or else that of the environment, or else the selected one.

    Raises `NoServer` if there is none, and `RemoteError` with a sentence that says what is missing or wrong. `PROMPTUARY_PROJECT`
    chooses another project of a profile from the file, too.
    """
    name = name or os.environ.get(PROFILE, "")
    if not name and (os.environ.get(HOST) or os.environ.get(API_KEY)):
        return _from_environment()
    profiles = read_profiles()
    name = name or selected_name(profiles)
    found = profiles.get(name)
    if found is None and name == DEFAULT_NAME:
        raise NoServer(f"No server is configured. Run promptuary login, or set {HOST}, {API_KEY} and {PROJECT}.")
    if found is None:
        raise RemoteError(f"No profile is named '{name}' in {profiles_path()}. Run promptuary login --profile {name}.")
    project = os.environ.get(PROJECT)
    return make_profile({"host": found.host, "api_key": found.api_key, "project": project}, PROJECT) if project else found


def read_profile_for(host: str, project: str, *, name: str | None = None, suggested: str | None = None) -> Profile:
    """Return a profile of a project on a given server, with a key that is meant for this server.

    The key is that of the profile that is named, else that of the environment variables, else that of a profile for this server:
    the one ``suggested``, or the only one that fits. Raises `RemoteError` if there is none. A key goes to its own server only: one
    in an environment variable has to come with its host, because ``host`` may come from a file that others wrote.
    """
    name = name or os.environ.get(PROFILE, "")
    if not name and (os.environ.get(HOST) or os.environ.get(API_KEY)):
        return _from_environment_for(host, project)
    profiles = read_profiles()
    chosen = name or suggested
    if chosen:
        found = profiles.get(chosen)
        if found is None:
            raise RemoteError(f"No profile is named '{chosen}' in {profiles_path()}. {_login(host, project, chosen)}")
        if not is_same_host(found.host, host):
            raise RemoteError(f"The profile '{chosen}' is for {found.host}, so its key is not sent to {host}.")
    else:
        found = _only_one_for(host, project, profiles)
    return Profile(host, found.api_key, project)


def make_profile(values: Mapping[str, object], source: str) -> Profile:
    """Return a profile of checked values; ``source`` says in refusals where they are from."""
    host, api_key, project = (str(values.get(name) or "").strip() for name in _FIELDS)
    host = checked_host(host, source)
    if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise RemoteError(f"{source}: the key must look like phx_...")
    if not _PROJECT.fullmatch(project):
        raise RemoteError(f"{source}: the project must be its number, or @current.")
    return Profile(host, api_key, project, is_selected=values.get(_SELECTED) is True)


def checked_host(host: str, source: str) -> str:
    """Return the address of a server. Raises `RemoteError`."""
    if not is_host(host.strip()):
        raise RemoteError(f"{source}: the host must look like https://prompts.example.com.")
    return host.strip().rstrip("/")


def selected_name(profiles: Mapping[str, Profile]) -> str:
    """Return the name of the profile that commands use when they name none: the selected one, else ``default``."""
    return next((name for name, profile in profiles.items() if profile.is_selected), DEFAULT_NAME)


def select_profile(name: str) -> Path:
    """Let commands use a profile when they name none. Returns where that is stored. Raises `RemoteError`."""
    profiles = read_profiles()
    if name not in profiles:
        raise _no_profile(name)
    return _write({each: replace(profile, is_selected=each == name) for each, profile in profiles.items()})


def profiles_path() -> Path:
    """Return where profiles are kept."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "promptuary" / "profiles.toml"


def read_profiles() -> dict[str, Profile]:
    """Return all profiles of the file by their names; none when there is no file."""
    path = profiles_path()
    try:
        if os.name == "posix" and path.stat().st_mode & _READABLE_BY_OTHERS:
            raise RemoteError(f"{path} holds keys and can be read by others. Run: chmod 600 {path}")
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RemoteError(f"Cannot read {path}: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise RemoteError(f"{path} is not TOML: {error}.") from None
    return {name: make_profile(table if isinstance(table, dict) else {}, f"{path}, [{name}]") for name, table in tables.items()}


def write_profile(name: str, profile: Profile) -> Path:
    """Keep a profile under a name; the others stay. Returns where."""
    if not _NAME.fullmatch(name):
        raise RemoteError("A profile's name consists of letters, digits, hyphens and underscores.")
    profiles = read_profiles()
    is_selected = name in profiles and profiles[name].is_selected
    return _write({**profiles, name: replace(profile, is_selected=is_selected)})


def remove_profile(name: str) -> Path:
    """Forget a profile and its key. Returns where it was."""
    profiles = read_profiles()
    if name not in profiles:
        raise _no_profile(name)
    return _write({other: profile for other, profile in profiles.items() if other != name})


def _from_environment() -> Profile:
    missing = [name for name in (HOST, API_KEY, PROJECT) if not os.environ.get(name)]
    if missing:
        raise RemoteError(f"The environment has a server, but no {' and no '.join(missing)}.")
    values = {"host": os.environ[HOST], "api_key": os.environ[API_KEY], "project": os.environ[PROJECT]}
    return make_profile(values, "The environment")


def _no_profile(name: str) -> RemoteError:
    return RemoteError(f"No profile is named '{name}' in {profiles_path()}.")


def _from_environment_for(host: str, project: str) -> Profile:
    """Return the environment's profile, if its key is meant for a project of a server. Raises `RemoteError`."""
    own_host, own_key, own_project = (os.environ.get(each, "") for each in (HOST, API_KEY, PROJECT))
    if not own_key:
        raise RemoteError(f"The environment has {HOST}, but no {API_KEY}.")
    if not own_host:
        raise RemoteError(f"Set {HOST} together with {API_KEY}: it says which server the key is for. Here it would be {host}.")
    own = make_profile({"host": own_host, "api_key": own_key, "project": own_project or project}, "The environment")
    if not is_same_host(own.host, host):
        raise RemoteError(f"{API_KEY} is for {own.host}, so it is not sent to {host}.")
    if own.project != project:
        raise RemoteError(f"{PROJECT} is {own.project}, and this is project {project} of {host}.")
    return own


def _only_one_for(host: str, project: str, profiles: Mapping[str, Profile]) -> Profile:
    """Return the profile for a server: for the project if possible, else the only one. Raises `RemoteError`."""
    fitting = {name: each for name, each in profiles.items() if is_same_host(each.host, host)}
    exact = {name: each for name, each in fitting.items() if each.project == project}
    found = exact or fitting
    if not found:
        raise RemoteError(f"There is no key for {host}. {_login(host, project)} Or set {HOST} and {API_KEY}.")
    if len({each.api_key for each in found.values()}) > 1:
        raise RemoteError(f"Several profiles are for {host}: {', '.join(sorted(found))}. Choose one with --profile.")
    return next(iter(found.values()))


def _login(host: str, project: str, name: str | None = None) -> str:
    return f"Run promptuary login --host {host} --project {project}{f' --profile {name}' if name else ''}."


def _write(profiles: Mapping[str, Profile]) -> Path:
    path = profiles_path()
    text = "".join(_table(name, profile) for name, profile in sorted(profiles.items()))
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The file is private from its first byte on, and readers see the old one or the new one.
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        raise RemoteError(f"Cannot write {path}: {error.strerror}.") from None
    return path


def _table(name: str, profile: Profile) -> str:
    # The values are printable ASCII, in which a JSON string is a TOML string.
    lines = [f"{key} = {json.dumps(getattr(profile, key))}\n" for key in _FIELDS]
    lines += [f"{_SELECTED} = true\n"] if profile.is_selected else []
    # The name may have been written by hand.
    shown = name if _NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"[{shown}]\n{''.join(lines)}\n"
