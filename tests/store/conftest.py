"""A registry on a PostgreSQL that has an index of trigrams."""

from collections.abc import Iterator

import pytest
from builders import Registry, make_registry
from trigrams import PROGRAMS, opened, running_postgres


@pytest.fixture(scope="session")
def trigram_server() -> Iterator[str]:
    """The socket's folder of a server whose owner may create the extension pg_trgm."""
    assert PROGRAMS is not None
    with running_postgres(PROGRAMS) as socket:
        yield socket


@pytest.fixture(scope="session")
def trigram_template(trigram_server: str) -> str:
    """The name of a database with an index of trigrams and without rows, to be copied."""
    with opened(trigram_server, "postgres") as database:
        return str(database.engine.url.database)


@pytest.fixture
def trigram_registry(trigram_server: str, trigram_template: str) -> Iterator[Registry]:
    """A registry whose search has an index of trigrams on PostgreSQL."""
    with opened(trigram_server, "postgres", template=trigram_template) as database:
        yield make_registry(database)
