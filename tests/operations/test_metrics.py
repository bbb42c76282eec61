"""What `/metrics` says, on the application in process."""

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from builders import Api, Registry, make_api, make_prompt
from fastapi.testclient import TestClient
from ports import free_port
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from scraping import FETCH, LIST, Scraped
from wire import envelope, wire

from promptuary.metrics.layout import EXPOSED
from promptuary.metrics.routes import OTHER, ROUTES, route_of
from promptuary.server import create_application
from promptuary.settings import Settings
from promptuary.store.engine.database import Database
from promptuary.web.application import ROUTES as PAGES

Until = Callable[[Callable[[], bool]], None]

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def scrape(api: Api) -> Scraped:
    answer = api.client_with({}).get("/metrics")
    assert answer.status_code == 200
    return Scraped(answer.text)


@ON_SQLITE
def test_requests_are_counted_by_route_method_and_status(api: Api) -> None:
    client, path = api.client, api.path
    client.post(path, json={"name": "greeting", "prompt": "Hello!"})
    client.post(path, json={"name": "greeting", "prompt": "Hello!"})
    tag = client.get(f"{path}name/greeting/").headers["etag"]
    client.get(f"{path}name/greeting")
    client.get(path.replace("/projects/", "/environments/") + "name/greeting/?label=nobody")
    client.get(f"{path}name/greeting/", headers={"If-None-Match": tag})
    client.head(f"{path}name/greeting/")
    client.put(f"{path}name/greeting/labels/production/", json={"version": 1})
    client.put(path)
    client.request("BREW", path)
    api.client_with({}).get(f"{path}resolve/name/greeting/")
    client.get("/", follow_redirects=False)
    assert scrape(api).requests() == {
        ("POST", LIST, "201"): 1,
        ("POST", LIST, "400"): 1,
        ("GET", FETCH, "200"): 2,
        ("GET", FETCH, "404"): 1,
        ("GET", FETCH, "304"): 1,
        ("HEAD", FETCH, "200"): 1,
        ("PUT", f"{FETCH}labels/{{label_name}}/", "201"): 1,
        ("PUT", LIST, "405"): 1,
        ("other", LIST, "405"): 1,
        ("GET", f"{LIST}resolve/name/{{prompt_name}}/", "401"): 1,
        ("GET", "/", "303"): 1,
    }


@ON_SQLITE
def test_whatever_clients_send_makes_no_new_series(api: Api) -> None:
    numbers = random.Random(7)  # noqa: S311 - reproducible
    api.client.get("/first")
    api.client.get(f"{api.path}name/first/")
    before = scrape(api)
    for _ in range(50):
        word = f"word-{numbers.getrandbits(64):x}"
        api.client.get(f"/{word}/{'x' * numbers.randrange(300)}")
        api.client.get(f"{api.path}name/{word}/")
    after = scrape(api)
    assert after.requests() == {("GET", "other", "404"): 51, ("GET", FETCH, "404"): 51}
    assert before.requests().keys() == after.requests().keys()
    assert "word-" not in after.text


@ON_SQLITE
def test_durations_are_a_histogram_that_counts_every_request(api: Api) -> None:
    for _ in range(5):
        api.client.get(f"{api.path}name/missing/")
    scraped = scrape(api)
    [family] = [family for family in scraped.families if family.name == "promptuary_request_duration_seconds"]
    of_fetches = [sample for sample in family.samples if sample.labels["route"] == FETCH]
    buckets = [sample for sample in of_fetches if sample.name.endswith("_bucket")]
    assert float(buckets[0].labels["le"]) == pytest.approx(25e-6)
    assert all(lower.value <= upper.value for lower, upper in pairwise(buckets))
    assert (buckets[-1].labels["le"], buckets[-1].value) == ("+Inf", 5)
    assert scraped.value("promptuary_request_duration_seconds_count", route=FETCH, method="GET") == 5
    assert scraped.value("promptuary_request_duration_seconds_sum", route=FETCH) > 0


