"""A prompt as it was at a time: what programs got by each label and as the latest."""

from datetime import UTC, datetime, timedelta

import pytest
from browsing import browser_of, signed_in_browser
from builders import Api
from fastapi.testclient import TestClient
from prompt_pages import make, path, publish, text_of
from wire import Clock

from promptuary.model.access import Role
from promptuary.registry import labels, prompts

AT = "prompts/greeting/at/"


pytestmark = pytest.mark.own_application


def place(web: Api, version: int, name: str = "greeting", label: str = "production") -> None:
    with web.registry.database.write() as tx:
        labels.move_label(tx, web.registry.actor, name=name, label=label, version=version)


def at(clock: Clock, minutes: int) -> str:
    return f"{AT}?at={clock.now + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}"


@pytest.fixture
def moved(web: Api, clock: Clock) -> Clock:
    """A prompt whose version 1 was in production for an hour, and then version 2; version 3 is the latest since another hour."""
    # Forms have whole seconds.
    clock.now = clock.now.replace(microsecond=0)
    make(web, name="tone", prompt="kindly")
    make(web, prompt="first @@@prompt:name=tone|version=1@@@")
    place(web, 1)
    clock.now += timedelta(hours=1)
    publish(web, base=1, prompt="second", config={"model": "small"})
    place(web, 2)
    clock.now += timedelta(hours=1)
    publish(web, base=2, prompt="third")
    return clock


def test_a_prompt_is_shown_as_programs_got_it_then(web: Api, browser: TestClient, moved: Clock) -> None:
    assert path(web, AT) in browser.get(path(web, "prompts/greeting/")).text
    before = text_of(browser.get(path(web, at(moved, -90))))
    assert "v1 production by this label, and as the latest version" in before
    assert "first kindly" in before
    between = text_of(browser.get(path(web, at(moved, -30))))
    assert "v2 production by this label, and as the latest version" in between
    assert '"model": "small"' in between
    after = browser.get(path(web, at(moved, 0)))
    assert "v2 production by this label" in text_of(after)
    assert "v3 as the latest version" in text_of(after)
    assert path(web, "prompts/greeting/?version=2") in after.text


def test_before_there_was_a_prompt_the_page_says_so(web: Api, browser: TestClient, moved: Clock) -> None:
    shown = browser.get(path(web, at(moved, -600)))
    assert shown.status_code == 200
    assert "There was no prompt of this name on 2026-03-01 04:30:00 UTC." in text_of(shown)


@pytest.mark.usefixtures("moved")
def test_times_are_utc_and_may_have_an_offset(web: Api, browser: TestClient, moved: Clock) -> None:
    assert moved.now.tzinfo is UTC
    shown = text_of(browser.get(path(web, f"{AT}?at=2026-03-01T14:00:00%2B01:00")))
    assert "On 2026-03-01 13:00:00 UTC, programs got: v1" in shown
    assert "Time (UTC)" in text_of(browser.get(path(web, AT)))


@pytest.mark.usefixtures("moved")
@pytest.mark.parametrize("sent", ["yesterday", "%00", "0001-01-01T00:00%2B14:00", "2026-13-01T00:00", "9" * 5000])
def test_what_is_no_time_is_pointed_out(web: Api, browser: TestClient, sent: str) -> None:
    shown = browser.get(path(web, f"{AT}?at={sent}"))
    assert (shown.status_code, "This is not a time." in text_of(shown)) == (400, True)


def test_the_future_is_not_known(web: Api, browser: TestClient, moved: Clock) -> None:
    shown = browser.get(path(web, at(moved, 1)))
    assert (shown.status_code, "The time is in the future." in text_of(shown)) == (400, True)


def test_a_prompt_that_is_archived_since_is_shown_as_it_was(web: Api, browser: TestClient, moved: Clock) -> None:
    then = at(moved, 0)
    moved.now += timedelta(hours=1)
    with web.registry.database.write() as tx:
        prompts.archive_prompt(tx, web.registry.actor, name="greeting")
    shown = text_of(browser.get(path(web, then)))
    assert "No prompt has this name now." in shown
    assert "v3 as the latest version" in shown
    assert browser.get(path(web, AT)).status_code == 404
    assert browser.get(path(web, "prompts/never/at/?at=2026-03-01T13:00")).status_code == 404


def test_viewers_look_back_and_nothing_counts_as_a_fetch(web: Api, moved: Clock) -> None:
    viewer = browser_of(web, Role.VIEWER)
    assert "v2 production" in text_of(viewer.get(path(web, at(moved, -30))))
    assert list(web.usage.take()) == []


def test_a_look_back_works_on_both_databases(api: Api) -> None:
    make(api)
    place(api, 1)
    now = datetime.now(UTC)
    browser = signed_in_browser(api, api.registry.user)
    shown = text_of(browser.get(path(api, f"{AT}?at={now:%Y-%m-%dT%H:%M:%S.%f}")))
    assert "v1 production by this label, and as the latest version" in shown
