"""Dispatch by path: the API under ``/api/``, agents at ``/mcp``, pages everywhere else."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

_OF_MACHINES = frozenset({"/api", "/_livez", "/_livez/", "/_readyz", "/_readyz/", "/metrics", "/metrics/"})
_OF_AGENTS = frozenset({"/mcp", "/mcp/"})


class PathDispatcher:
    """Passes each request on to the API, to agents or to the pages."""

    def __init__(self, *, api: ASGIApp, agents: ASGIApp, web: ASGIApp) -> None:
        self._api = api
        self._agents = agents
        self._web = web

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["path"].startswith("/api/") or scope["path"] in _OF_MACHINES:
            return self._api(scope, receive, send)
        if scope["path"] in _OF_AGENTS:
            return self._agents(scope, receive, send)
        return self._web(scope, receive, send)


def with_lifespan_of(lifespan: ASGIApp, requests: ASGIApp) -> ASGIApp:
    """Return an application that passes requests to one application and the lifespan to another, past the layers of requests."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await (requests if scope["type"] == "http" else lifespan)(scope, receive, send)

    return serve
