"""Rules that protect labels: what they forbid, everywhere, and who may make them."""

from collections.abc import Callable
from typing import Any

import pytest
from builders import Api, make_key, make_member
from httpx2 import Response
from reference_requests import label, publish

from promptuary.model.access import Role, Scope
from promptuary.model.label_rules import LabelRule, protection_of
from promptuary.model.patterns import matches_pattern
from promptuary.registry.labels import move_label
from promptuary.registry.prompts import create_prompt, publish_version

PROTECTED = {"detail": "The label 'production' is protected. Open a change request or ask an admin."}


def client_of(api: Api, role: Role, *scopes: Scope) -> Any:
    """A client of another member of the project."""
    with api.registry.database.write() as tx:
        key = make_key(tx, make_member(tx, api.registry.project, role=role), *scopes)
    return api.client_with({"Authorization": f"Bearer {key.value}"})


@pytest.fixture
def admin(api: Api) -> Any:
    return client_of(api, Role.ADMIN)


def protect(api: Api, admin: Any, **rule: object) -> dict[str, Any]:
    answer = admin.post(f"{api.path}label_rules/", json={"pattern": "production"} | rule)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


class TestRules:
    """Making rules."""

    def test_a_rule_is_made_changed_listed_and_removed(self, api: Api, admin: Any) -> None:
        made = protect(api, admin, pattern="prod-*", approvals=2)
        expected = {
            "id": made["id"],
            "pattern": "prod-*",
            "role": "editor",
            "approvals": 2,
            "allows_own_approval": False,
            "breaking_needs_admin": False,
        }
        assert made == expected
        path = f"{api.path}label_rules/{made['id']}/"
        changed = admin.patch(path, json={"role": "admin", "approvals": 0, "breaking_needs_admin": True})
        assert changed.json() == expected | {"role": "admin", "approvals": 0, "breaking_needs_admin": True}
        assert api.client.get(f"{api.path}label_rules/").json() == {"results": [changed.json()]}
        assert admin.delete(path).status_code == 204
        assert api.client.get(f"{api.path}label_rules/").json() == {"results": []}
        assert (admin.delete(path).status_code, admin.patch(path, json={}).status_code) == (404, 404)

    @pytest.mark.parametrize(
        ("body", "attr", "code"),
        [
            ({}, "pattern", "required"),
            ({"pattern": "Prod"}, "pattern", "invalid_pattern"),
            ({"pattern": ""}, "pattern", "invalid_pattern"),
            ({"pattern": "latest"}, "pattern", "invalid_pattern"),
            ({"pattern": "a" * 129}, "pattern", "invalid_pattern"),
            ({"pattern": "a\0"}, "pattern", "invalid_pattern"),
            ({"pattern": "a", "role": "viewer"}, "role", "invalid_choice"),
            ({"pattern": "a", "approvals": 6}, "approvals", "max_value"),
            ({"pattern": "a", "approvals": -1}, "approvals", "min_value"),
            ({"pattern": "a", "allows_own_approval": "x"}, "allows_own_approval", "invalid_input"),
        ],
    )
    def test_bad_rules_are_refused(self, api: Api, admin: Any, body: dict[str, object], attr: str, code: str) -> None:
        answer = admin.post(f"{api.path}label_rules/", json=body)
        assert (answer.status_code, answer.json()["attr"], answer.json()["code"]) == (400, attr, code)

    def test_a_pattern_has_one_rule(self, api: Api, admin: Any) -> None:
        protect(api, admin)
        answer = admin.post(f"{api.path}label_rules/", json={"pattern": "production"})
        assert (answer.status_code, answer.json()["code"], answer.json()["attr"]) == (400, "unique", "pattern")

    def test_only_admins_make_rules_and_all_members_read_them(self, api: Api, admin: Any) -> None:
        made = protect(api, admin)
        viewer = client_of(api, Role.VIEWER)
        limited = client_of(api, Role.ADMIN, Scope.WRITE)
        for client in (api.client, viewer, limited):
            assert client.post(f"{api.path}label_rules/", json={"pattern": "a"}).status_code == 403
            assert client.patch(f"{api.path}label_rules/{made['id']}/", json={"approvals": 0}).status_code == 403
            assert client.delete(f"{api.path}label_rules/{made['id']}/").status_code == 403
            assert client.get(f"{api.path}label_rules/").json()["results"] == [made]

    def test_a_project_has_a_limited_number_of_rules(self, api: Api, admin: Any) -> None:
        for number in range(50):
            protect(api, admin, pattern=f"label-{number}")
        answer = admin.post(f"{api.path}label_rules/", json={"pattern": "more"})
        assert (answer.status_code, answer.json()["code"]) == (400, "max_length")

    @pytest.mark.parametrize("rule_id", ["0", "x", "9" * 30, "-1"])
    def test_an_unknown_rule_is_not_found(self, api: Api, admin: Any, rule_id: str) -> None:
        assert admin.delete(f"{api.path}label_rules/{rule_id}/").status_code == 404


