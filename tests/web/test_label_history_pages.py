"""Where labels were: the timeline of each, taking a move back, rolling back to an earlier version, and the reasons."""

import re

import pytest
from browsing import browser_of, signed_in_browser
from builders import Api
from fastapi.testclient import TestClient
from prompt_pages import follow, headline, make, path, publish, text_of
from web_forms import edited, form_of

from promptuary.model.access import Role
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import labels, prompts, usage

LABELS = "prompts/greeting/labels/"
UNDO = f"{LABELS}undo/"
HISTORY = f"{LABELS}history/?label=production"


def place(web: Api, *versions: int, label: str = "production", name: str = "greeting", reason: str | None = None) -> None:
    with web.registry.database.write() as tx:
        for version in versions:
            labels.move_label(tx, web.registry.actor, name=name, label=label, version=version, reason=reason)


def remove(web: Api, label: str = "production") -> None:
    with web.registry.database.write() as tx:
        labels.remove_label(tx, web.registry.actor, name="greeting", label=label)


def position(web: Api, label: str = "production") -> int | None:
    with web.registry.database.read() as tx:
        version = prompts.fetch_prompt(tx, web.registry.actor, "greeting")
    return next((pointer.version for pointer in version.prompt_labels if pointer.name == label), None)


def reasons(web: Api, label: str = "production") -> list[str | None]:
    with web.registry.database.read() as tx:
        history = labels.list_history(tx, web.registry.actor, name="greeting", label=label, limit=10)
    return [move.cause.reason for move in history.moves]


@pytest.fixture
def three_versions(web: Api) -> None:
    make(web)
    publish(web, base=1, prompt="second")
    publish(web, base=2, prompt="third")


@pytest.mark.usefixtures("three_versions")
def test_the_labels_page_has_a_short_timeline_of_each_label_also_of_those_that_are_gone(web: Api, browser: TestClient) -> None:
    place(web, 1, 2, 3)
    place(web, 1, 2, label="beta")
    remove(web, "beta")
    shown = text_of(browser.get(path(web, LABELS)))
    assert "v3 ← v2 ← v1 ← not set · History" in shown
    _, _, gone = shown.partition("Labels that are not set any more")
    assert "beta" in gone
    assert "not set ← v2 ← v1 ← not set · History" in gone
    place(web, 1, 2, 3, 1)
    assert "v1 ← v3 ← v2 ← v1 ← … · History" in text_of(browser.get(path(web, LABELS)))


def test_the_history_of_a_label_has_each_move_with_all_that_is_known_on_both_databases(api: Api) -> None:
    make(api)
    publish(api, base=1, prompt="second")
    place(api, 1, reason="for <b>a start</b>")
    place(api, 2)
    remove(api)
    browser = signed_in_browser(api, api.registry.user)
    address = path(api, UNDO)
    assert follow(browser, browser.post(address, data=form_of(browser.get(f"{address}?label=production"), address)))
    shown = browser.get(path(api, HISTORY))
    rows = [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in re.findall(r"<tr>(.*?)</tr>", shown.text, re.DOTALL)[1:]]
    assert rows == [
        "not set → v2 undone Test User just now Show",
        "v2 → not set removed Test User just now Show",
        "v1 → v2 moved Test User just now Compare",
        "not set → v1 set Test User just now for &lt;b&gt;a start&lt;/b&gt; Show · Roll back to v1",
    ]
    assert path(api, "prompts/greeting/compare/?from=1&amp;to=2") in shown.text
    assert path(api, "prompts/greeting/labels/set/?label=production&amp;version=1") in shown.text


@pytest.mark.usefixtures("three_versions")
def test_a_long_history_has_pages(web: Api, browser: TestClient) -> None:
    place(web, *([1, 2] * 26))
    first, second = (browser.get(path(web, f"{HISTORY}&page={number}")) for number in (1, 2))
    assert "52 moves, newest first." in text_of(first)
    assert "Page 1 of 2" in text_of(first)
    assert "not set → v1" in text_of(second)
    assert "There are no older moves." in text_of(browser.get(path(web, f"{HISTORY}&page=3")))


@pytest.mark.usefixtures("three_versions")
@pytest.mark.parametrize("label", ["beta", "", "Not+one", "%00"])
def test_a_label_that_a_prompt_never_had_has_no_history(web: Api, browser: TestClient, label: str) -> None:
    for rest in (f"{LABELS}history/?label={label}", f"{UNDO}?label={label}"):
        assert browser.get(path(web, rest)).status_code == 404


