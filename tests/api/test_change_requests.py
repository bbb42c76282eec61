"""Change requests: proposed, reviewed, approved and merged moves of labels."""

from typing import Any

import pytest
from builders import Api, make_key, make_member
from httpx2 import Response
from reference_requests import create, label, publish
from sqlalchemy import select
from wire import user_basic

from promptuary.model.access import Role, Scope
from promptuary.registry.operator import members, users
from promptuary.registry.prompts import create_prompt, publish_version
from promptuary.store.tables import change_requests

BODY: dict[str, Any] = {"title": "Warmer greeting", "moves": [{"name": "greeting", "label": "production", "version": 2}]}


def number_of(api: Api, request: int = 1) -> int:
    """Return the number of the first, second ... request of the project."""
    numbers = select(change_requests.c.id).where(change_requests.c.project_id == api.registry.project.id)
    with api.registry.database.read() as tx:
        found: list[int] = list(tx.connection.scalars(numbers.order_by(change_requests.c.id)))
    return found[request - 1]


def path_of(api: Api, request: int = 1) -> str:
    return f"{api.path}change_requests/{number_of(api, request)}/"


class Reviewer:
    """Another member of the project, and what they do to the first of its requests, or to another one."""

    def __init__(self, api: Api, role: Role = Role.EDITOR, *scopes: Scope) -> None:
        with api.registry.database.write() as tx:
            self.user = make_member(tx, api.registry.project, role=role)
            key = make_key(tx, self.user, *scopes)
        self.client: Any = api.client_with({"Authorization": f"Bearer {key.value}"})
        self._api = api

    def open(self, **body: object) -> Response:
        answer: Response = self.client.post(f"{self._api.path}change_requests/", json=BODY | body)
        return answer

    def approve(self, request: int = 1, revision: int = 1) -> Response:
        answer: Response = self.client.post(f"{path_of(self._api, request)}approve/", json={"revision": revision})
        return answer

    def merge(self, request: int = 1, revision: int = 1) -> Response:
        answer: Response = self.client.post(f"{path_of(self._api, request)}merge/", json={"revision": revision})
        return answer

    def do(self, action: str, request: int = 1) -> Response:
        answer: Response = self.client.post(f"{path_of(self._api, request)}{action}/")
        return answer

    def read(self, request: int = 1) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(path_of(self._api, request)).json()
        return found


@pytest.fixture
def author(api: Api) -> Reviewer:
    """An editor who proposes moves of prompts that another one has written."""
    with api.registry.database.write() as tx:
        create_prompt(tx, api.registry.actor, name="greeting", prompt="Hi", labelled=["production"])
        publish_version(tx, api.registry.actor, name="greeting", base_version=1, prompt="Hello")
        create_prompt(tx, api.registry.actor, name="other", prompt="Other")
    return Reviewer(api)


def protect(api: Api, **rule: object) -> None:
    admin = Reviewer(api, Role.ADMIN)
    answer = admin.client.post(f"{api.path}label_rules/", json={"pattern": "production", "approvals": 1} | rule)
    assert answer.status_code == 201, answer.text


def production(api: Api, name: str = "greeting") -> int | None:
    answer = api.client.get(f"{api.path}name/{name}/?label=production")
    return answer.json()["version"] if answer.status_code == 200 else None


