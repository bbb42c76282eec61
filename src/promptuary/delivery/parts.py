"""The parts of one worker that answer fetches from memory: the middleware and the shortcut work on the same ones."""

from dataclasses import dataclass

from promptuary.delivery.backend import FetchBackend
from promptuary.delivery.cache import Cache
from promptuary.delivery.freshness import Freshness
from promptuary.metrics.segment import Numbers


@dataclass(frozen=True, slots=True)
class FetchParts:
    """Answers, the check if they still hold, the way to the database, and counters of fetches. Belongs to one event loop."""

    cache: Cache
    freshness: Freshness
    backend: FetchBackend
    counters: Numbers
