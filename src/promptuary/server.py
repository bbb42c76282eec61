"""The composition root: settings -> database -> one ASGI application. Nothing happens before one of its functions is called."""

from starlette.types import ASGIApp

from promptuary.access_log import AccessLog
from promptuary.api.application import create_api
from promptuary.api.calls import Services
from promptuary.api.errors import server_error
from promptuary.api.throttling import create_throttle
from promptuary.conditional import Conditional
from promptuary.delivery.board import open_board
from promptuary.delivery.cache import Cache
from promptuary.delivery.freshness import Freshness
from promptuary.delivery.gate import open_gate
from promptuary.delivery.hot_path import Delivery
from promptuary.forwarded import Forwarded
from promptuary.logs import configure_logs, writes_text
from promptuary.maintenance import start_maintenance
from promptuary.request_log import LoggedWithRequestId, RequestLog
from promptuary.settings import Settings
from promptuary.store.database import Database
from promptuary.store.watch import open_watch
from promptuary.supervisor import follow_supervisor


def create_application(settings: Settings, database: Database) -> ASGIApp:
    """Return the whole server as one ASGI application over an open database."""
    services = Services(
        database=database,
        throttle=create_throttle(settings),
        public_url=settings.public_url,
    )
    api = LoggedWithRequestId(create_api(services))
    access_log = AccessLog(as_json=not writes_text(settings)) if settings.log_requests else None
    remembering = _remembering(settings, services, api) if settings.cache_megabytes else api
    application = RequestLog(Conditional(remembering), access_log=access_log, server_error=server_error)
    return Forwarded(application) if settings.trust_forwarded else application


def _remembering(settings: Settings, services: Services, api: ASGIApp) -> ASGIApp:
    cache = Cache(max_bytes=settings.cache_megabytes * 1_000_000)
    freshness = Freshness(lambda: open_watch(services.database), cache.apply, open_board())
    gate = open_gate(services.database, services.throttle.count_read)
    return Delivery(api, cache=cache, freshness=freshness, gate=gate)


def application() -> ASGIApp:
    """Return the application for the settings of the environment: what each worker process of the server runs."""
    follow_supervisor()
    settings = Settings()
    configure_logs(settings)
    database = Database.open(settings.resolved_database_url, pool_size=settings.database_pool_size)
    start_maintenance(database, change_log_days=settings.change_log_days)
    return create_application(settings, database)
