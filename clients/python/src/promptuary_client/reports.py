"""Telling the program what happened: a log line, and the program's own hooks, whose failures do no harm."""

import logging
from collections.abc import Callable
from typing import TypeVar

from promptuary_client.errors import InvalidBundleError, InvalidResponseError, PromptuaryError, UnusedValuesError
from promptuary_client.prompts import Prompt, PromptKey
from promptuary_client.settings import ErrorEvent, Settings

T = TypeVar("T")

logger = logging.getLogger("promptuary_client")


def report_error(settings: Settings, key: PromptKey, error: PromptuaryError, *, has_content: bool) -> None:
    """Warn of a fetch that failed."""
    remark = "what is known of it stays in use" if has_content else "nothing is known of it"
    logger.warning("Prompt %s could not be fetched, %s: %s", key, remark, error)
    _call(settings.on_error, ErrorEvent(key, error, has_content=has_content))


def report_bundle(settings: Settings, error: InvalidBundleError) -> None:
    """Warn of a bundle that cannot be used; the program goes on without it."""
    logger.warning("No prompt can be served from the bundle: %s", error)
    _call(settings.on_error, ErrorEvent(None, error, has_content=False))


def report_unused(settings: Settings, prompt: Prompt, error: UnusedValuesError) -> None:
    """Warn of values that a prompt was given and does not use."""
    logger.warning("Prompt %s: %s", prompt.name, error)
    key = PromptKey(prompt.name, None if prompt.label else prompt.version, prompt.label)
    _call(settings.on_error, ErrorEvent(key, error, has_content=True))


def report_prefetch(error: PromptuaryError) -> None:
    """Warn of a list of prompts that could not be fetched."""
    logger.warning("Prompts could not be prefetched: %s", error)


def report_stream(settings: Settings, error: PromptuaryError) -> None:
    """Warn that changes are not heard of as they happen."""
    logger.warning("Changes are not followed, prompts are refreshed every %g seconds instead: %s", settings.ttl, error)


def report_defect(defect: Exception, doing: str) -> InvalidResponseError:
    """Log a defect with its traceback; return what callers are to know of it."""
    logger.error("A defect of the client while %s; it goes on.", doing, exc_info=defect)
    return InvalidResponseError(f"The client failed while {doing}. Its log has the traceback.")


def report_disk(error: OSError) -> None:
    """Warn of a disk that refuses; the program goes on without it."""
    logger.warning("Prompts cannot be kept on disk: %s", error)


def report_answer(settings: Settings, prompt: Prompt) -> None:
    """Show an answer to the program's hook."""
    _call(settings.on_get, prompt)


def _call(hook: Callable[[T], None] | None, value: T) -> None:
    if hook is None:
        return
    try:
        hook(value)
    except Exception:
        logger.exception("A hook of the program failed.")
