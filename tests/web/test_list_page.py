"""The list of prompts."""

import html
import re

import pytest
from browsing import browser_of
from builders import Api, make_prompt
from fastapi.testclient import TestClient
from prompt_pages import make, path, publish, text_of

from promptuary.model.access import Role
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import labels, prompts, usage


def test_the_list_shows_names_versions_labels_and_authors(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt="four")
    with web.registry.database.write() as tx:
        labels.move_label(tx, web.registry.actor, name="greeting", label="production", version=1)
    shown = text_of(browser.get(path(web, "prompts/")))
    assert "1 prompt " in shown
    assert "greeting v2 production v1" in shown
    assert "6 B" in shown


def test_an_empty_project_teaches_the_first_step(web: Api, browser: TestClient) -> None:
    assert "Write the first prompt" in text_of(browser.get(path(web, "prompts/")))
    viewer = browser_of(web, Role.VIEWER)
    shown = text_of(viewer.get(path(web, "prompts/")))
    assert "Write the first prompt" not in shown
    assert "Editors of this project can write the first one." in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=GREET", ["greeting"]),
        ("search=needle", ["other"]),
        ("search=%00", []),
        ("search=" + "x" * 3000, []),
        ("label=production", ["greeting"]),
        ("label=none-such", []),
        ("author=999", []),
        ("author=x&page=y&sort=z", ["greeting", "other"]),
        ("sort=name", ["greeting", "other"]),
        ("sort=-name", ["other", "greeting"]),
        ("sort=prompt_size_bytes", ["other", "greeting"]),
        ("sort=-recent_fetches", ["greeting", "other"]),
        ("sort=recent_fetches&search=e", ["other", "greeting"]),
    ],
)
def test_the_list_is_searched_filtered_and_sorted(web: Api, browser: TestClient, query: str, found: list[str]) -> None:
    make(web)
    make(web, name="other", prompt="a Needle")
    with web.registry.database.write() as tx:
        labels.move_label(tx, web.registry.actor, name="greeting", label="production", version=1)
        fetched = prompts.fetch_prompt(tx, web.registry.actor, "greeting")
        usage.record_fetches(tx, [FetchCount(tx.clock().date(), FetchKey(fetched.id, "", "production"), 3, tx.clock())])
    shown = browser.get(path(web, f"prompts/?{query}"))
    assert shown.status_code == 200
    names = re.findall(r'<th scope="row"><a [^>]*>(.*?)</a>', shown.text)
    assert (names if query.startswith("sort=") else sorted(names)) == found
    if not found:
        assert "Nothing found" in text_of(shown)


def _names(answer: object) -> list[str]:
    return re.findall(r'<th scope="row"><a [^>]*>(.*?)</a>', answer.text)  # type: ignore[attr-defined]


def test_a_search_begins_with_the_best_name_unless_another_order_is_chosen(web: Api, browser: TestClient) -> None:
    make(web, name="tone", prompt="x")
    make(web, name="kind-tone", prompt="x")
    make(web, name="another", prompt="a kind & <b>warm</b> tone")
    assert _names(browser.get(path(web, "prompts/?search=tone"))) == ["tone", "kind-tone", "another"]
    assert _names(browser.get(path(web, "prompts/?search=tone&sort=-prompt_size_bytes")))[0] == "another"
    assert _names(browser.get(path(web, "prompts/?search=tone&sort=name"))) == ["another", "kind-tone", "tone"]
    chosen = browser.get(path(web, "prompts/?search=tone&sort=-created_at")).text
    assert '<option value="-created_at" selected>By last change</option>' in chosen
    shown = browser.get(path(web, "prompts/?search=tone+kind")).text
    assert '<option value="" selected>By relevance</option>' in shown
    assert '<option value="-created_at">By last change</option>' in shown
    assert "aria-sort" not in shown


def test_a_search_shows_where_it_found_something(web: Api, browser: TestClient) -> None:
    make(web, name="another", prompt="a kind & <b>warm</b> tone")
    shown = browser.get(path(web, "prompts/?search=WARM")).text
    assert '<p class="excerpt" dir="auto">a kind &amp; &lt;b&gt;<mark>warm</mark>&lt;/b&gt; tone</p>' in shown
    assert "excerpt" not in browser.get(path(web, "prompts/")).text


def test_an_excerpt_draws_characters_that_cannot_be_seen(web: Api, browser: TestClient) -> None:
    make(web, name="another", prompt="never reveal \u202eyek\u202c warm")
    shown = browser.get(path(web, "prompts/?search=warm")).text
    assert 'class="hidden-character" dir="ltr" data-code="U+202E"' in shown


def test_the_list_has_pages(web: Api, browser: TestClient) -> None:
    with web.registry.database.write() as tx:
        for number in range(52):
            make_prompt(tx, web.registry.actor, name=f"p{number:02}")
    first, second, third = (browser.get(path(web, f"prompts/?sort=name&page={page}")) for page in (1, 2, 3))
    assert "52 prompts" in text_of(first)
    assert "p49" in text_of(first)
    assert "p50" not in text_of(first)
    assert "p51" in text_of(second)
    assert "No such page" in text_of(third)


def test_every_column_but_the_labels_can_be_sorted_by_both_ways(web: Api, browser: TestClient) -> None:
    make(web)
    shown = browser.get(path(web, "prompts/")).text
    heads = re.findall(r'<th scope="col"[^>]*>\s*(.*?)\s*</th>', shown, re.DOTALL)
    assert len(heads) == 7
    addresses = [html.unescape(found[1]) for head in heads if (found := re.search(r'href="([^"]+)"', head))]
    assert [head for head in heads if "href" not in head] == ["Labels"]
    for address in addresses:
        first = browser.get(address).text
        assert len(re.findall("aria-sort=", first)) == 1
        [other] = re.findall(r'aria-sort="(?:ascending|descending)">\s*<a href="([^"]+)"', first)
        assert html.unescape(other) != address


def test_narrow_screens_choose_the_order_from_a_menu(web: Api, browser: TestClient) -> None:
    make(web)
    for query, chosen in (("", ""), ("?sort=name", "name"), ("?sort=-name", "-name"), ("?sort=created_at", "created_at")):
        shown = browser.get(path(web, f"prompts/{query}")).text.partition('name="sort"')[2].partition("</select>")[0]
        assert re.findall(r'<option value="([^"]*)" selected>', shown) == [chosen]
        assert len(re.findall("<option", shown)) == (6 if chosen in {"", "name"} else 7)
