"""Change requests: what they are refused for, who may do what, and how they are listed."""

import pytest
from builders import Api
from reviewing import BODY, Reviewer, path_of

from promptuary.model.access import Role


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
