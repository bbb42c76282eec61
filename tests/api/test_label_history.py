"""The history of labels: every move is there, with who, when and why, and the last one can be taken back."""

from typing import Any

import pytest
from builders import Api, make_key, make_member, make_prompt
from reference_requests import create
from wire import NOON, Clock, user_basic, wire

from promptuary.model.access import Role, Scope

LATER = "2026-03-01T13:30:00.000120Z"


@pytest.fixture
def sqlite_api(own_sqlite_api: Api) -> Api:
    """The application of the test alone: what it does reaches beyond a project."""
    return own_sqlite_api


@pytest.fixture
def path(api: Api) -> str:
    """The path of the labels of a prompt with three versions."""
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, versions=3)
    return f"{api.path}name/greeting/labels/"


def _moves(api: Api, path: str, label: str = "production") -> list[tuple[int | None, int | None, str]]:
    rows: list[dict[str, Any]] = api.client.get(f"{path}{label}/history/").json()["results"]
    return [(row["from_version"], row["to_version"], row["kind"]) for row in rows]


def test_every_move_is_a_row_newest_first(sqlite_api: Api, clock: Clock) -> None:
    api, path = sqlite_api, f"{sqlite_api.path}name/greeting/labels/"
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, versions=3)
    api.client.put(f"{path}production/", json={"version": 1, "reason": " First try. "})
    clock.now = clock.now.replace(hour=13)
    api.client.put(f"{path}production/", json={"version": 3})
    api.client.delete(f"{path}production/?reason=Too+early")
    answer = api.client.get(f"{path}production/history/")
    author = user_basic(api.registry.user)
    moves = [
        {"from_version": 3, "to_version": None, "reason": "Too early", "created_at": LATER},
        {"from_version": 1, "to_version": 3, "reason": None, "created_at": LATER},
        {"from_version": None, "to_version": 1, "reason": "First try.", "created_at": NOON},
    ]
    rows = [
        {
            "id": row["id"],
            "from_version": move["from_version"],
            "to_version": move["to_version"],
            "kind": "direct",
            "reason": move["reason"],
            "created_by": author,
            "created_at": move["created_at"],
        }
        for row, move in zip(answer.json()["results"], moves, strict=True)
    ]
    assert (answer.status_code, answer.text) == (200, wire({"count": 3, "next": None, "previous": None, "results": rows}))
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)


def test_a_history_has_pages(api: Api, path: str) -> None:
    for version in (1, 2, 3):
        api.client.put(f"{path}production/", json={"version": version})
    page = api.client.get(f"{path}production/history/?limit=2&offset=1").json()
    assert (page["count"], [row["to_version"] for row in page["results"]]) == (3, [2, 1])
    assert page["next"] is None
    assert page["previous"].endswith("/history/?limit=2")


@pytest.mark.parametrize(
    ("name", "label", "detail"),
    [
        ("greeting", "never", "Label 'never' not found on prompt 'greeting'."),
        (
            "missing",
            "production",
            "No prompt matching 'missing' in this project. List the project's prompts to see which names exist.",
        ),
        ("greeting", "LATEST%00", "Label 'LATEST\0' not found on prompt 'greeting'."),
    ],
)
def test_what_never_was_has_no_history(api: Api, path: str, name: str, label: str, detail: str) -> None:
    answer = api.client.get(f"{path.replace('greeting', name)}{label}/history/")
    assert (answer.status_code, answer.json()) == (404, {"detail": detail})


def test_setting_a_label_where_it_is_is_no_move(api: Api, path: str) -> None:
    for _ in range(2):
        api.client.put(f"{path}production/", json={"version": 2})
    assert _moves(api, path) == [(None, 2, "direct")]


