"""The Release page: many prompts go from one label to another after a look, and a release is taken back as a whole."""

import html
import re

import pytest
from browsing import browser_of, signed_in_browser
from builders import Api
from fastapi.testclient import TestClient
from httpx2 import Response
from prompt_pages import follow, headline, make, path, publish, text_of
from web_forms import Fields, edited, form_of

from promptuary.model.access import Role
from promptuary.registry import labels, prompts, releases

RELEASE = "release/"
REVIEW = f"{RELEASE}?from=staging&to=production"


def place(web: Api, name: str, **positions: int) -> None:
    with web.registry.database.write() as tx:
        for label, version in positions.items():
            labels.move_label(tx, web.registry.actor, name=name, label=label, version=version)


def position(web: Api, name: str, label: str = "production") -> int | None:
    with web.registry.database.read() as tx:
        version = prompts.fetch_prompt(tx, web.registry.actor, name)
    return next((pointer.version for pointer in version.prompt_labels if pointer.name == label), None)


def ticks(response: Response) -> list[str]:
    """The names of the prompts that are ticked."""
    return [html.unescape(name) for name in re.findall(r'name="name" value="([^"]*)" checked', response.text)]


def filled(web: Api, review: Response, **changes: str) -> Fields:
    """The form of a review as a browser sends it, with its ticks."""
    return edited(form_of(review, path(web, RELEASE)), **changes) | {"name": ticks(review)}


def released(web: Api) -> str:
    """Release both prompts and return the address of the release."""
    with web.registry.database.write() as tx:
        moves = releases.promote(tx, web.registry.actor, source="staging", target="production", reason="autumn")
    return path(web, f"{RELEASE}{moves.release_id}/")


@pytest.fixture
def two_prompts(web: Api) -> None:
    """Two prompts at version 2 in staging: one was in production before, and programs have to change for it."""
    make(web, name="answer", prompt="Answer.")
    publish(web, name="answer", base=1, prompt="Answer {{customer}}.", config={"model": "small"})
    place(web, "answer", production=1, staging=2)
    make(web, name="greeting", prompt="Hello.")
    publish(web, name="greeting", base=1, prompt="Hello there.")
    place(web, "greeting", staging=2)


@pytest.mark.usefixtures("two_prompts")
def test_prompts_are_released_together_after_a_look_at_all_of_them(web: Api, browser: TestClient) -> None:
    assert path(web, RELEASE) in browser.get(path(web, "prompts/")).text
    review = browser.get(path(web, REVIEW))
    shown = text_of(review)
    assert "staging → production: 2 prompts" in shown
    assert "⚠ Breaking for programs: 1 prompt answer: adds required customer" in shown
    assert shown.index("answer v1 → v2 ⚠ breaking") < shown.index("greeting not set → v2")
    assert "Hello there." in shown
    assert '"small"' in shown
    assert ticks(review) == ["answer", "greeting"]
    done = browser.post(path(web, RELEASE), data=filled(web, review, reason="autumn"))
    assert follow(browser, done) == "2 prompts released: production points at what staging points at."
    assert (position(web, "answer"), position(web, "greeting")) == (2, 2)
    page = browser.get(done.headers["location"])
    assert headline(page) == "Release of production: 2 prompts"
    assert re.search(r"Promoted by Test User, \d+ months ago", text_of(page))
    assert "autumn" in text_of(page)
    assert "Nothing to release" in text_of(browser.get(path(web, REVIEW)))


@pytest.mark.usefixtures("two_prompts")
def test_only_ticked_prompts_are_released(web: Api, browser: TestClient) -> None:
    review = browser.get(path(web, REVIEW))
    done = browser.post(path(web, RELEASE), data=filled(web, review) | {"name": ["greeting"]})
    assert follow(browser, done) == "1 prompt released: production points at what staging points at."
    assert (position(web, "answer"), position(web, "greeting")) == (1, 2)
    nothing = browser.post(path(web, RELEASE), data=filled(web, review) | {"name": []})
    assert (nothing.status_code, "Choose at least one prompt to release." in text_of(nothing)) == (400, True)


