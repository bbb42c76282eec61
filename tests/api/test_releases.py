"""Promotion from one label to another, and looks at what a move would change."""

from typing import Any

import pytest
from builders import Api, make_key
from httpx2 import Response
from reference_requests import create, label, publish

from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import usage
from promptuary.registry.labels import move_label
from promptuary.registry.prompts import create_prompt, publish_version


def _promote(api: Api, **body: object) -> Response:
    return api.client.post(f"{api.path}promote/", json={"from": "staging", "to": "production"} | body)


def _positions(api: Api, name: str) -> dict[str, int]:
    found = api.client.get(f"{api.path}resolve/name/{name}/").json()["labels"]
    return {each["name"]: each["version"] for each in found}


@pytest.fixture
def prompts(api: Api) -> None:
    """Three prompts: one to be moved, one where production is new, one that is there already, and one without staging."""
    actor = api.registry.actor
    with api.registry.database.write() as tx:
        for name in ("moved", "fresh", "there", "other"):
            create_prompt(tx, actor, name=name, prompt=f"Hello from {name}, {{{{customer}}}}.")
            publish_version(tx, actor, name=name, base_version=1, prompt=f"Good day from {name}, {{{{customer}}}}.")
        move_label(tx, actor, name="moved", label="production", version=1)
        for name in ("moved", "fresh", "there"):
            move_label(tx, actor, name=name, label="staging", version=2)
        move_label(tx, actor, name="there", label="production", version=2)


