"""Forms are taken from the server's own pages only."""

from starlette.requests import Request

from promptuary.http.origin import READING_METHODS, is_from_elsewhere
from promptuary.web.errors import WebError


def require_own_page(request: Request, *, public_url: str) -> None:
    """Raise a `WebError` for a request that would change something and that a page of another origin has sent."""
    if request.method not in READING_METHODS and is_from_elsewhere(request.scope, public_url=public_url):
        raise WebError(
            403,
            "This form was not sent by a page of Promptuary.",
            advice="Nothing was changed. Open the page again and send the form from there.",
        )
