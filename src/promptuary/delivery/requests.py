"""Headers of requests that can be answered from memory."""

_PLAIN_ACCEPTS = frozenset({b"*/*", b"application/json", b"application/json, text/plain, */*"})
_BEARER = b"Bearer "


def read_headers(headers: list[tuple[bytes, bytes]]) -> tuple[bytes, bytes | None] | None:
    """Return the key of a plain fetch and the value of ``If-None-Match``, if any.

    `None` when any header asks for something that only the slow application knows.
    """
    key = known = None
    for name, value in headers:
        if name == b"authorization":
            if key is not None or not value.startswith(_BEARER):
                return None
            key = value[len(_BEARER) :]
        elif name == b"if-none-match":
            if known is not None:
                return None
            known = value
        elif (
            (name == b"accept" and value not in _PLAIN_ACCEPTS)
            or (name == b"content-length" and value != b"0")
            or name == b"transfer-encoding"
        ):
            return None
    return None if key is None else (key, known)
