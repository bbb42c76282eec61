"""Pages of large and hostile texts: what they show is limited, they say what is left out, and few are made at once."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from browsing import signed_in_browser
from builders import Api
from fastapi.testclient import TestClient
from httpx2 import Response
from prompt_pages import make, path, publish, text_of

from promptuary.http.heavy_work import HeavyWork
from promptuary.model.errors import Busy
from promptuary.model.json_text import MAX_INDENTATION, dump_indented, parse
from promptuary.web.prompts.merging import MAX_CONFLICTS
from promptuary.web.prompts.visible_text import PageBudget

MAX_BYTES = 2_000_000
pytestmark = [pytest.mark.own_application, pytest.mark.timeout(120)]


def random_lines(seed: int) -> str:
    return "\n".join(f"{number * seed % 65_521:x}" for number in range(1, 80_000))


def chat(word: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"{word}{number}"} for number in range(13_000)]


# They are made when they are needed.
HUGE: dict[str, Callable[[], tuple[Any, Any]]] = {
    "short random lines": lambda: (random_lines(7919), random_lines(104_729)),
    "many chat messages": lambda: (chat("a"), chat("b")),
    "a changed word in each line": lambda: ("one two three four\n" * 49_000, "one two 3 four\n" * 60_000),
    "one long line": lambda: ("a " * 490_000, "a b" * 320_000),
    "only signs that HTML escapes": lambda: ("&\n" * 165_000, "<\n" * 165_000),
    "only hidden characters": lambda: ("\u200b\u2060\n" * 120_000, "\u200c\u202e\n" * 120_000),
    "only variables": lambda: ("{{a}}" * 95_000, "{{b}}" * 95_000),
    "variables of different names": lambda: (
        "".join(f"{{{{v{n}}}}}" for n in range(60_000)),
        "".join(f"{{{{w{n}}}}}" for n in range(60_000)),
    ),
    "only headings": lambda: ("# a\n" * 100_000, "# b\n" * 100_000),
    "one long name of a variable": lambda: ("{{" + "a" * 900_000 + "}}", "{{" + "b" * 900_000 + "}}"),
}


def shown(browser: TestClient, address: str) -> Response:
    response = browser.get(address)
    assert response.status_code == 200
    assert len(response.content) < MAX_BYTES, f"{address}: {len(response.content)}"
    return response


@pytest.mark.parametrize("kind", HUGE)
def test_pages_of_two_large_versions_stay_below_two_megabytes(web: Api, browser: TestClient, kind: str) -> None:
    old, new = HUGE[kind]()
    make(web, prompt=old)
    publish(web, base=1, prompt=new)
    prompt = path(web, "prompts/greeting/")
    for page in ("compare/", "compare/?view=side", "", "use/"):
        shown(browser, prompt + page)
    assert "not shown" in text_of(browser.get(f"{prompt}compare/"))


def test_a_comparison_says_what_it_leaves_out_and_leads_to_the_texts_in_full(web: Api, browser: TestClient) -> None:
    old, new = HUGE["short random lines"]()
    make(web, prompt=old)
    publish(web, base=1, prompt=new)
    page = shown(browser, path(web, "prompts/greeting/compare/"))
    assert "The differences are too large to show in full." in text_of(page)
    assert "added lines are not shown." in text_of(page)
    for version, text in ((1, old), (2, new)):
        address = path(web, f"prompts/greeting/text/?version={version}")
        assert f'href="{address}"' in page.text
        plain = browser.get(address)
        assert plain.headers["content-type"] == "text/plain; charset=utf-8"
        assert plain.text == text


def test_a_version_that_is_cut_says_so_and_leads_to_the_whole_text(web: Api, browser: TestClient) -> None:
    make(web, prompt="{{a}}" * 95_000)
    page = shown(browser, path(web, "prompts/greeting/"))
    assert "This version is too long to show in full" in text_of(page)
    assert path(web, "prompts/greeting/text/?version=1") in page.text


def test_an_ordinary_text_of_almost_a_megabyte_is_shown_whole(web: Api, browser: TestClient) -> None:
    text = "All is well in the state of plain prose.\n" * 23_000
    make(web, prompt=text)
    assert text in shown(browser, path(web, "prompts/greeting/")).text


def test_many_headings_variables_and_keys_of_a_config_are_counted(web: Api, browser: TestClient) -> None:
    many = "".join(f"# Part {number}\n{{{{name{number}}}}}\n" for number in range(10_000))
    make(web, prompt=many, config={str(number): number for number in range(50_000)})
    said = text_of(shown(browser, path(web, "prompts/greeting/")))
    assert "and 9,900 more headings" in said
    assert "9,970 more variables" in said
    assert "9,000 of them are not listed." in said
    publish(web, base=1, prompt=many, config={str(number): number + 1 for number in range(50_000)})
    assert "more changes are not shown" in text_of(shown(browser, path(web, "prompts/greeting/compare/")))


def test_deep_json_is_indented_only_where_that_keeps_it_small(web: Api, browser: TestClient) -> None:
    deep: object = list(range(100_000))
    for _ in range(190):
        deep = {"a": deep}
    assert parse(dump_indented(deep)) == deep
    assert len(dump_indented(deep)) < MAX_INDENTATION
    assert dump_indented({"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}'
    make(web, prompt=[deep], config={"a": deep})
    publish(web, base=1, prompt=[deep, 1], config={"b": deep})
    for page in ("", "compare/"):
        shown(browser, path(web, f"prompts/greeting/{page}"))


def test_reviews_of_large_versions_are_as_small_as_their_forms_allow(web: Api, browser: TestClient) -> None:
    old, new = HUGE["short random lines"]()
    make(web, prompt=old)
    publish(web, base=1, prompt=new)
    prompt = path(web, "prompts/greeting/")
    shown(browser, f"{prompt}restore/?version=1")
    browser.post(f"{prompt}labels/set/", data={"label": "live", "version": "1"})
    shown(browser, f"{prompt}labels/set/?label=live&version=2")


def test_many_conflicts_become_one_choice_and_nothing_is_lost(web: Api, browser: TestClient) -> None:
    base, theirs, yours = ("".join(f"{name}{n}\nsame {n}\n" for n in range(MAX_CONFLICTS + 1)) for name in ("b", "t", "y"))
    many = {name: {str(n): f"{name}{n}" for n in range(MAX_CONFLICTS + 1)} for name in ("b", "t", "y")}
    make(web, prompt=base, config=many["b"])
    publish(web, base=1, prompt=theirs, config=many["t"])
    form = {"prompt": yours, "config": json.dumps(many["y"]), "base_version": "1", "format": "text", "note": ""}
    page = browser.post(path(web, "prompts/greeting/publish/"), data=form)
    assert page.status_code == 409
    assert page.text.count('class="conflict"') == 2
    chosen = {"theirs": "2", "whole-text": "yours", "whole-config": "theirs"}
    review = browser.post(path(web, "prompts/greeting/merge/"), data=form | chosen)
    assert review.status_code == 200
    assert yours.rstrip("\n") in review.text


def test_a_conflict_of_large_texts_stays_small(web: Api, browser: TestClient) -> None:
    texts = ["".join(f"{name}{n * 7919 % 40_000}\n" for n in range(100_000)) for name in ("b", "t", "y")]
    make(web, prompt=texts[0])
    publish(web, base=1, prompt=texts[1])
    form = {"prompt": texts[2], "config": "", "base_version": "1", "format": "text", "note": ""}
    page = browser.post(path(web, "prompts/greeting/publish/"), data=form)
    assert page.status_code == 409
    assert len(page.content) < MAX_BYTES
    assert "Your choice applies to the full text:" in text_of(page)


def test_a_room_shows_no_more_than_it_has() -> None:
    budget = PageBudget(left=10_000)
    first = budget.show("a" * 9_000)
    assert str(first) == "a" * 9_000
    assert "5,000 more characters are not shown" in budget.show("b" * 5_000)
    assert budget.left_out == 5_000
    assert "1 more characters are not shown" in budget.show("c")


def test_few_heavy_pages_are_made_at_once_and_the_rest_wait_without_a_thread() -> None:
    async def scenario() -> None:
        work = HeavyWork(at_once=1, max_waiting=1, max_seconds=60)
        begun, may_end = threading.Event(), threading.Event()

        def hold() -> str:
            begun.set()
            may_end.wait(30)
            return "first"

        first = asyncio.create_task(work.run(hold))
        await asyncio.to_thread(begun.wait, 30)
        second = asyncio.create_task(work.run(lambda: "second"))
        while work.waiting == 0:
            await anyio.lowlevel.checkpoint()
        with pytest.raises(Busy):
            await work.run(lambda: "third")
        may_end.set()
        assert [await first, await second] == ["first", "second"]
        assert await work.run(lambda: "fourth") == "fourth"

    asyncio.run(scenario())


def test_who_waits_too_long_is_told_to_come_back() -> None:
    async def scenario() -> None:
        work = HeavyWork(at_once=1, max_seconds=0)
        may_end, begun = threading.Event(), threading.Event()

        def hold() -> None:
            begun.set()
            may_end.wait(30)

        first = asyncio.create_task(work.run(hold))
        await asyncio.to_thread(begun.wait, 30)
        with pytest.raises(Busy):
            await work.run(lambda: None)
        may_end.set()
        await first

    asyncio.run(scenario())


def test_a_busy_server_says_so_with_the_time_to_come_back(web: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    make(web)
    browser = signed_in_browser(web, web.registry.user)

    async def refuse(_self: HeavyWork, _work: object) -> None:
        raise Busy

    monkeypatch.setattr(HeavyWork, "run", refuse)
    page = browser.get(path(web, "prompts/greeting/compare/"))
    assert (page.status_code, page.headers["retry-after"]) == (503, "1")
    assert "The server is busy" in text_of(page)
    assert browser.get(path(web, "prompts/greeting/")).status_code == 200
