"""The header by which browsers take an answer for what it says it is, for answers to programs."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

NO_SNIFFING = (b"x-content-type-options", b"nosniff")


class NoSniffingMiddleware:
    """Wraps an ASGI application."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), NO_SNIFFING]}
            await send(message)

        await self._application(scope, receive, send_safely)
