import pytest
from builders import Api, make_actor, make_member, make_prompt
from wire import NOON, NOT_AN_INTEGER, NULL, REQUIRED, Clock, invalid, user_basic, wire

from promptuary.registry import labels
from promptuary.store import changes

LENGTH = "Label names must be between 1 and 128 characters."
RESERVED = "'latest' is a reserved label. It always points to the newest version."
ONLY_NUMBERS = "Label names cannot be numbers only, to avoid confusion with version numbers."
ALPHABET = "Use lowercase letters, numbers, dots (.), hyphens (-) and underscores (_), starting and ending with a letter or number."
LATER = "2026-03-01T13:30:00.000120Z"


@pytest.fixture
def path(sqlite_api: Api) -> str:
    """The path of the labels of a prompt with three versions."""
    return _make_prompt(sqlite_api)


def _make_prompt(api: Api) -> str:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, versions=3)
    return f"{api.path}name/greeting/labels/"


def test_a_new_label_is_answered_in_full(sqlite_api: Api, path: str) -> None:
    answer = sqlite_api.client.put(f"{path}production/", json={"version": 2})
    expected = {
        "id": answer.json()["id"],
        "name": "production",
        "prompt_name": "greeting",
        "version": 2,
        "created_by": user_basic(sqlite_api.registry.user),
        "created_at": NOON,
        "updated_at": NOON,
    }
    assert (answer.status_code, answer.text) == (201, wire(expected))


def test_a_moved_label_keeps_who_made_it_and_when(own_sqlite_api: Api, clock: Clock) -> None:
    path = _make_prompt(own_sqlite_api)
    with own_sqlite_api.registry.database.write() as tx:
        other = make_member(tx, own_sqlite_api.registry.project)
        actor = make_actor(own_sqlite_api.registry.project, other)
        labels.move_label(tx, actor, name="greeting", label="production", version=1)
    clock.now = clock.now.replace(hour=13)
    moved = own_sqlite_api.client.put(f"{path}production/", json={"version": 3})
    body = moved.json()
    assert moved.status_code == 200
    assert (body["version"], body["created_by"]["id"], body["created_at"], body["updated_at"]) == (3, other.id, NOON, LATER)


def test_setting_a_label_where_it_is_changes_nothing(own_sqlite_api: Api, clock: Clock) -> None:
    path = _make_prompt(own_sqlite_api)
    created = own_sqlite_api.client.put(f"{path}production/", json={"version": 2})
    clock.now = clock.now.replace(hour=13)
    with own_sqlite_api.registry.database.read() as tx:
        before = changes.last_sequence(tx)
    again = own_sqlite_api.client.put(f"{path}production/", json={"version": 2})
    assert (again.status_code, again.text) == (200, created.text)
    with own_sqlite_api.registry.database.read() as tx:
        assert changes.last_sequence(tx) == before


@pytest.mark.parametrize("label", ["a", "0a", "a" * 128, "v1.2_rc-3", "%20production%20", "latest-1", "1.0"])
def test_valid_label_names(sqlite_api: Api, path: str, label: str) -> None:
    answer = sqlite_api.client.put(f"{path}{label}/", json={"version": 1})
    assert (answer.status_code, answer.json()["name"]) == (201, label.replace("%20", ""))


@pytest.mark.parametrize(
    ("label", "code", "detail"),
    [
        ("a" * 129, "invalid_label_name", LENGTH),
        ("%20", "invalid_label_name", LENGTH),
        ("latest", "reserved_label_name", RESERVED),
        ("LaTest", "reserved_label_name", RESERVED),
        ("%20latest", "reserved_label_name", RESERVED),
        ("123", "invalid_label_name", ONLY_NUMBERS),
        ("Production", "invalid_label_name", ALPHABET),
        ("-a", "invalid_label_name", ALPHABET),
        ("a.", "invalid_label_name", ALPHABET),
        ("a%20b", "invalid_label_name", ALPHABET),
        ("a%0Ab", "invalid_label_name", ALPHABET),
        ("a%00b", "invalid_label_name", ALPHABET),
        ("%C3%A4", "invalid_label_name", ALPHABET),
    ],
)
@pytest.mark.parametrize("body", [b'{"version": 1}', b"{}", b"null", b"{"])
def test_a_bad_label_name_is_refused_without_attr_whatever_the_body(
    sqlite_api: Api, path: str, label: str, code: str, detail: str, body: bytes
) -> None:
    answer = sqlite_api.client.put(f"{path}{label}/", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, None)))


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ({}, "required", REQUIRED),
        ({"version": None}, "null", NULL),
        ({"version": "x"}, "invalid_input", NOT_AN_INTEGER),
        ({"version": 1.5}, "invalid_input", NOT_AN_INTEGER),
        ({"version": False}, "invalid_input", NOT_AN_INTEGER),
        ({"version": {}}, "invalid_input", NOT_AN_INTEGER),
        ({"version": 0}, "min_value", "Ensure this value is greater than or equal to 1."),
    ],
)
def test_a_bad_version_is_refused(sqlite_api: Api, path: str, body: dict[str, object], code: str, detail: str) -> None:
    answer = sqlite_api.client.put(f"{path}production/", json=body)
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, "version")))


