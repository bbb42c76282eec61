"""Change requests on the pages: opened and listed."""

import re

import pytest
from browsing import browser_of
from builders import Api
from fastapi.testclient import TestClient
from prompt_pages import follow, headline, make, path, publish, text_of
from request_pages import Person, do, move, prepare, production, propose, protect, shown_form
from web_forms import form_of

from promptuary.model.access import Role

FORM = {"position": "production 2 greeting", "title": "Warmer", "description": "Why\n"}


pytestmark = pytest.mark.own_application


class TestOpening:
    """Opening change requests."""

    def test_a_move_is_chosen_looked_at_and_proposed(self, web: Api, browser: TestClient) -> None:
        prepare(web)
        assert headline(browser.get(path(web, "new-request/?prompt=greeting"))) == "New change request"
        look = browser.get(path(web, "new-request/?prompt=greeting&label=production&version=2"))
        assert "zwei" in look.text
        form = form_of(look, path(web, "new-request/"))
        assert form["title"] == "Move production of greeting to version 2"
        opened = browser.post(path(web, "new-request/"), data=form | {"merges_itself": "yes"})
        assert follow(browser, opened).startswith("The change request is open.")
        shown = text_of(browser.get(opened.headers["location"]))
        assert "It merges automatically on the last approval." in shown
        assert production(web) == 1

    def test_a_removal_is_proposed(self, web: Api, browser: TestClient) -> None:
        prepare(web)
        look = browser.get(path(web, "new-request/?prompt=greeting&label=production&act=remove"))
        assert "breaking: programs that ask for it get a 404" in text_of(look)
        form = form_of(look, path(web, "new-request/"))
        assert form["title"] == "Remove production of greeting"
        follow(browser, browser.post(path(web, "new-request/"), data=form))

    def test_a_label_of_several_prompts_is_brought_to_where_another_one_is(self, web: Api, browser: TestClient) -> None:
        prepare(web)
        make(web, name="other")
        for name, version in (("greeting", 2), ("other", 1)):
            move(web, version, label="staging", name=name)
        look = browser.get(path(web, "new-request/?from=staging&to=production"))
        offered = re.findall(r'name="position" value="([^"]*)" checked', look.text)
        assert offered == ["production 2 greeting", "production 1 other"]
        browser.post(path(web, "new-request/"), data=FORM | {"position": offered})
        shown = text_of(browser.get(path(web, "requests/1/")))
        assert "2 moves" in shown
        assert "production of other: nothing → v1" in shown

    @pytest.mark.parametrize(("seen", "told"), [(1, "was at v1, and is at v3 now."), (None, "was at nothing, and is at v3 now.")])
    def test_a_label_that_was_moved_since_the_look_is_not_proposed_from_another_version(
        self, web: Api, browser: TestClient, seen: int | None, told: str
    ) -> None:
        prepare(web)
        publish(web, base=2, prompt="third")
        label = "production" if seen else "canary"
        address = path(web, "new-request/")
        form = form_of(browser.get(f"{address}?prompt=greeting&label={label}&version=2"), address)
        move(web, 3, label=label)
        refused = browser.post(address, data=form | {"title": "Warmer", "description": "Why\n", "merges_itself": "yes"})
        assert refused.status_code == 409
        assert "Nothing was opened, because labels were moved in the meantime." in text_of(refused)
        assert f"{label} of greeting {told}" in text_of(refused)
        assert browser.get(path(web, "requests/1/")).status_code == 404
        again = form_of(refused, address)
        assert (again["title"], again["description"]) == ("Warmer", "Why\r\n")
        assert 'name="merges_itself" value="yes" checked' in refused.text
        opened = browser.post(address, data=again)
        assert f"{label} of greeting: v3 → v2" in text_of(browser.get(opened.headers["location"]))

    def test_a_move_that_was_made_since_the_look_is_left_out(self, web: Api, browser: TestClient) -> None:
        prepare(web)
        make(web, name="other")
        for name, version in (("greeting", 2), ("other", 1)):
            move(web, version, label="staging", name=name)
        address = path(web, "new-request/")
        form = form_of(browser.get(f"{address}?from=staging&to=production"), address)
        positions = ["production 2 greeting", "production 1 other"]
        move(web, 2)
        refused = browser.post(address, data=form | {"position": positions})
        assert (refused.status_code, form_of(refused, address)["position"]) == (409, "production 1 other")
        move(web, 1, name="other")
        refused = browser.post(address, data=form | {"position": positions})
        assert refused.status_code == 400
        assert "production of other was at nothing, and is at v1 now. There is nothing left to propose." in text_of(refused)

    @pytest.mark.parametrize(
        ("query", "status", "said"),
        [
            ("prompt=missing&label=production&version=1", 404, "There is no prompt 'missing'"),
            ("prompt=greeting&label=production&version=9", 404, "no version 9"),
            ("prompt=greeting&label=production&version=x", 400, "Choose the number of a version."),
            ("prompt=greeting&label=production&version=1", 400, "points at version 1 already"),
            ("prompt=greeting&label=latest&version=1", 400, "latest"),
            ("prompt=greeting&label=never&act=remove", 404, "never"),
            ("from=production&to=production", 400, "Use two different labels."),
            ("from=never&to=production", 400, "No prompt has never."),
            ("from=canary&to=production", 400, "Each prompt that has canary has production at the same version already."),
        ],
    )
    def test_what_cannot_be_proposed_is_told_above_the_choice(
        self, web: Api, browser: TestClient, query: str, status: int, said: str
    ) -> None:
        prepare(web)
        move(web, 1, label="canary")
        shown = browser.get(path(web, f"new-request/?{query}"))
        assert (shown.status_code, said in text_of(shown)) == (status, True), text_of(shown)

    @pytest.mark.parametrize(
        ("fields", "status", "said"),
        [
            ({"title": " "}, 400, "This field may not be blank."),
            ({"title": "x" * 201}, 400, "no more than 200 characters"),
            ({"description": "x" * 4001}, 400, "no more than 4000 characters"),
            ({"position": []}, 400, "Propose at least one move"),
            ({"position": "production"}, 400, "malformed"),
            ({"position": "production 1 greeting"}, 400, "points at version 1 already"),
            ({"position": "production 1 missing"}, 404, "missing"),
        ],
    )
    def test_a_request_that_cannot_be_opened_is_refused_with_the_reason(
        self, web: Api, browser: TestClient, fields: dict[str, str], status: int, said: str
    ) -> None:
        prepare(web)
        answer = browser.post(path(web, "new-request/"), data=FORM | fields)
        assert (answer.status_code, said in text_of(answer)) == (status, True), text_of(answer)


