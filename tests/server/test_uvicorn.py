"""uvicorn has the private parts on which connections are built."""

import ast
import asyncio
import inspect

import pytest
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from promptuary.worker.connection import NEEDED_OF_UVICORN, Connection

ADVICE = f"uvicorn {uvicorn.__version__} has changed: compare its HttpToolsProtocol with worker/connection.py before it is allowed."


@pytest.fixture(scope="module")
def attributes() -> set[str]:
    """The attributes of a connection of uvicorn that is open and has begun to read a request."""

    async def connect() -> set[str]:
        config = uvicorn.Config(Starlette(), log_config=None)
        config.load()
        connection = HttpToolsProtocol(config, ServerState(), {})
        connection.connection_made(asyncio.Transport())
        connection.on_message_begin()
        return set(dir(connection))

    return asyncio.run(connect())


@pytest.mark.parametrize("name", sorted(NEEDED_OF_UVICORN))
def test_connections_of_uvicorn_have_what_is_built_on(attributes: set[str], name: str) -> None:
    assert name in attributes, f"It has no {name} any more. {ADVICE}"


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (RequestResponseCycle, "response_complete"),
        (FlowControl, "write_paused"),
        (ServerState, "default_headers"),
        (uvicorn.Server, "_captured_signals"),
        (uvicorn.Server, "servers"),
    ],
)
def test_other_parts_of_uvicorn_have_what_they_are_asked_for(part: type, name: str) -> None:
    assert name in inspect.getsource(part), f"{part.__name__} has no {name} any more. {ADVICE}"


def test_connections_need_nothing_else_of_uvicorn() -> None:
    [body] = ast.parse(inspect.getsource(Connection)).body
    nodes = [node for node in ast.walk(body) if isinstance(node, ast.Attribute)]
    of_self = {node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id == "self"}
    of_super = {node.attr for node in nodes if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "super"}
    set_here = {node.attr for node in nodes if isinstance(node.ctx, ast.Store) and node.attr.startswith("_")}
    replaced = {name for name in vars(Connection) if name in vars(HttpToolsProtocol) and name not in {"__module__", "__doc__"}}
    assert (of_self - vars(Connection).keys() - set_here) | of_super | replaced == NEEDED_OF_UVICORN
