"""Health checks for load balancers and supervisors: liveness and readiness."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from promptuary.api.errors import json_response
from promptuary.api.services import Services
from promptuary.model.errors import Unavailable


async def is_alive(_request: Request) -> Response:
    """Answer as long as the process can answer."""
    return json_response({"status": "ok"})


async def is_ready(request: Request) -> Response:
    """Answer 200 when the database is reachable and has the right schema, else, or before a stop, 503 with the reason."""
    services: Services = request.app.state.services
    if services.stop_flag.is_set():
        return json_response({"status": "stopping"}, 503)
    try:
        is_usable = await services.readiness.is_usable()
    except Unavailable as error:
        return json_response({"status": "unavailable", "detail": str(error)}, 503)
    if not is_usable:
        detail = "The database schema does not match this version. Run: promptuary admin db upgrade"
        return json_response({"status": "unavailable", "detail": detail}, 503)
    return json_response({"status": "ok"})


ROUTES = (Route("/_livez/", is_alive), Route("/_readyz/", is_ready))
