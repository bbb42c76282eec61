"""What is taken away while a request is on its way stays away."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import pytest
from builders import Registry, bearer, make_actor, make_key, make_member, make_prompt, make_services
from fastapi.testclient import TestClient
from simultaneous import simultaneously
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from promptuary.api.application import create_api
from promptuary.api.errors import bad_request, server_error
from promptuary.api.posthog.fetch_address import read_fetch_address
from promptuary.delivery.backend import FetchBackend, KeyAccess, open_backend
from promptuary.delivery.cache import Cache
from promptuary.delivery.commit_signal import open_commit_signal
from promptuary.delivery.freshness import Freshness
from promptuary.delivery.middleware import FetchCacheMiddleware
from promptuary.delivery.parts import FetchParts
from promptuary.http.access_log import AccessLog
from promptuary.http.dispatch import with_lifespan_of
from promptuary.http.request_log import RequestLogMiddleware
from promptuary.http.request_recorder import RequestRecorder
from promptuary.metrics.layout import CACHE_FETCHES
from promptuary.metrics.requests import RequestCounts
from promptuary.metrics.segment import open_segment
from promptuary.model.access import Role, Scope
from promptuary.registry.operator import keys, members, projects
from promptuary.store.watch import open_watch

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def as_it_is(application: ASGIApp) -> ASGIApp:
    return application


@contextmanager
def disturbed(
    registry: Registry, disturbances: list[Callable[[], None]], slow: Callable[[ASGIApp], ASGIApp] = as_it_is
) -> Iterator[TestClient]:
    """The application in which the disturbances happen just after a key was let in and before it is answered.

    ``slow`` is what stands between memory and the slow application.
    """
    database = registry.database
    page = open_segment(None)
    services = make_services(database, page)
    cache = Cache(max_bytes=1_000_000)
    backend = open_backend(database, count_read=lambda _: True, count_fetch=services.usage.count)

    def authorise(key: str, reference: str, token: str) -> KeyAccess | None:
        granted = backend.authorise(key, reference, token)
        while disturbances:
            disturbances.pop()()
        return granted

    freshness = Freshness(lambda: open_watch(database), cache.apply, open_commit_signal(None))

    @asynccontextmanager
    async def lifespan(_api: Starlette) -> AsyncIterator[None]:
        yield
        await freshness.close()
        backend.close()

    whole_api = create_api(services, lifespan)
    api = slow(whole_api)
    gate_disturbed = FetchBackend(authorise, backend.count_read, backend.count_fetch, backend.close)
    delivery = FetchCacheMiddleware(api, FetchParts(cache, freshness, gate_disturbed, page.view(CACHE_FETCHES)), read_fetch_address)
    recorder = RequestRecorder(AccessLog(as_json=True), RequestCounts(page))
    application = RequestLogMiddleware(delivery, probed=api, recorder=recorder, server_error=server_error, bad_request=bad_request)
    with TestClient(with_lifespan_of(whole_api, application)) as client:
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


def test_an_answer_of_another_project_than_the_granted_one_is_not_remembered(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, prompt="mine")
        member_key = make_key(tx, make_member(tx, registry.project), Scope.READ)
        key = make_key(tx, registry.user, Scope.READ)
        other = projects.create_project(tx, name="Other")
        members.set_member(tx, project_id=other.id, email=registry.user.email, role=Role.EDITOR)
        make_prompt(tx, make_actor(other, registry.user), prompt="theirs")

    def change_current_project() -> None:
        with registry.database.write() as tx:
            members.remove_member(tx, project_id=registry.project.id, email=registry.user.email)

    path = "/api/projects/{}/llm_prompts/name/greeting/"
    with disturbed(registry, [change_current_project]) as client:
        assert client.get(path.format("@current"), headers=bearer(key)).json()["prompt"] == "theirs"
        assert client.get(path.format(registry.project.id), headers=bearer(member_key)).json()["prompt"] == "mine"


def test_many_who_ask_for_what_is_not_in_memory_make_one_load(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name="known")
        make_prompt(tx, registry.actor)
        key = make_key(tx, registry.user, Scope.READ)
    loads: list[str] = []

    def counted(application: ASGIApp) -> ASGIApp:
        async def load(scope: AsgiScope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                loads.append(scope["path"].split("/")[-2])
                if loads[-1] == "greeting":
                    # Time for all others to come, once they are on their way.
                    await asyncio.to_thread(all_begun.wait, 60)
                    await asyncio.sleep(0.5)
            await application(scope, receive, send)

        return load

    path = f"/api/projects/{registry.project.id}/llm_prompts/name/"
    all_begun = threading.Event()
    begun: list[str] = []
    answers: list[int] = []
    with disturbed(registry, [], counted) as client:

        def fetch(name: str) -> None:
            begun.append(name)
            if begun.count("greeting") == 8:
                all_begun.set()
            answers.append(client.get(f"{path}{name}/", headers=bearer(key)).status_code)

        # From then on the key is known, and nobody waits for it.
        fetch("known")
        simultaneously([partial(fetch, "greeting")] * 8)
    assert answers == [200] * 9
    assert loads == ["known", "greeting"]
