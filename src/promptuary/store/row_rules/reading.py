"""Reading the rows of all tables, and comparing them with the rules.

Rows are read as the driver returns them, so that a value that no program of ours has written is reported and not stumbled over.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Table, column, select

from promptuary.model.errors import InvalidValue, Unavailable
from promptuary.model.json_text import InvalidJson
from promptuary.store.engine.database import Transaction, translated_errors
from promptuary.store.row_rules import accounts, events, prompts, releases
from promptuary.store.row_rules.columns import fits
from promptuary.store.row_rules.requirements import Row, Rule, Rules
from promptuary.store.tables import last_fetches, leases, list_entries, recent_fetches, search_texts

RULES: Final[Rules] = MappingProxyType({**accounts.RULES, **prompts.RULES, **releases.RULES, **events.RULES})

OF_TYPES_ONLY: Final[Mapping[Table, str]] = MappingProxyType(
    {
        last_fetches: "An id and a timestamp; the version may be gone.",
        leases: "Texts that servers compare, and a timestamp.",
    }
)
"""Tables whose rows need no more than values of the right types, each with the reason."""

DERIVED: Final[Mapping[Table, str]] = MappingProxyType(
    {
        search_texts: "Compared with the versions by `integrity_checks`.",
        list_entries: "Compared with the prompts by `lists.entries`.",
        recent_fetches: "Sums of `fetches`, which the next day computes again.",
    }
)
"""Tables that are rebuilt from others, also after a restore; each with the reason why types are all that is looked at here."""

_BATCH = 200
_SHOWN = re.compile(r"[0-9A-Za-z._-]{0,40}")


def list_row_problems(tx: Transaction) -> Iterator[str]:
    """Yield a sentence for every row that breaks a rule, for every table that is not derived; reads every row, some at a time."""
    return _problems_of_all(tx, (*RULES, *OF_TYPES_ONLY))


def list_derived_problems(tx: Transaction) -> Iterator[str]:
    """Yield a sentence for every row with a value of a wrong type, for every table that is derived from others."""
    return (f"{problem}; run promptuary admin db reindex" for problem in _problems_of_all(tx, DERIVED))


def _problems_of_all(tx: Transaction, tables: Iterable[Table]) -> Iterator[str]:
    for table in tables:
        try:
            yield from _problems_of(tx, table)
        except Unavailable as refusal:
            yield f"table {table.name} cannot be read: {refusal.for_log}"


def _problems_of(tx: Transaction, table: Table) -> Iterator[str]:
    names: list[Any] = [column(name) for name in table.columns.keys()]  # noqa: SIM118 - columns are no names
    plain = select(*names).select_from(table)
    rule = RULES.get(table)
    # The driver's errors come while rows are read.
    with translated_errors():
        for row in tx.connection.execute(plain.execution_options(yield_per=_BATCH)).mappings():
            problem = _problem_of(table, row, rule)
            if problem is not None:
                yield f"{table.name} {_named(table, row)}: {problem}"


def _problem_of(table: Table, row: Row, rule: Rule | None) -> str | None:
    wrong = [name for name, each in table.columns.items() if not fits(each, row[name])]
    if wrong:
        return f"{', '.join(wrong)}: not of the type that belongs there"
    try:
        if rule is not None:
            rule(row)
    except InvalidJson as error:
        return error.reason
    except InvalidValue as error:
        # The sentence that it becomes a part of has a full stop of its own.
        reason = str(error).removesuffix(".")
        return f"{error.field}: {reason}" if error.field else reason
    except ValueError as error:
        return str(error)
    return None


def _named(table: Table, row: Row) -> str:
    """Return the key of a row without texts that cannot be names."""
    keys = [str(row[key.name])[:40] for key in table.primary_key]
    return " ".join(key if _SHOWN.fullmatch(key) else "?" for key in keys)
