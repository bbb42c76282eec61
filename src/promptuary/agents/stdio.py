"""MCP over standard input and output, for agents that start a program: messages are forwarded to ``/mcp`` of a server, and back.

The agent and the server may speak different versions of the protocol. Nothing is decided here: tools, prompts and refusals are the
server's.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import httpx2
import mcp_types as types
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, PromptsListChanged
from mcp.shared.exceptions import MCPError

from promptuary import __version__
from promptuary.model.errors import RegistryError

logger = logging.getLogger("promptuary.agents")

_SECONDS = 60.0
_RETRY_SECONDS = 2.0
_UNREACHABLE = -32000

Context = Any
"""Context that the package passes to handlers."""


class NotServed(RegistryError):
    """The server cannot be reached, or does not let this caller in; the message says which."""


def serve_stdio(url: str, headers: Mapping[str, str]) -> None:
    """Serve the agent that has started this process until it closes standard input. Raises `NotServed` where that cannot begin."""
    asyncio.run(_serve(url, headers))


async def _serve(url: str, headers: Mapping[str, str]) -> None:
    reaching = _Reaching(url.partition("?")[0])
    async with httpx2.AsyncClient(headers=headers, timeout=_SECONDS, transport=reaching) as http:
        await _check(http, url)
        async with Client(streamable_http_client(url, http_client=http)) as server:
            relay = _Relay(server)
            async with stdio_server() as (incoming, outgoing), relay.listening():
                serving = relay.create_server()
                options = serving.create_initialization_options(NotificationOptions(prompts_changed=True))
                await serving.run(incoming, outgoing, options)


async def _check(http: httpx2.AsyncClient, url: str) -> None:
    """Ask something small first, because the client would hide what is wrong in a group of exceptions."""
    asked = {"jsonrpc": "2.0", "id": 0, "method": "ping"}
    try:
        answer = await http.post(url, json=asked, headers={"Accept": "application/json, text/event-stream"})
    except httpx2.InvalidURL:
        message = f"This is not a server address: {url}"
        raise NotServed(message) from None
    try:
        body = answer.json()
        refused = None if "result" in body else str(body["error"]["message"])
    except (ValueError, KeyError, TypeError):
        refused = f"There is no Promptuary that speaks MCP at {url}: it answered {answer.status_code}."
    if refused is not None:
        raise NotServed(refused)


class _Reaching(httpx2.AsyncBaseTransport):
    """Answers in place of a server that cannot be reached, so that the agent gets an error and can continue later.

    The package's client would end at the first connection that fails.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._transport = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request."""
        try:
            response = await self._transport.handle_async_request(request)
            if response.headers.get("content-type", "").startswith("application/json"):
                await response.aread()
        except httpx2.TransportError as error:
            message = f"The server at {self._url} cannot be reached: {str(error).rstrip('.') or type(error).__name__}."
            body = {"jsonrpc": "2.0", "id": None, "error": {"code": _UNREACHABLE, "message": message}}
            return httpx2.Response(HTTPStatus.BAD_GATEWAY, json=body, request=request)
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


class _Relay:
    """Passes on what the agent asks, and tells it when prompts have changed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._bus = InMemorySubscriptionBus()
        self._session: Any = None

    def create_server(self) -> Server[Any]:
        """Return the server that the agent talks to."""
        return Server(
            "promptuary",
            version=__version__,
            title="Promptuary",
            instructions=self._client.instructions,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
            on_subscriptions_listen=ListenHandler(self._bus),
        )

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen to the server for the length of the block."""
        task = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            task.cancel()

    async def _list_tools(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        self._session = context.session
        return await self._client.list_tools(cursor=params.cursor if params else None)

    async def _call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        self._session = context.session
        return await self._client.call_tool(params.name, params.arguments)

    async def _list_prompts(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        self._session = context.session
        return await self._client.list_prompts(cursor=params.cursor if params else None)

    async def _get_prompt(self, context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        self._session = context.session
        return await self._client.get_prompt(params.name, params.arguments)

    async def _listen(self) -> None:
        """Pass notices on. A stream that ends is opened again; what came between is made up for by one notice."""
        has_missed = False
        while True:
            try:
                async with self._client.listen(prompts_list_changed=True) as events:
                    if has_missed:
                        await self._announce()
                    async for _ in events:
                        await self._announce()
            except ListenNotSupportedError:
                return
            except (MCPError, SubscriptionLost, TimeoutError):
                pass
            except Exception:
                # Nothing awaits this task. Standard output belongs to the agent; the log goes to standard error.
                logger.exception("The notification stream failed; reconnecting.")
            has_missed = True
            await asyncio.sleep(_RETRY_SECONDS)

    async def _announce(self) -> None:
        await self._bus.publish(PromptsListChanged())
        if self._session is not None:
            await self._session.send_prompt_list_changed()
