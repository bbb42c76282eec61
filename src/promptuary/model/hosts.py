"""Addresses of servers, as users write them: their form, and when two of them are the same server."""

from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def is_host(host: str) -> bool:
    """Return `True` for an address such as ``https://prompts.example.com``, without user, query or fragment."""
    try:
        parts = urlsplit(host)
        _ = parts.port
    except ValueError:
        return False
    is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return (
        parts.scheme in _PORTS and bool(parts.hostname) and is_plain and host.isascii() and host.isprintable() and " " not in host
    )


def is_same_host(one: str, other: str) -> bool:
    """Return `True` if two valid addresses differ in nothing but case, a default port or a slash at the end."""
    return _normal(one) == _normal(other)


def _normal(host: str) -> tuple[str, str | None, int | None, str]:
    parts = urlsplit(host)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme), parts.path.rstrip("/")
