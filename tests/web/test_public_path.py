"""The pages under a path of a host, behind a proxy that takes the path off."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from browsing import LIMITS
from builders import Api, Registry, bearer, make_api
from fastapi.testclient import TestClient
from prompt_pages import make, publish
from request_pages import protect
from starlette.types import ASGIApp, Receive, Scope, Send

import promptuary.web
from promptuary.agents.running import refused as run_refused
from promptuary.http.public_path import path_of
from promptuary.model.accounts import Browser
from promptuary.model.release_errors import LabelProtected
from promptuary.registry import labels, sessions

ROOT = "/team/prompts"
ORIGIN = "https://example.com"


def _behind_proxy(application: ASGIApp) -> ASGIApp:
    """Serve the application under a path, and nothing beside it."""

    async def proxied(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            assert scope["path"].startswith(f"{ROOT}/"), scope["path"]
            stripped = scope["path"].removeprefix(ROOT)
            scope = {**scope, "path": stripped, "raw_path": scope["raw_path"].removeprefix(ROOT.encode())}
        await application(scope, receive, send)

    return proxied


@pytest.fixture
def proxied(sqlite_registry: Registry) -> Iterator[Api]:
    with make_api(sqlite_registry, public_url=f"{ORIGIN}{ROOT}/") as api:
        yield api


@pytest.fixture
def visitor(proxied: Api) -> TestClient:
    """A browser beyond the proxy, in which nobody is signed in."""
    client = TestClient(_behind_proxy(proxied.client.app), base_url=ORIGIN, headers={"Sec-Fetch-Site": "same-origin"})
    client.portal = proxied.client.portal
    client.follow_redirects = False
    return client


@pytest.fixture
def member(proxied: Api, visitor: TestClient) -> TestClient:
    with proxied.registry.database.write() as tx:
        new = sessions.begin_session(tx, proxied.registry.user.id, limits=LIMITS, browser=Browser("192.0.2.1", "Testfox"))
    visitor.cookies.set("__Secure-promptuary", new.value, domain="example.com", path=ROOT)
    return visitor


ATTRIBUTE = re.compile(r"""\b(href|src|action|srcset)=["']([^"']*)["']""")


def test_every_address_of_every_page_has_the_path(proxied: Api, member: TestClient) -> None:
    make(proxied)
    publish(proxied, base=1, prompt="four")
    with proxied.registry.database.write() as tx:
        labels.move_label(tx, proxied.registry.actor, name="greeting", label="production", version=1)
    waiting, seen = [f"{ROOT}/", f"{ROOT}/projects/1/prompts", f"{ROOT}/nothing"], set[str]()
    while waiting and len(seen) < 150:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = member.get(address)
        assert answer.status_code < 500, address
        found = [urljoin(address, answer.headers["location"])] if "location" in answer.headers else []
        if "html" in answer.headers.get("content-type", ""):
            found += [urljoin(address, html.unescape(value)) for _, value in ATTRIBUTE.findall(answer.text)]
        if "css" in answer.headers.get("content-type", ""):
            found += [urljoin(address, value) for value in re.findall(r'url\("([^"]+)"\)', answer.text)]
        for each in found:
            parts = urlsplit(each)
            if parts.netloc in {"", "example.com"} and parts.scheme in {"", "https"}:
                assert parts.path.startswith(f"{ROOT}/"), (address, each)
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    assert len(seen) > 40
    assert {f"{ROOT}/api/docs/", f"{ROOT}/settings/keys/", f"{ROOT}/projects/1/prompts/greeting/edit/"} <= seen


def test_one_signs_in_and_out_under_the_path(proxied: Api, visitor: TestClient) -> None:
    wanted = visitor.get(f"{ROOT}/settings/keys/")
    assert wanted.headers["location"] == f"{ROOT}/sign-in?next=/settings/keys/"
    page = visitor.get(wanted.headers["location"]).text
    assert f'action="{ROOT}/sign-in"' in page
    assert '<input type="hidden" name="next" value="/settings/keys/">' in page
    with proxied.registry.database.write() as tx:
        new = sessions.begin_session(tx, proxied.registry.user.id, limits=LIMITS, browser=Browser("192.0.2.1", "Testfox"))
    visitor.cookies.set("__Secure-promptuary", new.value, domain="example.com", path=ROOT)
    assert visitor.get(wanted.headers["location"]).headers["location"] == f"{ROOT}/settings/keys/"
    left = visitor.post(f"{ROOT}/sign-out")
    assert left.headers["location"] == f"{ROOT}/sign-in"
    cookie = left.headers["set-cookie"]
    assert cookie.startswith("__Secure-promptuary=")
    assert f"Path={ROOT};" in cookie
    assert "Secure" in cookie


def test_a_form_leads_on_under_the_path(member: TestClient) -> None:
    answer = member.post(f"{ROOT}/settings/", data={"first_name": "Ada", "last_name": "L"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{ROOT}/settings/")


def test_links_of_the_api_and_its_document_have_the_path(proxied: Api, visitor: TestClient) -> None:
    make(proxied)
    make(proxied, name="other")
    page = visitor.get(f"{ROOT}{proxied.path}?limit=1", headers=bearer(proxied.key)).json()
    assert page["next"].startswith(f"{ORIGIN}{ROOT}/api/projects/")
    assert visitor.get(f"{ROOT}/api/schema/").json()["servers"] == [{"url": ROOT}]
    assert f"'{ROOT}/api/schema/'" in visitor.get(f"{ROOT}/api/docs/").text
    assert f'<a href="{ROOT}/">Back to the prompts</a>' in visitor.get(f"{ROOT}/api/docs/").text


def test_the_page_of_change_requests_has_the_path(proxied: Api, visitor: TestClient) -> None:
    make(proxied)
    protect(proxied)
    label = f"{ROOT}{proxied.path}name/greeting/labels/production/"
    refused = visitor.put(label, json={"version": 1}, headers=bearer(proxied.key))
    page = f"{ROOT}/projects/{proxied.registry.project.id}/requests/"
    assert (refused.status_code, refused.json()["change_requests_url"]) == (403, page)
    told = run_refused(LabelProtected("production", proxied.registry.project.id), public_url=f"{ORIGIN}{ROOT}/").body
    assert told == refused.json()


def test_no_template_has_an_address_without_the_path() -> None:
    templates = [*(Path(promptuary.web.__file__).parent / "templates").rglob("*.html")]
    assert len(templates) > 20
    for template in templates:
        assert not re.search(r'\b(?:href|src|action)="/', template.read_text()), template


@pytest.mark.parametrize(
    ("public_url", "path"),
    [
        ("", ""),
        ("https://example.com", ""),
        ("https://example.com/", ""),
        ("https://example.com/a", "/a"),
        ("https://example.com//a//b/", "/a/b"),
        ('https://example.com/a b"c', "/a%20b%22c"),
    ],
)
def test_the_path_is_that_of_the_public_url(public_url: str, path: str) -> None:
    assert path_of(public_url) == path
