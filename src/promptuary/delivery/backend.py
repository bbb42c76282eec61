"""Interface of delivery to the rest: permissions of keys, the limit of reads, and counts of fetches."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from promptuary.model.access import Permission
from promptuary.model.errors import RegistryError
from promptuary.model.usage import FetchKey
from promptuary.registry import access
from promptuary.store.engine.database import Database

logger = structlog.stdlib.get_logger("promptuary.delivery")


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """The outcome of asking whether a key may read a project."""

    project_id: int
    key_id: str


@dataclass(frozen=True, slots=True)
class FetchBackend:
    """Two questions, ``authorise(key, project, project token)`` and ``count_read(key id)``, and ``count_fetch(fetch_key)``.

    The first may take milliseconds and is called in a thread. `None` and `False` leave the answer to the slow application.
    ``close`` waits until everything is noted.
    """

    authorise: Callable[[str, str, str], KeyAccess | None]
    count_read: Callable[[str], bool]
    count_fetch: Callable[[FetchKey], None]
    close: Callable[[], None]


def open_backend(
    database: Database,
    *,
    count_read: Callable[[str], bool],
    count_fetch: Callable[[FetchKey], None],
    note_failure: Callable[[str], None] = lambda _step: None,
) -> FetchBackend:
    """Return the backend of fetches on a database, which applies the same rules as the API."""
    # That a key was used is noted after the answer, one at a time: a fetch must not wait for a write.
    noting = ThreadPoolExecutor(max_workers=1, thread_name_prefix="promptuary-noting")

    def log_defect(noted: Future[None]) -> None:
        # Nothing awaits it, so errors are logged here.
        defect = noted.exception()
        if defect is not None:
            note_failure("note_key_use")
            logger.error("use of a key not noted", exc_info=defect)

    def authorise(value: str, reference: str, api_token: str) -> KeyAccess | None:
        try:
            with database.read() as tx:
                entered = access.enter_with_key(tx, value, reference=reference, api_token=api_token, permission=Permission.READ)
                if entered is None:
                    return None
                key, actor = entered
                if access.is_use_worth_noting(key, tx.clock()):
                    noting.submit(access.try_to_note_use, database, key.id).add_done_callback(log_defect)
        except RegistryError:
            return None
        return KeyAccess(actor.project_id, key.id)

    return FetchBackend(authorise, count_read, count_fetch, noting.shutdown)
