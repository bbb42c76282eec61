"""From an error to its answer: one table for the domain's refusals, and the errors that only HTTP knows.

Shapes and texts are those of the wire contract, section 3: an envelope of ``type, code, detail, attr`` for what is raised while
a request is checked, and a bare ``detail`` for what a prompt's handler finds.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from promptuary.http.body import CLIENT_GONE, BodyTooSlow
from promptuary.http.rate_limits import RateLimited
from promptuary.http.request_log import log_damage
from promptuary.http.scope import REQUEST_ID, SENT_METHOD
from promptuary.model import errors
from promptuary.model.json_text import dump_compact

RETRY_UNAVAILABLE_SECONDS = 1

Body = Mapping[str, object]


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer of compact JSON, keys in the given order."""
    return Response(dump_compact(body).encode(), status, headers, media_type="application/json")


def envelope(kind: str, code: str, detail: str, attr: str | None = None) -> Body:
    """Return the error envelope."""
    return {"type": kind, "code": code, "detail": detail, "attr": attr}


BAD_REQUEST = envelope(
    "invalid_request", "bad_request", "The request is not valid HTTP. Send exactly one Host header, and follow RFC 9112."
)
HEAD_TOO_LARGE = envelope("invalid_request", "head_too_large", "The request headers are too large. Send shorter headers.")