def test_fetches_are_counted_by_where_the_answer_came_from(api: Api, until: Until) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor)
    path = f"{api.path}name/greeting/"

    def hits() -> float:
        api.client.get(path)
        return scrape(api).value("promptuary_cache_fetches_total", result="hit")

    # The watch on PostgreSQL needs a moment before it is trusted.
    until(lambda: hits() > 0)
    before = scrape(api)
    for _ in range(5):
        api.client.get(path)
    api.client.get(f"{path}?version=1")
    api.client.get(api.path)
    after = scrape(api)
    grown = {
        result: after.value("promptuary_cache_fetches_total", result=result)
        - before.value("promptuary_cache_fetches_total", result=result)
        for result in ("hit", "miss", "bypass")
    }
    assert grown == {"hit": 5, "miss": 1, "bypass": 0}
    assert after.value("promptuary_cache_entries") == 2
    assert 4000 < after.value("promptuary_cache_bytes") < 10_000
    assert after.value("promptuary_cache_max_bytes") == 256_000_000


@ON_SQLITE
def test_answers_that_make_room_for_others_are_counted(registry: Registry) -> None:
    with make_api(registry, cache_megabytes=1) as api:
        for number in range(12):
            with registry.database.write() as tx:
                make_prompt(tx, registry.actor, name=f"prompt-{number}", prompt="x" * 100_000)
            assert api.client.get(f"{api.path}name/prompt-{number}/").status_code == 200
        scraped = scrape(api)
    assert scraped.value("promptuary_cache_entries") == 9
    assert scraped.value("promptuary_cache_evictions_total") == 3
    assert scraped.value("promptuary_cache_bytes") <= scraped.value("promptuary_cache_max_bytes") == 1_000_000


@ON_SQLITE
def test_refusals_of_rate_limits_are_counted_once_each(registry: Registry) -> None:
    with make_api(registry, rate_limit_reads="3/hour", rate_limit_writes="1/hour", rate_limit_bad_keys="1/hour") as api:
        for number in range(3):
            api.client.post(api.path, json={"name": f"prompt-{number}", "prompt": "x"})
        statuses = [api.client.get(f"{api.path}name/prompt-0/").status_code for _ in range(4)]
        stranger = api.client_with({"Authorization": "Bearer phx_wrong"})
        assert statuses == [200, 200, 200, 429]
        assert [stranger.get(api.path).status_code for _ in range(2)] == [401, 429]
        scraped = scrape(api)
    refusals = {limit: scraped.value("promptuary_rate_limited_requests_total", limit=limit) for limit in ("reads", "writes")}
    assert refusals == {"reads": 1, "writes": 2}
    assert scraped.value("promptuary_rate_limited_requests_total", limit="bad-keys") == 1


def test_what_runs_and_what_it_uses_is_shown(api: Api) -> None:
    api.client.get(api.path)
    scraped = scrape(api)
    assert scraped.value("promptuary_build_info", version="0.1.0", database=api.registry.database.kind) == 1
    assert scraped.value("promptuary_workers") == 1
    # The scrape itself.
    assert scraped.value("promptuary_requests_in_progress") == 1
    assert scraped.value("promptuary_database_connections", state="in_use") == 0
    assert scraped.value("promptuary_database_connections", state="idle") >= 1
    assert scraped.value("promptuary_database_connections_max") == 10
    assert scraped.value("process_cpu_seconds_total") > 0
    assert scraped.value("process_start_time_seconds") > 1_700_000_000