class TestLists:
    """The list, and the count beside its link."""

    def test_what_waits_for_the_user_is_first_then_open_then_ended(self, web: Api, browser: TestClient, reviewer: Person) -> None:
        protect(web)
        for title in ("mine", "closed"):
            propose(web, title=title)
        propose(web, by=reviewer.actor, title="to approve", version=None)
        do(web, browser, "close", shown_form(web, browser, 2), 2)
        shown = text_of(browser.get(path(web, "requests/")))
        order = [shown.index(word) for word in ("Waiting for you", "to approve", "Other open ones", "mine", "Ended", "closed")]
        assert order == sorted(order)
        assert "Requests 1 waiting for you" in shown
        assert "0 of 1 approval" in shown
        assert "waiting for you" not in text_of(browser_of(web, Role.VIEWER).get(path(web, "prompts/")))

    def test_no_request_is_told_with_what_one_is(self, web: Api, browser: TestClient) -> None:
        assert "No change requests yet" in text_of(browser.get(path(web, "requests/")))
        assert "None has ended yet" in text_of(browser.get(path(web, "requests/?state=ended")))

    def test_long_lists_have_pages(self, web: Api, browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("promptuary.web.requests.request_list.PER_PAGE", 2)
        monkeypatch.setattr("promptuary.web.requests.request_list.RECENTLY_ENDED", 1)
        prepare(web)
        protect(web)
        for number in range(6):
            propose(web, title=f"request-{number}")
        for number in (1, 2, 3):
            do(web, browser, "close", shown_form(web, browser, number), number)
        first, second = (browser.get(path(web, f"requests/?page={page}")).text for page in (1, 2))
        assert [f"request-{number}" in first for number in (5, 3, 2, 1)] == [True, False, True, False]
        assert ("request-3" in second, "request-5" in second, "Ended" in second) == (True, False, False)
        assert "All 3 that have ended" in text_of(browser.get(path(web, "requests/")))
        ended = browser.get(path(web, "requests/?state=ended&page=2"))
        assert ("request-0" in ended.text, "Page 2 of 2" in text_of(ended)) == (True, True)
