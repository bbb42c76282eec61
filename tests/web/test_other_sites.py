"""Which requests other sites can send with a visitor's cookie: none that change something."""

import re

import pytest
from browsing import browser_of
from builders import Api
from fastapi.testclient import TestClient

from promptuary.http.origin import is_from_elsewhere
from promptuary.model.access import Role
from promptuary.store import changes
from promptuary.web.application import ROUTES

HOST = "prompts.example.com"


def _is_from_elsewhere(headers: dict[str, str], *, host: str = HOST, public_url: str = "") -> bool:
    sent = [(name.lower().encode(), value.encode()) for name, value in ({"Host": host} | headers).items()]
    return is_from_elsewhere({"type": "http", "headers": sent}, public_url=public_url)


@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({}, False),
        ({"Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": ""}, True),
        ({"Sec-Fetch-Site": "Same-Origin"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": f"https://{HOST}"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, False),
        ({"Origin": f"https://{HOST}"}, False),
        ({"Origin": f"http://{HOST.upper()}"}, False),
        ({"Origin": f"https://{HOST}:8443"}, True),
        ({"Origin": f"https://evil.{HOST}"}, True),
        ({"Origin": f"https://{HOST}.evil.example"}, True),
        ({"Origin": f"https://{HOST}@evil.example"}, True),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": ""}, True),
        ({"Origin": "https://[broken"}, True),
    ],
)
def test_a_request_is_from_elsewhere_if_its_browser_says_so(headers: dict[str, str], *, is_refused: bool) -> None:
    assert _is_from_elsewhere(headers) is is_refused


def test_behind_a_proxy_that_puts_its_own_host_in_place_the_public_address_counts() -> None:
    headers = {"Origin": "https://prompts.example.com"}
    assert _is_from_elsewhere(headers, host="127.0.0.1:8000")
    assert not _is_from_elsewhere(headers, host="127.0.0.1:8000", public_url="https://prompts.example.com/base")


@pytest.mark.parametrize("origin", ["null", "", "file://"])
def test_no_host_at_all_is_nobodys_origin(origin: str) -> None:
    assert _is_from_elsewhere({"Origin": origin}, host="")


FORMS = sorted({route.path for route in ROUTES if "POST" in (route.methods or ())})


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
)
@pytest.mark.parametrize("path", FORMS)
def test_no_form_of_another_site_is_taken(shared_api: Api, path: str, headers: dict[str, str]) -> None:
    admin = browser_of(shared_api, Role.ADMIN)
    del admin.headers["Sec-Fetch-Site"]
    with shared_api.registry.database.read() as tx:
        before = changes.last_sequence(tx)
    filled = re.sub(r"\{project_id\}", str(shared_api.registry.project.id), path).replace("{", "").replace("}", "")
    answer = admin.post(filled, data={"name": "x", "email": "x@example.com", "confirmed": "yes"}, headers=headers)
    assert (answer.status_code, "This form was not sent by a page of Promptuary." in answer.text) == (403, True)
    with shared_api.registry.database.read() as tx:
        assert changes.last_sequence(tx) == before


def test_other_sites_can_link_to_pages(browser: TestClient) -> None:
    assert browser.get("/settings/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