@pytest.mark.usefixtures("prompts")
class TestPromotion:
    """All or nothing, in one transaction."""

    def test_all_prompts_with_the_label_are_promoted(self, api: Api) -> None:
        answer = _promote(api, reason="Sprint 12")
        expected: list[tuple[object, ...]] = [("fresh", None, 2, "none", [], []), ("moved", 1, 2, "none", [], [])]
        keys = ("name", "from_version", "to_version", "contract_change", "affected_prompts", "fetches")
        body = answer.json()
        assert answer.status_code == 200
        assert body == {
            "dry_run": False,
            "moves": [dict(zip(keys, values, strict=True)) for values in expected],
            "refused": [],
            "release": body["release"],
        }
        for name in ("moved", "fresh", "there"):
            assert _positions(api, name) == {"production": 2, "staging": 2}
        assert _positions(api, "other") == {}
        row = api.client.get(f"{api.path}name/moved/labels/production/history/").json()["results"][0]
        assert (row["kind"], row["reason"]) == ("promotion", "Sprint 12")

    @pytest.mark.parametrize("query", ["", "?dry_run=true"])
    def test_a_dry_run_tells_the_same_and_changes_nothing(self, api: Api, query: str) -> None:
        before = api.client.get(f"{api.path}changes/").json()
        body = {"from": "staging", "to": "production"} | ({} if query else {"dry_run": True})
        look = api.client.post(f"{api.path}promote/{query}", json=body).json()
        assert api.client.get(f"{api.path}changes/").json() == before
        assert api.client.get(f"{api.path}name/moved/labels/production/history/").json()["count"] == 1
        assert _positions(api, "fresh") == {"staging": 2}
        texts = look.pop("texts")
        assert look == {"dry_run": True, "moves": _promote(api).json()["moves"], "refused": []}
        assert texts[1] == {
            "name": "moved",
            "label": "production",
            "from_version": 1,
            "to_version": 2,
            "diff": "@@ -1,1 +1,1 @@\n-Hello from moved, {{customer}}.\n+Good day from moved, {{customer}}.",
        }

    def test_some_prompts_can_be_promoted(self, api: Api) -> None:
        moves = _promote(api, names=["fresh", "there", "fresh"]).json()["moves"]
        assert [move["name"] for move in moves] == ["fresh"]
        assert _positions(api, "moved")["production"] == 1

    @pytest.mark.parametrize(
        ("name", "detail"),
        [
            ("missing", "No prompt matching 'missing' in this project. List the project's prompts to see which names exist."),
            ("other", "Label 'staging' not found on prompt 'other'."),
        ],
    )
    def test_a_named_prompt_must_have_the_label(self, api: Api, name: str, detail: str) -> None:
        answer = _promote(api, names=["moved", name])
        assert (answer.status_code, answer.json()["detail"]) == (404, detail)
        assert _positions(api, "moved")["production"] == 1

    @pytest.mark.parametrize(
        ("body", "refused"),
        [
            ({"expected": {"moved": 2, "fresh": None}}, ("moved", "Label 'production' points at version 1 by now.", 1)),
            ({"expected": {"moved": None}}, ("moved", "Label 'production' points at version 1 by now.", 1)),
            ({"expected": {"fresh": 1}}, ("fresh", "Label 'production' is not set any more.", None)),
            ({"versions": {"moved": 1}}, ("moved", "Label 'staging' points at version 2 by now.", 2)),
            ({"expected": {"other": 1}}, ("other", "The prompt is not part of this release any more.", None)),
        ],
    )
    def test_one_that_moved_since_refuses_all(
        self, api: Api, body: dict[str, object], refused: tuple[str, str, int | None]
    ) -> None:
        answer = _promote(api, **body)
        name, detail, current = refused
        assert answer.status_code == 409
        assert answer.json() == {
            "detail": f"Nothing was changed, because not all labels can move. Prompt '{name}': {detail}",
            "refused": [{"name": name, "code": "label_moved", "detail": detail, "current_version": current}],
        }
        assert _positions(api, "fresh") == {"staging": 2}
        assert _promote(api, **body, dry_run=True).json()["refused"] == answer.json()["refused"]

    def test_what_is_as_expected_is_promoted(self, api: Api) -> None:
        answer = _promote(api, expected={"moved": 1, "fresh": None, "there": 2}, versions={"moved": 2, "fresh": 2})
        assert (answer.status_code, len(answer.json()["moves"])) == (200, 2)

    def test_nothing_to_promote_is_no_error_and_no_release(self, api: Api) -> None:
        _promote(api)
        nothing = _promote(api).json()
        assert (nothing["moves"], nothing["release"]) == ([], None)
        assert api.client.get(f"{api.path}releases/").json()["count"] == 1

    @pytest.mark.parametrize(
        ("body", "attr", "code"),
        [
            ({"to": "staging"}, "to", "invalid"),
            ({"to": "latest"}, "to", "reserved_label_name"),
            ({"from": "X"}, "from", "invalid_label_name"),
            ({"from": None}, "from", "null"),
            ({"names": "moved"}, "names__non_field_errors", "not_a_list"),
            ({"names": ["not a name"]}, "names__0", "invalid_name"),
            ({"names": [f"n{number}" for number in range(501)]}, "names", "max_length"),
            ({"expected": []}, "expected", "not_a_dict"),
            ({"expected": {"moved": "x"}}, "expected__moved", "invalid"),
            ({"expected": {"moved": 0}}, "expected__moved", "min_value"),
            ({"reason": "x" * 401}, "reason", "max_length"),
            ({"dry_run": "perhaps"}, "dry_run", "invalid"),
        ],
    )
    def test_bad_input_is_refused(self, api: Api, body: dict[str, object], attr: str, code: str) -> None:
        answer = _promote(api, **body)
        assert answer.status_code == 400, answer.text
        assert (answer.json()["attr"], answer.json()["code"]) == (attr, "invalid_input" if code == "invalid" else code)
        assert _positions(api, "fresh") == {"staging": 2}

    def test_a_release_is_undone_as_a_whole_and_the_undo_too(self, api: Api) -> None:
        release = _promote(api, reason="Sprint 12").json()["release"]
        undo = api.client.post(f"{api.path}releases/{release}/undo/", json={"reason": "Worse"})
        assert undo.status_code == 200
        assert [(move["name"], move["label"], move["to_version"]) for move in undo.json()["moves"]] == [
            ("fresh", "production", None),
            ("moved", "production", 1),
        ]
        assert (_positions(api, "moved")["production"], _positions(api, "fresh")) == (1, {"staging": 2})
        redo = api.client.post(f"{api.path}releases/{undo.json()['release']}/undo/")
        assert redo.status_code == 200
        assert _positions(api, "fresh") == {"production": 2, "staging": 2}
        listed = api.client.get(f"{api.path}releases/").json()
        assert [(each["kind"], each["reason"], len(each["moves"])) for each in listed["results"]] == [
            ("undo", None, 2),
            ("undo", "Worse", 2),
            ("promotion", "Sprint 12", 2),
        ]
        assert api.client.get(f"{api.path}releases/{release}/").json() == listed["results"][2]

    def test_a_release_of_which_a_label_moved_since_is_not_undone(self, api: Api) -> None:
        release = _promote(api).json()["release"]
        label(api, "fresh", 1)
        api.client.post(f"{api.path}name/moved/archive/")
        look = api.client.post(f"{api.path}releases/{release}/undo/?dry_run=1").json()
        answer = api.client.post(f"{api.path}releases/{release}/undo/")
        assert (answer.status_code, answer.json()["refused"]) == (409, look["refused"])
        assert [(each["name"], each["code"], each["current_version"]) for each in look["refused"]] == [
            ("fresh", "label_moved", 1),
            ("moved", "archived", None),
        ]

    @pytest.mark.parametrize("release", ["unknown", "00000000-0000-0000-0000-000000000000", "a%00b"])
    def test_an_unknown_release_is_not_found(self, api: Api, release: str) -> None:
        for answer in (
            api.client.get(f"{api.path}releases/{release}/"),
            api.client.post(f"{api.path}releases/{release}/undo/"),
        ):
            assert answer.status_code == 404


