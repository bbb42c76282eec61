"""Rules for the rows of a sound database, beyond those that the database itself enforces."""

import json
from collections.abc import Iterator
from itertools import chain

from sqlalchemy import Text, func, select, type_coerce

from promptuary.model import content
from promptuary.model.errors import InvalidValue, Unavailable
from promptuary.model.outline import outline_of
from promptuary.model.text import counted, fold
from promptuary.model.transfer import read_writer
from promptuary.store import derived_history, references, row_relations, row_rules
from promptuary.store.engine import dialect
from promptuary.store.engine.database import AnyRow, Transaction, translated_errors
from promptuary.store.label_moves import LATEST
from promptuary.store.lists import entries, trigrams
from promptuary.store.tables import label_moves, labels, prompts, search_texts, versions

_BATCH = 200


def list_problems(tx: Transaction) -> list[str]:
    """Return one sentence for everything that is wrong; reads every row."""
    file_problems = dialect.file_problems(tx.connection)
    row_problems = [*row_rules.list_row_problems(tx), *row_rules.list_derived_problems(tx)]
    problems = [*file_problems, *row_problems, *_relation_problems(tx)]
    if row_problems:
        # Rows that cannot be read cannot be compared with what is derived from them.
        return problems
    return [
        *problems,
        *_history_problems(tx),
        *_search_problems(tx),
        *entries.list_entry_problems(tx),
        *trigrams.index_problems(tx.connection),
    ]


def find_problem(tx: Transaction) -> str | None:
    """Return the first sentence about rows that are not derived from others, `None` when all are sound."""
    problems = chain(row_rules.list_row_problems(tx), _relation_problems(tx))
    return next(problems, None)


def _relation_problems(tx: Transaction) -> Iterator[str]:
    try:
        with translated_errors():
            yield from chain(_numbering_problems(tx), _label_problems(tx), _content_problems(tx), _author_problems(tx))
            yield from _reference_problems(tx)
            yield from row_relations.list_relation_problems(tx)
    except Unavailable as error:
        yield error.for_log


def _numbering_problems(tx: Transaction) -> Iterator[str]:
    statement = (
        select(
            prompts.c.id,
            prompts.c.name,
            prompts.c.latest_version,
            func.count(versions.c.id).label("number"),
            func.min(versions.c.version).label("first"),
            func.max(versions.c.version).label("last"),
        )
        .outerjoin(versions, versions.c.prompt_id == prompts.c.id)
        .group_by(prompts.c.id, prompts.c.name, prompts.c.latest_version)
        .order_by(prompts.c.id)
        .execution_options(yield_per=_BATCH)
    )
    for row in tx.connection.execute(statement):
        if (row.first, row.last, row.number) != (1, row.latest_version, row.latest_version):
            yield (
                f"prompt {row.name} ({row.id}): {counted(row.number, 'version')} from {row.first} to {row.last}, "
                f"but the latest should be {row.latest_version}"
            )


def _label_problems(tx: Transaction) -> Iterator[str]:
    statement = (
        select(labels.c.name, labels.c.prompt_id)
        .join(versions, versions.c.id == labels.c.version_id)
        .join(prompts, prompts.c.id == labels.c.prompt_id)
        .where((versions.c.prompt_id != labels.c.prompt_id) | prompts.c.archived_at.is_not(None))
        .order_by(labels.c.prompt_id, labels.c.name)
    )
    for row in tx.connection.execute(statement):
        yield f"label {row.name} of prompt {row.prompt_id} points at a version of another or an archived prompt"


def _content_problems(tx: Transaction) -> Iterator[str]:
    statement = select(
        versions.c.id,
        versions.c.content,
        versions.c.config,
        versions.c.variables,
        versions.c.size_bytes,
        # As text, because it may be damaged, too.
        type_coerce(versions.c.outline, Text).label("outline"),
    ).execution_options(yield_per=_BATCH)
    for row in tx.connection.execute(statement):
        yield from (f"version {row.id}: {problem}" for problem in _version_problems(row))


