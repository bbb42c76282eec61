"""A real server with prompts, a faulty proxy in front of it, and clients with folders of their own."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import make_registry
from certificates import trusting_one_authority
from client_service import ClientMaker, EitherClient, EitherMaker, Service, fill
from faults import Proxy, faulty_proxy
from promptuary.store import schema
from promptuary.store.engine.database import Database
from serving import running_server

from promptuary_client import AsyncPromptuary, Promptuary


@pytest.fixture(scope="session", autouse=True)
def _one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with trusting_one_authority(tmp_path_factory.mktemp("certificates")):
        yield


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    url = f"sqlite:///{folder / 'promptuary.db'}"
    database = Database.open(url)
    schema.upgrade(database)
    registry = make_registry(database)
    key = fill(registry)
    with running_server(url, folder / "output.txt", usage_seconds="1") as server:
        yield Service(registry, server, key)
    database.close()


@pytest.fixture
def proxy(service: Service) -> Iterator[Proxy]:
    with faulty_proxy(service.server.url) as proxy:
        yield proxy


def _options(service: Service, folder: Path) -> dict[str, Any]:
    return {"api_key": service.key.value, "cache_dir": folder / "cache", "timeout": 60.0, "request_timeout": 60.0}


@pytest.fixture
def make_client(service: Service, tmp_path: Path) -> Iterator[ClientMaker]:
    """Make clients of the real server, or of the ``host`` that is given. The deadline is long unless it is what a test is about."""
    clients: list[Promptuary] = []

    def make(host: str | None = None, **options: Any) -> Promptuary:
        chosen = _options(service, tmp_path) | options
        clients.append(Promptuary(host or service.server.url, **chosen))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture(params=["threads", "asyncio"])
def make_either(request: pytest.FixtureRequest, service: Service, tmp_path: Path) -> Iterator[EitherMaker]:
    """Make clients of either kind, each test once with every kind."""
    loop = asyncio.new_event_loop()
    clients: list[EitherClient] = []

    def make(host: str | None = None, **options: Any) -> EitherClient:
        chosen = _options(service, tmp_path) | options
        kind = Promptuary if request.param == "threads" else AsyncPromptuary
        clients.append(EitherClient(kind(host or service.server.url, **chosen), loop))
        return clients[-1]

    yield make
    for client in clients:
        client.call("close")
    for _ in range(20):
        # It takes asyncio some turns to close connections.
        loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
