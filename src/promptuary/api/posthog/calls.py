"""A request to the PostHog API on its way through a handler: its query and body, and its answer. `credentials` has its caller."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import parse_qsl

import anyio.to_thread
from pydantic import ValidationError
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from promptuary.api import errors
from promptuary.api.posthog.bodies import LINES, MAX_BODY_BYTES, parse_body, parse_lines
from promptuary.api.posthog.credentials import Credentials
from promptuary.api.posthog.errors import validation_failed
from promptuary.api.posthog.inputs import Body, Schema
from promptuary.api.services import Services
from promptuary.http.answered import Answered
from promptuary.http.body import UnknownCaller
from promptuary.http.scope import ANSWERED, SENT_METHOD
from promptuary.model.access import Actor, Permission
from promptuary.model.transfer import Line
from promptuary.registry.access import Caller
from promptuary.registry.assembling import AssembledVersion
from promptuary.store.engine.database import Database, Transaction

QuerySchema = TypeVar("QuerySchema", bound=Schema)
BodySchema = TypeVar("BodySchema", bound=Body)

EVENT_STREAM = "text/event-stream"
_JSON_RANGES = frozenset({"*/*", "application/*", "application/json"})


class Call:
    """One request. Its methods raise the errors of their step; a handler calls them in the contract's order of checks."""

    def __init__(self, request: Request, raw_body: bytes) -> None:
        self.request = request
        self.services: Services = request.app.state.services
        self.credentials = Credentials(request, raw_body)
        self._raw_body = raw_body

    @property
    def database(self) -> Database:
        return self.services.database

    @property
    def path(self) -> Mapping[str, str]:
        """The parameters of the path."""
        return self.request.path_params

    @property
    def raw_query(self) -> dict[str, str]:
        """The query as sent; of parameters of one name the last."""
        return self.credentials.raw_query

    @property
    def wants_stream(self) -> bool:
        """`True` if the client asks for server-sent events."""
        is_get = self.request.scope.get(SENT_METHOD, self.request.method) == "GET"
        return is_get and _accepts(self.request.headers.get("accept", ""), {EVENT_STREAM})

    def query(self, schema: type[QuerySchema], *, repeated: tuple[str, ...] = ()) -> QuerySchema:
        """Validate the query. Parameters with a blank value count as absent; those that may be ``repeated`` become lists."""
        sent: dict[str, object] = {name: value for name, value in self.raw_query.items() if value.strip(" \t")}
        query = self.request.scope["query_string"].decode(errors="replace")
        pairs = parse_qsl(query, keep_blank_values=True) if repeated else []
        lists = {name: [value for known, value in pairs if known == name and value.strip(" \t")] for name in repeated}
        return _validated(schema, sent | lists)

    def checked(self, schema: type[QuerySchema], values: Mapping[str, str]) -> QuerySchema:
        """Validate what came otherwise than by the query."""
        return _validated(schema, values)

    def body(self, schema: type[BodySchema]) -> BodySchema:
        """Parse and validate the body."""
        return _validated(schema, parse_body(self._raw_body, self._content_type))

    def lines(self) -> list[Line]:
        """Read a body of lines of JSON."""
        return parse_lines(self._raw_body, self._content_type)

    def enter(self, permission: Permission) -> Actor:
        """Authenticate, authorise and count the request; return who acts in which project."""
        with self.entering(permission) as (_, actor):
            return actor

    @contextmanager
    def entering(self, permission: Permission) -> Iterator[tuple[Transaction, Actor]]:
        """Do what `enter` does in a transaction in which the handler reads on, so that it sees what admitted the caller."""
        with self.database.read() as tx:
            yield tx, self.credentials.enter(tx, permission)

    def identify(self, permission: Permission) -> Caller:
        """Authenticate and count a request that is about no project; return its caller."""
        with self.identifying(permission) as (_, caller):
            return caller

    @contextmanager
    def identifying(self, permission: Permission) -> Iterator[tuple[Transaction, Caller]]:
        """Do what `identify` does in a transaction in which the handler reads on."""
        with self.database.read() as tx:
            yield tx, self.credentials.identify(tx, permission)

    @property
    def address(self) -> str:
        """The address under which clients reach this server."""
        return self.services.public_url or str(self.request.base_url).rstrip("/")

    @property
    def client_address(self) -> str:
        """The address that the request came from."""
        return self.request.client.host if self.request.client else ""

    def note_use_now(self) -> None:
        """Note that the caller was here, for an answer that does not end."""
        if self.credentials.note_use is not None:
            self.credentials.note_use()

    def count_fetches(self, actor: Actor, versions: Iterable[AssembledVersion], label: str | None) -> None:
        """Count that versions are handed out, by the label that was asked for. HEAD hands out nothing."""
        if self.request.scope.get(SENT_METHOD, self.request.method) == "GET":
            self.services.usage.count_versions(actor, versions, label)

    def report_answered(self, answered: Answered) -> None:
        """Tell the cache, if there is one in front of the application, that the answer may be cached, and its facts."""
        report = self.request.scope.get(ANSWERED)
        if report is not None:
            report(answered)

    async def answer_fetch(self, fetch: "Callable[[Call], Response]") -> Response:
        """Return the answer of a fetch, which is made on threads that do nothing else."""
        return await anyio.to_thread.run_sync(fetch, self, limiter=self.services.fetch_threads)

    def answer(self, body: object, status: int = 200) -> Response:
        """Return a JSON answer."""
        return self._finish(errors.json_response(body, status))

    def answer_secret(self, body: object, status: int = 200) -> Response:
        """Return a JSON answer that must not be kept, because it has a secret."""
        return self._finish(errors.json_response(body, status, {"Cache-Control": "no-store"}))

    def answer_tagged(self, body: object) -> Response:
        """Return a JSON answer with a strong entity tag: clients may keep it, and ask whether it still holds."""
        response = errors.json_response(body, headers={"Cache-Control": "no-cache"})
        response.headers["ETag"] = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
        return self._finish(response)

    def answer_lines(self, lines: str) -> Response:
        """Return lines of JSON."""
        return self._finish(Response(lines.encode(), media_type=LINES))

    def answer_nothing(self) -> Response:
        """Return a 204."""
        return self._finish(Response(status_code=204))

    @property
    def _content_type(self) -> str:
        return self.request.headers.get("content-type", "")

    def _finish(self, response: Response) -> Response:
        if self.credentials.note_use is not None:
            response.background = BackgroundTask(self.credentials.note_use)
        return response