def _author_problems(tx: Transaction) -> Iterator[str]:
    for kind, table in (("version", versions), ("label", labels)):
        # As text, because it may be damaged.
        stored = type_coerce(table.c.recorded_author, Text).label("author")
        statement = select(table.c.id, stored).where(table.c.recorded_author.is_not(None)).order_by(table.c.id)
        for row in tx.connection.execute(statement.execution_options(yield_per=_BATCH)):
            if not _is_writer(_parsed(row.author)):
                yield f"{kind} {row.id}: the recorded author has no name and address"


def _reference_problems(tx: Transaction) -> Iterator[str]:
    """Compare the rows of references with the contents, which are read again."""
    stored = {version_id: (project_id, found) for project_id, version_id, found in references.list_stored(tx)}
    for project_id, version_id, derived in references.list_derived(tx):
        if stored.pop(version_id, None) != (project_id, derived):
            yield f"version {version_id}: {_REFERENCES_DIFFER}"
    yield from (f"version {version_id}: {_REFERENCES_DIFFER}" for version_id in sorted(stored))


def _history_problems(tx: Transaction) -> Iterator[str]:
    """Compare the history of each label with itself and with the label, and the periods of prompts with the prompts."""
    of_label = [label_moves.c.prompt_id, label_moves.c.label]
    before = func.lag(label_moves.c.to_version).over(partition_by=of_label, order_by=label_moves.c.id)
    place = func.row_number().over(partition_by=of_label, order_by=label_moves.c.id)
    chain_of_moves = (
        select(*of_label, label_moves.c.from_version, before.label("before"), place.label("place"))
        .where(label_moves.c.label != LATEST)
        .subquery()
    )
    gaps = chain_of_moves.c.place > 1, chain_of_moves.c.from_version.is_distinct_from(chain_of_moves.c.before)
    for row in tx.connection.execute(select(chain_of_moves.c.prompt_id, chain_of_moves.c.label).where(*gaps).distinct()):
        yield f"label {row.label} of prompt {row.prompt_id}: its history has a gap"
    for prompt_id, label in derived_history.list_incomplete(tx):
        yield f"label {label} of prompt {prompt_id}: it is elsewhere than its history ends; run promptuary admin db reindex"
    for statement in (derived_history.periods_to_begin(), derived_history.periods_to_end()):
        for row in tx.connection.execute(statement):
            yield f"prompt {row.name} ({row.id}): when it was active is not recorded; run promptuary admin db reindex"


_REFERENCES_DIFFER = "its references do not match its content; run promptuary admin db reindex"


def _is_writer(value: object) -> bool:
    try:
        return read_writer(value) is not None
    except InvalidValue:
        return False


def _search_problems(tx: Transaction) -> Iterator[str]:
    statement = select(
        search_texts.c.version_id, search_texts.c.name, search_texts.c.text, versions.c.content, prompts.c.name.label("prompt")
    )
    statement = statement.join(versions, versions.c.id == search_texts.c.version_id)
    statement = statement.join(prompts, prompts.c.id == versions.c.prompt_id).execution_options(yield_per=_BATCH)
    for row in tx.connection.execute(statement):
        # Content that is no JSON is reported by `_content_problems`.
        if _parsed(row.content) is not None and (row.name, row.text) != (fold(row.prompt), content.search_key(row.content)):
            yield f"version {row.version_id}: search does not match its text; run promptuary admin db reindex"


def _version_problems(row: AnyRow) -> Iterator[str]:
    if row.config is not None and not isinstance(_parsed(row.config), dict):
        yield "the config is not a JSON object"
    if row.variables is not None and not isinstance(_parsed(row.variables), dict):
        yield "the contract of the variables is not a JSON object"
    if _parsed(row.content) is None:
        yield "the content is not JSON, or null"
        return
    derived = (
        len(row.content.encode()),
        [[heading.level, heading.text] for heading in outline_of(content.text_of(row.content))],
    )
    if derived != (row.size_bytes, _parsed(row.outline)):
        yield "size or outline do not belong to the content"


def _parsed(text: object) -> object:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
