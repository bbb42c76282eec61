"""A registry on a PostgreSQL that has an index of trigrams."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import Registry, make_registry
from trigrams import PROGRAMS, opened, running_postgres


@pytest.fixture(scope="session")
def trigram_server() -> Iterator[str]:
    """The socket's folder of a server whose owner may create the extension pg_trgm."""
    assert PROGRAMS is not None
    # A socket's path must be short, and the server's user must be able to walk there.
    folder = Path(tempfile.mkdtemp(prefix="promptuary-pg-"))
    try:
        with running_postgres(PROGRAMS, folder) as socket:
            yield socket
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def trigram_registry(trigram_server: str) -> Iterator[Registry]:
    """A registry whose search has an index of trigrams on PostgreSQL."""
    with opened(trigram_server, "postgres") as database:
        yield make_registry(database)
