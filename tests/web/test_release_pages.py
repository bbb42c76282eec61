"""Labels, copies and the archive."""

import re
from datetime import timedelta

from browsing import signed_in_browser
from builders import Api, make_member
from fastapi.testclient import TestClient
from prompt_pages import follow, headline, make, path, publish, text_of
from sqlalchemy import update
from web_forms import form_of

from promptuary.model.access import Role
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import labels, prompts, usage
from promptuary.store import tables


def test_a_label_is_set_moved_and_removed_each_after_a_look(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt="one\nzwei\nthree\n")
    place = "prompts/greeting/labels/"
    look = browser.get(path(web, f"{place}set/?label=production&version=1"))
    assert headline(look) == "production: nothing → v1"
    done = browser.post(path(web, f"{place}set/"), data={"label": "production", "version": "1"})
    assert follow(browser, done) == "production now points at version 1."
    look = browser.get(path(web, f"{place}set/?label=production&version=2"))
    assert headline(look) == "production: v1 → v2"
    assert "zwei" in look.text
    browser.post(path(web, f"{place}set/"), data={"label": "production", "version": "2"})
    assert headline(browser.get(path(web, f"{place}remove/?label=production"))) == "Remove production from v2?"
    done = browser.post(path(web, f"{place}remove/"), data={"label": "production"})
    assert follow(browser, done) == "production is removed."
    assert browser.get(path(web, f"{place}remove/?label=production")).status_code == 404
    assert browser.get(path(web, f"{place}set/?label=Not+one&version=1")).status_code == 400
    assert browser.post(path(web, f"{place}set/"), data={"label": "x", "version": "99"}).status_code == 404


def test_a_prompt_is_duplicated_or_the_reason_is_told(web: Api, browser: TestClient) -> None:
    make(web)
    place = path(web, "prompts/greeting/duplicate/")
    assert follow(browser, browser.post(place, data={"new_name": "copy"})) == "This is a copy of greeting."
    again = browser.post(place, data={"new_name": "copy"})
    assert again.status_code == 400
    assert "A prompt with this name already exists." in text_of(again)


def test_a_prompt_is_archived_after_a_look_and_restored(web: Api, browser: TestClient) -> None:
    make(web)
    with web.registry.database.write() as tx:
        labels.move_label(tx, web.registry.actor, name="greeting", label="production", version=1)
    look = text_of(browser.get(path(web, "prompts/greeting/archive/")))
    assert "Its labels go: production v1" in look
    assert "Nothing fetched it in the last 7 days" in look
    done = browser.post(path(web, "prompts/greeting/archive/"))
    assert follow(browser, done) == "greeting is archived. It can be restored while its name is free."
    gone = browser.get(path(web, "prompts/greeting/"))
    assert gone.status_code == 404
    back = browser.post(path(web, "prompts/greeting/unarchive/"))
    assert follow(browser, back) == "greeting is back, without labels. It had production at version 1."
    assert browser.post(path(web, "prompts/greeting/unarchive/")).status_code == 404


def test_the_labels_page_names_who_moved_a_label_last(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt="second")
    with web.registry.database.write() as tx:
        mover = make_member(tx, web.registry.project, role=Role.EDITOR)
        tx.connection.execute(update(tables.users).where(tables.users.c.id == mover.id).values(first_name="Moving"))
        for label in ("canary", "production"):
            labels.move_label(tx, web.registry.actor, name="greeting", label=label, version=1)
    other = signed_in_browser(web, mover)
    address = path(web, "prompts/greeting/labels/set/")
    moved = other.post(address, data=form_of(other.get(f"{address}?label=production&version=2"), address))
    assert follow(other, moved) == "production now points at version 2."
    shown = text_of(browser.get(path(web, "prompts/greeting/labels/")))
    assert re.search(r"canary v1 \d+ months ago Test User", shown)
    assert re.search(r"production v2 \d+ months ago Moving User", shown)


def test_a_mover_of_whom_the_log_no_longer_tells_is_not_made_up(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt="second")
    with web.registry.database.write() as tx:
        labels.move_label(tx, web.registry.actor, name="greeting", label="production", version=1)
        second = prompts.fetch_prompt(tx, web.registry.actor, "greeting")
        # As an older server moves it, which keeps no history.
        moved = update(tables.labels).values(version_id=second.id, updated_at=tx.clock() + timedelta(days=1))
        tx.connection.execute(moved)
    assert "unknown" in text_of(browser.get(path(web, "prompts/greeting/labels/")))


def test_a_version_is_shown_with_its_own_fetches(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt="second")
    with web.registry.database.write() as tx:
        first = prompts.fetch_prompt(tx, web.registry.actor, "greeting", version=1)
        usage.record_fetches(tx, [FetchCount(tx.clock().date(), FetchKey(first.id, "", ""), 3, tx.clock())])
    assert "3 fetches of this version in 7 days" in text_of(browser.get(path(web, "prompts/greeting/?version=1")))
    assert "0 fetches of this version in 7 days" in text_of(browser.get(path(web, "prompts/greeting/")))


def test_a_bad_label_or_version_stays_in_the_form_with_the_reason(web: Api, browser: TestClient) -> None:
    make(web)
    address = path(web, "prompts/greeting/labels/set/")
    shown = browser.get(f"{address}?label=Not+one&version=1")
    assert (shown.status_code, 'value="Not one"' in shown.text) == (400, True)
    assert 'id="label-problem"' in shown.text
    shown = browser.get(f"{address}?label=production&version=9")
    assert "Prompt 'greeting' has no version 9." in text_of(shown)
    assert 'value="production"' in shown.text