def test_metrics_are_shown_while_the_database_cannot_be_reached() -> None:
    database = Database.open(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    application = create_application(Settings(_env_file=None), database)  # type: ignore[call-arg]
    client = TestClient(application, headers={"Authorization": "Bearer phx_x"}, raise_server_exceptions=False)
    path = "/api/projects/1/llm_prompts/"
    assert [client.get(path).status_code, client.get(f"{path}name/x/").status_code] == [503, 503]
    scraped = Scraped(client.get("/metrics").text)
    assert scraped.requests() == {("GET", LIST, "503"): 1, ("GET", FETCH, "503"): 1}
    assert scraped.value("promptuary_cache_fetches_total", result="bypass") == 1


@ON_SQLITE
def test_every_declared_metric_is_shown_and_no_other(api: Api) -> None:
    api.client.get(api.path)
    shown = {line.split()[2]: line.split()[3] for line in scrape(api).text.splitlines() if line.startswith("# TYPE")}
    assert shown == {metric.name: metric.kind for metric in EXPOSED}


@ON_SQLITE
def test_every_documented_route_has_series_of_its_own_and_every_series_has_a_route(api: Api) -> None:
    assert api.client.get("/api/schema/").json()["paths"].keys() <= {*ROUTES}
    stranger = api.client_with({})
    of_machines = [route for route in ROUTES if route.startswith(("/api/", "/_", "/metrics"))]
    texts = [stranger.get(route.replace("{", "").replace("}", "")).text for route in of_machines]
    assert not any("Endpoint not found." in text for text in texts)
    assert {route for _, route, _ in scrape(api).requests()} == {*of_machines} - {"/_readyz/", "/metrics/"}


@pytest.mark.parametrize("path", [route.path for route in PAGES])
def test_every_page_is_counted_under_a_route_of_pages(path: str) -> None:
    assert route_of(path) not in {OTHER, *(route for route in ROUTES if route.startswith("/api/"))}


@ON_SQLITE
@pytest.mark.parametrize("path", ["/metrics", "/metrics/"])
def test_metrics_behave_like_the_other_addresses(api: Api, path: str) -> None:
    client = api.client_with({})
    head = client.head(path)
    assert (head.status_code, head.text, head.headers["content-type"]) == (200, "", "text/plain; version=0.0.4; charset=utf-8")
    refused = client.post(path)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    assert path not in client.get("/api/schema/").text


@ON_SQLITE
def test_who_asks_for_open_metrics_gets_them(api: Api) -> None:
    api.client.get(api.path)
    answer = api.client.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert "promptuary_requests" in {family.name for family in parse_openmetrics(answer.text)}  # type: ignore[no-untyped-call]


INVALID_TOKEN = wire(envelope("authentication_error", "authentication_failed", "The token for metrics is invalid."))
NO_TOKEN = wire(envelope("authentication_error", "not_authenticated", "Authentication credentials were not provided."))


@ON_SQLITE
@pytest.mark.parametrize(
    ("sent", "status", "text"),
    [
        (b"", 401, NO_TOKEN),
        (b"Basic cHJvbWV0aGV1cw==", 401, NO_TOKEN),
        (b"Bearer prometheu", 401, INVALID_TOKEN),
        (b"Bearer prometheus2", 401, INVALID_TOKEN),
        (b"Bearer prom\xe9theus", 401, INVALID_TOKEN),
        (b"Bearer prometheus", 200, None),
        (b"bearer  prometheus", 200, None),
    ],
)
def test_a_token_can_be_asked_for(registry: Registry, sent: bytes, status: int, text: str | None) -> None:
    with make_api(registry, metrics_token="prometheus") as api:
        answer = api.client_with({}).get("/metrics", headers={b"Authorization": sent})
    assert answer.status_code == status
    assert text in {None, answer.text}
    assert ("promptuary_workers" in answer.text) is (status == 200)
    assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


@ON_SQLITE
def test_tokens_cannot_be_guessed_at_leisure(registry: Registry) -> None:
    with make_api(registry, metrics_token="prometheus", rate_limit_bad_keys="2/hour") as api:
        client = api.client_with({"Authorization": "Bearer x"})
        assert [client.get("/metrics").status_code for _ in range(3)] == [401, 401, 429]


@ON_SQLITE
def test_metrics_can_be_switched_off(registry: Registry) -> None:
    with make_api(registry, metrics=False) as api:
        assert api.client.get("/metrics").status_code == 404


@pytest.mark.parametrize("token", ["two words", "clé", "line\n"])
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="must be ASCII characters without spaces"):
        Settings(_env_file=None, metrics_token=token)  # type: ignore[call-arg]
