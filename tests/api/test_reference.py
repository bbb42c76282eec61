"""The reference of the API as a page for browsers, and the files that it loads."""

import re

import pytest
from builders import Api


def test_the_reference_works_offline(sqlite_api: Api) -> None:
    client = sqlite_api.client_with({})
    page = client.get("/api/docs/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    referred = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.text)
    assert not re.findall(r"https?://", page.text)
    assert len(referred) == 4
    assert '<a href="/">Back to the prompts</a>' in page.text
    for address in referred:
        assert client.get(address).status_code == 200
    assert "'/api/schema/'" in page.text


def test_the_reference_is_dark_for_readers_who_prefer_that(sqlite_api: Api) -> None:
    client = sqlite_api.client_with({})
    assert 'matchMedia("(prefers-color-scheme: dark)")' in client.get("/api/docs/").text
    assert "html.dark-mode{" in client.get("/api/docs/swagger-ui.css/").text


@pytest.mark.parametrize(
    ("asset", "media_type"),
    [
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("favicon.png", "image/png"),
    ],
)
def test_assets_are_served_with_their_types(sqlite_api: Api, asset: str, media_type: str) -> None:
    answer = sqlite_api.client_with({}).get(f"/api/docs/{asset}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert len(answer.content) > 500


@pytest.mark.parametrize("path", ["../../secret", "%2e%2e/__init__.py", "__init__.py", "swagger-ui.css/x", "redoc.standalone.js"])
def test_no_other_file_is_served(sqlite_api: Api, path: str) -> None:
    assert sqlite_api.client_with({}).get(f"/api/docs/{path}").status_code == 404