@pytest.mark.usefixtures("three_versions")
def test_a_move_is_taken_back_after_a_look_with_a_reason(web: Api, browser: TestClient) -> None:
    place(web, 1, 3)
    address = path(web, UNDO)
    assert f'href="{address}?label=production"' in browser.get(path(web, LABELS)).text
    review = browser.get(f"{address}?label=production")
    assert headline(review) == "Undo the last move of production: v3 → v1"
    assert "third" in review.text
    done = browser.post(address, data=edited(form_of(review, address), reason=" too early "))
    assert follow(browser, done) == "Undone: production points at version 1 again."
    assert position(web) == 1
    assert reasons(web) == ["too early", None, None]
    assert headline(browser.get(f"{address}?label=production")) == "Undo the last move of production: v1 → v3"


@pytest.mark.usefixtures("three_versions")
def test_setting_a_label_again_can_be_taken_back_to_not_set(web: Api, browser: TestClient) -> None:
    place(web, 1)
    remove(web)
    place(web, 2)
    address = path(web, UNDO)
    review = browser.get(f"{address}?label=production")
    assert headline(review) == "Undo the last move of production: v2 → not set"
    assert "⚠ Breaking for programs: those that ask for production of this prompt will get a 404." in text_of(review)
    done = browser.post(address, data=form_of(review, address))
    assert follow(browser, done) == "Undone: production is not set any more, as before."
    assert position(web) is None


@pytest.mark.usefixtures("three_versions")
def test_the_first_move_of_a_label_offers_no_undo(web: Api, browser: TestClient) -> None:
    place(web, 1)
    assert path(web, UNDO) not in browser.get(path(web, LABELS)).text
    refused = browser.get(path(web, f"{UNDO}?label=production"))
    assert (refused.status_code, "there is nothing to go back to" in text_of(refused)) == (400, True)


@pytest.mark.usefixtures("three_versions")
def test_an_undo_of_what_was_moved_since_shows_what_happened(web: Api, browser: TestClient) -> None:
    place(web, 1, 2)
    address = path(web, UNDO)
    review = browser.get(f"{address}?label=production")
    place(web, 3, reason="a fix")
    again = browser.post(address, data=edited(form_of(review, address), reason="mine"))
    assert again.status_code == 409
    assert headline(again) == "Undo the last move of production: v3 → v2"
    shown = text_of(again)
    assert "production was moved in the meantime. Nothing was changed." in shown
    assert re.search(r"v2 → v3: moved by Test User, \d+ months ago \(a fix\)", shown)
    assert 'value="mine"' in again.text
    assert position(web) == 3
    assert follow(browser, browser.post(address, data=form_of(again, address)))
    assert position(web) == 2


@pytest.mark.usefixtures("three_versions")
def test_an_undo_leads_where_the_review_said_also_if_the_label_went_away_and_came_back(web: Api, browser: TestClient) -> None:
    place(web, 1, 2)
    address = path(web, UNDO)
    review = browser.get(f"{address}?label=production")
    place(web, 3, 2)
    again = browser.post(address, data=form_of(review, address))
    assert (again.status_code, headline(again)) == (409, "Undo the last move of production: v2 → v3")
    assert "v3 → v2: moved by Test User" in text_of(again)
    assert position(web) == 2


@pytest.mark.usefixtures("three_versions")
def test_reviews_say_what_happened_since_and_keep_the_reason(web: Api, browser: TestClient) -> None:
    place(web, 1)
    for part, rest in (("set", "&version=3"), ("remove", "")):
        address = path(web, f"{LABELS}{part}/")
        review = browser.get(f"{address}?label=production{rest}")
        place(web, 2, reason="urgent")
        again = browser.post(address, data=edited(form_of(review, address), reason="mine"))
        assert again.status_code == 409
        assert "v1 → v2: moved by Test User" in text_of(again)
        assert 'value="mine"' in again.text
        place(web, 1)


@pytest.mark.usefixtures("three_versions")
def test_labels_are_moved_and_removed_and_prompts_archived_for_a_reason(web: Api, browser: TestClient) -> None:
    place(web, 1)
    for part, rest in (("labels/set/", "?label=production&version=2"), ("labels/remove/", "?label=production")):
        address = path(web, f"prompts/greeting/{part}")
        review = browser.get(f"{address}{rest}")
        assert 'maxlength="400"' in review.text
        assert follow(browser, browser.post(address, data=edited(form_of(review, address), reason=part)))
    place(web, 3)
    address = path(web, "prompts/greeting/archive/")
    assert browser.post(address, data=edited(form_of(browser.get(address), address), reason="retired")).status_code == 303
    browser.post(path(web, "prompts/greeting/unarchive/"))
    assert reasons(web) == ["retired", None, "labels/remove/", "labels/set/", None]


