"""Behind a proxy that is trusted, requests look as their clients sent them; else a client's claims change nothing."""

from collections.abc import Mapping

import pytest
from builders import Registry, make_api, make_prompt

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FORWARDED = {
    "X-Forwarded-For": "203.0.113.9, 198.51.100.7",
    "X-Forwarded-Proto": "http, https",
    "X-Forwarded-Host": "anything.example.net, prompts.example.com",
}


def next_link(registry: Registry, headers: Mapping[str, str], **settings: object) -> str:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name="one")
        make_prompt(tx, registry.actor, name="two")
    with make_api(registry, **settings) as api:
        link: str = api.client.get(f"{api.path}?limit=1", headers=dict(headers)).json()["next"]
    return link


def test_links_lead_to_the_host_that_a_trusted_proxy_tells_of(registry: Registry) -> None:
    link = next_link(registry, FORWARDED, trust_forwarded=True)
    assert link == f"https://prompts.example.com/api/projects/{registry.project.id}/llm_prompts/?limit=1&offset=1"


def test_links_lead_to_the_host_of_the_request_when_no_proxy_is_trusted(registry: Registry) -> None:
    assert next_link(registry, FORWARDED).startswith("http://testserver/api/projects/")


def test_links_lead_to_the_public_url_whatever_else_is_told(registry: Registry) -> None:
    link = next_link(registry, FORWARDED, trust_forwarded=True, public_url="https://prompts.example.org/registry/")
    assert link.startswith("https://prompts.example.org/registry/api/projects/")


def test_a_broken_claim_is_not_believed(registry: Registry) -> None:
    link = next_link(registry, {"X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "a b"}, trust_forwarded=True)
    assert link.startswith("http://testserver:80/api/projects/")


def test_invalid_keys_are_counted_for_the_address_that_the_trusted_proxy_was_called_from(registry: Registry) -> None:
    with make_api(registry, trust_forwarded=True, rate_limit_bad_keys="1/hour") as api:
        client = api.client_with({"Authorization": "Bearer phx_wrong"})
        addresses = ["1.1.1.1, 203.0.113.1", "2.2.2.2, 203.0.113.1", "1.1.1.1, 203.0.113.2"]
        statuses = [client.get(api.path, headers={"X-Forwarded-For": address}).status_code for address in addresses]
    assert statuses == [401, 429, 401]


def test_of_several_lines_of_a_header_the_last_one_counts(registry: Registry) -> None:
    with make_api(registry, trust_forwarded=True, rate_limit_bad_keys="1/hour") as api:
        client = api.client_with({"Authorization": "Bearer phx_wrong"})
        statuses = [
            client.get(api.path, headers=[("X-Forwarded-For", claimed), ("X-Forwarded-For", "203.0.113.1")]).status_code
            for claimed in ("6.6.6.6", "7.7.7.7")
        ]
        assert statuses == [401, 429]
        with registry.database.write() as tx:
            make_prompt(tx, registry.actor, name="one")
            make_prompt(tx, registry.actor, name="two")
        lines = [
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "evil.example.net"),
            ("X-Forwarded-Host", "prompts.example.com"),
        ]
        link = api.client.get(f"{api.path}?limit=1", headers=lines).json()["next"]
    assert link.startswith("https://prompts.example.com/api/")


def test_a_client_whose_address_cannot_be_read_is_the_proxy(registry: Registry) -> None:
    with make_api(registry, trust_forwarded=True, rate_limit_bad_keys="1/hour") as api:
        client = api.client_with({"Authorization": "Bearer phx_wrong"})
        claims = ("unknown", "1.1.1.1, not an address", "2.2.2.2,", "")
        statuses = [client.get(api.path, headers={"X-Forwarded-For": claim}).status_code for claim in claims]
    assert statuses == [401, 429, 429, 429]


@pytest.mark.parametrize(
    "host", ["a b", 'x.example"onload=1', "user@example.com", "example.com:99999999", "a/b", "[::1", "x" * 300]
)
def test_a_host_that_cannot_be_one_is_not_believed(registry: Registry, host: str) -> None:
    assert next_link(registry, {"X-Forwarded-Host": host}, trust_forwarded=True).startswith("http://testserver:80/api/")
