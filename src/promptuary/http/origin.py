"""CSRF protection by ``Sec-Fetch-Site`` and ``Origin``, see https://developer.mozilla.org/docs/Web/HTTP/Headers/Sec-Fetch-Site."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, and so may come from anywhere."""

_OWN_SITES = frozenset({"same-origin", "none"})


def is_from_elsewhere(scope: Scope, *, public_url: str) -> bool:
    """Return `True` if a browser sent a request because a page of another origin asked it to.

    Every browser of today says so by ``Sec-Fetch-Site``, older ones by ``Origin``. What has neither does not come from a browser,
    and so has no cookie that it was not given.
    """
    headers = Headers(scope=scope)
    if (site := headers.get("sec-fetch-site")) is not None:
        return site not in _OWN_SITES
    origin = headers.get("origin")
    if origin is None:
        return False
    # A proxy may have put a host of its own in place of the one that the browser asked.
    return _host_of(origin) not in {headers.get("host", "").lower(), _host_of(public_url)} - {""}


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
