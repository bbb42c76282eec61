"""What all pages have in common: errors, methods, spellings of addresses and headers."""

import re
from pathlib import Path

import pytest
from builders import Api
from fastapi.testclient import TestClient
from httpx2 import URL
from sqlalchemy import text

import promptuary.web
from promptuary.model import errors
from promptuary.registry.operator import users
from promptuary.web.application import ROUTES
from promptuary.web.errors import PAGES, TITLES, page_of
from promptuary.web.headers import ALWAYS, WHERE_SAFE

TEMPLATES = Path(promptuary.web.__file__).parent / "templates"
INLINE = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
PATHS = sorted({route.path.replace("{", "").replace("}", "") for route in ROUTES})


pytestmark = pytest.mark.own_application


def _all_refusals(kind: type[errors.RegistryError] = errors.RegistryError) -> list[type[errors.RegistryError]]:
    return [each for child in kind.__subclasses__() for each in (child, *_all_refusals(child))]


@pytest.mark.parametrize("error", _all_refusals())
def test_every_refusal_has_a_page(error: type[errors.RegistryError]) -> None:
    shown = page_of(error.__new__(error))
    assert 400 <= shown.status < 600
    assert shown.title
    # Pages of what is not there lead back to what is.
    assert shown.advice or shown.status == 404


def test_the_root_of_all_refusals_has_no_page_that_would_hide_a_missing_one() -> None:
    assert errors.RegistryError not in PAGES


@pytest.mark.parametrize("path", ["/nothing", "/API/schema/", "/project", "/%00", "/a%2Fb", "/\N{SNOWMAN}"])
def test_an_unknown_address_has_a_page_that_says_so(passer_by: TestClient, path: str) -> None:
    answer = passer_by.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert TITLES[404] in answer.text


