"""The list of prompts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.responses import Response

from promptuary.model.access import Permission
from promptuary.model.listing import RELEVANCE, Listing
from promptuary.registry import lists, usage
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest

PER_PAGE = 50
MAX_CHOICES = 200
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
"""Sortable columns of the list, with their headings."""

_WORDS = frozenset({"name", "created_by"})
"""Columns that are first sorted from A to Z; the others begin with the greatest."""


@dataclass(frozen=True, slots=True)
class ListFilters:
    """Filters and order of the list, from the query. Invalid values are ignored."""

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
        """`True` if the order is descending."""
        return self.sort.startswith("-")

    @property
    def is_filtered(self) -> bool:
        """`True` if a filter is set."""
        return bool(self.search or self.label or self.author)

    def query(self, **changes: object) -> dict[str, object]:
        """Return the query of the same filters with changes; on the first page unless the page is changed."""
        filters = replace(self, **{"page": 1, **changes})  # type: ignore[arg-type]  # names of fields
        default = ListFilters(sort=_default_sort(filters.search))
        return {name: value for name in self.__slots__ if (value := getattr(filters, name)) != getattr(default, name)}

    @property
    def sorts(self) -> list[tuple[str, str]]:
        """Options to sort by, with titles: each column in its first direction, and the current order."""
        first = {(column if column in _WORDS else f"-{column}"): _format_filter(column) for column in COLUMNS}
        if self.search:
            first = {RELEVANCE: "By relevance", **first}
        known = first if self.sort in first else {**first, self.sort: f"{_format_filter(self.column)}, reversed"}
        return [("" if sort == _default_sort(self.search) else sort, title) for sort, title in known.items()]

    def sorted_by(self, column: str) -> dict[str, object]:
        """Return the query that sorts by a column, the other way round if it is already sorted by it."""
        first, other = (column, f"-{column}") if column in _WORDS else (f"-{column}", column)
        return self.query(sort=other if self.sort == first else first)


def _default_sort(search: str) -> str:
    return RELEVANCE if search else DEFAULT_SORT


def _format_filter(column: str) -> str:
    return {"created_at": "By last change", "recent_fetches": "By fetches"}.get(column, f"By {COLUMNS[column].lower()}")


def show_prompts(request: PageRequest) -> Response:
    """Show a page of the list."""
    actor = request.enter(Permission.READ)
    filters = _read_filters(request.query)
    with request.database.read() as tx:
        page = lists.list_prompts(tx, actor, _listing(filters))
        fetches = usage.count_recent_fetches(tx, actor, [version.prompt_id for version in page.items])
        labels = lists.list_label_names(tx, actor, limit=MAX_CHOICES)
        authors = lists.list_authors(tx, actor, limit=MAX_CHOICES)
        excerpts = lists.find_excerpts(tx, actor, page.items, _listing(filters)) if filters.search else {}
    return request.page(
        "prompts/list.html",
        filters=filters,
        columns=COLUMNS,
        versions=page.items,
        count=page.count,
        fetches=fetches,
        excerpts=excerpts,
        labels=labels,
        authors=authors,
        pages=max(1, -(-page.count // PER_PAGE)),
    )


def _read_filters(query: Mapping[str, str]) -> ListFilters:
    sort, search = query.get("sort", ""), query.get("search", "").strip()
    return ListFilters(
        search=search,
        label=query.get("label", "").strip(),
        author=positive_int(query.get("author")),
        sort=sort if sort.removeprefix("-") in COLUMNS else _default_sort(search),
        page=positive_int(query.get("page")) or 1,
    )


def _listing(filters: ListFilters) -> Listing:
    return Listing(
        limit=PER_PAGE,
        offset=(filters.page - 1) * PER_PAGE,
        label=filters.label or None,
        search=filters.search,
        created_by_id=filters.author,
        order_by=filters.column,
        is_descending=filters.is_descending,
        with_content=False,
        in_any_order=True,
    )
