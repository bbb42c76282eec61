"""Every page that shows a prompt stays small for the worst texts, and so do the forms that carry one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from builders import Api
from fastapi.testclient import TestClient
from httpx2 import Response
from markupsafe import escape
from prompt_pages import follow, headline, latest, make, path, publish
from web_forms import edited, form_of

from promptuary.model.json_text import dump_indented
from promptuary.registry import prompts

MAX_BYTES = 2_000_000
pytestmark = [pytest.mark.own_application, pytest.mark.timeout(120)]


def lines(seed: int) -> str:
    return "\n".join(f"{number * seed % 65_521:x}" for number in range(1, 100_000))[:405_000]


def deep(leaf: object) -> object:
    for _ in range(190):
        leaf = {"a": leaf}
    return leaf


def words(word: str) -> str:
    return "".join(f"the {word} of line {number}\n" for number in range(20_000))


def chat(word: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"{word}{number % 1000} {'&' * 16}"} for number in range(13_500)]


# Each is a base, what another person made of it, and what one has made of it oneself. They are made when they are needed.
TEXTS: dict[str, Callable[[], Any]] = {
    "short random lines": lambda: (lines(7919), lines(104_729), lines(15_485_863)),
    "many chat messages": lambda: (chat("a"), chat("b"), chat("c")),
    "as many chat messages as are shown": lambda: tuple(
        [{"role": "user", "content": f"{each}{n}"} for n in range(500)] for each in "abc"
    ),
    "a changed word in each line": lambda: (words("one"), words("two"), words("three")),
    "one line": lambda: ("a" * 450_000, "a" * 449_000 + "b" * 1000, "c" * 1000 + "a" * 449_000),
    "ampersands": lambda: ("&" * 600_000, "&" * 599_999 + "1", "2" + "&" * 599_999),
    "angle brackets": lambda: ("<" * 600_000, "<" * 599_999 + "1", "2" + "<" * 599_999),
    "changed Chinese lines": lambda: tuple(
        "".join(f"{each}\u6587\u5b57\u7b26 {n}\n" for n in range(23_000)) for each in "\u4e00\u4e8c\u4e09"
    ),
    "hidden characters": lambda: ("\u200b" * 165_000, "\u200b" * 164_000 + "a", "b" + "\u200b" * 164_000),
    "deep JSON": lambda: ([deep("a")], [deep("b")], [deep("c")]),
    "deep and wide JSON": lambda: tuple([deep(list(range(number, 140_000)))] for number in (1, 2, 3)),
    "opening brackets": lambda: ("[" * 99_000, "[" * 98_000 + "a", "b" + "[" * 98_000),
    "opening braces": lambda: ("{{" * 225_000, "{{" * 224_999 + "a", "b" + "{{" * 224_000),
    "sections of character data": lambda: ("<![CDATA[" * 109_000, "<![CDATA[" * 108_000 + "a", "b" + "<![CDATA[" * 108_000),
    "empty lines": lambda: ("\n" * 250_000, "\n" * 249_000 + "a", "\n" * 249_000 + "b"),
    "carriage returns": lambda: ("\r" * 420_000, "\r" * 419_000 + "a", "b" + "\r" * 419_000),
}


def keys(word: str) -> dict[str, object]:
    return {f"key {number}": f"{word}{number}" for number in range(20_000)}


CONFIGS: dict[str, Callable[[], Any]] = {
    "many keys": lambda: (keys("a"), keys("b"), keys("c")),
    "50,000 keys": lambda: tuple({str(number): each for number in range(50_000)} for each in (1, 2, 3)),
    "deep config": lambda: tuple({"a": deep(each)} for each in "abc"),
    "one long value": lambda: tuple({"a": "&" * 450_000 + each} for each in "abc"),
}

KINDS = [
    *((kind, texts, lambda: (None, None, None)) for kind, texts in TEXTS.items()),
    *((kind, lambda: "abc", configs) for kind, configs in CONFIGS.items()),
]


def written(prompt: Any, config: Any) -> dict[str, str]:
    is_text = isinstance(prompt, str)
    return {
        "prompt": prompt if is_text else dump_indented(prompt),
        "format": "text" if is_text else "json",
        "config": "" if config is None else dump_indented(config),
        "note": "",
        "base_version": "1",
        "source": "1",
    }


def carried(form: dict[str, str]) -> int:
    return sum(len(escape(value).encode()) for value in form.values())


def visit_all(web: Api, browser: TestClient, texts: Any, configs: Any) -> Iterator[tuple[str, Response, int]]:
    """Yield each page's name, its answer, and how many bytes of HTML its form has to carry."""
    make(web, prompt=texts[0], config=configs[0])
    prompt = path(web, "prompts/greeting/")
    yield "version", browser.get(prompt), 0
    yield "version, rendered", browser.get(f"{prompt}?view=rendered"), 0
    publish(web, base=1, prompt=texts[1], config=configs[1])
    yield "compare", browser.get(f"{prompt}compare/"), 0
    yield "compare, side by side", browser.get(f"{prompt}compare/?view=side"), 0
    yield "use", browser.get(f"{prompt}use/"), 0
    yield "history", browser.get(f"{prompt}history/"), 0
    old, mine = written(texts[0], configs[0]), written(texts[2], configs[2])
    yield "restore", browser.get(f"{prompt}restore/?version=1"), 0
    browser.post(f"{prompt}labels/set/", data={"label": "live", "version": "1"})
    yield "label", browser.get(f"{prompt}labels/set/?label=live&version=2"), 0
    yield "new request", browser.get(path(web, "new-request/?prompt=greeting&label=live&version=2")), 0
    browser.post(path(web, "new-request/"), data={"position": "live 2 greeting", "title": "x"})
    yield "request", browser.get(path(web, "requests/1/")), 0
    yield "edit", browser.get(f"{prompt}edit/?version=1"), carried(old)
    yield "review", browser.post(f"{prompt}review/", data=mine | {"base_version": "2"}), carried(mine)
    yield "conflict", browser.post(f"{prompt}publish/", data=mine), carried(mine)
    with web.registry.database.write() as tx:
        version = prompts.fetch_prompt(tx, web.registry.actor, "greeting")
        prompts.archive_prompt(tx, web.registry.actor, name="greeting")
    yield "archived", browser.get(path(web, f"archive/{version.id}/")), 0


