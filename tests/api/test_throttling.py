from typing import Any

import pytest
from builders import Api, Registry, bearer, make_api, make_key, make_member, make_prompt
from wire import envelope, wire

from promptuary.api.errors import throttled

BAD_KEY = {"Authorization": "Bearer phx_bad"}


@pytest.fixture
def api(own_api: Api) -> Api:
    """The application of the test alone: what it does reaches beyond a project."""
    return own_api


def _write(api: Api) -> Any:
    return api.client.put(f"{api.path}name/greeting/labels/a/", json={"version": 1})


def _make_greeting(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)


def test_writes_beyond_the_limit_are_answered_with_429_and_a_whole_number_of_seconds(sqlite_registry: Registry) -> None:
    _make_greeting(sqlite_registry)
    with make_api(sqlite_registry, rate_limit_writes="2/hour") as api:
        assert [_write(api).status_code for _ in range(2)] == [201, 200]
        refused = _write(api)
    wait = int(refused.headers["retry-after"])
    assert 1 < wait <= 3600
    expected = envelope("throttled_error", "throttled", f"Request was throttled. Expected available in {wait} seconds.")
    assert (refused.status_code, refused.text) == (429, wire(expected))
    assert refused.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("wait", "seconds"), [(0.2, "1 second"), (1, "1 second"), (1.01, "2 seconds"), (-5, "1 second"), (38, "38 seconds")]
)
def test_the_wait_is_rounded_up(wait: float, seconds: str) -> None:
    error = throttled(wait)
    assert error.body["detail"] == f"Request was throttled. Expected available in {seconds}."
    assert error.headers == {"Retry-After": seconds.partition(" ")[0]}


def test_writes_are_counted_per_key_and_reads_are_not_counted_among_them(sqlite_registry: Registry) -> None:
    _make_greeting(sqlite_registry)
    with make_api(sqlite_registry, rate_limit_writes="1/hour") as api:
        with sqlite_registry.database.write() as tx:
            other_key = api.client_with(bearer(make_key(tx, sqlite_registry.user)))
        assert [_write(api).status_code for _ in range(2)] == [201, 429]
        assert api.client.get(api.path).status_code == 200
        assert other_key.post(api.path, json={"name": "a", "prompt": "x"}).status_code == 201


def test_every_kind_of_write_counts_and_failed_ones_too(sqlite_registry: Registry) -> None:
    _make_greeting(sqlite_registry)
    with make_api(sqlite_registry, rate_limit_writes="5/hour") as api:
        path = f"{api.path}name/greeting/"
        statuses = [
            api.client.post(api.path, json={}).status_code,
            api.client.patch(path, json={"base_version": 1, "prompt": "x"}).status_code,
            api.client.post(f"{path}duplicate/", json={"new_name": "copy"}).status_code,
            api.client.delete(f"{path}labels/a/").status_code,
            api.client.post(f"{path}archive/").status_code,
            api.client.post(f"{path}archive/").status_code,
        ]
    assert statuses == [400, 200, 201, 404, 204, 429]


def test_requests_that_are_refused_entry_do_not_count(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_writes="1/hour") as api:
        elsewhere = [api.client.post("/api/projects/99/llm_prompts/", json={}).status_code for _ in range(3)]
        assert elsewhere == [404, 404, 404]
        assert api.client.post(api.path, json={"name": "a", "prompt": "x"}).status_code == 201


def test_reads_are_unlimited_unless_a_limit_is_set(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry) as api:
        assert {api.client.get(api.path).status_code for _ in range(30)} == {200}
    with make_api(sqlite_registry, rate_limit_reads="2/hour") as api:
        assert [api.client.get(api.path).status_code for _ in range(3)] == [200, 200, 429]
        assert api.client.head(api.path).status_code == 429


def test_a_hundred_writes_in_a_row_are_allowed_by_default(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry) as api:
        assert {api.client.post(api.path, json={}).status_code for _ in range(100)} == {400}


def test_bad_keys_are_limited_per_address_while_good_keys_pass(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_bad_keys="2/hour", trust_forwarded=True) as api:
        guesser = api.client_with(BAD_KEY | {"X-Forwarded-For": "203.0.113.7"})
        statuses = [guesser.get(api.path).status_code for _ in range(4)]
        assert statuses == [401, 401, 429, 429]
        assert guesser.get(api.path, headers=bearer(api.key)).status_code == 200
        assert guesser.get(api.path, headers={"X-Forwarded-For": "203.0.113.8"}).status_code == 401


def test_an_address_cannot_be_invented_without_a_trusted_proxy(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_bad_keys="1/hour") as api:
        guesser = api.client_with(BAD_KEY)
        statuses = [guesser.get(api.path, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code for number in range(2)]
    assert statuses == [401, 429]


def test_of_several_forwarded_addresses_the_proxys_own_word_counts(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_bad_keys="1/hour", trust_forwarded=True) as api:
        guesser = api.client_with(BAD_KEY)
        chains = ("198.51.100.1, 203.0.113.7", "198.51.100.2, 203.0.113.7")
        statuses = [guesser.get(api.path, headers={"X-Forwarded-For": chain}).status_code for chain in chains]
    assert statuses == [401, 429]


def test_requests_without_any_key_are_not_counted_as_bad_ones(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_bad_keys="1/hour") as api:
        client = api.client_with({})
        assert [client.get(api.path).status_code for _ in range(3)] == [401, 401, 401]


def test_limits_are_of_this_application_alone(sqlite_registry: Registry) -> None:
    with sqlite_registry.database.write() as tx:
        key = bearer(make_key(tx, make_member(tx, sqlite_registry.project)))
    for _ in range(2):
        with make_api(sqlite_registry, rate_limit_reads="1/hour") as api:
            assert api.client_with(key).get(api.path).status_code == 200
