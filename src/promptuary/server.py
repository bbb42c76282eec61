"""The composition root: settings -> database -> one ASGI application. Nothing happens before one of its functions is called."""

from starlette.types import ASGIApp

from promptuary.api.application import create_api
from promptuary.api.calls import Services
from promptuary.api.errors import server_error
from promptuary.api.throttling import create_throttle
from promptuary.forwarded import Forwarded
from promptuary.logs import configure_logs
from promptuary.request_log import RequestLog
from promptuary.settings import Settings
from promptuary.store.database import Database
from promptuary.supervisor import follow_supervisor


def create_application(settings: Settings, database: Database) -> ASGIApp:
    """Return the whole server as one ASGI application over an open database."""
    services = Services(
        database=database,
        throttle=create_throttle(settings),
        public_url=settings.public_url,
    )
    application = RequestLog(create_api(services), log_requests=settings.log_requests, server_error=server_error)
    return Forwarded(application) if settings.trust_forwarded else application


def application() -> ASGIApp:
    """Return the application for the settings of the environment: what each worker process of the server runs."""
    follow_supervisor()
    settings = Settings()
    configure_logs(settings)
    database = Database.open(settings.resolved_database_url, pool_size=settings.database_pool_size)
    return create_application(settings, database)
