"""Structured logs: lines of text on a terminal, JSON otherwise. Nothing here logs by itself.

Events carry names, ids and counts; never a key, a token, a password or the text of a prompt.
"""

import io
import logging
import re
import sys
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, ExcInfo, WrappedLogger

from promptuary.settings import Settings, writes_text

# Characters that act on a terminal, end a line or hide text: controls, line ends of Unicode, directions, halves of pairs.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure_logs(settings: Settings) -> None:
    """Send the logs of Promptuary and of its libraries to standard error, in the form and from the level that is set."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(settings)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _renderers(settings: Settings) -> list[Any]:
    if writes_text(settings):
        colors = sys.stderr.isatty()
        return [_escape_values, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=_write_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def escape(text: str) -> str:
    """Return a text on one line, in which nothing acts on the terminal that shows it."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escape_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # The renderer quotes texts in which there are spaces, quotes or "=", and other values as `repr` does.
    return {name: escape(value) if isinstance(value, str) else value for name, value in event.items()}


def _write_traceback(output: TextIO, exc_info: ExcInfo) -> None:
    # Plain: a traceback that shows the values of variables would show keys and prompts. Its message may hold what a client sent.
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, exc_info)
    output.write("\n".join(f"  {escape(line)}" if line else "" for line in plain.getvalue().split("\n")))