class ApiError(Exception):
    """An error that only HTTP knows."""

    def __init__(self, status: int, body: Body, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(body["detail"])
        self.status = status
        self.body = body
        self.headers = headers


def not_authenticated() -> ApiError:
    """Say that no credentials were sent."""
    detail = "Authentication credentials were not provided."
    return ApiError(401, envelope("authentication_error", "not_authenticated", detail), _CHALLENGE)


def invalid_key(place: str) -> ApiError:
    """Say that the key that was sent in ``place`` is unknown, revoked, or of a disabled user."""
    detail = f"Personal API key found in request {place} is invalid."
    return ApiError(401, envelope("authentication_error", "authentication_failed", detail), _CHALLENGE)


def sent_from_elsewhere() -> ApiError:
    """Say that a page of another origin has sent the request with a visitor's cookie."""
    detail = "Requests from pages of other origins need a key."
    return ApiError(403, envelope("authentication_error", "permission_denied", detail))


def invalid_metrics_token() -> ApiError:
    """Say that the token that was sent is not the one that metrics are shown for."""
    detail = "The token for metrics is invalid."
    return ApiError(401, envelope("authentication_error", "authentication_failed", detail), _CHALLENGE)


def parse_error(detail: str) -> ApiError:
    """Say that the body's text cannot be read."""
    return ApiError(400, envelope("invalid_request", "parse_error", detail))


def unsupported_media_type(media_type: str) -> ApiError:
    """Say that the body has a content type that is not read here."""
    detail = f'Unsupported media type "{media_type}" in request.'
    return ApiError(415, envelope("invalid_request", "unsupported_media_type", detail))


def not_acceptable() -> ApiError:
    """Say that the caller does not accept JSON."""
    detail = "Could not satisfy the request Accept header."
    return ApiError(406, envelope("invalid_request", "not_acceptable", detail))


def request_too_large(limit: int) -> ApiError:
    """Say that the body has more than ``limit`` bytes."""
    detail = f"Request body must be {limit} bytes or fewer."
    return ApiError(413, envelope("invalid_request", "request_too_large", detail))


def too_slow() -> ApiError:
    """Say that the body has stalled."""
    detail = "The request body arrived too slowly. Send it again."
    return ApiError(408, envelope("invalid_request", "request_timeout", detail), {"Connection": "close"})


def throttled(wait_seconds: float) -> ApiError:
    """Say that the caller sends more than is allowed; ``wait_seconds`` until the next request is."""
    wait = max(1, math.ceil(wait_seconds))
    detail = f"Request was throttled. Expected available in {wait} second{'' if wait == 1 else 's'}."
    return ApiError(429, envelope("throttled_error", "throttled", detail), {"Retry-After": str(wait)})


def invalid_value(code: str, detail: str, attr: str | None) -> ApiError:
    """Say that a value of the request breaks a rule."""
    return ApiError(400, envelope("validation_error", _VALIDATION_CODES.get(code, code), detail, attr))


def validation_failed(error: ValidationError) -> ApiError:
    """Report the first error of a request schema."""
    first = error.errors(include_url=False, include_input=False)[0]
    code, detail = first["type"], first["msg"]
    path = [str(part) for part in first["loc"]]
    if code == "missing":
        code, detail = "required", "This field is required."
    if code == "null" and not path:
        detail = "No data provided"
    if code in _WHOLE_OBJECT_CODES:
        path.append("non_field_errors")
    attr = "__".join(path)
    return invalid_value(code, detail, None if attr in {"", "non_field_errors"} else attr)


_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_VALIDATION_CODES = {"invalid": "invalid_input", "invalid_object": "invalid_input"}
_WHOLE_OBJECT_CODES = {"invalid_object", "not_a_list"}


def _detail(refusal: errors.RegistryError) -> Body:
    return {"detail": str(refusal)}


def _envelope_of(kind: str, code: str) -> Callable[[errors.RegistryError], Body]:
    return lambda refusal: envelope(kind, code, str(refusal))


def _invalid_value_body(refusal: errors.InvalidValue) -> Body:
    return invalid_value(refusal.code, str(refusal), refusal.field).body


Shape = Callable[[Any], Body]

ANSWERS: dict[type[errors.RegistryError], tuple[int, Shape]] = {
    errors.InvalidValue: (400, _invalid_value_body),
    errors.AddressNotVerified: (400, _invalid_value_body),
    errors.InvalidLine: (400, _invalid_value_body),
    errors.InvalidExport: (400, _invalid_value_body),
    errors.NameTaken: (400, lambda refusal: envelope("validation_error", "unique", str(refusal), "name")),
    errors.CopyNameTaken: (400, lambda refusal: {"attr": "new_name", "detail": str(refusal)}),
    errors.RestoredNameTaken: (409, _detail),
    errors.HistoryConflict: (409, _detail),
    errors.EmailTaken: (400, lambda refusal: envelope("validation_error", "unique", str(refusal), "email")),
    errors.TooManyVersions: (400, _detail),
    errors.TooManyLabels: (400, _detail),
    errors.EditRefused: (400, lambda refusal: {"detail": str(refusal), "edit_index": refusal.edit_index}),
    errors.SignInRefused: (401, _envelope_of("authentication_error", "authentication_failed")),
    errors.UnknownProjectToken: (401, _envelope_of("authentication_error", "authentication_failed")),
    errors.PermissionDenied: (403, _envelope_of("authentication_error", "permission_denied")),
    errors.NotFound: (404, _envelope_of("invalid_request", "not_found")),
    errors.PromptNotFound: (404, _detail),
    errors.ArchivedPromptNotFound: (404, _detail),
    errors.VersionNotFound: (404, _detail),
    errors.LabelNotFound: (404, _detail),
    errors.KeyExists: (409, _envelope_of("invalid_request", "conflict")),
    errors.LastAdmin: (409, _envelope_of("invalid_request", "conflict")),
    errors.NotEmpty: (409, _envelope_of("invalid_request", "conflict")),
    errors.InvalidBackup: (400, _envelope_of("validation_error", "invalid_input")),
    errors.VersionConflict: (
        409,
        lambda refusal: {"detail": str(refusal), "current_version": refusal.current_version},
    ),
    errors.LabelMoved: (
        409,
        lambda refusal: {"detail": str(refusal), "current_version": refusal.current_version},
    ),
    errors.SchemaMismatch: (503, _envelope_of("server_error", "unavailable")),
    errors.Busy: (503, _envelope_of("server_error", "unavailable")),
    errors.Damaged: (503, _envelope_of("server_error", "unavailable")),
    errors.Unavailable: (503, _envelope_of("server_error", "unavailable")),
}
"""Status and body of every refusal; a subclass without an entry of its own is answered like its parent."""


def answer_error(refusal: errors.RegistryError) -> Response:
    """Return the answer to a refusal of the domain."""
    log_damage(refusal)
    status, shape = next(ANSWERS[kind] for kind in type(refusal).__mro__ if kind in ANSWERS)
    headers = {401: _CHALLENGE, 503: {"Retry-After": str(RETRY_UNAVAILABLE_SECONDS)}}.get(status)
    return json_response(shape(refusal), status, headers)


async def server_error(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a defect, as an ASGI application: the envelope of a 500 and the request's id, by which the log tells more."""
    await _server_error_response(scope[REQUEST_ID])(scope, receive, send)


async def bad_request(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a request whose head breaks a rule of HTTP, as an ASGI application."""
    await json_response(BAD_REQUEST, 400, {"Connection": "close"})(scope, receive, send)


async def stopping(scope: Scope, receive: Receive, send: Send) -> None:
    """Send a caller who can go elsewhere there, as an ASGI application."""
    await answer_error(errors.Unavailable("The server is shutting down. Try again."))(scope, receive, send)


def _server_error_response(request_id: str) -> Response:
    body = {**envelope("server_error", "error", "A server error occurred."), "error_event_id": request_id}
    return json_response(body, 500)


def add_error_handlers(api: FastAPI) -> None:
    """Answer all errors of the API in its own shapes. Defects are answered here and logged further out."""

    async def on_refusal(_request: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, errors.RegistryError)  # noqa: S101 - the type it is registered for
        return answer_error(refusal)

    async def on_api_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)  # noqa: S101 - the type it is registered for
        return json_response(error.body, error.status, error.headers)

    async def on_rate_limit(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RateLimited)  # noqa: S101 - the type it is registered for
        refusal = throttled(error.wait)
        return json_response(refusal.body, refusal.status, refusal.headers)

    async def on_routing_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - the type it is registered for
        if error.status_code != METHOD_NOT_ALLOWED:
            return json_response(envelope("invalid_request", "not_found", "Endpoint not found."), 404)
        detail = f'Method "{request.scope.get(SENT_METHOD, request.method)}" not allowed.'
        headers = {"Allow": ", ".join(_allowed_methods(api, request.scope))}
        return json_response(envelope("invalid_request", "method_not_allowed", detail), METHOD_NOT_ALLOWED, headers)

    async def on_defect(request: Request, _error: Exception) -> Response:
        return _server_error_response(request.scope[REQUEST_ID])

    async def on_slow_body(_request: Request, _error: Exception) -> Response:
        error = too_slow()
        return json_response(error.body, error.status, error.headers)

    async def on_client_gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=CLIENT_GONE)

    api.add_exception_handler(BodyTooSlow, on_slow_body)
    api.add_exception_handler(ClientDisconnect, on_client_gone)
    api.add_exception_handler(Exception, on_defect)
    api.add_exception_handler(errors.RegistryError, on_refusal)
    api.add_exception_handler(ApiError, on_api_error)
    api.add_exception_handler(RateLimited, on_rate_limit)
    api.add_exception_handler(HTTPException, on_routing_error)


METHOD_NOT_ALLOWED = 405
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _allowed_methods(api: FastAPI, scope: Scope) -> list[str]:
    allowed = [
        method for method in _METHODS if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in api.routes)
    ]
    return sorted([*allowed, "HEAD"] if "GET" in allowed else allowed)
