"""The feed of changes of a project's prompts, oldest first, for programs that cache them."""

from dataclasses import dataclass

from promptuary.model.access import Actor, Permission
from promptuary.model.activity import Activity
from promptuary.model.changes import ChangeFilter
from promptuary.store import activity, changes
from promptuary.store.changes import Cursor
from promptuary.store.engine.database import Transaction

SCAN_LIMIT = 1000
"""Most entries that are looked through for one page of what was chosen."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Entries, oldest first, and the cursor from which to continue.

    ``is_reset``: what lies between the caller's cursor and this one is no longer available.
    """

    entries: tuple[Activity, ...]
    cursor: Cursor
    has_more: bool = False
    is_reset: bool = False


def list_changes(tx: Transaction, actor: Actor, *, after: Cursor | None, limit: int, change_filter: ChangeFilter) -> FeedPage:
    """List changes of the project's prompts behind the cursor ``after``, from the oldest entry if it is `None`.

    A page may have fewer entries than there are, even none, and still have more behind it.
    """
    actor.require(Permission.READ)
    newest = changes.cursor_of(changes.last_mark(tx))
    if after is not None and changes.is_lost_behind(tx, after, newest=newest.sequence):
        return FeedPage((), newest, is_reset=True)
    # One more than the page has tells whether there are more.
    most = limit + 1 if change_filter.matches_all else SCAN_LIMIT
    scanned = activity.list_behind(tx, after=after.sequence if after else 0, limit=most, project_id=actor.project_id)
    found = [entry for entry in scanned if change_filter.matches(entry.change)]
    page = tuple(found[:limit])
    if len(found) > limit:
        return FeedPage(page, _cursor_of(page[-1]), has_more=True)
    if len(scanned) == most:
        return FeedPage(page, _cursor_of(scanned[-1]), has_more=True)
    return FeedPage(page, newest)


def find_start(tx: Transaction, actor: Actor, after: Cursor | None) -> FeedPage:
    """Return an empty page with the cursor from which a stream begins: ``after``, or the present end of the log."""
    actor.require(Permission.READ)
    newest = changes.cursor_of(changes.last_mark(tx))
    if after is None:
        return FeedPage((), newest)
    is_lost = changes.is_lost_behind(tx, after, newest=newest.sequence)
    return FeedPage((), newest if is_lost else after, is_reset=is_lost)


def _cursor_of(entry: Activity) -> Cursor:
    return changes.cursor_of(changes.mark_of(entry.change))
