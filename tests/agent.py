"""An agent: the official client of MCP, driven step by step from ordinary tests."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.from_thread
import httpx2
from mcp import Client
from mcp.client import session
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, GetPromptResult, ListPromptsResult, Prompt, Tool
from serving import START_SECONDS, environment

# On a busy machine a server loads the package of MCP for longer than a client waits until it takes the server for an old one.
session.DISCOVER_TIMEOUT_SECONDS = START_SECONDS

MODERN = "auto"
"""The version of 2026-07-28, which has no sessions."""
EARLIER = "legacy"
"""The versions before it, which begin with a handshake."""


@dataclass
class Agent:
    """A connected client. ``notices`` are the messages that came unasked."""

    portal: anyio.from_thread.BlockingPortal
    client: Client
    notices: list[Any] = field(default_factory=list)

    def tools(self) -> list[Tool]:
        return self.portal.call(self.client.list_tools).tools

    def call(self, tool: str, **arguments: Any) -> CallToolResult:
        answer: CallToolResult = self.portal.call(self.client.call_tool, tool, arguments)
        return answer

    def result(self, tool: str, **arguments: Any) -> Any:
        """Call a tool that is not refused; return what it returns."""
        answer = self.call(tool, **arguments)
        assert not answer.is_error, answer
        return answer.structured_content

    def refusal(self, tool: str, **arguments: Any) -> str:
        """Call a tool that is refused; return the sentence."""
        answer = self.call(tool, **arguments)
        assert answer.is_error, answer
        return "".join(part.text for part in answer.content if part.type == "text")

    def prompts(self, cursor: str | None = None) -> ListPromptsResult:
        async def list_prompts() -> ListPromptsResult:
            return await self.client.list_prompts(cursor=cursor)

        return self.portal.call(list_prompts)

    def every_prompt(self) -> list[Prompt]:
        """List the native prompts of all pages."""
        page = self.prompts()
        found = list(page.prompts)
        while page.next_cursor is not None:
            page = self.prompts(page.next_cursor)
            found += page.prompts
        return found

    def prompt(self, name: str, /, **arguments: str) -> GetPromptResult:
        return self.portal.call(self.client.get_prompt, name, arguments)

    def error(self, name: str, /, **arguments: str) -> str:
        """Ask for a native prompt that is refused; return the sentence."""
        try:
            answer = self.prompt(name, **arguments)
        except MCPError as error:
            return error.message
        raise AssertionError(answer)

    @contextmanager
    def listening(self) -> Iterator[Any]:
        """Listen to changes, as clients of the version of 2026-07-28 do; calling what this yields waits for the next one."""
        with self.portal.wrap_async_context_manager(self.client.listen(prompts_list_changed=True)) as events:

            async def next_event() -> Any:
                return await anext(events)

            yield lambda: self.portal.call(next_event)


@contextmanager
def connected(url: str, key: str, *, mode: str = MODERN, query: str = "", **headers: str) -> Iterator[Agent]:
    """Connect to a server by HTTP."""

    @asynccontextmanager
    async def client(notices: list[Any]) -> AsyncIterator[Client]:
        sent = {"Authorization": f"Bearer {key}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx2.AsyncClient(headers=sent, timeout=60) as http:
            transport = streamable_http_client(f"{url}/mcp{query}", http_client=http)
            async with Client(transport, mode=mode, message_handler=_collecting(notices)) as client:
                yield client

    with _driven(client) as agent:
        yield agent


@contextmanager
def started(url: str, key: str, *, mode: str = MODERN, **settings: str) -> Iterator[Agent]:
    """Start ``promptuary mcp`` and connect to it, as agents do that start programs."""

    @asynccontextmanager
    async def client(notices: list[Any]) -> AsyncIterator[Client]:
        command = StdioServerParameters(
            command=sys.executable,
            args=["-m", "promptuary", "mcp"],
            env=environment(host=url, api_key=key, **settings),
        )
        async with Client(command, mode=mode, message_handler=_collecting(notices)) as client:
            yield client

    with _driven(client) as agent:
        yield agent


def reason(error: BaseException) -> str:
    """The innermost message of what stopped a client from connecting."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, MCPError)
    return error.message


def _collecting(notices: list[Any]) -> Any:
    async def collect(message: Any) -> None:
        notices.append(message)

    return collect


@contextmanager
def _driven(client: Any) -> Iterator[Agent]:
    notices: list[Any] = []
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(client(notices)) as entered:
        yield Agent(portal, entered, notices)
