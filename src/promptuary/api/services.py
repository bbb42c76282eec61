"""Services that the handlers of all dialects, health checks, metrics and agents use."""

from dataclasses import dataclass, field

from anyio import CapacityLimiter

from promptuary.api.operations.readiness import Readiness
from promptuary.api.streams import Broadcaster
from promptuary.http.body import Bodies
from promptuary.http.rate_limits import RequestLimits
from promptuary.metrics.scrape import Scrape
from promptuary.model.accounts import SessionLimits
from promptuary.registry.fetch_counter import FetchCounter
from promptuary.store.engine.database import Database
from promptuary.supervisor.stop_flag import StopFlag


@dataclass(frozen=True, slots=True)
class Services:
    """Services of the handlers; one set for each application."""

    database: Database
    limits: RequestLimits
    usage: FetchCounter
    public_url: str
    stop_flag: StopFlag
    scrape: Scrape
    metrics_token: str = field(repr=False)
    shows_metrics: bool
    session_limits: SessionLimits
    broadcaster: Broadcaster
    readiness: Readiness
    bodies: Bodies
    fetch_threads: CapacityLimiter
    """Maximum concurrent fetches from the database. A separate limit, so that they wait for no other requests."""
    caller_threads: CapacityLimiter
    """Maximum concurrent authentications before large bodies are read."""