@pytest.mark.usefixtures("three_versions")
def test_a_reason_that_is_too_long_is_pointed_out_in_the_form(web: Api, browser: TestClient) -> None:
    place(web, 1, 2)
    for part, rest in (
        ("labels/set/", "?label=production&version=3"),
        ("labels/remove/", "?label=production"),
        ("labels/undo/", "?label=production"),
        ("archive/", ""),
    ):
        address = path(web, f"prompts/greeting/{part}")
        refused = browser.post(address, data=edited(form_of(browser.get(f"{address}{rest}"), address), reason="x" * 401))
        assert (refused.status_code, 'id="reason-problem"' in refused.text) == (400, True)
        assert "x" * 401 in refused.text
    assert position(web) == 2


@pytest.mark.usefixtures("three_versions")
def test_reviews_say_who_fetches_by_the_label(web: Api, browser: TestClient) -> None:
    place(web, 1)
    with web.registry.database.write() as tx:
        first = prompts.fetch_prompt(tx, web.registry.actor, "greeting", version=1)
        for label, count in (("production", 1234), ("", 5)):
            key = FetchKey(first.id, web.key.key.id, label)
            usage.record_fetches(tx, [FetchCount(tx.clock().date(), key, count, tx.clock())])
    for rest in ("labels/set/?label=production&version=2", "labels/remove/?label=production"):
        shown = text_of(browser.get(path(web, f"prompts/greeting/{rest}")))
        assert (
            "In the last 7 days, programs fetched this prompt by production 1,234 times: test of Test User: 1,234 fetches" in shown
        )
    shown = text_of(browser.get(path(web, "prompts/greeting/archive/")))
    assert "programs fetched it 1,239 times: test of Test User: 1,239 fetches" in shown
    assert "production v1 1,234 fetches by this label in 7 days" in shown
    place(web, 1, label="beta")
    shown = text_of(browser.get(path(web, "prompts/greeting/labels/remove/?label=beta")))
    assert "No program fetched this prompt by beta in the last 7 days." in shown


def test_breaking_changes_of_a_move_come_first_also_those_of_parts(web: Api, browser: TestClient) -> None:
    make(web, name="tone", prompt="Be kind.")
    publish(web, name="tone", base=1, prompt="Be kind to {{customer}}.")
    place(web, 1, name="tone")
    make(web, prompt="Hi.")
    publish(web, base=1, prompt="Hi. @@@prompt:name=tone|version=2@@@")
    place(web, 1)
    review = browser.get(path(web, f"{LABELS}set/?label=production&version=2"))
    shown = text_of(review)
    assert "⚠ For programs: breaking changes of variables breaking: adds required customer" in shown
    assert shown.index("⚠ For programs") < shown.index("@@@prompt:name=tone")


@pytest.mark.usefixtures("three_versions")
def test_an_undo_that_a_reference_forbids_says_so(web: Api, browser: TestClient) -> None:
    place(web, 1)
    remove(web)
    place(web, 2)
    make(web, name="parent", prompt="@@@prompt:name=greeting|label=production@@@")
    address = path(web, UNDO)
    review = browser.get(f"{address}?label=production")
    assert "1 prompt in use follows this label, so it cannot be removed: parent." in text_of(review)
    assert browser.post(address, data={"label": "production", "expected_version": "2", "version": ""}).status_code == 200
    assert position(web) == 2


@pytest.mark.usefixtures("three_versions")
def test_viewers_see_histories_and_no_way_to_change_anything(web: Api) -> None:
    place(web, 1, 2)
    place(web, 1, label="beta")
    remove(web, "beta")
    viewer = browser_of(web, Role.VIEWER)
    for rest in (LABELS, HISTORY, f"{LABELS}history/?label=beta"):
        shown = viewer.get(path(web, rest))
        assert shown.status_code == 200
        _, _, main = shown.text.partition("<main")
        assert not re.search(r"labels/(set|undo|remove)/", main)
        assert 'method="post"' not in main
    for rest in (f"{UNDO}?label=production", f"{LABELS}set/?label=production&version=1"):
        assert viewer.get(path(web, rest)).status_code == 403
    assert path(web, LABELS) in viewer.get(path(web, "prompts/greeting/")).text