def test_a_label_moves_only_from_where_its_caller_expects_it(api: Api) -> None:
    path = _make_prompt(api)
    moved = {"detail": "The label was moved in the meantime. Reload and try again."}

    def put(body: dict[str, object]) -> tuple[int, object]:
        answer = api.client.put(f"{path}production/", json=body)
        shown = answer.json()
        return answer.status_code, shown["version"] if answer.status_code in {200, 201} else shown

    assert put({"version": 2, "expected_version": 1}) == (409, {**moved, "current_version": None})
    assert put({"version": 2, "expected_version": None}) == (201, 2)
    assert put({"version": 3, "expected_version": None}) == (409, {**moved, "current_version": 2})
    assert put({"version": 3, "expected_version": 1}) == (409, {**moved, "current_version": 2})
    assert put({"version": 2, "expected_version": 1}) == (409, {**moved, "current_version": 2})
    assert put({"version": 3, "expected_version": "2"}) == (200, 3)
    assert put({"version": 1}) == (200, 1)
    assert put({"version": 9, "expected_version": 2}) == (404, {"detail": "Prompt 'greeting' has no version 9."})


def test_a_label_is_removed_only_from_where_it_is_expected(sqlite_api: Api, path: str) -> None:
    remove = sqlite_api.client.delete
    sqlite_api.client.put(f"{path}production/", json={"version": 2})
    moved = {"detail": "The label was moved in the meantime. Reload and try again.", "current_version": 2}
    refused = remove(f"{path}production/?expected_version=1")
    assert (refused.status_code, refused.json()) == (409, moved)
    for expected in ("x", "0", "-1", "1.5"):
        assert remove(f"{path}production/?expected_version={expected}").status_code == 400
    assert remove(f"{path}production/?expected_version=2").status_code == 204
    assert remove(f"{path}production/?expected_version=2").status_code == 404


@pytest.mark.parametrize(
    ("expected", "code", "detail"),
    [
        ("x", "invalid_input", NOT_AN_INTEGER),
        ({}, "invalid_input", NOT_AN_INTEGER),
        (False, "invalid_input", NOT_AN_INTEGER),
        (0, "min_value", "Ensure this value is greater than or equal to 1."),
    ],
)
def test_a_bad_expected_version_is_refused(sqlite_api: Api, path: str, expected: object, code: str, detail: str) -> None:
    answer = sqlite_api.client.put(f"{path}production/", json={"version": 1, "expected_version": expected})
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, "expected_version")))


@pytest.mark.parametrize(("name", "version"), [("greeting", 4), ("greeting", 10**30), ("missing", 1), ("a\0b", 1)])
def test_a_version_that_is_not_there_is_a_404(api: Api, name: str, version: int) -> None:
    _make_prompt(api)
    segment = name.replace("\0", "%00")
    answer = api.client.put(f"{api.path}name/{segment}/labels/production/", json={"version": version})
    assert (answer.status_code, answer.text) == (404, wire({"detail": f"Prompt '{name}' has no version {version}."}))


def test_a_prompt_carries_at_most_fifty_labels_which_can_still_be_moved(api: Api) -> None:
    path = _make_prompt(api)
    with api.registry.database.write() as tx:
        for number in range(50):
            labels.move_label(tx, api.registry.actor, name="greeting", label=f"label-{number}", version=1)
    refused = api.client.put(f"{path}one-more/", json={"version": 1})
    detail = "This prompt has reached the maximum of 50 labels. Remove a label to add a new one."
    assert (refused.status_code, refused.text) == (400, wire({"detail": detail}))
    assert api.client.put(f"{path}label-7/", json={"version": 2}).status_code == 200
    assert api.client.delete(f"{path}label-7/").status_code == 204
    assert api.client.put(f"{path}one-more/", json={"version": 1}).status_code == 201


def test_a_removed_label_is_gone(api: Api) -> None:
    path = _make_prompt(api)
    api.client.put(f"{path}production/", json={"version": 2})
    removed = api.client.delete(f"{path}production/")
    assert (removed.status_code, removed.content) == (204, b"")
    assert api.client.get(f"{api.path}name/greeting/?label=production").status_code == 404


@pytest.mark.parametrize(
    ("name", "label"),
    [("greeting", "staging"), ("missing", "production"), ("greeting", "latest"), ("greeting", "Not a label"), ("a\0b", "c\0d")],
)
def test_removing_a_label_that_is_not_there_is_a_404_whatever_it_is_called(api: Api, name: str, label: str) -> None:
    _make_prompt(api)
    answer = api.client.delete(f"{api.path}name/{name.replace(chr(0), '%00')}/labels/{label.replace(chr(0), '%00')}/")
    assert (answer.status_code, answer.text) == (404, wire({"detail": f"Label '{label}' not found on prompt '{name}'."}))


def test_labels_of_one_version_are_sorted_by_name(api: Api) -> None:
    path = _make_prompt(api)
    for label in ("b", "a-1", "a", "c", "a.1"):
        api.client.put(f"{path}{label}/", json={"version": 3})
    listed = api.client.get(api.path).json()["results"][0]
    assert listed["labels"] == ["a", "a-1", "a.1", "b", "c"]
