"""Errors that only HTTP knows, and the status of every error of the domain.

The body of an HTTP error is an envelope of ``type, code, detail, attr``. The bodies of errors of the domain are the dialect's, see
`posthog.errors`.
"""

import math
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from promptuary.http.scope import REQUEST_ID
from promptuary.model import device_authorizations, errors, reference_errors, release_errors
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
    "invalid_request",
    "bad_request",
    "The request is not valid HTTP. Send exactly one Host header, and encode all but ASCII in the query: ?search=K%C3%B6ln.",
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


_CHALLENGE = {"WWW-Authenticate": "Bearer"}

STATUSES: dict[type[errors.RegistryError], int] = {
    errors.InvalidValue: 400,
    errors.AddressNotVerified: 400,
    errors.InvalidLine: 400,
    errors.InvalidExport: 400,
    errors.NameTaken: 400,
    errors.CopyNameTaken: 400,
    errors.RestoredNameTaken: 409,
    errors.HistoryConflict: 409,
    errors.EmailTaken: 400,
    errors.TooManyVersions: 400,
    errors.TooManyLabels: 400,
    errors.TooManyMembers: 400,
    errors.TooManyWebhooks: 400,
    errors.EditRefused: 400,
    errors.SignInRefused: 401,
    errors.UnknownProjectToken: 401,
    errors.PermissionDenied: 403,
    errors.NotFound: 404,
    errors.PromptNotFound: 404,
    errors.ArchivedPromptNotFound: 404,
    errors.VersionNotFound: 404,
    errors.LabelNotFound: 404,
    errors.KeyExists: 409,
    errors.WebhookExists: 409,
    errors.LastAdmin: 409,
    errors.NotEmpty: 409,
    errors.InvalidBackup: 400,
    errors.VersionConflict: 409,
    errors.PromptGone: 409,
    errors.LabelMoved: 409,
    release_errors.ReleaseRefused: 409,
    release_errors.ReleaseNotFound: 404,
    release_errors.RequestNotFound: 404,
    release_errors.RuleNotFound: 404,
    release_errors.RequestEnded: 409,
    release_errors.RequestOutdated: 409,
    release_errors.NotEnoughApprovals: 409,
    release_errors.RuleExists: 400,
    release_errors.LabelProtected: 403,
    reference_errors.InvalidReference: 400,
    reference_errors.ReferencedPrompt: 409,
    reference_errors.ReferencedLabel: 409,
    reference_errors.UnrestorableReferences: 409,
    reference_errors.UnresolvedReference: 409,
    reference_errors.ReferencedVersionGone: 404,
    reference_errors.UnusableReference: 409,
    device_authorizations.TooManyLogins: 429,
    errors.SchemaMismatch: 503,
    errors.Busy: 503,
    errors.Damaged: 503,
    errors.Unavailable: 503,
}
"""Status of every error of the domain; a subclass without an entry has that of its parent."""


def status_of(error: errors.RegistryError) -> int:
    """Return the status of an error of the domain."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def headers_of(status: int) -> Mapping[str, str] | None:
    """Return the headers of an error by its status."""
    return {
        401: _CHALLENGE,
        429: {"Retry-After": str(int(device_authorizations.LASTS.total_seconds()))},
        503: {"Retry-After": str(RETRY_UNAVAILABLE_SECONDS)},
    }.get(status)


async def server_error(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a defect, as an ASGI application: the envelope of a 500 and the request's id, by which the log tells more."""
    await server_error_response(scope[REQUEST_ID])(scope, receive, send)


async def bad_request(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a request whose head breaks a rule of HTTP, as an ASGI application."""
    await json_response(BAD_REQUEST, 400, {"Connection": "close"})(scope, receive, send)


async def stopping(scope: Scope, receive: Receive, send: Send) -> None:
    """Send a caller who can go elsewhere there, as an ASGI application."""
    body = envelope("server_error", "unavailable", "The server is shutting down. Try again.")
    await json_response(body, 503, headers_of(503))(scope, receive, send)


def server_error_response(request_id: str) -> Response:
    """Return the answer to a defect, with the request's id."""
    body = {**envelope("server_error", "error", "A server error occurred."), "error_event_id": request_id}
    return json_response(body, 500)


METHOD_NOT_ALLOWED = 405
