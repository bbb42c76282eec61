"""Reports of events to the program: log lines, and calls of its hooks, whose exceptions are logged."""

import logging
from collections.abc import Callable
from typing import TypeVar

from promptuary_client.changes import ChangeEvent
from promptuary_client.errors import InvalidBundleError, InvalidResponseError, PromptuaryError, UnusedValuesError
from promptuary_client.prompts import Prompt, PromptKey
from promptuary_client.settings import ErrorEvent, Settings

T = TypeVar("T")

logger = logging.getLogger("promptuary_client")


def report_error(settings: Settings, key: PromptKey, error: PromptuaryError, *, has_content: bool) -> None:
    """Warn of a fetch that failed."""
    remark = "the last known version stays in use" if has_content else "and no version is known"
    logger.warning("Prompt %s could not be fetched, %s: %s", key, remark, error)
    _call(settings.on_error, ErrorEvent(key, error, has_content=has_content))


def report_bundle(settings: Settings, error: InvalidBundleError) -> None:
    """Warn of a bundle that cannot be used."""
    logger.warning("No prompt can be served from the bundle: %s", error)
    _call(settings.on_error, ErrorEvent(None, error, has_content=False))


def report_unused(settings: Settings, prompt: Prompt, error: UnusedValuesError) -> None:
    """Warn of values that a prompt does not use."""
    logger.warning("Prompt %s: %s", prompt.name, error)
    key = PromptKey(prompt.name, None if prompt.label else prompt.version, prompt.label)
    _call(settings.on_error, ErrorEvent(key, error, has_content=True))


def report_prefetch(error: PromptuaryError) -> None:
    """Warn of a list of prompts that could not be fetched."""
    logger.warning("Prompts could not be prefetched: %s", error)


def report_stream(settings: Settings, error: PromptuaryError) -> None:
    """Warn that the stream of changes has failed."""
    logger.warning("The stream of changes failed. Prompts are refreshed every %g seconds until it is back: %s", settings.ttl, error)


def report_log(error: PromptuaryError) -> None:
    """Warn that the change log cannot be followed at the moment."""
    logger.warning("The change log cannot be followed. The client tries again until it is back: %s", error)


def report_defect(defect: Exception, doing: str) -> InvalidResponseError:
    """Log a defect with its traceback; return the error for callers."""
    logger.error("A defect of the client while %s; it continues.", doing, exc_info=defect)
    return InvalidResponseError(f"The client failed while {doing}. Its log has the traceback.")


def report_disk(error: OSError) -> None:
    """Warn of an error of the disk cache."""
    logger.warning("The disk cache cannot be used: %s", error)


def report_answer(settings: Settings, prompt: Prompt) -> None:
    """Call the program's hook with a prompt."""
    _call(settings.on_get, prompt)


def report_change(settings: Settings, event: ChangeEvent) -> None:
    """Call the program's hook with a change."""
    _call(settings.on_change, event)


def _call(hook: Callable[[T], None] | None, value: T) -> None:
    if hook is None:
        return
    try:
        hook(value)
    except Exception:
        logger.exception("A hook of the program failed.")
