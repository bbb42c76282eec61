"""Looking for many ids at once, with one parameter however many there are: the statement stays the same and can be prepared."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


class _Ids(TypeDecorator[Sequence[str]]):
    """Ids in one value: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(String))

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> Any:  # noqa: ANN401 - see the class
        return None if value is None else json.dumps(value) if dialect.name == "sqlite" else list(value)


class _IsAmong(FunctionElement[Any]):
    # Of a Boolean SQLAlchemy would ask SQLite whether it is 1, for which there is no index.
    type = Integer()
    inherit_cache = True


@compiles(_IsAmong, "sqlite")
def _on_sqlite(element: _IsAmong, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    sought, ids = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{sought} IN (SELECT value FROM json_each({ids}))"  # noqa: S608 - both are SQLAlchemy's


@compiles(_IsAmong, "postgresql")
def _on_postgresql(element: _IsAmong, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - the same
    sought, ids = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{sought} = ANY ({ids})"


def is_among(sought: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """Match rows whose id is one of those that the statement gets as its parameter ``name``, a sequence of texts."""
    return _IsAmong(sought, bindparam(name, type_=_Ids()))