def test_a_request_goes_from_open_to_merged(api: Api, author: Reviewer) -> None:
    protect(api)
    reviewer, merger = Reviewer(api), Reviewer(api)
    opened = author.open(description="More **warmth**.")
    body = opened.json()
    assert opened.status_code == 201
    assert body == {
        "id": number_of(api),
        "title": "Warmer greeting",
        "description": "More **warmth**.",
        "state": "open",
        "is_outdated": False,
        "revision": 1,
        "merge_when_approved": False,
        "moves": [{"name": "greeting", "label": "production", "from_version": 1, "to_version": 2, "current_version": 1}],
        "approvals_needed": 1,
        "approvals_given": 0,
        "approvals": [],
        "created_by": user_basic(author.user),
        "created_at": body["created_at"],
        "updated_at": body["created_at"],
        "ended_by": None,
        "ended_at": None,
        "comments": [],
    }
    early = merger.merge()
    assert (early.status_code, early.json()) == (409, {"detail": "This change request has 0 of 1 approvals."})
    approved = reviewer.approve().json()
    assert (approved["state"], approved["approvals_given"], len(approved["approvals"])) == ("approved", 1, 1)
    assert production(api) == 1
    merged = merger.merge().json()
    assert [(move["name"], move["label"], move["to_version"]) for move in merged["moves"]] == [("greeting", "production", 2)]
    assert (merged["change_request"]["state"], merged["change_request"]["ended_by"]["id"]) == ("merged", merger.user.id)
    assert production(api) == 2
    row = api.client.get(f"{api.path}name/greeting/labels/production/history/").json()["results"][0]
    assert (row["kind"], row["reason"], row["created_by"]["id"]) == ("change_request", "Warmer greeting", merger.user.id)
    for again in (merger.merge(), reviewer.approve(), author.do("close"), author.do("refresh")):
        assert (again.status_code, again.json()) == (409, {"detail": "This change request is merged."})


def test_without_a_rule_a_request_needs_no_approval(api: Api, author: Reviewer) -> None:
    author.open()
    assert author.merge().status_code == 200
    assert production(api) == 2


def test_the_last_approval_merges_if_the_author_asked_for_that(api: Api, author: Reviewer) -> None:
    protect(api, approvals=2)
    author.open(merge_when_approved=True)
    first, second = Reviewer(api), Reviewer(api)
    assert (first.approve().json()["state"], first.approve().json()["state"]) == ("open", "open")
    assert production(api) == 1
    done = second.approve().json()
    assert (done["state"], done["ended_by"]["id"]) == ("merged", second.user.id)
    assert production(api) == 2
    kinds = [change["kind"] for change in api.client.get(f"{api.path}changes/").json()["results"]]
    assert kinds[-1] == "label.moved"


def test_a_merge_by_itself_that_is_not_possible_leaves_the_approval(api: Api, author: Reviewer) -> None:
    protect(api)
    create(api, "parent", "Hi. @@@prompt:name=greeting|label=production@@@")
    publish(api, "greeting", 2, {"no": "text"})
    author.open(merge_when_approved=True, moves=[{"name": "greeting", "label": "production", "version": 3}])
    assert Reviewer(api).approve().json()["state"] == "approved"
    refused = author.merge()
    assert (refused.status_code, refused.json()["refused"][0]["code"]) == (409, "reference_not_text")
    assert author.read()["state"] == "approved"
    assert production(api) == 1


