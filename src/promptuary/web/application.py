"""The application of the pages, put together."""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp

from promptuary.http.body import CLIENT_GONE, BodyTooSlow
from promptuary.http.request_log import log_outage
from promptuary.model.errors import (
    LabelNotFound,
    PermissionDenied,
    ProjectNotFound,
    PromptGone,
    PromptNotFound,
    RegistryError,
    Unavailable,
    VersionNotFound,
)
from promptuary.model.release_errors import LabelProtected
from promptuary.web import home, routes
from promptuary.web.account import device, keys, profile, sessions, sign_in
from promptuary.web.assets import PREFIX
from promptuary.web.errors import TITLES, SignInNeeded, WebError, detail_of, page_of
from promptuary.web.headers import PageHeadersMiddleware
from promptuary.web.misdirected import short_error, wants_page
from promptuary.web.page_request import PageRequest, WebServices
from promptuary.web.projects import label_rules, project_list, settings, webhooks
from promptuary.web.prompts.archive import find_archived
from promptuary.web.requests.routes import ROUTES as REQUEST_ROUTES
from promptuary.web.ways_back import WayBack, find_way_back

ROUTES: list[Route] = [
    *home.ROUTES,
    *sign_in.ROUTES,
    *profile.ROUTES,
    *sessions.ROUTES,
    *keys.ROUTES,
    *device.ROUTES,
    *project_list.ROUTES,
    *settings.ROUTES,
    *webhooks.ROUTES,
    *label_rules.ROUTES,
    *REQUEST_ROUTES,
    *routes.ROUTES,
]
"""Every page there is."""


def create_web(services: WebServices) -> ASGIApp:
    """Return the pages as an ASGI application. Everything they need is in ``services``."""
    web = Starlette(
        routes=[*ROUTES, Route(f"{PREFIX}{{name:path}}", services.assets.respond, methods=["GET"])],
        exception_handlers={
            RegistryError: _on_registry_error,
            WebError: _on_web_error,
            SignInNeeded: _on_sign_in_needed,
            BodyTooSlow: _on_slow_body,
            ClientDisconnect: _on_client_gone,
            HTTPException: _on_routing_error,
            Exception: _on_defect,
        },
    )
    web.router.redirect_slashes = False
    web.state.services = services
    return PageHeadersMiddleware(web)


def _on_registry_error(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, RegistryError)  # noqa: S101 - the type it is registered for
    log_outage(refusal)
    shown = page_of(refusal)
    headers = {"Retry-After": "1"} if isinstance(refusal, Unavailable) else None
    # The prompt of an old link may be archived.
    archived = find_archived(PageRequest(request)) if isinstance(refusal, (PromptNotFound, PromptGone)) else None
    prompt = refusal.segment if isinstance(refusal, PromptNotFound) and (refusal.lacks or refusal.label or refusal.version) else ""
    return _error_page(
        request,
        shown.status,
        title=shown.title,
        detail=detail_of(refusal),
        advice="" if isinstance(refusal, PromptNotFound) and (archived or prompt) else shown.advice,
        headers=headers,
        archived=archived,
        prompt=prompt,
        protected=refusal.label if isinstance(refusal, LabelProtected) else "",
        of_prompt=request.path_params.get("name"),
        back=_way_back(request, refusal),
    )


def _way_back(request: Request, refusal: RegistryError) -> WayBack | None:
    match refusal:
        case ProjectNotFound() | PermissionDenied():
            # The list may be refused like the page.
            return None
        case LabelNotFound() | VersionNotFound() if "name" in request.path_params:
            name = quote(request.path_params["name"], safe="")
            return WayBack(f"/projects/{request.path_params['project_id']}/prompts/{name}/labels/", "the labels of the prompt")
    return find_way_back(request.scope["path"])


def _on_web_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, WebError)  # noqa: S101 - the type it is registered for
    return _error_page(
        request,
        error.status,
        title=TITLES[error.status],
        detail=str(error),
        advice=error.advice,
        headers=error.headers,
        back=find_way_back(request.scope["path"]),
    )


def _on_sign_in_needed(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeeded)  # noqa: S101 - the type it is registered for
    return RedirectResponse(PageRequest(request).root + error.location, 303)


async def _on_slow_body(request: Request, _error: Exception) -> Response:
    return PageRequest(request).anonymous_page(
        "error.html",
        408,
        title=TITLES[408],
        detail="The form did not arrive in time.",
        advice="Nothing was changed. Go back and send the form again.",
        headers={"Connection": "close"},
    )


async def _on_client_gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_GONE)


def _on_routing_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the type it is registered for
    if error.status_code == METHOD_NOT_ALLOWED:
        if not wants_page(request):
            detail = f'Method "{request.method}" not allowed.'
            return short_error(METHOD_NOT_ALLOWED, "method_not_allowed", detail, error.headers)
        detail = f"This page does not support the method {request.method}."
        return _error_page(request, METHOD_NOT_ALLOWED, title=TITLES[METHOD_NOT_ALLOWED], detail=detail, headers=error.headers)
    if spelled := _other_spelling(request):
        return RedirectResponse(PageRequest(request).root + spelled, 307)
    if not wants_page(request):
        return short_error(404, "not_found", "Endpoint not found.")
    return _error_page(
        request, 404, title=TITLES[404], detail="No page has this address.", advice="Check the address, or go to the start page."
    )


def _on_defect(request: Request, _error: Exception) -> Response:
    page_request = PageRequest(request)
    return page_request.anonymous_page(
        "error.html",
        500,
        title=TITLES[500],
        detail="The server could not complete the request because of an internal error.",
        advice=f"Try again. If it happens again, send your administrator this request ID: {page_request.request_id}",
    )


METHOD_NOT_ALLOWED = 405


def _error_page(
    request: Request,
    status: int,
    *,
    title: str,
    detail: str,
    advice: str = "",
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> Response:
    """Return the page of an error; ``more`` is what only some errors tell."""
    page_request = PageRequest(request)
    context = {"title": title, "detail": detail, "advice": advice, **more}
    try:
        return page_request.page("error.html", status, headers=headers, **context)
    except RegistryError:
        # The page is about something else; whose it is can be left out.
        return page_request.anonymous_page("error.html", status, headers=headers, **context)


def _other_spelling(request: Request) -> str | None:
    """Return the address with or without the slash at its end, if that is a page's."""
    path: str = request.scope["path"]
    other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
    if not any(route.matches({**request.scope, "path": other})[0] is not Match.NONE for route in ROUTES):
        return None
    query = request.scope["query_string"].decode("ascii", "replace")
    return quote(other, safe="/@:") + (f"?{query}" if query else "")
