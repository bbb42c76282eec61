"""Spellings of a path: ``/api/environments/`` for ``/api/projects/``, with or without a trailing slash, HEAD for GET."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from promptuary.http.scope import SENT_METHOD, SENT_PATH

_ENVIRONMENTS = "/api/environments/"
_PROJECTS = "/api/projects/"
_NOWHERE = "/%2F/"


class CanonicalPathMiddleware:
    """Wraps the API's application, which routes one spelling only.

    The scope keeps what was sent as `SENT_PATH` and `SENT_METHOD`, for links and for error texts.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on in the one spelling."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        spelled = {
            **scope,
            "path": _canonical(scope),
            "method": "GET" if is_head else scope["method"],
            SENT_PATH: scope["path"],
            SENT_METHOD: scope["method"],
        }
        await self._application(spelled, receive, _without_body(send) if is_head else send)


def _canonical(scope: Scope) -> str:
    # The decoded path cannot tell an encoded slash, which is part of a name, from one that divides names. No name has one.
    if b"%2f" in (scope.get("raw_path") or b"").lower():
        return _NOWHERE
    path: str = scope["path"]
    if path.startswith(_ENVIRONMENTS):
        path = _PROJECTS + path.removeprefix(_ENVIRONMENTS)
    return path if path.endswith("/") else path + "/"


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head
