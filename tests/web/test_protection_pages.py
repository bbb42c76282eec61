"""Protected labels on the pages: rules in sentences, and what users see whom a rule forbids a move."""

import re

import pytest
from browsing import browser_of
from builders import Api, as_admin
from fastapi.testclient import TestClient
from prompt_pages import follow, headline, path, text_of
from request_pages import Person, move, prepare, production, protect
from web_forms import form_of

from promptuary.model.access import Role
from promptuary.model.label_rules import LabelRule
from promptuary.registry import label_rules, labels
from promptuary.web.projects.rule_sentences import explain

RULE = {"pattern": "production", "role": "editor", "approvals": "1"}


def change(web: Api, rule_id: int, **values: object) -> None:
    """Change a rule as another admin does."""
    with web.registry.database.write() as tx:
        label_rules.change_rule(tx, as_admin(web.registry.actor), rule_id=rule_id, **values)  # type: ignore[arg-type]


def rules(web: Api) -> list[LabelRule]:
    with web.registry.database.read() as tx:
        return label_rules.list_rules(tx, web.registry.actor)


class TestRules:
    """The page of rules."""

    def test_without_rules_one_sentence_says_what_holds_and_what_a_rule_would_do(self, web: Api, browser: TestClient) -> None:
        shown = browser.get(path(web, "settings/labels/"))
        assert headline(shown) == "Protected labels"
        assert "No label is protected: any editor moves any label at any time. A rule lets only admins move" in text_of(shown)

    def test_an_admin_adds_changes_and_removes_a_rule(self, web: Api, admin: TestClient) -> None:
        prepare(web)
        address = path(web, "settings/labels/")
        added = admin.post(address, data=RULE | {"breaking_needs_admin": "yes"})
        assert follow(admin, added) == "production is protected."
        shown = admin.get(address)
        told = "Editors may propose, 1 of the 2 people who may approve must agree. Authors do not approve their own text."
        assert f"production {told} Only admins can make moves that break callers. In use by prompts" in text_of(shown)
        rule = str(form_of(shown, path(web, "settings/remove-rule"))["rule"])
        change = {"rule": rule, "role": "admin", "approvals": "0"}
        assert follow(admin, admin.post(path(web, "settings/change-rule"), data=change)) == "The rule for production is saved."
        assert "Admins move it directly. Editors may propose, and an admin merges." in text_of(admin.get(address))
        removed = admin.post(path(web, "settings/remove-rule"), data={"rule": rule})
        assert follow(admin, removed) == "The rule for production is removed."
        assert admin.post(path(web, "settings/remove-rule"), data={"rule": rule}).status_code == 404
        assert admin.post(path(web, "settings/change-rule"), data=change).status_code == 404

    def test_a_pattern_tells_which_labels_it_protects_now(self, web: Api, admin: TestClient) -> None:
        prepare(web)
        move(web, 1, label="prod-eu")
        protect(web, pattern="prod-*")
        protect(web, pattern="never-used")
        shown = text_of(admin.get(path(web, "settings/labels/")))
        assert "Protects now: prod-eu" in shown
        assert "No prompt has such a label yet." in shown
        assert "If several rules match a label, all of them apply." in shown

    @pytest.mark.parametrize(
        ("rule", "said"),
        [
            ({"pattern": "Not one"}, "Use the name of a label"),
            ({"role": "viewer"}, "Viewers cannot move labels."),
            ({"role": "x"}, "Choose editors or admins."),
            ({"approvals": "6"}, "Ask for 0 to 5 approvals."),
            ({"approvals": "many"}, "Ask for 0 to 5 approvals."),
            ({"pattern": "taken"}, "already exists"),
        ],
    )
    def test_a_bad_rule_is_refused_and_what_was_typed_stays(
        self, web: Api, admin: TestClient, rule: dict[str, str], said: str
    ) -> None:
        protect(web, pattern="taken")
        answer = admin.post(path(web, "settings/labels/"), data=RULE | rule)
        assert (answer.status_code, said in text_of(answer)) == (400, True)
        assert f'value="{(RULE | rule)["pattern"]}"' in answer.text

    def test_a_rule_that_was_tightened_meanwhile_is_not_loosened_unseen(self, web: Api, admin: TestClient) -> None:
        rule = protect(web, approvals=1)
        shown, address = admin.get(path(web, "settings/labels/")), path(web, "settings/change-rule")
        form = form_of(shown, address) | {"breaking_needs_admin": "yes"}
        change(web, rule, approvals=3, role=Role.ADMIN)
        refused = admin.post(address, data=form)
        assert refused.status_code == 409
        told = text_of(refused)
        assert "The rule for 'production' was changed in the meantime. Nothing was changed. What you chose is still" in told
        assert "who may move it: editors and admins before, admins now approvals: 1 before, 3 now" in told
        assert rules(web) == [LabelRule(rule, "production", Role.ADMIN, 3)]
        again = form_of(refused, address)
        assert (again["role"], again["approvals"]) == ("editor", "1")
        assert 'name="breaking_needs_admin" value="yes" checked' in refused.text
        follow(admin, admin.post(address, data=again | {"breaking_needs_admin": "yes"}))
        assert rules(web) == [LabelRule(rule, "production", Role.EDITOR, 1, breaking_needs_admin=True)]

    def test_a_rule_that_was_changed_meanwhile_is_not_removed(self, web: Api, admin: TestClient) -> None:
        rule = protect(web, approvals=0)
        address = path(web, "settings/remove-rule")
        form = form_of(admin.get(path(web, "settings/labels/")), address)
        change(web, rule, allows_own_approval=True)
        refused = admin.post(address, data=form)
        assert refused.status_code == 409
        assert "Nothing was changed. Remove the rule again if that is still needed." in text_of(refused)
        assert "authors may approve their own text: no before, yes now" in text_of(refused)
        assert len(rules(web)) == 1
        assert follow(admin, admin.post(address, data=form_of(refused, address))) == "The rule for production is removed."

    @pytest.mark.parametrize("action", ["change-rule", "remove-rule"])
    def test_a_form_that_tells_nonsense_of_its_rule_changes_nothing(self, web: Api, admin: TestClient, action: str) -> None:
        rule = protect(web)
        for seen in ("", "editor", "editor x 0 0 production", "owner 1 0 0 production"):
            form = {"rule": str(rule), "role": "editor", "approvals": "0", "seen": seen}
            assert admin.post(path(web, f"settings/{action}"), data=form).status_code == 400
        assert rules(web) == [LabelRule(rule, "production", approvals=1)]

    def test_a_bad_change_is_told_at_its_rule(self, web: Api, admin: TestClient) -> None:
        rule = protect(web)
        change = {"rule": str(rule), "role": "viewer", "approvals": "1"}
        answer = admin.post(path(web, "settings/change-rule"), data=change)
        assert (answer.status_code, '<details class="menu confirmation" open>' in answer.text) == (400, True)

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
    def test_others_read_the_rules_and_are_refused_when_forcing_a_change(self, web: Api, role: Role) -> None:
        rule = protect(web)
        member = browser_of(web, role)
        shown = member.get(path(web, "settings/labels/"))
        assert "Admins can change the rules." in text_of(shown)
        assert set(re.findall(r'<form method="post" action="([^"]*)"', shown.text)) == {"/sign-out"}
        for part in ("labels/", "change-rule", "remove-rule"):
            assert member.post(path(web, f"settings/{part}"), data=RULE | {"rule": str(rule)}).status_code == 403

    @pytest.mark.parametrize(
        ("rule", "people", "warning"),
        [
            (LabelRule(1, "a", approvals=1), {Role.EDITOR: 1, Role.ADMIN: 0}, "no member besides the author can approve."),
            (LabelRule(1, "a", approvals=2), {Role.EDITOR: 1, Role.ADMIN: 1}, "only 1 person besides the author can approve."),
            (LabelRule(1, "a", approvals=2, allows_own_approval=True), {Role.EDITOR: 1, Role.ADMIN: 1}, ""),
            (LabelRule(1, "a", Role.ADMIN, 3), {Role.EDITOR: 9, Role.ADMIN: 2}, "only 2 people can approve."),
            (LabelRule(1, "a", Role.ADMIN, 2), {Role.EDITOR: 1, Role.ADMIN: 2}, ""),
            (LabelRule(1, "a", Role.ADMIN, 2), {Role.VIEWER: 9, Role.ADMIN: 2}, "only 1 person besides the author can approve."),
            (LabelRule(1, "a"), {Role.ADMIN: 1}, ""),
        ],
    )
    def test_a_rule_that_can_never_be_met_is_warned_of(self, rule: LabelRule, people: dict[Role, int], warning: str) -> None:
        assert explain(rule, people, []).warning.partition(", and ")[2] == warning

    @pytest.mark.parametrize(
        ("rule", "told"),
        [
            (LabelRule(1, "a"), "Editors move it directly."),
            (
                LabelRule(1, "a", breaking_needs_admin=True),
                "Editors move it directly. Only admins can make moves that break callers.",
            ),
            (
                LabelRule(1, "a", Role.ADMIN, 1, allows_own_approval=True, breaking_needs_admin=True),
                (
                    "Editors may propose, the one person who may approve must agree. Only admins approve and merge. "
                    "Authors may approve their own text."
                ),
            ),
            (
                LabelRule(1, "a", approvals=4),
                "Editors may propose, all 4 people who may approve must agree. Authors do not approve their own text.",
            ),
        ],
    )
    def test_rules_in_sentences(self, rule: LabelRule, told: str) -> None:
        assert " ".join(explain(rule, {Role.EDITOR: 3, Role.ADMIN: 1}, []).sentences) == told