@pytest.mark.usefixtures("two_prompts")
def test_if_a_label_has_moved_since_the_look_nothing_is_released_and_the_page_says_what(web: Api, browser: TestClient) -> None:
    review = browser.get(path(web, REVIEW))
    publish(web, name="greeting", base=2, prompt="Hello again.")
    place(web, "greeting", staging=3)
    place(web, "answer", production=2)
    again = browser.post(path(web, RELEASE), data=filled(web, review, reason="mine"))
    shown = text_of(again)
    assert again.status_code == 409
    assert "Nothing was released, because something is not as the review showed it." in shown
    assert "answer: Label 'production' points at version 2 by now." in shown
    assert "greeting: Label 'staging' points at version 3 by now." in shown
    assert "Hello again." in shown
    assert 'value="mine"' in again.text
    assert position(web, "greeting") is None
    assert ticks(again) == ["greeting"]
    assert follow(browser, browser.post(path(web, RELEASE), data=filled(web, again))).startswith("1 prompt released")


@pytest.mark.usefixtures("two_prompts")
def test_a_prompt_that_is_gone_since_the_look_keeps_the_others_from_being_released(web: Api, browser: TestClient) -> None:
    review = browser.get(path(web, REVIEW))
    with web.registry.database.write() as tx:
        prompts.archive_prompt(tx, web.registry.actor, name="answer")
    again = browser.post(path(web, RELEASE), data=filled(web, review))
    assert again.status_code == 409
    assert "Nothing was released. No prompt matching 'answer' in this project." in text_of(again)
    assert position(web, "greeting") is None


@pytest.mark.usefixtures("two_prompts")
def test_a_prompt_that_cannot_move_has_no_tick_and_the_reason(web: Api, browser: TestClient) -> None:
    make(web, name="parent", prompt="Hi.")
    publish(web, name="parent", base=1, prompt="@@@prompt:name=answer|label=production@@@")
    place(web, "parent", production=2)
    publish(web, name="answer", base=2, prompt=[{"role": "user", "content": "no text"}])
    place(web, "answer", staging=3)
    review = browser.get(path(web, REVIEW))
    assert ticks(review) == ["greeting"]
    assert "1 prompt cannot move, with the reason below. You can release the others." in text_of(review)
    assert "Cannot move:" in text_of(review)
    assert follow(browser, browser.post(path(web, RELEASE), data=filled(web, review))).startswith("1 prompt released")


@pytest.mark.usefixtures("two_prompts")
def test_prompts_that_follow_a_label_are_shown_with_their_difference(web: Api, browser: TestClient) -> None:
    make(web, name="parent", prompt="Begin.\n@@@prompt:name=answer|label=production@@@")
    shown = text_of(browser.get(path(web, REVIEW)))
    assert "Also changes 1 prompt They contain a text that changes: parent." in shown
    assert "parent v1" in shown


def test_chats_are_compared_by_what_they_say(web: Api, browser: TestClient) -> None:
    make(web, prompt=[{"role": "system", "content": "Be kind."}])
    publish(web, base=1, prompt=[{"role": "system", "content": "Be strict."}])
    place(web, "greeting", production=1, staging=2)
    shown = text_of(browser.get(path(web, REVIEW)))
    assert "Be strict." in shown
    assert '"role"' not in shown


@pytest.mark.parametrize(
    ("query", "field", "problem"),
    [
        ("from=staging&to=staging", "to", "Use two different labels."),
        ("from=Not+one&to=production", "from", ""),
        ("from=staging&to=", "to", ""),
        ("from=&to=production", "from", ""),
    ],
)
def test_wrong_labels_are_pointed_out_at_their_field(web: Api, browser: TestClient, query: str, field: str, problem: str) -> None:
    shown = browser.get(path(web, f"{RELEASE}?{query}"))
    assert shown.status_code == 400
    assert f'id="{field}-problem"' in shown.text
    assert problem in text_of(shown)


@pytest.mark.usefixtures("two_prompts")
def test_a_reason_that_is_too_long_releases_nothing(web: Api, browser: TestClient) -> None:
    review = browser.get(path(web, REVIEW))
    refused = browser.post(path(web, RELEASE), data=filled(web, review, reason="x" * 401))
    assert (refused.status_code, 'id="reason-problem"' in refused.text) == (400, True)
    address = f"{released(web)}undo/"
    refused = browser.post(address, data={"reason": "x" * 401})
    assert (refused.status_code, 'id="reason-problem"' in refused.text) == (400, True)