def test_archiving_ends_all_labels_and_a_restored_prompt_keeps_their_histories(api: Api, path: str) -> None:
    for label in ("production", "staging"):
        api.client.put(f"{path}{label}/", json={"version": 2})
    api.client.post(f"{api.path}name/greeting/archive/?reason=Not+needed")
    api.client.post(f"{api.path}name/greeting/restore/")
    for label in ("production", "staging"):
        assert _moves(api, path, label) == [(2, None, "archive"), (None, 2, "direct")]
    assert api.client.get(f"{path}production/history/").json()["results"][0]["reason"] == "Not needed"
    undone = api.client.post(f"{path}production/undo/", json={"expected_version": None})
    assert (undone.status_code, undone.json()["version"]) == (200, 2)


@pytest.mark.parametrize(
    ("reason", "status", "stored"),
    [
        ("x" * 400, 201, "x" * 400),
        ("x" * 401, 400, None),
        ("a\0b", 400, None),
        ("  ", 201, None),
        (None, 201, None),
        ([], 400, None),
    ],
)
def test_a_reason_is_a_short_text(api: Api, path: str, reason: object, status: int, stored: str | None) -> None:
    answer = api.client.put(f"{path}production/", json={"version": 1, "reason": reason})
    assert answer.status_code == status, answer.text
    if status == 201:
        assert api.client.get(f"{path}production/history/").json()["results"][0]["reason"] == stored
    else:
        assert answer.json()["attr"] == "reason"


class TestUndo:
    """Taking the last move of a label back."""

    def test_undo_goes_back_and_undo_of_undo_is_redo(self, api: Api, path: str) -> None:
        for version in (1, 3):
            api.client.put(f"{path}production/", json={"version": version})
        undone = api.client.post(f"{path}production/undo/", json={"expected_version": 3, "reason": "Worse answers"})
        assert (undone.status_code, undone.json()["version"], undone.json()["name"]) == (200, 1, "production")
        assert api.client.get(f"{api.path}name/greeting/?label=production").json()["version"] == 1
        redone = api.client.post(f"{path}production/undo/", json={"expected_version": 1})
        assert redone.json()["version"] == 3
        assert _moves(api, path) == [(1, 3, "undo"), (3, 1, "undo"), (1, 3, "direct"), (None, 1, "direct")]

    def test_undo_of_a_removal_sets_the_label_again_and_its_undo_removes_it(self, api: Api, path: str) -> None:
        api.client.put(f"{path}production/", json={"version": 2})
        api.client.delete(f"{path}production/")
        assert api.client.post(f"{path}production/undo/", json={"expected_version": None}).json()["version"] == 2
        again = api.client.post(f"{path}production/undo/", json={"expected_version": 2})
        assert (again.status_code, again.content) == (204, b"")
        assert _moves(api, path)[:2] == [(2, None, "undo"), (None, 2, "undo")]

    def test_a_label_that_was_nowhere_before_cannot_go_back(self, api: Api, path: str) -> None:
        api.client.put(f"{path}production/", json={"version": 2})
        answer = api.client.post(f"{path}production/undo/", json={"expected_version": 2})
        detail = "Label 'production' was not set before, so there is nothing to go back to."
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (400, "nothing_to_undo", detail)
        assert _moves(api, path) == [(None, 2, "direct")]

    @pytest.mark.parametrize("expected", [1, None])
    def test_a_label_that_is_elsewhere_stays_there(self, api: Api, path: str, expected: int | None) -> None:
        for version in (1, 3):
            api.client.put(f"{path}production/", json={"version": version})
        answer = api.client.post(f"{path}production/undo/", json={"expected_version": expected})
        assert (answer.status_code, answer.json()["current_version"]) == (409, 3)

    @pytest.mark.parametrize(
        ("body", "attr"),
        [({}, "expected_version"), ({"expected_version": 0}, "expected_version"), ({"expected_version": "x"}, "expected_version")],
    )
    def test_the_expected_version_is_required(self, api: Api, path: str, body: dict[str, object], attr: str) -> None:
        api.client.put(f"{path}production/", json={"version": 2})
        answer = api.client.post(f"{path}production/undo/", json=body)
        assert (answer.status_code, answer.json()["attr"]) == (400, attr)

    def test_a_label_that_never_was_is_not_found(self, api: Api, path: str) -> None:
        answer = api.client.post(f"{path}never/undo/", json={"expected_version": None})
        assert (answer.status_code, answer.json()) == (404, {"detail": "Label 'never' not found on prompt 'greeting'."})

    def test_a_viewer_and_a_key_that_reads_cannot_undo(self, api: Api, path: str) -> None:
        for version in (1, 3):
            api.client.put(f"{path}production/", json={"version": version})
        with api.registry.database.write() as tx:
            viewer = make_key(tx, make_member(tx, api.registry.project, role=Role.VIEWER))
            reader = make_key(tx, api.registry.user, Scope.READ)
        for key in (viewer, reader):
            client = api.client_with({"Authorization": f"Bearer {key.value}"})
            assert client.post(f"{path}production/undo/", json={"expected_version": 3}).status_code == 403
            assert client.get(f"{path}production/history/").json()["count"] == 2

    def test_undo_obeys_references(self, api: Api) -> None:
        create(api, "tone", "Be kind.")
        api.client.patch(f"{api.path}name/tone/", json={"base_version": 1, "prompt": "Be brief."})
        labels = f"{api.path}name/tone/labels/production/"
        api.client.put(labels, json={"version": 1})
        api.client.delete(labels)
        api.client.put(labels, json={"version": 2})
        create(api, "parent", "Hi. @@@prompt:name=tone|label=production@@@")
        answer = api.client.post(f"{labels}undo/", json={"expected_version": 2})
        assert (answer.status_code, answer.json()["referencing_prompts"]) == (409, ["parent"])


