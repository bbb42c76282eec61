"""The bodies of errors of the domain in the PostHog API, and its handlers of errors.

Shapes and texts are those of the wire contract, section 3: the envelope for what is raised while a request is checked, and a bare
``detail`` for what a prompt's handler finds.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from promptuary.api.errors import (
    METHOD_NOT_ALLOWED,
    ApiError,
    Body,
    envelope,
    headers_of,
    json_response,
    server_error_response,
    status_of,
    throttled,
    too_slow,
)
from promptuary.http.body import CLIENT_GONE, BodyTooSlow
from promptuary.http.public_path import path_of
from promptuary.http.rate_limits import RateLimited
from promptuary.http.request_log import log_outage
from promptuary.http.scope import REQUEST_ID, SENT_METHOD
from promptuary.model import device_authorizations, errors, reference_errors, release_errors

_VALIDATION_CODES = {"invalid": "invalid_input", "invalid_object": "invalid_input"}
_WHOLE_OBJECT_CODES = {"invalid_object", "not_a_list"}


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


def _detail(refusal: errors.RegistryError) -> Body:
    return {"detail": str(refusal)}


def _envelope_of(kind: str, code: str) -> Callable[[errors.RegistryError], Body]:
    return lambda refusal: envelope(kind, code, str(refusal))


def _invalid_value_body(refusal: errors.InvalidValue) -> Body:
    return invalid_value(refusal.code, str(refusal), refusal.field).body


def _unresolved_body(refusal: reference_errors.UnresolvedReference) -> Body:
    return {"detail": str(refusal), "reference_name": refusal.name}


def show_refusals(refusals: Iterable[release_errors.MoveRefusal]) -> list[Body]:
    """Show why labels cannot be moved; the shape is `LLMPromptMoveRefusal`."""
    return [
        {"name": each.name, "code": each.code, "detail": each.detail, "current_version": each.current_version} for each in refusals
    ]


Shape = Callable[[Any], Body]

SHAPES: dict[type[errors.RegistryError], Shape] = {
    errors.InvalidValue: _invalid_value_body,
    errors.AddressNotVerified: _invalid_value_body,
    errors.InvalidLine: _invalid_value_body,
    errors.InvalidExport: _invalid_value_body,
    errors.NameTaken: lambda refusal: envelope("validation_error", "unique", str(refusal), "name"),
    errors.CopyNameTaken: lambda refusal: {"attr": "new_name", "detail": str(refusal)},
    errors.RestoredNameTaken: _detail,
    errors.HistoryConflict: _detail,
    errors.EmailTaken: lambda refusal: envelope("validation_error", "unique", str(refusal), "email"),
    errors.TooManyVersions: _detail,
    errors.TooManyLabels: _detail,
    errors.TooManyMembers: _detail,
    errors.TooManyWebhooks: _detail,
    errors.EditRefused: lambda refusal: {"detail": str(refusal), "edit_index": refusal.edit_index},
    errors.SignInRefused: _envelope_of("authentication_error", "authentication_failed"),
    errors.UnknownProjectToken: _envelope_of("authentication_error", "authentication_failed"),
    errors.PermissionDenied: _envelope_of("authentication_error", "permission_denied"),
    errors.NotFound: _envelope_of("invalid_request", "not_found"),
    errors.PromptNotFound: _detail,
    errors.ArchivedPromptNotFound: _detail,
    errors.VersionNotFound: _detail,
    errors.LabelNotFound: _detail,
    errors.KeyExists: _envelope_of("invalid_request", "conflict"),
    errors.WebhookExists: _envelope_of("invalid_request", "conflict"),
    errors.LastAdmin: _envelope_of("invalid_request", "conflict"),
    errors.NotEmpty: _envelope_of("invalid_request", "conflict"),
    errors.InvalidBackup: _envelope_of("validation_error", "invalid_input"),
    errors.VersionConflict: lambda refusal: {"detail": str(refusal), "current_version": refusal.current_version},
    errors.PromptGone: _detail,
    errors.LabelMoved: lambda refusal: {"detail": str(refusal), "current_version": refusal.current_version},
    release_errors.ReleaseRefused: lambda refusal: {"detail": str(refusal), "refused": show_refusals(refusal.refusals)},
    release_errors.ReleaseNotFound: _detail,
    release_errors.RequestNotFound: _detail,
    release_errors.RuleNotFound: _detail,
    release_errors.RequestEnded: _detail,
    release_errors.RequestOutdated: _detail,
    release_errors.NotEnoughApprovals: _detail,
    release_errors.RuleExists: lambda refusal: envelope("validation_error", "unique", str(refusal), "pattern"),
    release_errors.LabelProtected: lambda refusal: {
        "detail": str(refusal),
        "change_requests_url": f"/projects/{refusal.project_id}/requests/",
    },
    reference_errors.InvalidReference: _invalid_value_body,
    reference_errors.ReferencedPrompt: lambda refusal: {"detail": str(refusal), "referencing_prompts": refusal.parents},
    reference_errors.ReferencedLabel: lambda refusal: {"detail": str(refusal), "referencing_prompts": refusal.parents},
    reference_errors.UnrestorableReferences: lambda refusal: {"detail": str(refusal), "reference_name": refusal.name},
    reference_errors.UnresolvedReference: _unresolved_body,
    reference_errors.ReferencedVersionGone: _unresolved_body,
    reference_errors.UnusableReference: _unresolved_body,
    device_authorizations.TooManyLogins: _envelope_of("throttled_error", "throttled"),
    errors.SchemaMismatch: _envelope_of("server_error", "unavailable"),
    errors.Busy: _envelope_of("server_error", "unavailable"),
    errors.Damaged: _envelope_of("server_error", "unavailable"),
    errors.Unavailable: _envelope_of("server_error", "unavailable"),
}
"""Body of every error of the domain; a subclass without an entry has the shape of its parent."""


def answer_error(error: errors.RegistryError, *, public_url: str = "") -> Response:
    """Return the answer to an error of the domain; the address of a page in it begins with the path of the public URL."""
    log_outage(error)
    status = status_of(error)
    body = next(SHAPES[kind] for kind in type(error).__mro__ if kind in SHAPES)(error)
    if isinstance(error, release_errors.LabelProtected):
        body = {**body, "change_requests_url": f"{path_of(public_url)}{body['change_requests_url']}"}
    return json_response(body, status, headers_of(status))


def add_error_handlers(api: Starlette) -> None:
    """Answer all errors of the API in its own shapes. Defects are answered here and logged further out."""

    async def on_refusal(_request: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, errors.RegistryError)  # noqa: S101 - the type it is registered for
        return answer_error(refusal, public_url=api.state.services.public_url)

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
        return server_error_response(request.scope[REQUEST_ID])

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


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _allowed_methods(api: Starlette, scope: Scope) -> list[str]:
    allowed = [
        method for method in _METHODS if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in api.routes)
    ]
    return sorted([*allowed, "HEAD"] if "GET" in allowed else allowed)
