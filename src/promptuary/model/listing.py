"""Lists of prompts: a query, and a page of its result."""

from dataclasses import dataclass

from promptuary.model.prompts import Version
from promptuary.model.search_terms import needles_of

ORDERS = (
    "name",
    "created_at",
    "updated_at",
    "version",
    "latest_version",
    "version_count",
    "first_version_created_at",
    "prompt_size_bytes",
)
"""Orders of a list that an index holds; ties are broken by id, descending. Names have none."""

ARCHIVED_ORDERS = (*ORDERS, "archived_at")
"""Orders of a list of archived prompts; ties are broken by the id of the prompt, descending."""

COMPUTED_ORDERS = ("created_by", "recent_fetches")
"""Orders of a list that are computed for each page. Among equal items the newest come first, in either direction."""

RELEVANCE = "relevance"
"""The order of a search by how well names fit, then by date, newest first; without a search by date."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Query of a list: filters, versions and order of active prompts; or of archived ones, which have no labels."""

    limit: int
    offset: int = 0
    label: str | None = None
    after_name: str | None = None
    """Only prompts whose names come after this one by code point. Lists of archived prompts ignore it."""
    search: str = ""
    created_by_id: int | None = None
    order_by: str = "created_at"
    is_descending: bool = True
    is_archived: bool = False
    with_content: bool = True
    in_any_order: bool = False
    """Search for prompts that have all words of the search, wherever each stands, not for the search as a whole."""

    @property
    def needles(self) -> tuple[tuple[str, ...], ...]:
        """Needles that a prompt must all contain, each in several spellings of which any matches."""
        return needles_of(self.search, in_any_order=self.in_any_order)

    @property
    def words(self) -> list[str]:
        """Needles that a name must all contain."""
        return [spellings[0] for spellings in self.needles]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list and the number of all items."""

    items: list[Version]
    count: int
