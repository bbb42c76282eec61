"""The question whether the database can be used, asked on a thread of its own: a probe must not wait for what others do."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from promptuary.store import schema
from promptuary.store.engine.database import Database


class Readiness:
    """Asks the database once for all probes that come meanwhile. One for each worker; belongs to one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._executor = ThreadPoolExecutor(1, "promptuary-readiness")
        self._asking: asyncio.Future[bool] | None = None

    async def is_usable(self) -> bool:
        """Return `True` if this version can work with the database. Raises `Unavailable` when it cannot be reached."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.get_running_loop().run_in_executor(self._executor, schema.is_usable, self._database)
        return await asyncio.shield(self._asking)