@pytest.mark.parametrize(
    ("pattern", "name", "is_match"),
    [
        ("production", "production", True),
        ("production", "production-2", False),
        ("prod-*", "prod-eu", True),
        ("prod-*", "prod-", True),
        ("prod-*", "prod", False),
        ("*", "anything", True),
        ("*-eu", "prod-eu", True),
        ("a*b*c", "a1b2c", True),
        ("a*b*c", "acb", False),
        ("a*a", "a", False),
        ("ab*ba", "aba", False),
        ("a**b", "ab", True),
        ("*".join("a" * 60), "a" * 128 + "b", False),
    ],
)
def test_patterns(pattern: str, name: str, is_match: bool) -> None:  # noqa: FBT001 - a column of the table
    assert matches_pattern(name, pattern) is is_match


def test_the_strictest_of_several_rules_applies() -> None:
    rules = [
        LabelRule(1, "prod*", Role.EDITOR, 2, allows_own_approval=True),
        LabelRule(2, "production", Role.ADMIN, 1, allows_own_approval=False, breaking_needs_admin=True),
        LabelRule(3, "staging", Role.ADMIN, 5),
    ]
    found = protection_of("production", rules)
    assert found is not None
    assert (found.role, found.approvals, found.allows_own_approval, found.breaking_needs_admin) == (Role.ADMIN, 2, False, True)
    assert protection_of("other", rules) is None


def _export(api: Api, admin: Any) -> bytes:
    """Return the lines of an export without the first, which tells of the export."""
    exported: bytes = admin.get(f"{api.path}export/").content
    return exported.partition(b"\n")[2]


WAYS: dict[str, Callable[[Api, Any, str], Response]] = {
    "move": lambda api, client, extra: client.put(
        f"{api.path}name/greeting/labels/production/",
        json={"version": 2, **({"emergency": True, "reason": extra} if extra else {})},
    ),
    "create": lambda api, client, extra: client.put(
        f"{api.path}name/other/labels/production/", json={"version": 1, **({"emergency": True, "reason": extra} if extra else {})}
    ),
    "remove": lambda api, client, extra: client.delete(
        f"{api.path}name/greeting/labels/production/" + (f"?emergency=1&reason={extra}" if extra else "")
    ),
    "undo": lambda api, client, extra: client.post(
        f"{api.path}name/moved/labels/production/undo/",
        json={"expected_version": 2, **({"emergency": True, "reason": extra} if extra else {})},
    ),
    "promote": lambda api, client, extra: client.post(
        f"{api.path}promote/",
        json={"from": "staging", "to": "production", **({"emergency": True, "reason": extra} if extra else {})},
    ),
    "archive": lambda api, client, extra: client.post(
        f"{api.path}name/greeting/archive/" + (f"?emergency=1&reason={extra}" if extra else "")
    ),
    "publish": lambda api, client, _: client.patch(
        f"{api.path}name/greeting/", json={"base_version": 2, "prompt": "New", "labels": ["production"]}
    ),
    "make": lambda api, client, _: client.post(api.path, json={"name": "fresh", "prompt": "New", "labels": ["production"]}),
}


@pytest.fixture
def prompts(api: Api) -> None:
    """Prompts with production, one of which was moved, one with staging, and one without labels."""
    actor = api.registry.actor
    with api.registry.database.write() as tx:
        for name in ("greeting", "moved"):
            create_prompt(tx, actor, name=name, prompt="Hi", labelled=["production"])
            publish_version(tx, actor, name=name, base_version=1, prompt="Hello")
        move_label(tx, actor, name="moved", label="production", version=2)
        move_label(tx, actor, name="greeting", label="staging", version=2)
        create_prompt(tx, actor, name="other", prompt="Other")


def _production(api: Api) -> dict[str, int]:
    rows = api.client.get(f"{api.path}?label=production").json()["results"]
    return {row["name"]: row["version"] for row in rows}


