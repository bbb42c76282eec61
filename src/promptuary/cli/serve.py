"""``promptuary serve``: become the server. What it needs of the database, its first worker prepares."""

import socket
from typing import Annotated

import typer

from promptuary.cli.configuration import read_settings
from promptuary.model.errors import Unavailable
from promptuary.settings import writes_text
from promptuary.supervisor.launch import become_supervisor


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 listens on all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Number of worker processes.", min=1, max=256)] = 1,
) -> None:
    """Start the server. The first start creates the database, a project, an owner and a key, and shows the key once."""
    settings = read_settings()
    _require_free(host, port)
    become_supervisor(
        host=host,
        port=port,
        workers=workers,
        address=_address(host, port),
        drain_seconds=settings.drain_seconds,
        as_json=not writes_text(settings),
    )


def _address(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{reachable}:{port}"


def _require_free(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        message = f"Cannot listen on {host}:{port}: {error.strerror}."
        raise Unavailable(message) from error
