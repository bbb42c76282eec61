"""Reading what a request sends, up to a limit, for every edge alike."""

from starlette.requests import Request

_DRAINED = 8
"""How many times the limit is read before the rest of a body is left alone."""


async def read_body(request: Request, *, most: int) -> bytes | None:
    """Return the body; `None` for one of more than ``most`` bytes.

    Most such bodies are read to their end nevertheless, else clients see a broken connection in place of the refusal.
    """
    kept = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= most:
            kept += chunk
        elif size > _DRAINED * most:
            break
    return bytes(kept) if size <= most else None
