"""The stream that clients of the protocol's earlier versions open by ``GET``: notices as server-sent events."""

import asyncio
from collections.abc import Callable

from starlette.types import Message, Receive, Send

from promptuary.agents.calls import AgentCall
from promptuary.agents.streams import Stream, Streams

PING_SECONDS = 15.0
"""A comment is sent this often, so that proxies keep the connection."""

_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
_CHANGED = b'event: message\r\ndata: {"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}\r\n\r\n'


async def serve_events(streams: Streams, call: AgentCall, project_id: int, receive: Receive, send: Send) -> None:
    """Tell a client of changes until it goes away or the stream has to end.

    Before anything is sent, it raises what `Streams.opened` raises.
    """
    is_over = False
    news = asyncio.Event()
    has_changed = False

    def tell() -> None:
        nonlocal has_changed
        has_changed = True
        news.set()

    def end() -> None:
        nonlocal is_over
        is_over = True
        news.set()

    async with streams.opened(Stream(call.caller_name, project_id, call.check_access, tell, end)):
        leaving = asyncio.create_task(_until_gone(receive, end))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await send(_part(b": open\r\n\r\n"))
            while not is_over:
                try:
                    await asyncio.wait_for(news.wait(), PING_SECONDS)
                except TimeoutError:
                    await send(_part(b": ping\r\n\r\n"))
                    continue
                news.clear()
                if has_changed:
                    has_changed = False
                    await send(_part(_CHANGED))
            await send({"type": "http.response.body", "body": b""})
        finally:
            leaving.cancel()


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def _until_gone(receive: Receive, end: Callable[[], None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    end()
