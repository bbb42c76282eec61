"""Change requests: proposed, reviewed, approved and merged moves of labels."""

import pytest
from builders import Api
from reference_requests import create, label, publish
from reviewing import BODY, Reviewer, number_of, path_of, production, protect
from wire import user_basic

from promptuary.model.access import Role, Scope
from promptuary.registry.operator import members, users


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
