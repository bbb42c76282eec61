"""Refusals of a server that a command tells of."""

import json

import httpx2
import pytest

from promptuary.remote.errors import Protected
from promptuary.remote.guarded import GuardedClient
from promptuary.remote.profiles import Profile


@pytest.mark.parametrize(
    ("host", "page"),
    [
        ("http://h", "/projects/1/requests/"),
        ("http://h/team/prompts", "/team/prompts/projects/1/requests/"),
        ("http://h/team/prompts/", "/team/prompts/projects/1/requests/"),
        ("http://h/team/prompts", "/projects/1/requests/"),
        ("http://h/a.b%20c", "/a.b%20c/projects/1/requests/"),
    ],
)
def test_the_page_of_change_requests_is_found_below_the_path_of_the_host(host: str, page: str) -> None:
    body = json.dumps({"detail": "Protected.", "change_requests_url": page}).encode()
    server = httpx2.MockTransport(lambda _: httpx2.Response(403, content=iter([body])))
    with GuardedClient(Profile(host, "phx_key", "1"), None, transport=server) as client, pytest.raises(Protected) as refused:
        client.get(f"{host}/api/")
    assert refused.value.address == f"{host.rstrip('/')}/projects/1/requests/"
