"""Dialects and compiled statements that all databases of a test process share.

SQLAlchemy compiles a statement once for each dialect object. A server opens one database, but every test opens its own, and
would compile a hundred statements again.
"""

from collections.abc import Hashable
from typing import Any, Final, Self

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

_dialects: Final[dict[Hashable, Any]] = {}
_compiled: Final[LRUCache[Any, Any]] = LRUCache(2_000)


class _Shared:
    """Part of a dialect that is one object for the same options, and whose engines keep compiled statements in one place."""

    def __new__(cls, **options: Any) -> Self:
        known = _dialects.get((cls, *sorted(options.items())))
        return known if known is not None else super().__new__(cls)

    def __init__(self, **options: Any) -> None:
        key = (type(self), *sorted(options.items()))
        if key not in _dialects:
            super().__init__(**options)
            _dialects[key] = self

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_compiled)


class SharedSqlite(_Shared, SQLiteDialect_pysqlite):
    supports_statement_cache = True


class SharedPostgres(_Shared, PGDialect_psycopg):
    supports_statement_cache = True


def share_dialects() -> None:
    """Let every engine that is created from now on have a shared dialect."""
    registry.register("sqlite", __name__, SharedSqlite.__name__)
    registry.register("postgresql.psycopg", __name__, SharedPostgres.__name__)
