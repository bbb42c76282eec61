"""Headers that name a request or its place in a trace: they differ each time, and no answer depends on them.

Names are those of W3C Trace Context and Baggage, and of Zipkin (B3), Jaeger, Sentry, Datadog, AWS and Google Cloud.
"""

import re

from promptuary.http.request_recorder import as_request_id

_LINES = re.compile(
    rb"\r\n(?:(?i:(x-request-id)|traceparent|tracestate|baggage|b3|x-b3-[a-z]+|uber-trace-id|sentry-trace|x-datadog-[a-z-]+"
    rb"|x-amzn-trace-id|x-cloud-trace-context)):[ \t]*([!-~ ]*)(?=\r\n[!-~\r])"
)


def read_ids(head: bytes) -> dict[str, str]:
    """Return such headers of a head, by their names in lower case."""
    lines = (line[0].decode("ascii").strip().partition(":") for line in _LINES.finditer(head))
    return {name.lower(): value.strip() for name, _, value in lines}


def take_ids(head: bytes) -> tuple[bytes, str | None]:
    """Return a head without such headers, and the id that its caller has given the request, if it is sane.

    A header that continues on another line, or has anything but printable ASCII, stays.
    """
    request_id = None

    def take(line: re.Match[bytes]) -> bytes:
        nonlocal request_id
        if line[1] and request_id is None:
            request_id = as_request_id(line[2].rstrip())
        return b""

    return _LINES.sub(take, head), request_id
