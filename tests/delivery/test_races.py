"""What is taken away while a request is on its way stays away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from builders import Registry, bearer, make_key, make_member, make_prompt, make_services
from fastapi.testclient import TestClient

from promptuary.access_log import AccessLog
from promptuary.api.application import create_api
from promptuary.api.errors import server_error
from promptuary.delivery.board import open_board
from promptuary.delivery.cache import Cache
from promptuary.delivery.freshness import Freshness
from promptuary.delivery.gate import Gate, Granted, open_gate
from promptuary.delivery.hot_path import Delivery
from promptuary.ledger import Ledger
from promptuary.metrics.layout import CACHE_FETCHES
from promptuary.metrics.page import open_page
from promptuary.metrics.requests import RequestCounts
from promptuary.model.access import Scope
from promptuary.registry import keys, members
from promptuary.request_log import RequestLog
from promptuary.store.watch import open_watch

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@contextmanager
def disturbed(registry: Registry, disturbances: list[Callable[[], None]]) -> Iterator[TestClient]:
    """The application in which the disturbances happen just after a key was let in and before it is answered."""
    database = registry.database
    page = open_page(None)
    services = make_services(database, page)
    cache = Cache(max_bytes=1_000_000)
    gate = open_gate(database, count_read=lambda _: True, count_fetch=services.usage.count)

    def authorise(key: str, reference: str, token: str) -> Granted | None:
        granted = gate.authorise(key, reference, token)
        while disturbances:
            disturbances.pop()()
        return granted

    freshness = Freshness(lambda: open_watch(database), cache.apply, open_board(None))
    api = create_api(services)
    gate_disturbed = Gate(authorise, gate.count_read, gate.count_fetch, gate.close)
    delivery = Delivery(api, cache=cache, freshness=freshness, gate=gate_disturbed, tally=page.view(CACHE_FETCHES))
    ledger = Ledger(AccessLog(as_json=True), RequestCounts(page))
    application = RequestLog(delivery, probed=api, ledger=ledger, server_error=server_error)
    with TestClient(application) as client:
        yield client


@pytest.mark.parametrize("is_member_removed", [False, True])
def test_access_that_ends_while_it_is_granted_is_not_remembered(registry: Registry, *, is_member_removed: bool) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        other_key = make_key(tx, make_member(tx, registry.project), Scope.READ)
        key = make_key(tx, registry.user, Scope.READ)

    def take_away() -> None:
        with registry.database.write() as tx:
            if is_member_removed:
                members.remove_member(tx, project_id=registry.project.id, email=registry.user.email)
            else:
                keys.revoke_key(tx, key.key.id)

    path = f"/api/projects/{registry.project.id}/llm_prompts/name/greeting/"
    disturbances: list[Callable[[], None]] = []
    with disturbed(registry, disturbances) as client:
        assert [client.get(path, headers=bearer(other_key)).status_code for _ in range(2)] == [200, 200]
        disturbances.append(take_away)
        client.get(path, headers=bearer(key))
        assert disturbances == []
        answers = [client.get(path, headers=bearer(key)).status_code for _ in range(3)]
    assert answers == [403 if is_member_removed else 401] * 3
