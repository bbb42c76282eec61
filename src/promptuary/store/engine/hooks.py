"""Letting others know of the statements that a database runs: their text, which holds no values, and how they end."""

from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, ExceptionContext, event
from sqlalchemy.engine.interfaces import ExecutionContext

from promptuary.store.engine import compiled
from promptuary.store.engine.compiled import Begin, End
from promptuary.store.engine.database import Database


def watch_statements(database: Database, begin: Begin) -> None:
    """Call ``begin`` with the text of each statement before it runs, in the thread that runs it, and what it returns after it."""
    compiled.watch(database.engine, begin)
    running: WeakKeyDictionary[ExecutionContext, End] = WeakKeyDictionary()

    def before(_connection: Connection, _cursor: Any, text: str, _values: Any, context: ExecutionContext, _many: bool) -> None:  # noqa: ANN401, FBT001
        end = begin(text)
        if end is not None:
            running[context] = end

    def after(_connection: Connection, _cursor: Any, _text: str, _values: Any, context: ExecutionContext, _many: bool) -> None:  # noqa: ANN401, FBT001
        if end := running.pop(context, None):
            end("")

    def failed(context: ExceptionContext) -> None:
        end = running.pop(context.execution_context, None) if context.execution_context else None
        if end is not None:
            # Only the kind: what the driver says may show a row, and so a prompt.
            end(type(context.original_exception).__name__)

    event.listen(database.engine, "before_cursor_execute", before)
    event.listen(database.engine, "after_cursor_execute", after)
    event.listen(database.engine, "handle_error", failed)
