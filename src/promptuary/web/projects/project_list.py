"""The list of the projects of a user, with a search by name."""

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.responses import Response

from promptuary.model.accounts import Membership
from promptuary.model.text import fold
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.routing import page

PER_PAGE = 100


def show_projects(request: PageRequest) -> Response:
    """Show a page of the projects of the user, those that fit the search if there is one."""
    request.require_signed_in()
    search = request.query.get("search", "").strip()
    number = positive_int(request.query.get("page")) or 1
    found = find_memberships(request.memberships, search)
    return request.page(
        "projects.html",
        search=search,
        found=found[(number - 1) * PER_PAGE : number * PER_PAGE],
        count=len(found),
        page_number=number,
        pages=max(1, -(-len(found) // PER_PAGE)),
        address_of=lambda page_number: f"{request.root}/projects/?{urlencode({'search': search, 'page': page_number})}",
    )


def find_memberships(memberships: Sequence[Membership], search: str) -> list[Membership]:
    """Return the memberships in projects whose name has every word of a search; first those that begin with the search."""
    words = fold(search).split()
    found = [each for each in memberships if all(word in fold(each.project.name) for word in words)]
    beginning = fold(search).strip()
    return sorted(found, key=lambda each: (not fold(each.project.name).startswith(beginning), fold(each.project.name)))


ROUTES = [page("/projects/", get=show_projects)]