WAYS = {
    "labels/set/": ("?label=production&version=2", {"label": "production", "version": "2"}, 2),
    "labels/remove/": ("?label=production", {"label": "production"}, None),
    "archive/": ("", {}, None),
}


class TestForbiddenMoves:
    """Pages of moves that a rule forbids."""

    @pytest.mark.parametrize("part", WAYS)
    def test_an_editor_is_offered_a_change_request_with_label_and_version(self, web: Api, browser: TestClient, part: str) -> None:
        prepare(web)
        protect(web)
        query, form, version = WAYS[part]
        address = path(web, f"prompts/greeting/{part}")
        for shown, status in ((browser.get(address + query), 200), (browser.post(address, data=form), 403)):
            assert shown.status_code == status
            assert "production is protected, so you cannot" in text_of(shown)
            wanted = f"&amp;version={version}" if version else "&amp;act=remove"
            [offer] = re.findall(r'href="([^"]*/new-request/[^"]*label=[^"]*)"', shown.text)
            assert offer == path(web, f"new-request/?prompt=greeting&amp;label=production{wanted}")
            assert "Emergency" not in shown.text
            assert browser.get(offer.replace("&amp;", "&")).status_code == 200
        assert browser.post(address, data=form | {"emergency": "yes", "reason": "x"}).status_code == 403
        assert production(web) == 1

    @pytest.mark.parametrize("part", WAYS)
    def test_an_admin_passes_the_rule_in_an_emergency_with_a_reason(self, web: Api, admin: TestClient, part: str) -> None:
        prepare(web)
        protect(web)
        query, _, _ = WAYS[part]
        address = path(web, f"prompts/greeting/{part}")
        form = form_of(admin.get(address + query), address)
        assert admin.post(address, data=form).status_code == 403
        refused = admin.post(address, data=form | {"emergency": "yes", "reason": " "})
        assert (refused.status_code, "An emergency requires a reason." in text_of(refused)) == (400, True)
        assert production(web) == 1
        follow(admin, admin.post(address, data=form | {"emergency": "yes", "reason": "Prices are wrong"}))
        if part == "archive/":
            follow(admin, admin.post(path(web, "prompts/greeting/unarchive/")))
        with web.registry.database.read() as tx:
            last = labels.list_history(tx, web.registry.actor, name="greeting", label="production", limit=1).moves[0]
        assert (last.cause.kind.value, last.cause.reason) == ("emergency", "Prices are wrong")

    def test_what_a_rule_allows_looks_as_ever(self, web: Api, browser: TestClient, admin: TestClient) -> None:
        prepare(web)
        protect(web, approvals=0, role=Role.ADMIN)
        address = path(web, "prompts/greeting/labels/set/?label=production&version=2")
        assert "is protected" in text_of(browser.get(address))
        assert "is protected" not in text_of(admin.get(address))
        assert "is protected" not in text_of(browser.get(address.replace("production", "other")))

    def test_a_move_that_breaks_callers_may_take_an_admin(self, web: Api, browser: TestClient) -> None:
        prepare(web)
        protect(web, approvals=0, breaking_needs_admin=True)
        address = path(web, "prompts/greeting/labels/")
        assert "is protected" not in text_of(browser.get(f"{address}set/?label=production&version=2"))
        assert "is protected" in text_of(browser.get(f"{address}remove/?label=production"))

    def test_a_label_that_the_prompt_does_not_have_yet_is_protected_too(self, web: Api) -> None:
        prepare(web)
        protect(web, pattern="staging")
        editor = Person(web, Role.EDITOR)
        shown = editor.browser.post(path(web, "prompts/greeting/labels/set/"), data={"label": "staging", "version": "1"})
        assert (shown.status_code, "Open a change request" in text_of(shown)) == (403, True)
