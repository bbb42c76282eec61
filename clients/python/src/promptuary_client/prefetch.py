"""Prefetching of all prompts, with one request for each page of a list. Sends nothing."""

from collections.abc import Generator
from dataclasses import dataclass

from promptuary_client import errors
from promptuary_client.core import Core
from promptuary_client.operations import PAGE, Page, list_prompts
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.reports import report_error
from promptuary_client.settings import Settings
from promptuary_client.wire import Operation, read_content


@dataclass(frozen=True)
class PrefetchResult:
    """Number of prompts that were loaded, and the error if these are not all."""

    count: int
    error: errors.PromptuaryError | None = None


def pages(settings: Settings, label: str | None) -> Generator[Operation[Page], Page, None]:
    """Yield the operation for each page and receive the page. Ends with the last page, or if memory is full."""
    offset = 0
    while offset < settings.max_entries:
        page = yield list_prompts(settings, label=label, content="full", resolve="true", limit=PAGE, offset=offset, order_by="name")
        received = len(page.prompts) + len(page.unresolved)
        offset += received
        if not page.has_more or not received:
            return


def next_page(steps: Generator[Operation[Page], Page, None], page: Page) -> Operation[Page] | None:
    """Send a page to the generator and return the next operation, `None` at the end."""
    try:
        return steps.send(page)
    except StopIteration:
        return None


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
