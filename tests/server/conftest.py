"""Webhooks of a project, and an endpoint that gets their messages."""

from collections.abc import Iterator

import pytest
from builders import make_registry
from hooks import Hooks
from receiving import Receiver
from wire import Clock

from promptuary.store.engine.database import Database


@pytest.fixture
def hooks(database_url: str, clock: Clock) -> Iterator[Hooks]:
    database = Database.open(database_url, clock=clock)
    yield Hooks(make_registry(database))
    database.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as receiver:
        yield receiver
