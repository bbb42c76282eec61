"""The documentation as a site: everything has a place, every link leads somewhere, and nothing comes from elsewhere."""

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from built_site import GENERATOR, ROOT, Page, build, dead_links, is_elsewhere, read_pages, styled_loads
from chromium import CHROMIUM, chromium, open_each, open_page
from playwright.sync_api import Browser, expect

from docsite.navigation import CLIENT, list_sections
from docsite.staging import stage

PAGES = [page.target.replace(".md", ".html") for section in list_sections(ROOT) for page in section.pages]
PAGES_BUT_DECISIONS = [page for page in PAGES if not page.startswith("decisions/0")]

pytestmark = pytest.mark.skipif(not GENERATOR.exists(), reason="`make docs` installs what builds the site.")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site").resolve()
    stage(folder)
    built = build(folder)
    assert (built.returncode, built.stderr) == (0, "No issues found\n"), built.stdout + built.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return read_pages(site)


def test_every_page_is_in_the_navigation_of_every_page(site: Path, pages: dict[Path, Page]) -> None:
    assert {str(path.relative_to(site)) for path in pages} == {*PAGES, "404.html"}
    start = {urlsplit(link).path or "index.html" for link in pages[site / "index.html"].links}
    assert [page for page in PAGES if page not in start and page.removesuffix("index.html") not in start] == []


def test_every_link_leads_to_a_page_and_a_place_on_it(pages: dict[Path, Page]) -> None:
    assert sum(len(page.links) for page in pages.values()) > 1000
    assert list(dead_links(pages)) == []


def test_links_to_other_sites_are_addresses_of_the_web(pages: dict[Path, Page]) -> None:
    outward = {link for page in pages.values() for link in page.links if is_elsewhere(link)}
    assert [link for link in outward if not re.fullmatch(r"https?://[\w-]+(\.[\w-]+)+(:\d+)?(/[^\s<>\"]*)?", link)] == []


def test_pages_and_styles_load_nothing_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    styles = {address for path in site.rglob("*.css") for address in styled_loads(path.read_text())}
    loads = {address for page in pages.values() for address in page.loads}
    assert "./assets/site.css" in loads
    assert [address for address in loads | styles if is_elsewhere(address)] == []


@pytest.mark.skipif(not (ROOT / CLIENT).exists(), reason="The client library is not here.")
def test_the_client_library_is_documented_from_its_docstrings(pages: dict[Path, Page], site: Path) -> None:
    places = pages[site / "client/reference.html"].places
    assert {f"promptuary_client.{name}" for name in ("Promptuary.get", "AsyncPromptuary.get", "Prompt.compile")} <= places


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed.")
def test_browsers_ask_no_other_host_and_pages_fit_on_a_phone(served: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 700}, color_scheme="dark")
    asked: set[str] = set()
    context.on("request", lambda request: asked.add(request.url))
    wide = []
    for address, page, complaints in open_each(context, {address: served + address for address in PAGES_BUT_DECISIONS}):
        assert (address, complaints) == (address, [])
        wide += [address] if page.evaluate("document.documentElement.scrollWidth > innerWidth") else []
    assert wide == []
    assert [address for address in asked if not address.startswith((served, "data:", "blob:"))] == []
    assert any(address.endswith("-dark.png") for address in asked)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed.")
@pytest.mark.parametrize(
    ("words", "page_name"),
    [("restore archived", "endpoints.html"), ("rollback", "concepts.html")],
    ids=["an endpoint", "how to roll back by one word"],
)
def test_search_finds(served: str, browser: Browser, words: str, page_name: str) -> None:
    page, complaints = open_page(browser.new_context(viewport={"width": 1280, "height": 800}), served)
    page.get_by_role("button", name="Search").first.click()
    page.keyboard.type(words)
    # On the way there, results are those of a part of the words.
    found = re.compile(rf"/{re.escape(page_name)}\?h={words.replace(' ', '[+]')}(#|$)")
    expect(page.locator("a[href*='?h=']").first).to_have_attribute("href", found)
    page.keyboard.press("Enter")
    expect(page).to_have_url(found)
    assert complaints == []