def _validated(schema: type[QuerySchema], value: object) -> QuerySchema:
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        raise validation_failed(error) from None


async def read_call(request: Request) -> Call:
    """Read a request of a client that accepts JSON."""
    return await _read_accepted_call(request, _JSON_RANGES)


async def read_streamable_call(request: Request) -> Call:
    """Read a request of a client that accepts JSON or server-sent events."""
    return await _read_accepted_call(request, _JSON_RANGES | {EVENT_STREAM})


async def _read_accepted_call(request: Request, accepted: frozenset[str]) -> Call:
    if not _accepts(request.headers.get("accept", ""), accepted, or_nothing=True):
        raise errors.not_acceptable()
    services: Services = request.app.state.services

    async def find_caller(beginning: bytes) -> str | None:
        credentials = Credentials(request, beginning)
        if not credentials.may_name_caller:
            return None
        return await anyio.to_thread.run_sync(credentials.find_caller, limiter=services.caller_threads)

    try:
        body = await services.bodies.read(request, max_bytes=MAX_BODY_BYTES, find_caller=find_caller)
    except UnknownCaller as unknown:
        credentials = Credentials(request, unknown.beginning)
        await anyio.to_thread.run_sync(credentials.refuse_stranger, limiter=services.caller_threads)
        raise errors.not_authenticated() from None
    if body is None:
        raise errors.request_too_large(MAX_BODY_BYTES)
    return Call(request, body)


def _accepts(accept: str, wanted: frozenset[str] | set[str], *, or_nothing: bool = False) -> bool:
    ranges = [part.partition(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    return (or_nothing and not ranges) or any(media_range in wanted for media_range in ranges)