class TestReferences:
    """Parts and parents move together; what references forbid moves nothing."""

    def test_a_part_and_its_parent_are_promoted_together(self, api: Api) -> None:
        create(api, "tone", "Be kind.", labels=["staging"])
        create(api, "zparent", "Hi.", labels=["production"])
        # Its staging version needs production of tone, which only this promotion sets.
        answer = publish(api, "zparent", 1, "Hi. @@@prompt:name=tone|label=staging@@@")
        assert answer.status_code == 200
        label(api, "zparent", 2, "staging")
        body = _promote(api).json()
        assert [(move["name"], move["affected_prompts"]) for move in body["moves"]] == [("tone", []), ("zparent", [])]

    def test_a_refused_move_refuses_all(self, api: Api) -> None:
        create(api, "tone", "Be kind.", labels=["production"])
        create(api, "parent", "Hi. @@@prompt:name=tone|label=production@@@")
        create(api, "other", "Hello", labels=["staging"])
        publish(api, "tone", 1, {"no": "text"})
        label(api, "tone", 2, "staging")
        answer = _promote(api)
        assert (answer.status_code, [each["code"] for each in answer.json()["refused"]]) == (409, ["reference_not_text"])
        assert _positions(api, "other") == {"staging": 1}
        assert _promote(api, dry_run=True).json()["refused"] == answer.json()["refused"]

    def test_a_look_shows_the_texts_of_parents_before_and_after(self, api: Api) -> None:
        create(api, "tone", "Be kind.", labels=["production"])
        publish(api, "tone", 1, "Be brief, {{customer}}.")
        create(api, "parent", "Hi. @@@prompt:name=tone|label=production@@@", labels=["production"])
        path = f"{api.path}name/tone/labels/production/"
        look = api.client.put(f"{path}?dry_run=true", json={"version": 2}).json()
        assert look["moves"] == [
            {
                "name": "tone",
                "from_version": 1,
                "to_version": 2,
                "contract_change": "breaking",
                "affected_prompts": ["parent"],
                "fetches": [],
            }
        ]
        assert [(text["name"], text["label"], text["diff"]) for text in look["texts"]] == [
            ("tone", "production", "@@ -1,1 +1,1 @@\n-Be kind.\n+Be brief, {{customer}}."),
            ("parent", None, "@@ -1,1 +1,1 @@\n-Hi. Be kind.\n+Hi. Be brief, {{customer}}."),
        ]
        assert _positions(api, "tone") == {"production": 1}


