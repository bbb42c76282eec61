"""A lease on work that one worker of all servers does: a row of the database that its holder renews.

The worker that holds it knows by its own monotonic clock for how long it does at least. Others compare the time in the row with
their clocks, so the clocks of servers must not differ by many seconds.
"""

import time
import uuid
from datetime import timedelta

from promptuary.store import leases
from promptuary.store.engine.database import Database

LEASE_SECONDS = 30.0
RENEW_SECONDS = 10.0


class Lease:
    """The lease of a name, for one worker. Its methods run on threads, one at a time."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._holder = str(uuid.uuid4())
        self._held_until = 0.0

    @property
    def seconds_left(self) -> float:
        """Seconds for which no other worker can take the lease; not more than 0 if this one does not hold it."""
        return self._held_until - time.monotonic()

    def hold(self) -> bool:
        """Take the lease, or renew it if that is due; return `False` if another worker has it. Raises `Unavailable`."""
        if self.seconds_left > LEASE_SECONDS - RENEW_SECONDS:
            return True
        with self._database.read() as tx:
            if leases.is_taken(tx, self._name, by_other_than=self._holder):
                self._held_until = 0.0
                return False
        began_at = time.monotonic()
        with self._database.write() as tx:
            until = tx.clock() + timedelta(seconds=LEASE_SECONDS)
            is_held = leases.take_lease(tx, self._name, holder=self._holder, until=until)
        self._held_until = began_at + LEASE_SECONDS if is_held else 0.0
        return is_held

    def release(self) -> None:
        """Let another worker take the lease at once. Raises `Unavailable`."""
        if self.seconds_left > 0:
            self._held_until = 0.0
            with self._database.write() as tx:
                leases.release_lease(tx, self._name, holder=self._holder)
