"""The path of the public URL: what a proxy takes off each address before the server sees it.

Everything that the server writes as an address begins with it: links, forms, redirects, assets and the path of cookies.
"""

from urllib.parse import quote, urlsplit


def path_of(public_url: str) -> str:
    """Return the path of a public URL without a slash at its end; empty if it has none."""
    return "".join(f"/{quote(part, safe='@:%')}" for part in urlsplit(public_url).path.split("/") if part)
