"""``promptuary mcp``: serve an agent that starts programs and talks to them, by way of a running server."""

import os
from importlib.util import find_spec
from typing import Annotated
from urllib.parse import urlencode

import typer

from promptuary.cli.completing import complete_labels
from promptuary.cli.default_label import Latest, chosen_label
from promptuary.cli.remote import ProfileName
from promptuary.model.errors import InvalidValue
from promptuary.remote.profiles import PROFILE, Profile, read_profile, read_profiles, selected_name

KEY_VARIABLE = "PROMPTUARY_API_KEY"
DEFAULT_HOST = "http://127.0.0.1:8000"

_NO_KEY = f"Set {KEY_VARIABLE} to a personal API key (phx_...)."


def mcp(
    host: Annotated[
        str,
        typer.Option(
            envvar="PROMPTUARY_HOST", help="Address of the server. Default: that of the profile, else http://127.0.0.1:8000."
        ),
    ] = "",
    project: Annotated[
        str, typer.Option(envvar="PROMPTUARY_PROJECT", help="ID of the project. Default: that of the profile or key.")
    ] = "",
    label: Annotated[
        str | None,
        typer.Option(
            help="Label of the versions offered as MCP prompts. Default: that of PROMPTUARY_LABEL, else the latest version.",
            autocompletion=complete_labels,
        ),
    ] = None,
    latest: Latest = False,
    profile: ProfileName = None,
) -> None:
    """Serve an agent over standard input and output (MCP). The key is read from PROMPTUARY_API_KEY, or from a profile."""
    if find_spec("mcp") is None:
        message = "MCP is not installed. Install promptuary[mcp]."
        raise InvalidValue("not_installed", message)
    at = _server(host, project, profile)
    from promptuary.agents.stdio import serve_stdio  # noqa: PLC0415 - an extra that need not be installed

    with chosen_label(label, latest=latest) as chosen:
        query = urlencode({name: value for name, value in (("project_id", at.project), ("label", chosen)) if value})
    serve_stdio(f"{at.host.rstrip('/')}/mcp{'?' if query else ''}{query}", {"Authorization": f"Bearer {at.api_key}"})


def _server(host: str, project: str, profile: str | None) -> Profile:
    """Return where to go: the profile that is named, else the key of the environment, else the selected profile."""
    key = os.environ.get(KEY_VARIABLE, "").strip()
    named = profile if profile is not None else os.environ.get(PROFILE) or None
    if named is None and key:
        if not key.isascii() or not key.isprintable():
            raise InvalidValue("missing_key", _NO_KEY)
        return Profile(host or DEFAULT_HOST, key, project)
    profiles = read_profiles()
    kept = profiles.get(named or selected_name(profiles))
    if named is None and kept is None:
        raise InvalidValue("missing_key", _NO_KEY)
    found = kept if named is None and kept is not None else read_profile(named or None)
    if host and host.rstrip("/") != found.host:
        message = f"The profile is of {found.host}, and its key is not sent to {host}. Leave the host out, or set {KEY_VARIABLE}."
        raise InvalidValue("other_host", message)
    return Profile(found.host, found.api_key, project or found.project)
