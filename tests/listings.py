"""What a list shows, by the list itself and by a plain look at everything."""

from collections.abc import Sequence

from builders import Registry

from promptuary.model.content import search_key
from promptuary.model.listing import Listing
from promptuary.model.prompts import Version
from promptuary.model.text import fold
from promptuary.store.engine.database import Transaction
from promptuary.store.lists.pages import list_page


def names_of(tx: Transaction, registry: Registry, **listing: object) -> list[str]:
    page = list_page(tx, registry.project.id, Listing(limit=100, order_by="name", is_descending=False, **listing))  # type: ignore[arg-type]
    assert page.count == len(page.items)
    return [version.name for version in page.items]


def plain_search(tx: Transaction, registry: Registry, needle: str, *, label: str | None) -> list[str]:
    """Look at every listed text, one by one, in Python."""
    return names_with(needle, list_all(tx, registry, label=label))


def list_all(tx: Transaction, registry: Registry, *, label: str | None = None) -> Sequence[Version]:
    return list_page(tx, registry.project.id, Listing(limit=100, order_by="name", is_descending=False, label=label)).items


def names_with(needle: str, listed: Sequence[Version]) -> list[str]:
    """Name those that have a needle in their name or text."""
    wanted = fold(needle)
    return [version.name for version in listed if wanted in search_key(version.content) or wanted in fold(version.name)]
