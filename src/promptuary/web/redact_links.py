"""Keeping the values of one-time links out of logs: they are in paths, and paths are logged."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

WELCOME = "/welcome/"


class HiddenTokens:
    """Wraps the pages. What is around them sees the path of a one-time link without its value."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request."""
        if not scope["path"].startswith(WELCOME):
            return self._application(scope, receive, send)
        seen_by_pages = dict(scope)
        # The very dictionary that the log has kept.
        scope["path"] = f"{WELCOME}..."
        return self._application(seen_by_pages, receive, send)