class TestApprovals:
    """Whose approval counts, and for how long."""

    def test_authors_do_not_approve_their_own_work(self, api: Api, author: Reviewer) -> None:
        protect(api)
        author.open()
        for own in (author.client, api.client):
            answer = own.post(f"{path_of(api)}approve/", json={"revision": 1})
            detail = "You proposed this change or wrote one of its texts, so another user must approve it."
            assert (answer.status_code, answer.json()["detail"]) == (403, detail)

    def test_an_admin_who_replaced_the_moves_does_not_approve_them(self, api: Api, author: Reviewer) -> None:
        protect(api)
        author.open()
        admin, reviewer = Reviewer(api, Role.ADMIN), Reviewer(api)
        admin.client.patch(path_of(api), json={"moves": [{"name": "other", "label": "production", "version": 1}]})
        detail = "You proposed this change or wrote one of its texts, so another user must approve it."
        assert admin.approve(revision=2).json()["detail"] == detail
        assert author.approve(revision=2).json()["detail"] == detail
        assert reviewer.approve(revision=2).json()["state"] == "approved"

    def test_an_admin_who_changed_the_title_alone_approves(self, api: Api, author: Reviewer) -> None:
        protect(api)
        author.open()
        admin = Reviewer(api, Role.ADMIN)
        admin.client.patch(path_of(api), json={"title": "Better"})
        assert admin.approve().json()["state"] == "approved"

    def test_they_do_if_the_rule_allows_it(self, api: Api, author: Reviewer) -> None:
        protect(api, allows_own_approval=True)
        author.open()
        assert author.approve().json()["state"] == "approved"

    @pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.EDITOR, 403), (Role.ADMIN, 200)])
    def test_a_reviewer_must_be_one_who_may_move_the_label(self, api: Api, author: Reviewer, role: Role, status: int) -> None:
        protect(api, role="admin")
        author.open()
        assert Reviewer(api, role).approve().status_code == status

    @pytest.mark.parametrize(("scope", "status"), [(Scope.WRITE, 403), (Scope.READ, 403), (Scope.RELEASE, 200), (Scope.ALL, 200)])
    def test_keys_release_only_with_the_scope_for_it(self, api: Api, author: Reviewer, scope: Scope, status: int) -> None:
        protect(api)
        author.open()
        reviewer = Reviewer(api, Role.EDITOR, scope)
        assert reviewer.approve().status_code == status
        if status == 403:
            detail = "API key missing required scope 'llm_prompt:release'"
            assert (reviewer.approve().json()["detail"], reviewer.merge().json()["detail"]) == (detail, detail)
        else:
            assert reviewer.merge().status_code == 200

    def test_a_key_that_releases_does_not_write(self, api: Api, author: Reviewer) -> None:
        reviewer = Reviewer(api, Role.EDITOR, Scope.RELEASE)
        assert reviewer.open().status_code == 403
        author.open()
        assert reviewer.read()["id"] == number_of(api)

    def test_other_moves_take_approvals_away(self, api: Api, author: Reviewer) -> None:
        protect(api)
        author.open()
        reviewer = Reviewer(api)
        reviewer.approve()
        moves = [*BODY["moves"], {"name": "other", "label": "production", "version": 1}]
        changed = author.client.patch(path_of(api), json={"moves": moves}).json()
        assert (changed["revision"], changed["state"], changed["approvals_given"], len(changed["approvals"])) == (2, "open", 0, 1)
        late = reviewer.approve(revision=1)
        assert (late.status_code, late.json()) == (
            409,
            {"detail": "This change request was changed since you looked. Look at it again."},
        )
        assert author.merge(revision=1).status_code == 409
        assert reviewer.approve(revision=2).json()["state"] == "approved"
        assert author.merge(revision=2).status_code == 200
        assert (production(api), production(api, "other")) == (2, 1)

    def test_another_text_keeps_approvals(self, api: Api, author: Reviewer) -> None:
        protect(api)
        author.open()
        Reviewer(api).approve()
        body = {"title": "Other", "description": "", "merge_when_approved": True}
        changed = author.client.patch(path_of(api), json=body).json()
        assert (changed["revision"], changed["state"], changed["title"]) == (1, "approved", "Other")

    def test_an_approval_is_taken_back(self, api: Api, author: Reviewer) -> None:
        protect(api)
        author.open()
        reviewer = Reviewer(api)
        reviewer.approve()
        taken = reviewer.client.delete(f"{path_of(api)}approve/").json()
        assert (taken["state"], taken["approvals"]) == ("open", [])
        assert reviewer.client.delete(f"{path_of(api)}approve/").status_code == 200

    def test_reviewers_who_lost_the_right_do_not_count(self, api: Api, author: Reviewer) -> None:
        protect(api)
        author.open()
        removed, demoted, disabled = Reviewer(api), Reviewer(api), Reviewer(api)
        for reviewer in (removed, demoted, disabled):
            reviewer.approve()
        assert author.read()["approvals_given"] == 3
        with api.registry.database.write() as tx:
            members.remove_member(tx, project_id=api.registry.project.id, email=removed.user.email)
            members.set_member(tx, project_id=api.registry.project.id, email=demoted.user.email, role=Role.VIEWER)
            users.disable_user(tx, email=disabled.user.email)
        body = author.read()
        assert (body["state"], body["approvals_given"], len(body["approvals"])) == ("open", 0, 3)
        assert author.merge().status_code == 409

    def test_a_stricter_rule_holds_for_requests_that_are_open(self, api: Api, author: Reviewer) -> None:
        protect(api)
        author.open()
        Reviewer(api).approve()
        protect(api, pattern="prod*", approvals=2)
        assert (author.read()["state"], author.merge().status_code) == ("open", 409)

    def test_a_breaking_change_may_need_an_admin_to_merge(self, api: Api, author: Reviewer) -> None:
        protect(api, breaking_needs_admin=True)
        publish(api, "greeting", 2, "Hello {{customer}}")
        author.open(moves=[{"name": "greeting", "label": "production", "version": 3}])
        Reviewer(api).approve()
        assert author.merge().status_code == 403
        assert Reviewer(api, Role.ADMIN).merge().status_code == 200


