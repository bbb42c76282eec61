"""The list of prompts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.responses import Response

from promptuary.model.access import Permission
from promptuary.registry import prompts, usage
from promptuary.store.lists.pages import Listing
from promptuary.store.lists.ranking import RELEVANCE
from promptuary.web.numbers import number_of
from promptuary.web.page_request import Visit

PER_PAGE = 50
MOST_CHOICES = 200
"""Labels and authors that the list offers to filter by."""

DEFAULT_SORT = "-created_at"

COLUMNS = {
    "name": "Name",
    "latest_version": "Version",
    "created_by": "Author",
    "created_at": "Changed",
    "prompt_size_bytes": "Size",
    "recent_fetches": "Fetches, 7 days",
}
"""What the list can be sorted by, with the headings."""

_WORDS = frozenset({"name", "created_by"})
"""Columns that are first sorted from A to Z; the others begin with the greatest."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see of the list, as the address tells. What is not understood is left out."""

    search: str = ""
    label: str = ""
    author: int | None = None
    sort: str = ""
    page: int = 1

    @property
    def column(self) -> str:
        """The column that is sorted by."""
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.sort.startswith("-")

    @property
    def is_filtered(self) -> bool:
        """Whether some prompts are left out."""
        return bool(self.search or self.label or self.author)

    def query(self, **changes: object) -> dict[str, object]:
        """Return the query of the same wish with changes; on the first page unless the page is changed."""
        wish = replace(self, **{"page": 1, **changes})  # type: ignore[arg-type]  # names of fields
        default = Wish(sort=_default_sort(wish.search))
        return {name: value for name in self.__slots__ if (value := getattr(wish, name)) != getattr(default, name)}

    @property
    def sorts(self) -> list[tuple[str, str]]:
        """What can be chosen to sort by, with titles: each column in its first direction, and what is chosen now."""
        first = {(column if column in _WORDS else f"-{column}"): _told(column) for column in COLUMNS}
        if self.search:
            first = {RELEVANCE: "By relevance", **first}
        known = first if self.sort in first else {**first, self.sort: f"{_told(self.column)}, reversed"}
        return [("" if sort == _default_sort(self.search) else sort, title) for sort, title in known.items()]

    def sorted_by(self, column: str) -> dict[str, object]:
        """Return the query that sorts by a column, the other way round if it is already sorted by it."""
        first, other = (column, f"-{column}") if column in _WORDS else (f"-{column}", column)
        return self.query(sort=other if self.sort == first else first)


def _default_sort(search: str) -> str:
    return RELEVANCE if search else DEFAULT_SORT


def _told(column: str) -> str:
    return {"created_at": "By last change", "recent_fetches": "By fetches"}.get(column, f"By {COLUMNS[column].lower()}")


def show_prompts(visit: Visit) -> Response:
    """Show a page of the list."""
    actor = visit.enter(Permission.READ)
    wish = _wish(visit.query)
    with visit.database.read() as tx:
        page = prompts.list_prompts(tx, actor, _listing(wish))
        fetches = usage.count_recent_fetches(tx, actor, [version.prompt_id for version in page.items])
        labels = prompts.list_label_names(tx, actor, limit=MOST_CHOICES)
        authors = prompts.list_authors(tx, actor, limit=MOST_CHOICES)
        excerpts = prompts.find_excerpts(tx, actor, page.items, _listing(wish)) if wish.search else {}
    return visit.page(
        "prompts/list.html",
        wish=wish,
        columns=COLUMNS,
        versions=page.items,
        count=page.count,
        fetches=fetches,
        excerpts=excerpts,
        labels=labels,
        authors=authors,
        pages=max(1, -(-page.count // PER_PAGE)),
    )


def _wish(query: Mapping[str, str]) -> Wish:
    sort, search = query.get("sort", ""), query.get("search", "").strip()
    return Wish(
        search=search,
        label=query.get("label", "").strip(),
        author=number_of(query.get("author")),
        sort=sort if sort.removeprefix("-") in COLUMNS else _default_sort(search),
        page=number_of(query.get("page")) or 1,
    )


def _listing(wish: Wish) -> Listing:
    return Listing(
        limit=PER_PAGE,
        offset=(wish.page - 1) * PER_PAGE,
        label=wish.label or None,
        search=wish.search,
        created_by_id=wish.author,
        order_by=wish.column,
        is_descending=wish.is_descending,
        with_content=False,
        in_any_order=True,
    )
