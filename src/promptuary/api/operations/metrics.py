"""The endpoint of metrics."""

import hmac

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from promptuary.api import errors
from promptuary.api.services import Services


async def show_metrics(request: Request) -> Response:
    """Return the metrics of all workers; requires the token if one is set."""
    services: Services = request.app.state.services
    if services.metrics_token:
        _require_token(services, request)
    body, content_type = await services.scrape.answer(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def _require_token(services: Services, request: Request) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise errors.not_authenticated()
    if not hmac.compare_digest(token.strip().encode(), services.metrics_token.encode()):
        services.limits.count_bad_key(request.client.host if request.client else "")
        raise errors.invalid_metrics_token()


ROUTES = (Route("/metrics/", show_metrics),)
