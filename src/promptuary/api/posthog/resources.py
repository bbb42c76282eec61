"""Resources of the PostHog API: handlers by method and path, each with what the OpenAPI document says of its operation."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from promptuary.api.posthog.calls import Call, read_call, read_streamable_call
from promptuary.api.posthog.inputs import Body, Schema

Handler = Callable[[Call], Response] | Callable[[Call], Awaitable[Response]]
OneHandler = TypeVar("OneHandler", bound=Handler)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Facts about an operation, from which its description is made when a client asks for the document."""

    id: str
    """As in the PostHog API's own document."""
    summary: str
    answers: dict[int, Any]
    """Schemas by status; `None` for an answer without JSON."""
    query: type[Schema] | None = None
    body: type[Body] | None = None
    needs_body: bool = True
    described_body: dict[str, Any] | None = None
    """Description of a body that is no JSON object."""
    extra_parameters: Sequence[dict[str, Any]] = ()
    conflicts: bool = False
    text_answer: str | None = None
    """Media type of a successful answer that is text, also or only."""
    refusals: Mapping[int, Any] = field(default_factory=dict)
    """Schemas of refusals by status, in place of the usual ones."""
    needs_key: bool = True


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A handler, and the method and the path below a prefix that lead to it."""

    method: str
    path: str
    tag: str
    operation: Operation
    handler: Handler
    streams: bool


class Resource:
    """The endpoints of one kind. Its decorators add handlers: ``def`` for a thread, ``async def`` for the event loop."""

    def __init__(self, tag: str) -> None:
        self.endpoints: list[Endpoint] = []
        self._tag = tag
        self.get = partial(self._add, "GET")
        self.post = partial(self._add, "POST")
        self.put = partial(self._add, "PUT")
        self.patch = partial(self._add, "PATCH")
        self.delete = partial(self._add, "DELETE")

    def _add(self, method: str, path: str, operation: Operation, *, streams: bool = False) -> Callable[[OneHandler], OneHandler]:
        def add(handler: OneHandler) -> OneHandler:
            self.endpoints.append(Endpoint(method, path, self._tag, operation, handler, streams))
            return handler

        return add

    def routes(self, prefix: str) -> list[Route]:
        """Return the routes to the endpoints, whose paths begin with a prefix."""
        return [_route_to(endpoint, prefix) for endpoint in self.endpoints]


def _route_to(endpoint: Endpoint, prefix: str) -> Route:
    read = read_streamable_call if endpoint.streams else read_call
    handler: Callable[[Call], Any] = endpoint.handler

    async def answer(request: Request) -> Response:
        answered: Response = await handler(await read(request))
        return answered

    async def answer_on_thread(request: Request) -> Response:
        answered: Response = await run_in_threadpool(handler, await read(request))
        return answered

    is_async = inspect.iscoroutinefunction(handler)
    return Route(prefix + endpoint.path, answer if is_async else answer_on_thread, methods=[endpoint.method])