class TestOutdated:
    """Labels that were moved meanwhile."""

    def test_an_outdated_request_is_refreshed_and_approved_again(self, api: Api, author: Reviewer) -> None:
        author.open()
        label(api, "greeting", 2)
        publish(api, "greeting", 2, "Good day")
        label(api, "greeting", 3)
        protect(api)
        reviewer = Reviewer(api)
        body = author.read()
        assert (body["is_outdated"], body["moves"][0]["current_version"]) == (True, 3)
        for refused in (reviewer.approve(), author.merge()):
            detail = "A label of this change request was moved meanwhile. Refresh the request and look at it again."
            assert (refused.status_code, refused.json()) == (409, {"detail": detail})
        fresh = author.do("refresh").json()
        assert (fresh["is_outdated"], fresh["revision"], fresh["moves"][0]["from_version"]) == (False, 2, 3)
        assert author.do("refresh").json()["revision"] == 2
        reviewer.approve(revision=2)
        assert author.merge(revision=2).status_code == 200
        assert production(api) == 2

    def test_moves_that_were_made_and_archived_prompts_are_left_out(self, api: Api, author: Reviewer) -> None:
        author.open(moves=[*BODY["moves"], {"name": "other", "label": "staging", "version": 1}])
        label(api, "greeting", 2)
        api.client.post(f"{api.path}name/other/archive/")
        assert author.read()["is_outdated"] is True
        fresh = author.do("refresh").json()
        assert (fresh["moves"], fresh["is_outdated"]) == ([], False)

    def test_a_look_shows_what_a_merge_does_now(self, api: Api, author: Reviewer) -> None:
        protect(api)
        author.open(moves=[{"name": "greeting", "label": "production", "version": None}])
        look = author.client.get(f"{path_of(api)}preview/").json()
        [move] = look["moves"]
        assert (look["dry_run"], move["label"], move["to_version"], move["contract_change"]) == (
            True,
            "production",
            None,
            "breaking",
        )
        assert (look["refused"], production(api)) == ([], 1)
        Reviewer(api).approve()
        assert author.merge().status_code == 200
        assert production(api) is None
        assert author.client.get(f"{path_of(api)}preview/").status_code == 409