@pytest.mark.parametrize("seen", ["", "x", "1 2", "a b greeting", "0 99999999999 greeting", "1 2 other"])
@pytest.mark.usefixtures("two_prompts")
def test_a_form_that_no_review_has_made_releases_nothing(web: Api, browser: TestClient, seen: str) -> None:
    sent = {"from": "staging", "to": "production", "name": ["greeting"], "seen": [seen]}
    assert browser.post(path(web, RELEASE), data=sent).status_code in {400, 409}
    assert position(web, "greeting") is None


@pytest.mark.usefixtures("two_prompts")
def test_a_release_is_undone_as_a_whole_after_a_look(web: Api, browser: TestClient) -> None:
    address = released(web)
    assert f'href="{address}undo/"' in browser.get(address).text
    review = browser.get(f"{address}undo/")
    shown = text_of(review)
    assert headline(review) == "Undo the release of production?"
    assert "greeting: programs that ask for production will get a 404" in shown
    assert "answer v2 → v1" in shown
    done = browser.post(f"{address}undo/", data=edited(form_of(review, f"{address}undo/"), reason="wrong"))
    assert follow(browser, done) == "The release is undone: 2 labels moved back. This is a release of its own."
    assert (position(web, "answer"), position(web, "greeting")) == (1, None)
    assert "wrong" in text_of(browser.get(done.headers["location"]))


@pytest.mark.usefixtures("two_prompts")
def test_a_release_of_which_a_label_moved_since_cannot_be_undone_and_the_page_says_which(web: Api, browser: TestClient) -> None:
    address = f"{released(web)}undo/"
    review = browser.get(address)
    place(web, "answer", production=1)
    refused = browser.post(address, data=form_of(review, address))
    assert refused.status_code == 409
    shown = text_of(refused)
    assert "Nothing was changed. A release is undone as a whole, and this one cannot be any more:" in shown
    assert "answer: Label 'production' points at version 1 by now." in shown
    assert 'method="post" action="' + address not in refused.text
    assert position(web, "greeting") == 2
    assert browser.get(address).status_code == 200


@pytest.mark.usefixtures("two_prompts")
def test_releases_are_listed_newest_first_with_pages(web: Api, browser: TestClient) -> None:
    address = released(web)
    with web.registry.database.write() as tx:
        last = address.rstrip("/").rpartition("/")[2]
        for _ in range(25):
            last = releases.undo_release(tx, web.registry.actor, release_id=last, reason="again").release_id or ""
    first, second = (browser.get(path(web, f"{RELEASE}?page={number}")) for number in (1, 2))
    assert "Page 1 of 2" in text_of(first)
    assert first.text.index(last) > 0
    assert address not in first.text
    assert address in second.text
    assert re.search(r"2 prompts production promoted Test User \d+ months ago autumn", text_of(second))
    assert "There are no older releases." in text_of(browser.get(path(web, f"{RELEASE}?page=3")))


def test_a_release_that_is_not_of_this_project_is_not_found(web: Api, browser: TestClient) -> None:
    for release_id in ("nothing", "%00", "00000000-0000-4000-8000-000000000000"):
        assert browser.get(path(web, f"{RELEASE}{release_id}/")).status_code == 404
        assert browser.get(path(web, f"{RELEASE}{release_id}/undo/")).status_code == 404
    assert "There are no releases yet." in text_of(browser.get(path(web, RELEASE)))


@pytest.mark.usefixtures("two_prompts")
def test_viewers_read_releases_and_cannot_make_any(web: Api) -> None:
    address = released(web)
    viewer = browser_of(web, Role.VIEWER)
    for rest in (path(web, RELEASE), path(web, REVIEW), address):
        shown = viewer.get(rest)
        assert shown.status_code == 200
        _, _, main = shown.text.partition("<main")
        assert "<form" not in main
        assert "undo" not in main
    assert viewer.get(f"{address}undo/").status_code == 403
    assert viewer.post(path(web, RELEASE), data={"from": "staging", "to": "production"}).status_code == 403


def test_a_release_works_on_both_databases(api: Api) -> None:
    make(api)
    place(api, "greeting", staging=1)
    browser = signed_in_browser(api, api.registry.user)
    done = browser.post(path(api, RELEASE), data=filled(api, browser.get(path(api, REVIEW))))
    assert follow(browser, done).startswith("1 prompt released")
    undo = f"{done.headers['location']}undo/"
    assert follow(browser, browser.post(undo, data=form_of(browser.get(undo), undo))).startswith("The release is undone")
    assert position(api, "greeting") is None
    assert "undone" in text_of(browser.get(path(api, RELEASE)))
