"""A request on its way through a handler: who calls, what they sent, and the answer."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import Depends
from pydantic import ValidationError
from starlette.background import BackgroundTask
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from promptuary.api import errors
from promptuary.api.bodies import LINES, MAX_BODY_BYTES, find_key_in_beginning, parse_body, parse_form_fields, parse_lines
from promptuary.api.operations.readiness import Readiness
from promptuary.api.posthog.inputs import Body, Schema
from promptuary.api.streams import Broadcaster
from promptuary.http.answered import Answered
from promptuary.http.body import Bodies, UnknownCaller
from promptuary.http.cookies import read_session_cookie
from promptuary.http.origin import READING_METHODS, is_from_elsewhere
from promptuary.http.public_path import path_of
from promptuary.http.rate_limits import RequestLimits
from promptuary.http.scope import ANSWERED, REQUEST_ID, SENT_METHOD
from promptuary.metrics.scrape import Scrape
from promptuary.model.access import Actor, Permission
from promptuary.model.accounts import SessionLimits
from promptuary.model.errors import SignInRefused
from promptuary.model.prompts import Version
from promptuary.model.transfer import Line
from promptuary.registry import access, sessions
from promptuary.registry.fetch_counter import FetchCounter
from promptuary.store.engine.database import Database, Transaction
from promptuary.supervisor.stop_flag import StopFlag

QuerySchema = TypeVar("QuerySchema", bound=Schema)
BodySchema = TypeVar("BodySchema", bound=Body)

EVENT_STREAM = "text/event-stream"
_JSON_RANGES = frozenset({"*/*", "application/*", "application/json"})
_BEARER = re.compile(r"Bearer\s+(\S.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Services:
    """Services of the handlers; one set for each application."""

    database: Database
    limits: RequestLimits
    usage: FetchCounter
    public_url: str
    stop_flag: StopFlag
    scrape: Scrape
    metrics_token: str = field(repr=False)
    shows_metrics: bool
    session_limits: SessionLimits
    broadcaster: Broadcaster
    readiness: Readiness
    bodies: Bodies
    fetch_threads: CapacityLimiter
    """Maximum concurrent fetches from the database. A separate limit, so that they wait for no other requests."""
    caller_threads: CapacityLimiter
    """Maximum concurrent authentications before large bodies are read."""


class Call:
    """One request. Its methods raise the errors of their step; a handler calls them in the contract's order of checks."""

    def __init__(self, request: Request, raw_body: bytes) -> None:
        self.request = request
        self.services: Services = request.app.state.services
        self._raw_body = raw_body
        self._note_use: Callable[[], None] | None = None

    @property
    def database(self) -> Database:
        return self.services.database

    @property
    def path(self) -> Mapping[str, str]:
        """The parameters of the path."""
        return self.request.path_params

    @cached_property
    def raw_query(self) -> dict[str, str]:
        """The query as sent; of parameters of one name the last."""
        return dict(parse_qsl(self.request.scope["query_string"].decode(errors="replace"), keep_blank_values=True))

    def enter(self, permission: Permission) -> Actor:
        """Authenticate, authorise and count the request; return who acts in which project."""
        credential = self._credential
        with self.database.read() as tx:
            caller = self._signed_in_caller(tx) if credential is None else self._caller_with_key(tx, *credential)
            actor = access.enter(
                tx,
                caller,
                reference=self.path["project_id"],
                api_token=self._project_token(),
                permission=permission,
                request_id=self.request.scope[REQUEST_ID],
            )
        self.services.limits.count_request(caller.key_id or f"user {caller.user_id}", permission)
        return actor

    @property
    def names_caller(self) -> bool:
        """`True` if the part of the request that has arrived may contain credentials."""
        return (
            self._first_credential is not None
            or read_session_cookie(self.request.scope, root=path_of(self.services.public_url)) is not None
        )

    def find_caller(self) -> str | None:
        """Return who sends a request whose body has only begun to arrive; `None` for strangers."""
        with self.database.read() as tx:
            key = None if self._first_credential is None else access.find_key(tx, self._first_credential[1])
            if key is not None:
                return key.id
            caller = _caller_with_session(
                tx, read_session_cookie(self.request.scope, root=path_of(self.services.public_url)), self.services.session_limits
            )
            return None if caller is None else f"user {caller.user_id}"

    def refuse_stranger(self) -> None:
        """Raise what a stranger is answered whose body is too large to be read."""
        if self._first_credential is None:
            raise errors.not_authenticated()
        self._count_bad_key()
        raise errors.invalid_key(self._first_credential[0])

    @property
    def wants_stream(self) -> bool:
        """`True` if the client asks for server-sent events."""
        is_get = self.request.scope.get(SENT_METHOD, self.request.method) == "GET"
        return is_get and _accepts(self.request.headers.get("accept", ""), {EVENT_STREAM})

    def access_check(self, permission: Permission, actor: Actor) -> Callable[[Transaction], object]:
        """Return what raises a refusal as soon as the caller may not do this any more.

        It lives as long as an open answer, and must not hold the request.
        """
        credential, reference, token = self._credential, str(actor.project_id), self._project_token()
        cookie, limits = (
            read_session_cookie(self.request.scope, root=path_of(self.services.public_url)),
            self.services.session_limits,
        )

        def check(tx: Transaction) -> None:
            caller = _caller_with_session(tx, cookie, limits) if credential is None else _caller_known_by(tx, credential[1])
            if caller is None:
                raise SignInRefused
            access.enter(tx, caller, reference=reference, api_token=token, permission=permission)

        return check

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

    def note_use_now(self) -> None:
        """Note that the caller was here, for an answer that does not end."""
        if self._note_use is not None:
            self._note_use()

    def body(self, schema: type[BodySchema]) -> BodySchema:
        """Parse and validate the body."""
        return _validated(schema, parse_body(self._raw_body, self._content_type))

    def lines(self) -> list[Line]:
        """Read a body of lines of JSON."""
        return parse_lines(self._raw_body, self._content_type)

    def count_fetches(self, actor: Actor, versions: Iterable[Version], label: str | None) -> None:
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

    @cached_property
    def _credential(self) -> tuple[str, str] | None:
        """The place of the key, and the key. Only the first place with a key counts; `None` if there is none."""
        if sent_key := bearer_of(self.request.headers):
            return "Authorization header", sent_key
        sent = self._lenient_body.get("personal_api_key")
        if sent is not None and sent != "":
            return "body", str(sent)
        if sent := self.raw_query.get("personal_api_key"):
            return "query string", sent
        return None

    @cached_property
    def _first_credential(self) -> tuple[str, str] | None:
        """The place of the key, and the key, as far as it is known without the whole body."""
        if sent_key := bearer_of(self.request.headers):
            return "Authorization header", sent_key
        if sent_key := find_key_in_beginning(self._raw_body, self._content_type):
            return "body", sent_key
        if sent_key := self.raw_query.get("personal_api_key"):
            return "query string", sent_key
        return None

    @cached_property
    def _lenient_body(self) -> dict[str, object]:
        """The body's object, for the key it may hold; a body that cannot be read is reported later, to known callers."""
        try:
            body = parse_body(self._raw_body, self._content_type)
        except errors.ApiError:
            return {}
        return body if isinstance(body, dict) else {}

    def _caller_with_key(self, tx: Transaction, place: str, value: str) -> access.Caller:
        key = access.find_key(tx, value)
        if key is None:
            self._count_bad_key()
            raise errors.invalid_key(place)
        if access.is_use_worth_noting(key, tx.clock()):
            self._note_use = partial(access.try_to_note_use, self.database, key.id)
        return access.caller_of(key)

    def _count_bad_key(self) -> None:
        self.services.limits.count_bad_key(self.request.client.host if self.request.client else "")

    def _signed_in_caller(self, tx: Transaction) -> access.Caller:
        """Return the user who is signed in on the pages, for scripts of the pages and for API addresses opened in a browser."""
        value = read_session_cookie(self.request.scope, root=path_of(self.services.public_url))
        signed_in = None if value is None else sessions.find_session(tx, value, limits=self.services.session_limits)
        if signed_in is None:
            raise errors.not_authenticated()
        if self.request.method not in READING_METHODS and is_from_elsewhere(
            self.request.scope, public_url=self.services.public_url
        ):
            raise errors.sent_from_elsewhere()
        if sessions.is_worth_noting(signed_in.session, tx.clock()):
            self._note_use = partial(sessions.note_seen, self.database, signed_in.session)
        return access.Caller(signed_in.user.id)

    def _project_token(self) -> str | None:
        if self.request.scope.get(SENT_METHOD, self.request.method) in READING_METHODS:
            sent: Mapping[str, str | None] = self.raw_query
        else:
            try:
                sent = parse_form_fields(self._raw_body, self._content_type)
            except errors.ApiError:
                return None
        return sent.get("token") or sent.get("api_key")

    def _finish(self, response: Response) -> Response:
        if self._note_use is not None:
            response.background = BackgroundTask(self._note_use)
        return response