@pytest.mark.usefixtures("prompts")
class TestNoWayAround:
    """What a rule forbids is forbidden everywhere."""

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize(
        ("rule", "allowed"),
        [
            ({"role": "admin"}, {Role.ADMIN}),
            ({"role": "editor"}, {Role.EDITOR, Role.ADMIN}),
            ({"approvals": 1}, set()),
            ({"approvals": 1, "allows_own_approval": True}, set()),
            ({"pattern": "prod*", "role": "admin"}, {Role.ADMIN}),
            ({"pattern": "staging", "approvals": 5}, {Role.EDITOR, Role.ADMIN}),
        ],
    )
    def test_ways_roles_and_rules(self, api: Api, admin: Any, way: str, rule: dict[str, object], allowed: set[Role]) -> None:
        protect(api, admin, **rule)
        if way == "archive" and rule.get("pattern") == "staging":
            # It removes that label, too.
            allowed = set()
        before = _production(api)
        for role, client in ((Role.EDITOR, api.client), (Role.ADMIN, admin)):
            if role not in allowed:
                answer = WAYS[way](api, client, "")
                assert (answer.status_code, answer.json()["detail"].partition("' is ")[2]) == (
                    403,
                    PROTECTED["detail"].partition("' is ")[2],
                )
                assert answer.json()["change_requests_url"] == f"/projects/{api.registry.project.id}/requests/"
                assert _production(api) == before
                assert api.client.get(f"{api.path}name/greeting/").json()["version"] == 2
        for role, client in ((Role.EDITOR, api.client), (Role.ADMIN, admin)):
            if role in allowed:
                assert WAYS[way](api, client, "").status_code in {200, 201, 204}
                break

    @pytest.mark.parametrize("way", [way for way in WAYS if way not in {"publish", "make"}])
    def test_an_emergency_takes_an_admin_and_a_reason_and_is_marked(self, api: Api, admin: Any, way: str) -> None:
        protect(api, admin, approvals=2)
        assert WAYS[way](api, api.client, "Fire").status_code == 403
        refused = WAYS[way](api, admin, "%20" if way in {"remove", "archive"} else " ")
        assert (refused.status_code, refused.json()["attr"]) == (400, "reason")
        assert WAYS[way](api, admin, "Fire").status_code in {200, 201, 204}
        name = {"create": "other", "undo": "moved"}.get(way, "greeting")
        if way == "archive":
            api.client.post(f"{api.path}name/greeting/restore/")
        row = api.client.get(f"{api.path}name/{name}/labels/production/history/").json()["results"][0]
        assert (row["kind"], row["reason"]) == ("emergency", "Fire")

    @pytest.mark.parametrize("way", [way for way in WAYS if way not in {"publish", "make"}])
    def test_an_emergency_needs_a_key_that_releases(self, api: Api, admin: Any, way: str) -> None:
        protect(api, admin, approvals=2)
        before = _production(api)
        refused = WAYS[way](api, client_of(api, Role.ADMIN, Scope.WRITE), "Fire")
        assert (refused.status_code, refused.json()["detail"]) == (403, "API key missing required scope 'llm_prompt:release'")
        assert _production(api) == before
        assert WAYS[way](api, client_of(api, Role.ADMIN, Scope.WRITE, Scope.RELEASE), "Fire").status_code in {200, 201, 204}

    def test_a_look_tells_that_a_label_is_protected(self, api: Api, admin: Any) -> None:
        protect(api, admin, approvals=1)
        look = api.client.put(f"{api.path}name/greeting/labels/production/?dry_run=1", json={"version": 2}).json()
        assert [(each["code"], each["detail"]) for each in look["refused"]] == [("label_is_protected", PROTECTED["detail"])]
        assert look["texts"][0]["diff"] == "@@ -1,1 +1,1 @@\n-Hi\n+Hello"
        assert _production(api)["greeting"] == 1

    def test_setting_a_label_where_it_is_and_other_labels_are_free(self, api: Api, admin: Any) -> None:
        protect(api, admin, approvals=5)
        assert label(api, "greeting", 1).status_code == 200
        assert label(api, "greeting", 1, "canary").status_code == 201
        assert publish(api, "greeting", 2, "More").status_code == 200

    def test_an_import_counts_as_a_move(self, api: Api, admin: Any) -> None:
        lines = _export(api, admin)
        with api.registry.database.write() as tx:
            other_key = make_key(tx, make_member(tx, api.registry.project, role=Role.ADMIN))
        importer = api.client_with({"Authorization": f"Bearer {other_key.value}"})
        for name in ("greeting", "moved", "other"):
            archive = api.client.post(f"{api.path}name/{name}/archive/")
            assert archive.status_code == 204
        # The same prompts under other names are new ones, with labels.
        renamed = lines.replace(b'"greeting"', b'"greeting2"').replace(b'"moved"', b'"moved2"').replace(b'"other"', b'"other2"')
        protect(api, admin, approvals=1)
        send: dict[str, Any] = {"content": renamed, "headers": {"Content-Type": "application/x-ndjson"}}
        refused = importer.post(f"{api.path}import/", **send)
        assert (refused.status_code, refused.json()["detail"]) == (403, PROTECTED["detail"])
        assert _production(api) == {}
        rules = api.client.get(f"{api.path}label_rules/").json()["results"]
        admin.delete(f"{api.path}label_rules/{rules[0]['id']}/")
        assert importer.post(f"{api.path}import/", **send).status_code == 200
        assert _production(api) == {"greeting2": 1, "moved2": 2}

    def test_breaking_changes_may_need_an_admin(self, api: Api, admin: Any) -> None:
        protect(api, admin, breaking_needs_admin=True)
        assert label(api, "greeting", 2).status_code == 200
        publish(api, "greeting", 2, "Hello {{customer}}")
        assert label(api, "greeting", 3).status_code == 403
        assert api.client.delete(f"{api.path}name/greeting/labels/production/").status_code == 403
        assert admin.put(f"{api.path}name/greeting/labels/production/", json={"version": 3}).status_code == 200
