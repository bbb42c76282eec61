"""Prefetching of all prompts, with one request for each page of a list. Sends nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from promptuary_client import errors
from promptuary_client.core import Core
from promptuary_client.operations import PAGE, Page, list_prompts
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.reports import report_error
from promptuary_client.settings import Settings
from promptuary_client.wire import Operation, read_content

_MAX_IDLE = 10


@dataclass(frozen=True)
class PrefetchResult:
    """Number of prompts that were loaded, and the error if these are not all."""

    count: int
    error: errors.PromptuaryError | None = None


class Pages:
    """Requests for the pages of all prompts by name, and the new prompts of each page.

    Prompts that are archived or created meanwhile move those behind them to other pages. So each page begins with a prompt of the
    page before; one without any known prompt shows that others went, and the pages before it are read again. Every prompt that is
    in the list from the first request to the last one is found, and each comes once.
    """

    def __init__(self, settings: Settings, label: str | None) -> None:
        """Begin with the first page of all prompts, or of those with a label."""
        self._settings = settings
        self._label = label
        self._known: set[str] = set()
        self._offset = 0
        self._idle = 0
        self._is_complete = False

    def next_operation(self) -> Operation[Page] | None:
        """Return the operation for the next page, `None` after the last one or if memory is full."""
        if self._is_complete or len(self._known) >= self._settings.max_entries:
            return None
        limit = PAGE + 1 if self._offset else PAGE
        return list_prompts(
            self._settings,
            label=self._label,
            content="full",
            resolve="true",
            limit=limit,
            offset=self._offset,
            order_by="name",
        )

    def receive(self, page: Page) -> Page:
        """Record a page and return it with its new prompts only. Raises `InvalidResponseError` for a list that has no end."""
        names = [*(each.name for each in page.prompts), *(each.name for each in page.unresolved)]
        known = self._known.intersection(names)
        if self._offset and not known:
            self._offset = max(0, self._offset - PAGE)
            return replace(page, prompts=(), unresolved=())
        new = replace(
            page,
            prompts=tuple(each for each in page.prompts if each.name not in known),
            unresolved=tuple(each for each in page.unresolved if each.name not in known),
        )
        self._advance(names, is_last=not names or not page.has_more)
        return new

    def _advance(self, names: Sequence[str], *, is_last: bool) -> None:
        self._is_complete = is_last
        self._idle = self._idle + 1 if self._known.issuperset(names) else 0
        if self._idle > _MAX_IDLE:
            raise errors.InvalidResponseError("The server answered with a list that has no end.")
        self._known.update(names)
        self._offset += max(0, len(names) - 1)


def report_unresolved(settings: Settings, core: Core, page: Page, label: str | None) -> None:
    """Record and report the prompts of a page whose references stand in the way. Their known contents stay in use."""
    for row in page.unresolved:
        key = PromptKey(row.name, label=label)
        has_content = core.fail(key, row.error)
        report_error(settings, key, row.error, has_content=has_content)


def add_page(core: Core, page: Page, label: str | None, *, changes_seen: int) -> list[tuple[PromptKey, Content]]:
    """Store a page in memory; return the contents for the disk cache.

    ``changes_seen`` is the number of changes received before the request. A label may have moved between pages: versions that it no
    longer points at are left to a fetch.
    """
    taken = []
    for row in page.prompts:
        if label is None or label in row.labels:
            key = PromptKey(row.name, label=label)
            content = read_content(row.raw, label=label)
            core.add(key, content, changes_seen=changes_seen)
            taken.append((key, content))
    return taken