class TestLooks:
    """Dry runs of single changes."""

    def test_a_look_at_a_move_says_who_fetches_it(self, api: Api) -> None:
        version = create(api, "greeting", "Hi", labels=["production"])
        publish(api, "greeting", 1, "Hello")
        with api.registry.database.write() as tx:
            key = make_key(tx, api.registry.user).key
            now = tx.clock()
            counts = [
                FetchCount(now.date(), FetchKey(version["id"], key.id, "production"), 7, now),
                FetchCount(now.date(), FetchKey(version["id"], "", ""), 5, now),
            ]
            usage.record_fetches(tx, counts)
        look: dict[str, Any] = api.client.put(
            f"{api.path}name/greeting/labels/production/?dry_run=1", json={"version": 2, "expected_version": 1}
        ).json()
        [fetches] = look["moves"][0]["fetches"]
        assert (fetches["id"], fetches["label"], fetches["fetches"]) == (key.id, "test", 7)

    def test_a_look_at_a_removal(self, api: Api) -> None:
        create(api, "greeting", "Hi", labels=["production"])
        answer = api.client.delete(f"{api.path}name/greeting/labels/production/?dry_run=true")
        [move] = answer.json()["moves"]
        assert (answer.status_code, move["to_version"], move["contract_change"]) == (200, None, "breaking")
        assert _positions(api, "greeting") == {"production": 1}

    def test_a_look_at_an_archive_names_labels_and_what_forbids_it(self, api: Api) -> None:
        create(api, "tone", "Be kind.", labels=["production", "staging"])
        create(api, "parent", "Hi. @@@prompt:name=tone|label=production@@@")
        look = api.client.post(f"{api.path}name/tone/archive/?dry_run=true").json()
        assert [(move["label"], move["from_version"], move["to_version"]) for move in look["moves"]] == [
            ("production", 1, None),
            ("staging", 1, None),
        ]
        assert [(each["name"], each["code"]) for each in look["refused"]] == [("tone", "prompt_is_referenced")]
        assert _positions(api, "tone") == {"production": 1, "staging": 1}
        assert api.client.post(f"{api.path}name/parent/archive/?dry_run=true").json()["moves"] == []

    @pytest.mark.parametrize("expected", [2, None])
    def test_a_look_compares_the_expected_position_too(self, api: Api, expected: int | None) -> None:
        create(api, "greeting", "Hi", labels=["production"])
        path = f"{api.path}name/greeting/labels/production/?dry_run=1"
        answer = api.client.put(path, json={"version": 1, "expected_version": expected})
        assert (answer.status_code, answer.json()["current_version"]) == (409, 1)

    def test_a_look_at_what_is_not_there_is_a_404(self, api: Api) -> None:
        create(api, "greeting", "Hi")
        for answer in (
            api.client.put(f"{api.path}name/greeting/labels/a/?dry_run=1", json={"version": 9}),
            api.client.delete(f"{api.path}name/greeting/labels/a/?dry_run=1"),
            api.client.post(f"{api.path}name/missing/archive/?dry_run=1"),
        ):
            assert answer.status_code == 404

    def test_a_new_label_of_a_full_prompt_is_told(self, api: Api) -> None:
        create(api, "greeting", "Hi", labels=[f"label-{number}" for number in range(50)])
        look = api.client.put(f"{api.path}name/greeting/labels/more/?dry_run=1", json={"version": 1}).json()
        assert [each["code"] for each in look["refused"]] == ["too_many_labels"]
