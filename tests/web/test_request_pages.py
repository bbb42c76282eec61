"""Change requests on the pages: reviewed, approved, merged, refreshed, edited, closed and commented on."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from browsing import browser_of
from builders import Api
from fastapi.testclient import TestClient
from prompt_pages import follow, headline, make, path, publish, text_of
from request_pages import Person, do, move, prepare, production, propose, protect, shown_form
from web_forms import Fields, form_of

from promptuary.model.access import Role
from promptuary.registry import change_requests, prompts
from promptuary.registry.request_merging import WantedPosition

pytestmark = pytest.mark.own_application


class TestReviewing:
    """The page of a request and its buttons."""

    def test_a_page_shows_what_a_reviewer_needs(self, web: Api, reviewer: Person) -> None:
        protect(web)
        publish(web, base=2, prompt="one {{customer}}", config={"model": "large"})
        propose(web, 3)
        shown = reviewer.browser.get(path(web, "requests/1/"))
        text = text_of(shown)
        assert headline(shown) == "Warmer"
        assert "○ open opened by Test User" in text
        assert "1 more approval: 0 of 1 given." in text
        assert "breaking: adds required customer" in text
        assert text.index("adds required") < text.index("1 move")
        assert "Nothing fetched it by production in the last 7 days." in text
        assert "It is &lt;b&gt;kinder&lt;/b&gt;." in shown.text
        assert "model" in text
        assert '<p class="written" dir="auto">Because.\n\n  It is' in shown.text

    def test_requests_of_one_title_are_told_apart_by_their_numbers(self, web: Api, reviewer: Person) -> None:
        pages = [(number, part) for number in (propose(web), propose(web)) for part in ("", "edit/")]
        shown = [reviewer.browser.get(path(web, f"requests/{number}/{part}")).text for number, part in pages]
        titles = [re.findall(r"<title[^>]*>(.*?) · Test project · Promptuary</title>", page) for page in shown]
        assert titles == [["#1 Warmer"], ["Edit #1 Warmer"], ["#2 Warmer"], ["Edit #2 Warmer"]]

    def test_an_editor_approves_and_merges(self, web: Api, browser: TestClient, reviewer: Person) -> None:
        protect(web)
        propose(web)
        own = text_of(browser.get(path(web, "requests/1/")))
        assert "You proposed this change or wrote one of its texts, so another member must approve it." in own
        assert do(web, browser, "approve", shown_form(web, browser)).status_code == 403
        assert do(web, browser, "merge", shown_form(web, browser)).status_code == 409
        assert follow(reviewer.browser, do(web, reviewer.browser, "approve", shown_form(web, reviewer.browser))) == "Approved."
        shown = text_of(browser.get(path(web, "requests/1/")))
        assert "✓ approved" in shown
        assert "Ready to merge It has all approvals." in shown
        assert follow(browser, do(web, browser, "merge", shown_form(web, browser))) == "Merged: 1 label moved."
        assert production(web) == 2
        ended = browser.get(path(web, "requests/1/"))
        assert "● merged" in text_of(ended)
        assert 'formaction="' not in ended.text

    def test_the_last_approval_merges_if_the_author_asked_for_it(self, web: Api, reviewer: Person) -> None:
        protect(web)
        propose(web, merges_itself=True)
        done = do(web, reviewer.browser, "approve", shown_form(web, reviewer.browser))
        assert (follow(reviewer.browser, done), production(web)) == ("Approved and merged.", 2)

    def test_an_approval_that_cannot_merge_by_itself_says_so(self, web: Api, browser: TestClient, reviewer: Person) -> None:
        protect(web, breaking_needs_admin=True)
        propose(web, None, merges_itself=True)
        told = follow(reviewer.browser, do(web, reviewer.browser, "approve", shown_form(web, reviewer.browser)))
        assert told.startswith("Approved. It could not be merged by itself")
        assert "An admin has to merge it, because it breaks callers." in text_of(browser.get(path(web, "requests/1/")))
        refused = do(web, browser, "merge", shown_form(web, browser))
        assert (refused.status_code, "so an admin has to merge it" in text_of(refused)) == (403, True)
        admin = Person(web, Role.ADMIN)
        follow(admin.browser, do(web, admin.browser, "merge", shown_form(web, admin.browser)))
        assert production(web) is None

    def test_an_approval_is_taken_back(self, web: Api, reviewer: Person) -> None:
        protect(web)
        propose(web)
        do(web, reviewer.browser, "approve", shown_form(web, reviewer.browser))
        assert "Take your approval back" in text_of(reviewer.browser.get(path(web, "requests/1/")))
        done = do(web, reviewer.browser, "take-back", shown_form(web, reviewer.browser))
        assert follow(reviewer.browser, done) == "Your approval is taken back."
        assert "It has no approvals yet." in text_of(reviewer.browser.get(path(web, "requests/1/")))

    def test_comments_keep_their_lines_and_a_bad_one_stays_in_the_form(self, web: Api, browser: TestClient) -> None:
        prepare(web)
        propose(web)
        address = path(web, "requests/1/comment/")
        assert follow(browser, browser.post(address, data={"text": "First <i>\r\nsecond"})) == "The comment is added."
        assert "First &lt;i&gt;\nsecond" in browser.get(path(web, "requests/1/")).text
        refused = browser.post(address, data={"text": "x" * 4001})
        assert (refused.status_code, "x" * 4001 in refused.text) == (400, True)

    def test_other_prompts_whose_text_changes_are_shown(self, web: Api, browser: TestClient) -> None:
        prepare(web)
        make(web, name="letter", prompt="Dear\n@@@prompt:name=greeting|label=production@@@")
        propose(web)
        shown = text_of(browser.get(path(web, "requests/1/")))
        assert "Also changes letter, which contains its text." in shown
        assert "Other prompts whose text changes letter v1" in shown

    def test_refusals_are_told_before_a_merge_and_by_it(self, web: Api, browser: TestClient) -> None:
        prepare(web)
        make(web, name="letter", prompt="@@@prompt:name=greeting|label=production@@@")
        propose(web, None)
        assert "Before it can be merged greeting:" in text_of(browser.get(path(web, "requests/1/")))
        assert (do(web, browser, "merge", shown_form(web, browser)).status_code, production(web)) == (409, 1)

    @pytest.mark.parametrize("request_id", ["0", "x", "007", "9" * 30, "-1", "7"])
    def test_an_unknown_request_is_not_found(self, web: Api, browser: TestClient, request_id: str) -> None:
        assert browser.get(path(web, f"requests/{request_id}/")).status_code == 404
        assert browser.post(path(web, f"requests/{request_id}/merge/")).status_code == 404

    def test_viewers_read_and_are_refused_when_forcing_more(self, web: Api) -> None:
        prepare(web)
        propose(web)
        viewer = browser_of(web, Role.VIEWER)
        for rest in ("requests/", "requests/1/", "requests/?state=ended"):
            shown = viewer.get(path(web, rest))
            assert shown.status_code == 200
            assert set(re.findall(r'<form method="post" action="([^"]*)"', shown.text)) <= {"/sign-out"}
            assert "/new-request/" not in shown.text
        for part in ("approve", "take-back", "merge", "refresh", "close", "comment", "edit"):
            assert viewer.post(path(web, f"requests/1/{part}/"), data={"revision": "1", "text": "x"}).status_code == 403
        for rest in ("new-request/", "requests/1/edit/"):
            assert viewer.get(path(web, rest)).status_code == 403

    def test_only_the_author_and_admins_edit_and_close(self, web: Api, reviewer: Person) -> None:
        propose(web)
        assert "/edit/" not in reviewer.browser.get(path(web, "requests/1/")).text
        assert do(web, reviewer.browser, "close", shown_form(web, reviewer.browser)).status_code == 403
        assert do(web, Person(web, Role.ADMIN).browser, "close", {"revision": "1"}).status_code == 303


def _change(web: Api, **changes: object) -> None:
    with web.registry.database.write() as tx:
        change_requests.change_request(tx, web.registry.actor, request_id=1, **changes)  # type: ignore[arg-type]


def _close(web: Api) -> None:
    with web.registry.database.write() as tx:
        change_requests.close_request(tx, web.registry.actor, request_id=1)


CHANGES: dict[str, tuple[Callable[[Api], object], str]] = {
    "other moves": (
        lambda web: _change(web, positions=[WantedPosition("greeting", "production", 3)]),
        "production of greeting was to go from v1 to v2, and now from v1 to v3.",
    ),
    "one more move": (
        lambda web: _change(
            web,
            positions=[
                WantedPosition("greeting", "production", 2),
                WantedPosition("greeting", "canary", 1),
            ],
        ),
        "canary of greeting is part of it now: from nothing to v1.",
    ),
    "a moved label": (lambda web: move(web, 3), "production of greeting was at v1, and is at v3 now."),
    "a close": (_close, "This change request is closed."),
}


class TestOutdatedPages:
    """Buttons of pages that show what is no longer so."""

    @pytest.mark.parametrize("change", CHANGES)
    @pytest.mark.parametrize("action", ["approve", "merge"])
    def test_nothing_is_done_and_the_page_tells_what_has_changed(
        self, web: Api, browser: TestClient, reviewer: Person, change: str, action: str
    ) -> None:
        publish(web, base=2, prompt="three")
        propose(web)
        seen = shown_form(web, reviewer.browser)
        do_change, said = CHANGES[change]
        do_change(web)
        refused = do(web, reviewer.browser, action, seen)
        assert (refused.status_code, "Nothing was changed." in text_of(refused), said in text_of(refused)) == (409, True, True)
        assert production(web) == (3 if change == "a moved label" else 1)
        assert "Approved" not in text_of(browser.get(path(web, "requests/1/")))

    @pytest.mark.parametrize(
        ("seen", "told"), [(False, "It merges automatically on"), (True, "It does not merge automatically on")]
    )
    def test_an_approval_merges_only_if_the_page_has_said_so(self, web: Api, reviewer: Person, *, seen: bool, told: str) -> None:
        protect(web)
        propose(web, merges_itself=seen)
        form = shown_form(web, reviewer.browser)
        _change(web, merges_itself=not seen)
        refused = do(web, reviewer.browser, "approve", form)
        assert (refused.status_code, f"{told} the last approval now." in text_of(refused), production(web)) == (409, True, 1)
        follow(reviewer.browser, do(web, reviewer.browser, "approve", form_of(refused, path(web, "requests/1/approve/"))))
        assert production(web) == (1 if seen else 2)

    @pytest.mark.parametrize("action", ["refresh", "close", "take-back"])
    def test_so_it_is_with_all_other_buttons(self, web: Api, browser: TestClient, action: str) -> None:
        prepare(web)
        propose(web)
        seen = shown_form(web, browser)
        _change(web, positions=[WantedPosition("greeting", "canary", 1)])
        assert do(web, browser, action, seen).status_code == 409
        assert do(web, browser, action, {}).status_code == 409

    def test_an_outdated_request_is_refreshed_with_one_click(self, web: Api, browser: TestClient, reviewer: Person) -> None:
        publish(web, base=2, prompt="three")
        propose(web)
        move(web, 3)
        shown = text_of(reviewer.browser.get(path(web, "requests/1/")))
        assert "! outdated" in shown
        assert "production of greeting was at v1 and is at v3 now" in shown
        assert "waiting for you" in text_of(browser.get(path(web, "prompts/")))
        done = do(web, reviewer.browser, "refresh", shown_form(web, reviewer.browser))
        assert follow(reviewer.browser, done).startswith("Refreshed.")
        assert "production of greeting: v3 → v2" in text_of(browser.get(path(web, "requests/1/")))

    def test_an_outdated_request_with_nothing_left_to_do_says_so(self, web: Api, browser: TestClient) -> None:
        prepare(web)
        propose(web)
        with web.registry.database.write() as tx:
            prompts.archive_prompt(tx, web.registry.actor, name="greeting")
        assert "is gone, because the prompt is archived" in text_of(browser.get(path(web, "requests/1/")))
        do(web, browser, "refresh", shown_form(web, browser))
        assert "It proposes no move any more. Edit or close it." in text_of(browser.get(path(web, "requests/1/")))


class TestEditing:
    """The form that edits a request."""

    def edit(self, web: Api, browser: TestClient) -> Fields:
        return form_of(browser.get(path(web, "requests/1/edit/")), path(web, "requests/1/edit/"))

    def test_another_text_keeps_approvals_and_other_moves_take_them_away(
        self, web: Api, browser: TestClient, reviewer: Person
    ) -> None:
        publish(web, base=2, prompt="three")
        protect(web)
        propose(web)
        do(web, reviewer.browser, "approve", shown_form(web, reviewer.browser))
        saved = do(web, browser, "edit", self.edit(web, browser) | {"title": "Better", "merges_itself": "yes"})
        assert follow(browser, saved) == "The change request is saved."
        shown = browser.get(path(web, "requests/1/"))
        assert (headline(shown), "✓ approved" in text_of(shown)) == ("Better", True)
        added: Fields = {"version": "3", "new_name": "greeting", "new_label": "canary", "new_act": "move", "new_version": "1"}
        follow(browser, do(web, browser, "edit", self.edit(web, browser) | added))
        shown_text = text_of(browser.get(path(web, "requests/1/")))
        assert "does not count: the moves were changed since" in shown_text
        assert "revision 2" in shown_text
        assert "2 moves" in shown_text

    def test_moves_are_left_out_and_become_removals(self, web: Api, browser: TestClient) -> None:
        prepare(web)
        propose(web)
        follow(browser, do(web, browser, "edit", self.edit(web, browser) | {"act": "remove"}))
        assert "production of greeting: v1 → nothing" in text_of(browser.get(path(web, "requests/1/")))
        refused = do(web, browser, "edit", self.edit(web, browser) | {"act": "leave-out"})
        assert (refused.status_code, "Propose at least one move" in text_of(refused)) == (400, True)

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"version": "x"}, "Choose the number of a version for production of greeting."),
            ({"version": ["1", "2"]}, "malformed"),
            ({"version": "9"}, "no version 9"),
            ({"title": ""}, "This field may not be blank."),
        ],
    )
    def test_what_cannot_be_saved_stays_in_the_form(self, web: Api, browser: TestClient, fields: Fields, said: str) -> None:
        prepare(web)
        propose(web)
        answer = do(web, browser, "edit", self.edit(web, browser) | {"description": "typed"} | fields)
        assert (answer.status_code, said in text_of(answer), "typed</textarea>" in answer.text) == (400, True, True)

    def test_who_saves_second_sees_what_the_first_one_changed_and_keeps_what_was_written(
        self, web: Api, browser: TestClient
    ) -> None:
        prepare(web)
        propose(web)
        began = self.edit(web, browser)
        _change_later(web)
        refused = do(web, browser, "edit", began | {"title": "Mine"})
        assert (refused.status_code, "The title is “Theirs” now." in text_of(refused)) == (409, True)
        again = form_of(refused, path(web, "requests/1/edit/"))
        assert again["title"] == "Mine"
        follow(browser, do(web, browser, "edit", again))
        assert headline(browser.get(path(web, "requests/1/"))) == "Mine"
        assert do(web, browser, "edit", again | {"seen_at": "never"}).status_code == 409

    def test_other_moves_are_saved_only_from_where_the_labels_were_seen(self, web: Api, browser: TestClient) -> None:
        prepare(web)
        publish(web, base=2, prompt="three")
        propose(web)
        began = self.edit(web, browser)
        move(web, 3)
        refused = do(web, browser, "edit", began | {"act": "remove", "title": "Mine"})
        assert (refused.status_code, "production of greeting was at v1, and is at v3 now." in text_of(refused)) == (409, True)
        assert "revision 1" in text_of(browser.get(path(web, "requests/1/")))
        again = form_of(refused, path(web, "requests/1/edit/"))
        assert again["title"] == "Mine"
        follow(browser, do(web, browser, "edit", again | {"act": "remove"}))
        assert "production of greeting: v3 → nothing" in text_of(browser.get(path(web, "requests/1/")))

    def test_an_ended_request_is_shown_and_not_saved(self, web: Api, browser: TestClient) -> None:
        prepare(web)
        propose(web)
        began = self.edit(web, browser)
        _close(web)
        refused = do(web, browser, "edit", began)
        assert (refused.status_code, "This change request is closed." in text_of(refused)) == (409, True)


def _change_later(web: Api) -> None:
    """Give the request another title a day later."""
    with web.registry.database.write() as tx:
        at = replace(tx, clock=lambda: tx.clock() + timedelta(days=1))
        change_requests.change_request(at, web.registry.actor, request_id=1, title="Theirs")


def test_activity_tells_of_requests_to_all_and_of_rules_to_admins(web: Api, browser: TestClient, reviewer: Person) -> None:
    protect(web)
    propose(web)
    browser.post(path(web, "requests/1/comment/"), data={"text": "x"})
    do(web, reviewer.browser, "approve", shown_form(web, reviewer.browser))
    do(web, browser, "edit", form_of(browser.get(path(web, "requests/1/edit/")), path(web, "requests/1/edit/")))
    do(web, browser, "merge", shown_form(web, browser))
    propose(web, 1, title="Back")
    do(web, browser, "close", shown_form(web, browser, 2), 2)
    told = text_of(browser_of(web, Role.VIEWER).get(path(web, "activity/")))
    for verb in ("opened", "commented on", "approved", "changed", "merged"):
        assert f"{verb} the change request Warmer #1" in told
    assert "closed the change request Back #2" in told
    assert "the rule for" not in told
    assert "set the rule for production: editors, 1 approval" in text_of(browser_of(web, Role.ADMIN).get(path(web, "activity/")))
