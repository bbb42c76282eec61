"""``/mcp``: an ASGI application that passes authenticated clients to the protocol, and answers all others.

It loads the protocol with the first request that needs it: servers whom no agent asks neither hold it in memory nor wait for it.
"""

import asyncio
import gc
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio.to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from promptuary.agents.calls import AgentCall
from promptuary.agents.server_events import serve_events
from promptuary.agents.streams import Streams
from promptuary.api import errors
from promptuary.api.callers import bearer_of
from promptuary.api.errors import ApiError, json_response
from promptuary.api.posthog.bodies import MAX_BODY_BYTES
from promptuary.api.posthog.errors import answer_error
from promptuary.api.services import Services
from promptuary.http.body import CLIENT_GONE, BodyTooSlow
from promptuary.http.heavy_work import HeavyWork
from promptuary.http.rate_limits import RateLimited
from promptuary.http.scope import AGENT_CALL, REQUEST_ID
from promptuary.model.access import Permission
from promptuary.model.errors import InvalidValue, NotFound, RegistryError
from promptuary.registry import access

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PROJECT_HEADER = "x-posthog-project-id"
_METHODS = ("DELETE", "GET", "POST")
_SMALL = 64 * 1024
_REFUSED = -32000

Serve = Callable[[Scope, Receive, Send], Awaitable[None]]


class Agents:
    """Serves agents. Nothing is kept between two requests but open streams, so any worker serves any request."""

    def __init__(self, services: Services, streams: Streams, heavy_work: HeavyWork) -> None:
        self._services = services
        self._streams = streams
        self._heavy_work = heavy_work
        self._protocol: Serve | None = None
        self._loading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            await self._serve(request, send)
        except ClientDisconnect:
            await Response(status_code=CLIENT_GONE)(scope, receive, send)
        except BodyTooSlow:
            error = errors.too_slow()
            await _refusal(error.body["detail"], error.body, error.status, error.headers)(scope, receive, send)
        except RateLimited as limited:
            error = errors.throttled(limited.wait)
            await _refusal(error.body["detail"], error.body, error.status, error.headers)(scope, receive, send)
        except ApiError as error:
            await _refusal(error.body["detail"], error.body, error.status, error.headers)(scope, receive, send)
        except RegistryError as refusal:
            answer = answer_error(refusal, public_url=self._services.public_url)
            body = json.loads(bytes(answer.body))
            headers = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
            await _refusal(str(refusal), body, answer.status_code, headers)(scope, receive, send)

    async def _serve(self, request: Request, send: Send) -> None:
        if request.method not in _METHODS:
            raise _method_not_allowed(request.method)
        if _is_foreign(request.headers.get("origin"), self._services.public_url):
            raise _foreign()
        call, project_id, note_use = await anyio.to_thread.run_sync(self._enter, request)
        if request.method == "GET":
            await serve_events(self._streams, call, project_id, request.receive, send)
        elif request.method == "DELETE":
            # There is no session to end; see `_naming_session`.
            await Response(status_code=204)(request.scope, request.receive, send)
        else:
            body = await self._services.bodies.read(request, max_bytes=MAX_BODY_BYTES, find_caller=call.name_caller)
            if body is None:
                raise errors.request_too_large(MAX_BODY_BYTES)
            serve = await self._loaded()
            request.scope[AGENT_CALL] = call
            sending = _naming_session(send) if _is_initialize(body) else send
            await serve(request.scope, _replaying(body, request.receive), sending)
        if note_use is not None:
            await anyio.to_thread.run_sync(note_use)

    def _enter(self, request: Request) -> tuple[AgentCall, int, Callable[[], None] | None]:
        """Find out who calls and whether they may read the project; every request counts as a read."""
        sent = bearer_of(request.headers)
        if sent is None:
            raise errors.not_authenticated()
        query = dict(parse_qsl(request.scope["query_string"].decode(errors="replace"), keep_blank_values=True))
        label = query.get("label")
        if label == "":
            raise InvalidValue("invalid", "The label is empty. Name one, or remove `label` for the latest versions.", field="label")
        with self._services.database.read() as tx:
            key = access.find_key(tx, sent)
            if key is None:
                self._services.limits.count_bad_key(request.client.host if request.client else "")
                raise errors.invalid_key("Authorization header")
            # A key that is good for one project alone means that project.
            usual = str(min(key.project_ids)) if key.project_ids and len(key.project_ids) == 1 else access.CURRENT_PROJECT
            reference = request.headers.get(_PROJECT_HEADER) or query.get("project_id") or usual
            call = AgentCall(self._services, sent, access.caller_of(key), reference, label, request.scope[REQUEST_ID])
            actor = access.enter(tx, call.caller, reference=reference, permission=Permission.READ)
            is_noted = not access.is_use_worth_noting(key, tx.clock())
        self._services.limits.count_request(key.id, Permission.READ)
        note_use = None if is_noted else partial(access.try_to_note_use, self._services.database, key.id)
        return call, actor.project_id, note_use

    async def _loaded(self) -> Serve:
        if self._protocol is None:
            if find_spec("mcp") is None:
                raise _NotInstalled
            async with self._loading:
                if self._protocol is None:
                    # In a thread, so that the worker serves on meanwhile.
                    module: Any = await asyncio.to_thread(import_module, "promptuary.agents.protocol")
                    self._protocol = module.create_protocol(self._streams, self._heavy_work)
                    # As at the start of a worker: what is there now stays, and need not be looked through for garbage.
                    gc.freeze()
        return self._protocol


class _NotInstalled(NotFound):
    """The server was installed without MCP."""

    def __init__(self) -> None:
        super().__init__("This server was installed without MCP. Install promptuary[mcp].")


def _refusal(sentence: object, body: object, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return a refusal of HTTP as an error of JSON-RPC: clients show what it says, with the API's error beside it."""
    error = {"code": _REFUSED, "message": sentence, "data": body}
    return json_response({"jsonrpc": "2.0", "id": None, "error": error}, status, headers)


def _method_not_allowed(method: str) -> ApiError:
    body = errors.envelope("invalid_request", "method_not_allowed", f'Method "{method}" not allowed.')
    return ApiError(errors.METHOD_NOT_ALLOWED, body, {"Allow": ", ".join(_METHODS)})


def _foreign() -> ApiError:
    detail = "Requests from pages of other origins are refused."
    return ApiError(403, errors.envelope("authentication_error", "permission_denied", detail))


def _is_foreign(origin: str | None, public_url: str) -> bool:
    """Return `True` if a page of another site sends a request.

    The request's own `Host` proves nothing: a page that has its name rebound to this server's address sends that name.
    """
    if origin is None:
        return False
    try:
        parts = urlsplit(origin)
        is_loopback = parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK
    except ValueError:
        return True
    own = urlsplit(public_url)
    return not is_loopback and (not public_url or (parts.scheme, parts.netloc.lower()) != (own.scheme, own.netloc.lower()))


def _is_initialize(body: bytes) -> bool:
    """Return `True` if a client of the protocol's earlier versions begins."""
    if len(body) > _SMALL or b'"initialize"' not in body:
        return False
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("method") == "initialize"


def _naming_session(send: Send) -> Send:
    """Give a client a session ID, which is never read: some clients open a notification stream only if they have one."""

    async def send_named(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"mcp-session-id", uuid.uuid4().hex.encode())]}
        await send(message)

    return send_named


def _replaying(body: bytes, receive: Receive) -> Receive:
    is_read = False

    async def replay() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