def _caller_known_by(tx: Transaction, value: str) -> access.Caller | None:
    key = access.find_key(tx, value)
    return None if key is None else access.caller_of(key)


def _caller_with_session(tx: Transaction, value: str | None, limits: SessionLimits) -> access.Caller | None:
    signed_in = None if value is None else sessions.find_session(tx, value, limits=limits)
    return None if signed_in is None else access.Caller(signed_in.user.id)


def bearer_of(headers: Headers) -> str | None:
    """Return the key of the `Authorization` header; `None` if there is none."""
    match = _BEARER.fullmatch(headers.get("authorization", "").strip())
    return match[1].strip() if match else None


def _validated(schema: type[QuerySchema], value: object) -> QuerySchema:
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        raise errors.validation_failed(error) from None


async def _read_call(request: Request) -> Call:
    return await _read_accepted_call(request, _JSON_RANGES)


async def _read_streamable_call(request: Request) -> Call:
    return await _read_accepted_call(request, _JSON_RANGES | {EVENT_STREAM})


async def _read_accepted_call(request: Request, accepted: frozenset[str]) -> Call:
    if not _accepts(request.headers.get("accept", ""), accepted, or_nothing=True):
        raise errors.not_acceptable()
    services: Services = request.app.state.services

    async def find_caller(beginning: bytes) -> str | None:
        call = Call(request, beginning)
        if not call.names_caller:
            return None
        return await anyio.to_thread.run_sync(call.find_caller, limiter=services.caller_threads)

    try:
        body = await services.bodies.read(request, max_bytes=MAX_BODY_BYTES, find_caller=find_caller)
    except UnknownCaller as unknown:
        call = Call(request, unknown.beginning)
        await anyio.to_thread.run_sync(call.refuse_stranger, limiter=services.caller_threads)
        raise errors.not_authenticated() from None
    if body is None:
        raise errors.request_too_large(MAX_BODY_BYTES)
    return Call(request, body)


def _accepts(accept: str, wanted: frozenset[str] | set[str], *, or_nothing: bool = False) -> bool:
    ranges = [part.partition(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    return (or_nothing and not ranges) or any(media_range in wanted for media_range in ranges)


CurrentCall = Annotated[Call, Depends(_read_call)]
StreamableCall = Annotated[Call, Depends(_read_streamable_call)]
