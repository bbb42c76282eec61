"""The request that brings a message to an endpoint, after the Standard Webhooks specification."""

import contextlib
import time
from datetime import datetime
from typing import TYPE_CHECKING

from promptuary import __version__
from promptuary.model.webhook_messages import render_body
from promptuary.model.webhooks import MAX_ANSWER, Outcome, sign
from promptuary.registry.webhook_queue import Message

if TYPE_CHECKING:
    from promptuary.outbound import OpenAnswer, OutboundClient

REQUEST_SECONDS = 15.0
"""Maximum time of a request and its answer."""


async def send_message(client: "OutboundClient", message: Message, now: datetime) -> Outcome:
    """Send a message and return the outcome. Redirects are not followed, and answers are cut."""
    # Workers that send nothing do not load an HTTP client.
    from promptuary.outbound import OutboundError  # noqa: PLC0415

    settings = message.webhook.settings
    body = render_body(message.delivery.payload, settings.format)
    began_at = time.monotonic()
    status: int | None = None
    answer = error = ""
    try:
        async with client.stream("POST", settings.url, headers=_headers(message, now, body), content=body) as opened:
            status = opened.status
            answer = await _read_beginning(opened)
    except OutboundError as failure:
        # A status that has arrived counts, whatever becomes of the body.
        error = "" if status is not None else str(failure)
    return Outcome(status, answer, error, round((time.monotonic() - began_at) * 1000))


def _headers(message: Message, now: datetime, body: bytes) -> dict[str, str]:
    message_id, timestamp = message.delivery.message_id, int(now.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": f"promptuary/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(message.secrets.valid_at(now), message=message_id, timestamp=timestamp, body=body),
    }


async def _read_beginning(opened: "OpenAnswer") -> str:
    beginning = b""
    async with contextlib.aclosing(opened.parts) as parts:
        async for part in parts:
            beginning += part
            if len(beginning) >= MAX_ANSWER:
                break
    # PostgreSQL cannot store NUL.
    return beginning[:MAX_ANSWER].decode(errors="replace").replace("\0", "\ufffd")
