"""The protocol, by the official package: tools and native prompts for clients that `edge` has authenticated.

Nothing is kept between requests. Clients of the version of 2026-07-28 need no session; those of earlier ones are served without.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import mcp_types as types
from anyio import to_thread
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.subscriptions import ListenHandler, PromptsListChanged, ServerEvent
from mcp.shared.exceptions import MCPError
from starlette.types import Receive, Scope, Send

from promptuary import __version__
from promptuary.agents.calls import AgentCall
from promptuary.agents.mcp_prompts import Message, NativePrompt, fill_native, list_native
from promptuary.agents.running import Outcome, refused, run_tool
from promptuary.agents.streams import Stream, Streams
from promptuary.agents.tools import TOOLS, Tool
from promptuary.api.errors import ApiError
from promptuary.api.posthog.bodies import MAX_BODY_BYTES
from promptuary.http.heavy_work import HeavyWork
from promptuary.http.scope import AGENT_CALL
from promptuary.model.access import Permission
from promptuary.model.errors import Busy, RegistryError, Unavailable

INSTRUCTIONS = (
    "Promptuary stores this project's prompts. Each has a name and numbered, immutable versions. Labels such as `production` "
    "point at versions. Programs fetch prompts by name, usually with a label. To change a prompt, read it, publish a new version "
    "based on the version that you have read (`base_version`), compare both, and move the label only when you are asked to release "
    "it."
)

Context = Any
"""Context that the package passes to handlers."""


def create_protocol(streams: Streams, heavy_work: HeavyWork) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return an ASGI application that serves the requests of known callers."""
    # It tells of every request, which the access log does already.
    logging.getLogger("mcp").setLevel(logging.WARNING)
    server = _Handlers(streams, heavy_work).create_server()

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True, max_request_body_size=MAX_BODY_BYTES)
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    return serve


class _Server(Server[Any]):
    """Says that its list of prompts changes; the package asks for that in a place that is not reached here."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        """Return the initialization result for clients of earlier protocol versions."""
        options = notification_options or NotificationOptions(prompts_changed=True)
        return super().create_initialization_options(options, experimental_capabilities, extensions)


class _Handlers:
    """Handlers of the protocol's methods."""

    def __init__(self, streams: Streams, heavy_work: HeavyWork) -> None:
        self._streams = streams
        self._heavy_work = heavy_work
        self._tools = {tool.name: tool for tool in TOOLS}
        self._shown = {tool.name: _show_tool(tool) for tool in TOOLS}

    def create_server(self) -> Server[Any]:
        """Return the package's server with these handlers."""
        return _Server(
            "promptuary",
            version=__version__,
            title="Promptuary",
            instructions=INSTRUCTIONS,
            get_tool_input_schema=self._input_schema,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
            on_subscriptions_listen=self._listen,
        )

    def _input_schema(self, name: str) -> dict[str, Any] | None:
        return self._shown[name].input_schema if name in self._shown else None

    async def _list_tools(self, _context: Context, _params: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=list(self._shown.values()))

    async def _call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = self._tools.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}")
        run = partial(run_tool, _call_of(context), tool, params.arguments or {})
        if not tool.is_heavy:
            return _show_outcome(await to_thread.run_sync(run))
        try:
            return _show_outcome(await self._heavy_work.run(run))
        except Busy as error:
            return _show_outcome(refused(error))

    async def _list_prompts(self, context: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        found, following = await _answered(list_native, _call_of(context), params.cursor if params else None)
        return types.ListPromptsResult(prompts=[_show_native(prompt) for prompt in found], next_cursor=following)

    async def _get_prompt(self, context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        filled = await _answered(fill_native, _call_of(context), params.name, params.arguments or {})
        return types.GetPromptResult(
            description=filled.description, messages=[_show_message(message) for message in filled.messages]
        )

    async def _listen(self, context: Context, params: types.SubscriptionsListenRequestParams) -> types.SubscriptionsListenResult:
        call = _call_of(context)
        actor = await _answered(call.enter, Permission.READ)
        bus = _Bus()
        listening = ListenHandler(bus)
        try:
            async with self._streams.opened(
                Stream(call.caller_name, actor.project_id, call.check_access, bus.tell, listening.close)
            ):
                return await listening(context, params)
        except Unavailable as error:
            raise MCPError(types.INTERNAL_ERROR, str(error)) from None
        except (RegistryError, ApiError) as error:
            raise MCPError(types.INVALID_PARAMS, str(error)) from None


class _Bus:
    """Subscription of the package for one stream."""

    def __init__(self) -> None:
        self._listener: Callable[[ServerEvent], None] | None = None

    def tell(self) -> None:
        """Tell the stream that prompts have changed."""
        if self._listener is not None:
            self._listener(PromptsListChanged())

    async def publish(self, event: ServerEvent) -> None:
        """Tell the stream of an event; part of the package's interface."""
        if self._listener is not None:
            self._listener(event)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Let the stream listen."""
        self._listener = listener

        def unsubscribe() -> None:
            self._listener = None

        return unsubscribe


def _call_of(context: Context) -> AgentCall:
    call: AgentCall = context.request.scope[AGENT_CALL]
    return call


async def _answered(function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - whatever the function returns
    """Run a function of the core in a thread; what it refuses is an error of the protocol."""
    try:
        return await to_thread.run_sync(function, *arguments)
    except (RegistryError, ApiError) as error:
        raise MCPError(types.INVALID_PARAMS, str(error)) from None


def _show_tool(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=tool.is_reading,
            destructive_hint=tool.is_destructive,
            idempotent_hint=tool.is_idempotent,
            open_world_hint=False,
        ),
    )


def _show_outcome(outcome: Outcome) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(text=outcome.text)], structured_content=outcome.body, is_error=outcome.is_refused
    )


def _show_message(message: Message) -> types.PromptMessage:
    role: types.Role = "assistant" if message.is_from_assistant else "user"
    return types.PromptMessage(role=role, content=types.TextContent(text=message.text))


def _show_native(prompt: NativePrompt) -> types.Prompt:
    arguments = [
        types.PromptArgument(name=each.name, description=each.description or None, required=each.is_required)
        for each in prompt.arguments
    ]
    return types.Prompt(name=prompt.name, description=prompt.description, arguments=arguments)