@pytest.mark.parametrize(("texts", "configs"), [kind[1:] for kind in KINDS], ids=[kind[0] for kind in KINDS])
def test_no_page_of_the_worst_texts_is_large(
    web: Api, browser: TestClient, texts: Callable[[], Any], configs: Callable[[], Any]
) -> None:
    for name, response, carried_bytes in visit_all(web, browser, texts(), configs()):
        assert response.status_code == (409 if name == "conflict" else 200), (name, response.status_code)
        assert len(response.content) < MAX_BYTES + carried_bytes, (name, len(response.content))


def test_a_review_carries_no_text_that_is_that_of_the_source(web: Api, browser: TestClient) -> None:
    make(web, prompt="&" * 90_000, config={"a": "&" * 90_000})
    publish(web, base=1, prompt="other", config=None)
    publish_to = path(web, "prompts/greeting/publish/")
    review = browser.get(path(web, "prompts/greeting/restore/?version=1"))
    form = form_of(review, publish_to)
    assert "prompt" not in form
    assert "config" not in form
    publish(web, base=2, prompt="other", config={"b": 1})
    back = browser.post(path(web, "prompts/greeting/edit/"), data=form)
    assert form_of(back, path(web, "prompts/greeting/review/"))["prompt"] == "&" * 90_000
    assert headline(browser.post(publish_to, data=form)) == "Publish version 4 of greeting?"
    assert browser.post(publish_to, data=form | {"source": "9"}).status_code == 404
    follow(browser, browser.post(publish_to, data=form | {"base_version": "3"}))
    assert latest(web) == (4, "&" * 90_000, {"a": "&" * 90_000})


def test_a_review_carries_what_was_changed_and_only_that(web: Api, browser: TestClient) -> None:
    make(web, prompt="one", config={"a": 1})
    review_at, publish_to = path(web, "prompts/greeting/review/"), path(web, "prompts/greeting/publish/")
    form = form_of(browser.get(path(web, "prompts/greeting/edit/")), review_at)
    text_only = form_of(browser.post(review_at, data=edited(form, prompt="two")), publish_to)
    assert (text_only["prompt"], "config" in text_only) == ("two", False)
    emptied = form_of(browser.post(review_at, data=edited(form, config="")), publish_to)
    assert (emptied["config"], "prompt" in emptied) == ("", False)
    follow(browser, browser.post(publish_to, data=emptied))
    assert latest(web) == (2, "one", None)
