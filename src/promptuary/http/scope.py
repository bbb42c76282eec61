"""Keys of the ASGI scope and types of ASGI messages that the server adds to those of the specification.

A layer that passes on a copy of the scope hides the keys that are set further in from the layers around it. When an answer stays
open (see `STAYS_OPEN`), `RequestLogMiddleware` removes all keys, so such an answer reads what it needs from the scope before.
"""

from typing import Final

REQUEST_ID: Final = "promptuary.request_id"
"""`str`: the id of the request. Set by `http.request_log`; read there and by `http.tracing`, `api.errors`,
`api.posthog.credentials`, `api.posthog.errors`, `agents.edge` and `web.page_request`."""

REFUSED: Final = "promptuary.refused"
"""`True`: the head breaks a rule of HTTP, so the request has no certain meaning. Set by `worker.connection`; read by
`http.request_log`."""

ABORT: Final = "promptuary.abort"
"""`Callable[[], None]`: breaks the connection of the request, whatever is still to be sent. Set by `worker.connection`; read by
`api.posthog.changes`, for streams."""

HEAD: Final = "promptuary.head"
"""`bytes`: the digest of the request's head, if later requests with the same head may be answered alike. Set by
`worker.connection`; read by `delivery.middleware`."""

AGENT_CALL: Final = "promptuary.agent_call"
"""`agents.calls.AgentCall`: who calls, and in which project. Set by `agents.edge`; read by `agents.protocol`."""

ANSWERED: Final = "promptuary.answered"
"""`Callable[[http.answered.Answered], None]`: takes the facts of an answer that shows a prompt and may be cached. Set by
`delivery.middleware`; called by `api.posthog.calls`, before the answer is sent. It is a function because the layers in between
pass on copies of the scope."""

SENT_PATH: Final = "promptuary.sent_path"
"""`str`: the path as sent, where `path` is its canonical spelling. Set by `api.posthog.paths`; read by `api.posthog.paging`."""

SENT_METHOD: Final = "promptuary.sent_method"
"""`str`: the method as sent, where `method` is ``GET`` for ``HEAD``. Set by `api.posthog.paths`; read by `api.posthog.calls`,
`api.posthog.credentials` and `api.posthog.errors`."""

STAYS_OPEN: Final = "promptuary.stays_open"
"""A type of message: the rest of this answer is sent by its ``rest``, an async function of `receive` and `send`, after the
application has returned. Sent by `api.posthog.changes`; received by `http.request_log`.

The layers of a request hold a dozen coroutines and contexts while its innermost part waits. Thousands of answers that stay open for
hours need not hold them, and a span ends with the application.
"""
