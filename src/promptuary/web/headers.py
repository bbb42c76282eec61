"""Headers of every page: what browsers must not do with it."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Without any referrer, browsers would not tell the origin of forms, either.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

WHERE_SAFE = {"Cross-Origin-Opener-Policy": "same-origin"}
"""Headers that browsers accept only over https and on the local machine; elsewhere they log a warning."""

BY_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}
"""For a year, browsers ask this host by https only. Not its subdomains, which may be others'."""

_OWN_MACHINE = re.compile(r"(?:localhost|[\w.-]+\.localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?", re.ASCII | re.IGNORECASE)


class PageHeadersMiddleware:
    """Wraps the pages. An answer that does not say for how long it may be kept is not kept at all."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        added = ALWAYS | WHERE_SAFE if _is_safe(scope) else ALWAYS
        if scope["scheme"] == "https":
            added |= BY_HTTPS

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message.get("headers", ())))
                headers.update(added)
                headers.setdefault("Cache-Control", "no-store")
                message = {**message, "headers": headers.raw}
            elif scope["method"] == "HEAD":
                # The head tells the length of what GET would get, and nothing follows it.
                message = {**message, "body": b""}
            await send(message)

        await self._application(scope, receive, send_safely)


def _is_safe(scope: Scope) -> bool:
    return scope["scheme"] == "https" or _OWN_MACHINE.fullmatch(Headers(scope=scope).get("host", "")) is not None
