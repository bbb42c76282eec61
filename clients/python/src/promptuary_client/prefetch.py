"""Filling the cache from a list: one request for every page, however many prompts there are. Nothing is sent here."""

from collections.abc import Generator
from dataclasses import dataclass

from promptuary_client import errors
from promptuary_client.core import Core
from promptuary_client.operations import PAGE, Operation, Page, list_prompts
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.settings import Settings
from promptuary_client.wire import read_content


@dataclass(frozen=True)
class PrefetchResult:
    """How many prompts were taken into memory, and why these were not all, if they were not."""

    count: int
    error: errors.PromptuaryError | None = None


def pages(settings: Settings, label: str | None) -> Generator[Operation[Page], Page, None]:
    """Ask for page after page; each answer is sent in. Ends when there are no more, or when memory is full."""
    offset = 0
    while offset < settings.max_entries:
        page = yield list_prompts(settings, label=label, content="full", limit=PAGE, offset=offset, order_by="name")
        offset += len(page.prompts)
        if not page.has_more or not page.prompts:
            return


def next_page(steps: Generator[Operation[Page], Page, None], page: Page) -> Operation[Page] | None:
    """Send a page in and return what to ask for next, `None` at the end."""
    try:
        return steps.send(page)
    except StopIteration:
        return None


def add_page(core: Core, page: Page, label: str | None, *, changes_seen: int) -> list[tuple[PromptKey, Content]]:
    """Take a page into memory that was asked for when so many changes had been heard of; return what is to be kept on disk.

    A label may have moved while pages were asked for: what it does not point at any more is left to a fetch.
    """
    taken = []
    for row in page.prompts:
        if label is None or label in row.labels:
            key = PromptKey(row.name, label=label)
            content = read_content(row.raw, label=label)
            core.add(key, content, changes_seen=changes_seen)
            taken.append((key, content))
    return taken
