"""Lists of prompts: pages of them, excerpts of what a search found, and what they can be filtered by."""

from collections.abc import Sequence
from itertools import accumulate

from promptuary.model.access import Actor, Permission
from promptuary.model.accounts import Author
from promptuary.model.excerpts import Excerpt, excerpt_of
from promptuary.model.listing import Listing, Page
from promptuary.model.prompts import Version
from promptuary.store import versions
from promptuary.store.engine.database import Transaction
from promptuary.store.lists import choices, pages
from promptuary.store.lists.archived import list_archived_page

MAX_EXCERPTED_BYTES = 2_000_000
"""Maximum size of the contents that are read to show excerpts of one page."""


def list_prompts(tx: Transaction, actor: Actor, listing: Listing) -> Page:
    """List active prompts, each at its latest or labelled version; or archived ones, each at its latest version."""
    actor.require(Permission.READ)
    list_page = list_archived_page if listing.is_archived else pages.list_page
    return list_page(tx, actor.project_id, listing)


def find_excerpts(tx: Transaction, actor: Actor, listed: Sequence[Version], listing: Listing) -> dict[str, Excerpt]:
    """Find the surroundings of what a listing searched for in the texts of prompts that it has listed, by ids of versions.

    Texts are read until they are some megabytes; the others have no excerpt.
    """
    actor.require(Permission.READ)
    sizes = accumulate(version.size_bytes for version in listed)
    ids = [version.id for version, size in zip(listed, sizes, strict=True) if size <= MAX_EXCERPTED_BYTES]
    found = {
        version.id: excerpt_of(version.text, listing.needles) for version in versions.list_versions(tx, ids, with_content=True)
    }
    return {version_id: excerpt for version_id, excerpt in found.items() if excerpt is not None}


def list_label_names(tx: Transaction, actor: Actor, *, limit: int) -> list[str]:
    """List the names of all labels of active prompts, by name: by these `list_prompts` can be filtered."""
    actor.require(Permission.READ)
    return choices.list_label_names(tx, actor.project_id, limit=limit)


def list_authors(tx: Transaction, actor: Actor, *, limit: int) -> list[Author]:
    """List the users by whom `list_prompts` can be filtered: who created the latest version of an active prompt."""
    actor.require(Permission.READ)
    return choices.list_authors(tx, actor.project_id, limit=limit)