class TestInput:
    """What can be proposed, and by whom."""

    @pytest.mark.parametrize(
        ("body", "attr", "code"),
        [
            ({"title": " "}, "title", "blank"),
            ({"title": "x" * 201}, "title", "max_length"),
            ({"title": "a\0"}, "title", "null_characters_not_allowed"),
            ({"description": "x" * 4001}, "description", "max_length"),
            ({"moves": []}, "moves", "required"),
            ({"moves": {}}, "moves__non_field_errors", "not_a_list"),
            ({"moves": [1]}, "moves__0__non_field_errors", "invalid_input"),
            ({"moves": [{"name": "greeting", "label": "production"}]}, "moves__0__version", "required"),
            ({"moves": [{"name": "greeting", "label": "latest", "version": 1}]}, "moves__0__label", "reserved_label_name"),
            ({"moves": [{"name": "greeting", "label": "production", "version": 0}]}, "moves__0__version", "min_value"),
            ({"moves": [{"name": "greeting", "label": "production", "version": 1}]}, "moves", "invalid_input"),
            ({"moves": BODY["moves"] * 2}, "moves", "invalid_input"),
            ({"merge_when_approved": "x"}, "merge_when_approved", "invalid_input"),
        ],
    )
    def test_bad_requests_are_refused(self, author: Reviewer, body: dict[str, object], attr: str, code: str) -> None:
        answer = author.open(**body)
        assert (answer.status_code, answer.json()["attr"], answer.json()["code"]) == (400, attr, code)

    @pytest.mark.parametrize(
        "move",
        [
            {"name": "missing", "label": "production", "version": 1},
            {"name": "greeting", "label": "production", "version": 9},
            {"name": "greeting", "label": "never", "version": None},
        ],
    )
    def test_what_is_not_there_cannot_be_proposed(self, author: Reviewer, move: dict[str, object]) -> None:
        assert author.open(moves=[move]).status_code == 404

    @pytest.mark.parametrize("request_id", ["0", "x", "9" * 30, "7", "-1"])
    def test_an_unknown_request_is_not_found(self, api: Api, author: Reviewer, request_id: str) -> None:
        path = f"{api.path}change_requests/{request_id}/"
        for answer in (
            author.client.get(path),
            author.client.patch(path, json={"title": "x"}),
            author.client.post(f"{path}merge/", json={"revision": 1}),
            author.client.post(f"{path}comments/", json={"text": "x"}),
        ):
            assert answer.status_code == 404

    def test_only_the_author_and_admins_change_and_close_a_request(self, api: Api, author: Reviewer) -> None:
        author.open()
        path = path_of(api)
        assert Reviewer(api).client.patch(path, json={"title": "Mine"}).status_code == 403
        assert Reviewer(api).do("close").status_code == 403
        assert Reviewer(api, Role.ADMIN).client.patch(path, json={"title": "Better"}).json()["title"] == "Better"
        closed = author.do("close").json()
        assert (closed["state"], closed["ended_by"]["id"]) == ("closed", author.user.id)
        assert author.merge().json() == {"detail": "This change request is closed."}

    def test_viewers_read_and_do_nothing_else(self, api: Api, author: Reviewer) -> None:
        author.open()
        viewer = Reviewer(api, Role.VIEWER)
        assert viewer.read()["title"] == "Warmer greeting"
        for refused in (viewer.open(), viewer.approve(), viewer.merge(), viewer.do("close"), viewer.do("refresh")):
            assert refused.status_code == 403
        assert viewer.client.post(f"{path_of(api)}comments/", json={"text": "x"}).status_code == 403

    def test_comments_are_listed_with_their_request(self, api: Api, author: Reviewer) -> None:
        author.open()
        for text in ("First?\n\n  second line", "Yes."):
            answer = api.client.post(f"{path_of(api)}comments/", json={"text": text})
            assert (answer.status_code, answer.json()["text"]) == (201, text)
        author.do("close")
        assert api.client.post(f"{path_of(api)}comments/", json={"text": "After."}).status_code == 201
        assert [comment["text"] for comment in author.read()["comments"]] == ["First?\n\n  second line", "Yes.", "After."]
        for text in ("", " ", "x" * 4001, "a\0"):
            assert api.client.post(f"{path_of(api)}comments/", json={"text": text}).status_code == 400

    def test_requests_are_listed_by_state(self, api: Api, author: Reviewer) -> None:
        for title in ("a", "b", "c"):
            author.open(title=title)
        author.do("close", 2)

        def titles(query: str) -> list[str]:
            return [each["title"] for each in api.client.get(f"{api.path}change_requests/{query}").json()["results"]]

        assert titles("") == ["c", "b", "a"]
        assert titles("?state=open") == ["c", "a"]
        assert titles("?state=ended") == ["b"]
        assert titles("?limit=1&offset=1") == ["b"]
        assert api.client.get(f"{api.path}change_requests/?state=x").status_code == 400