NOT_FOUND = '{"type":"invalid_request","code":"not_found","detail":"Endpoint not found.","attr":null}'
OF_BROWSERS = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("method", "path", "accept"),
    [
        ("POST", "/batch/", "*/*"),
        ("POST", "/batch", "*/*"),
        ("POST", "/capture/", "application/json"),
        ("POST", "/e/", OF_BROWSERS),
        ("POST", "/decide/", "*/*"),
        ("POST", "/flags/", ""),
        ("POST", "/i/v0/e/", "*/*"),
        ("GET", "/flags/", "*/*"),
        ("GET", "/nothing", "application/json"),
        ("POST", "/nothing", "*/*"),
        ("POST", "/nothing", "application/json"),
        ("PUT", "/nothing", OF_BROWSERS),
        ("OPTIONS", "/batch/", "*/*"),
        ("BREW", "/nothing", "*/*"),
    ],
)
def test_a_program_at_an_unknown_address_gets_the_short_json_of_the_api(
    passer_by: TestClient, method: str, path: str, accept: str
) -> None:
    answer = passer_by.request(method, path, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (404, "application/json", NOT_FOUND)


@pytest.mark.parametrize(("method", "accept"), [("GET", OF_BROWSERS), ("GET", "text/html"), ("POST", OF_BROWSERS)])
def test_a_browser_at_an_unknown_address_gets_a_page(passer_by: TestClient, method: str, accept: str) -> None:
    answer = passer_by.request(method, "/nothing", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_a_program_that_uses_another_method_on_a_page_gets_the_short_json_of_the_api(stranger: TestClient) -> None:
    answer = stranger.request("BREW", "/sign-in")
    assert (answer.status_code, answer.json()["detail"]) == (405, 'Method "BREW" not allowed.')


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_pages_know_no_methods_but_those_of_browsers(passer_by: TestClient, method: str, path: str) -> None:
    answer = passer_by.request(method, path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) <= {"GET", "HEAD", "POST"}


@pytest.mark.parametrize(
    ("origin", "is_safe"),
    [
        ("https://prompts.example.com", True),
        ("http://localhost:8000", True),
        ("http://app.localhost", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("http://prompts.example.com", False),
        ("http://localhost.example.com", False),
        ("http://192.0.2.1:8000", False),
    ],
)
def test_what_browsers_heed_only_where_it_is_safe_is_said_only_there(passer_by: TestClient, origin: str, *, is_safe: bool) -> None:
    answer = passer_by.get(f"{origin}/sign-in")
    assert {name: answer.headers.get(name) for name in WHERE_SAFE} == (WHERE_SAFE if is_safe else dict.fromkeys(WHERE_SAFE))


@pytest.mark.parametrize("path", ["/sign-in", "/nothing", "/projects/1/prompts/", "/settings/"])
def test_a_head_is_that_of_the_page_without_the_page(browser: TestClient, path: str) -> None:
    page, head = browser.get(path), browser.head(path)
    assert (head.status_code, head.content) == (page.status_code, b"")
    assert head.headers["content-length"] == page.headers["content-length"]


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_every_answer_of_every_page_has_the_headers_that_keep_it_safe(passer_by: TestClient, method: str, path: str) -> None:
    answer = passer_by.request(method, path, follow_redirects=False)
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert answer.headers["cache-control"] == "no-store"


def test_the_policy_allows_nothing_from_elsewhere_and_nothing_inline() -> None:
    policy = ALWAYS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not any(word in policy for word in ("unsafe", "http", "*"))


def test_strangers_who_open_the_bare_address_are_sent_to_sign_in(stranger: TestClient) -> None:
    answer = stranger.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_strangers_who_open_a_page_come_back_to_it_after_they_have_signed_in(stranger: TestClient) -> None:
    answer = stranger.get("/settings/sessions/?a=b&c=/x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/settings/sessions/%3Fa%3Db%26c%3D/x")


@pytest.mark.parametrize(("spelled", "meant"), [("/settings", "/settings/"), ("/sign-in/?next=/x", "/sign-in?next=/x")])
def test_a_slash_too_few_or_too_many_leads_to_the_page(stranger: TestClient, spelled: str, meant: str) -> None:
    answer = stranger.get(spelled)
    assert (answer.status_code, answer.headers["location"]) == (307, meant)


def test_a_defect_has_a_page_with_the_id_under_which_the_log_tells_more(web: Api, browser: TestClient) -> None:
    with web.registry.database.write() as tx:
        tx.connection.execute(text("UPDATE users SET created_at = 'damaged'"))
    answer = browser.get("/", headers={"X-Request-ID": "the-id"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "the-id")
    assert "this request ID: the-id" in answer.text
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert "damaged" not in answer.text


def test_a_database_that_does_not_answer_has_a_page(web: Api, browser: TestClient) -> None:
    with web.registry.database.write() as tx:
        tx.connection.execute(text("DROP TABLE sessions"))
    answer = browser.get("/settings/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "The database does not answer" in answer.text
    assert "no such table" not in answer.text


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"x", "", 415),
        (b"--x--", "multipart/form-data; boundary=x", 415),
        (b"first_name=%FF", "application/x-www-form-urlencoded", 400),
        (b"first_name=\xff", "application/x-www-form-urlencoded", 400),
        (b"a=&" * 2001, "application/x-www-form-urlencoded", 400),
        (b"first_name=" + b"x" * 5_000_000, "application/x-www-form-urlencoded", 413),
        (b"first_name=" + b"x" * 151, "application/x-www-form-urlencoded", 400),
        (b"first_name=%00", "application/x-www-form-urlencoded", 400),
        (b"first_name=%ED%A0%80", "application/x-www-form-urlencoded", 400),
    ],
)
def test_a_hostile_form_gets_a_clear_page_and_changes_nothing(
    web: Api, browser: TestClient, body: bytes, content_type: str, status: int
) -> None:
    answer = browser.post("/settings/", content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    with web.registry.database.read() as tx:
        assert users.get_user(tx, web.registry.user.email).first_name == web.registry.user.first_name


def test_what_people_type_is_never_markup(browser: TestClient) -> None:
    hostile = "<script>alert(1)</script>\"'><b>"
    assert browser.post("/settings/", data={"first_name": hostile}).status_code == 303
    page = browser.get("/settings/").text
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&gt;&lt;b&gt;" in page


def test_no_page_has_inline_scripts_styles_or_handlers() -> None:
    templates = [path.read_text() for path in TEMPLATES.rglob("*.html")]
    assert len(templates) > 5
    found = [match[0] for text in templates for match in INLINE.finditer(text)]
    assert found == []
    assert all("|safe" not in text and "| safe" not in text for text in templates)


def test_by_https_browsers_are_told_to_come_back_by_https_only(stranger: TestClient) -> None:
    assert "strict-transport-security" not in stranger.get("/sign-in").headers
    stranger.base_url = URL("https://prompts.example.com")
    assert stranger.get("/sign-in").headers["strict-transport-security"] == "max-age=31536000"