class TestLabelsAtOnce:
    """Labels that point at a version from its first moment."""

    def test_a_prompt_is_created_with_labels(self, api: Api) -> None:
        body = create(api, "fresh", "Hi", labels=["staging", "production", "staging"])
        assert body["labels"] == ["production", "staging"]
        assert api.client.get(f"{api.path}name/fresh/?label=staging").json()["prompt"] == "Hi"

    def test_a_version_is_published_with_labels(self, api: Api, path: str) -> None:
        api.client.put(f"{path}production/", json={"version": 2})
        answer = api.client.patch(
            f"{api.path}name/greeting/", json={"base_version": 3, "prompt": "New", "labels": ["production", "canary"]}
        )
        assert (answer.status_code, answer.json()["labels"]) == (200, ["canary", "production"])
        assert _moves(api, path) == [(2, 4, "direct"), (None, 2, "direct")]
        kinds = [change["kind"] for change in api.client.get(f"{api.path}changes/").json()["results"]][-3:]
        assert kinds == ["prompt.published", "label.moved", "label.created"]

    @pytest.mark.parametrize(
        ("labels", "code"),
        [
            ("production", "not_a_list"),
            (["latest"], "reserved_label_name"),
            (["A"], "invalid_label_name"),
            ([None], "null"),
            ([f"l{n}" for n in range(51)], "max_length"),
        ],
    )
    @pytest.mark.usefixtures("path")
    def test_a_bad_label_writes_nothing(self, api: Api, labels: object, code: str) -> None:
        answer = api.client.patch(f"{api.path}name/greeting/", json={"base_version": 3, "prompt": "New", "labels": labels})
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert api.client.get(f"{api.path}name/greeting/").json()["version"] == 3

    def test_a_label_that_references_forbid_writes_no_version(self, api: Api) -> None:
        create(api, "tone", "Be kind.", labels=["production"])
        create(api, "parent", "Hi. @@@prompt:name=tone|label=production@@@")
        answer = api.client.patch(f"{api.path}name/tone/", json={"base_version": 1, "prompt": {"a": 1}, "labels": ["production"]})
        assert (answer.status_code, answer.json()["code"]) == (400, "reference_not_text")
        assert api.client.get(f"{api.path}name/tone/").json()["version"] == 1
