"""``promptuary mcp``: serve an agent that starts programs and talks to them, by way of a running server."""

import os
from importlib.util import find_spec
from typing import Annotated
from urllib.parse import urlencode

import typer

from promptuary.model.errors import InvalidValue

KEY_VARIABLE = "PROMPTUARY_API_KEY"


def mcp(
    host: Annotated[
        str, typer.Option(envvar="PROMPTUARY_HOST", help="Address of the server, such as https://prompts.example.com.")
    ] = "http://127.0.0.1:8000",
    project: Annotated[
        str, typer.Option(envvar="PROMPTUARY_PROJECT", help="Id of the project; by default the one that the key means.")
    ] = "",
    label: Annotated[
        str, typer.Option(envvar="PROMPTUARY_LABEL", help="Label that native prompts follow; by default the latest version.")
    ] = "",
) -> None:
    """Serve an agent over standard input and output (MCP). The key is read from PROMPTUARY_API_KEY."""
    if find_spec("mcp") is None:
        message = "MCP is not installed. Install promptuary[mcp]."
        raise InvalidValue("not_installed", message)
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key or not key.isascii():
        message = f"Set {KEY_VARIABLE} to a personal API key (phx_...)."
        raise InvalidValue("missing_key", message)
    from promptuary.agents.stdio import serve_stdio  # noqa: PLC0415 - an extra that need not be installed

    query = urlencode({name: value for name, value in (("project_id", project), ("label", label)) if value})
    serve_stdio(f"{host.rstrip('/')}/mcp{'?' if query else ''}{query}", {"Authorization": f"Bearer {key}"})
