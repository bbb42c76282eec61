import pytest
from builders import Api, Registry, make_actor, make_member, make_prompt, writing_in_turn
from wire import NOON, NOT_AN_INTEGER, Clock, full_prompt, invalid, wire

from promptuary.model.access import operator
from promptuary.model.accounts import User
from promptuary.registry import labels, prompts
from promptuary.registry.operator import projects

ROW_KEYS = [
    "id",
    "name",
    "prompt",
    "config",
    "version",
    "version_description",
    "created_by",
    "created_at",
    "updated_at",
    "deleted",
    "is_latest",
    "latest_version",
    "version_count",
    "first_version_created_at",
    "outline",
    "labels",
    "activity_item_id",
    "prompt_size_bytes",
    "all_labels",
]
BAD_LABEL = (
    "Use lowercase letters, numbers, dots (.), hyphens (-) and underscores (_), starting and ending with a letter or number."
)


def _names(api: Api, query: str) -> list[str]:
    return [row["name"] for row in api.client.get(f"{api.path}?{query}").json()["results"]]


def _make_labelled_prompt(registry: Registry) -> list[str]:
    """A prompt with two versions and labels on both; returns the versions' ids."""
    with registry.database.write() as tx:
        first = prompts.create_prompt(tx, registry.actor, name="greeting", prompt="# One", config={"t": 1})
        second = prompts.publish_version(tx, registry.actor, name="greeting", base_version=1, prompt="Hello!", config=None)
        for label, version in (("staging", 2), ("production", 1), ("beta", 2)):
            labels.move_label(tx, registry.actor, name="greeting", label=label, version=version)
    return [first.id, second.id]


def test_an_empty_list(api: Api) -> None:
    answer = api.client.get(api.path)
    assert (answer.status_code, answer.text) == (200, '{"count":0,"next":null,"previous":null,"results":[]}')


def test_the_whole_answer_of_a_list_is_that_of_the_contract(sqlite_api: Api) -> None:
    registry = sqlite_api.registry
    _, second = _make_labelled_prompt(registry)
    answer = sqlite_api.client.get(sqlite_api.path)
    row = full_prompt(second, registry.user, version=2, latest_version=2, version_count=2, labels=["beta", "staging"])
    row["prompt_size_bytes"] = 8
    row["all_labels"] = [
        {"name": "beta", "version": 2},
        {"name": "production", "version": 1},
        {"name": "staging", "version": 2},
    ]
    assert (answer.status_code, answer.text) == (200, wire({"count": 1, "next": None, "previous": None, "results": [row]}))
    assert list(row) == ROW_KEYS


@pytest.mark.parametrize("prefix", ["projects", "environments"])
def test_a_labelled_list_shows_each_prompt_at_the_labelled_version(api: Api, prefix: str) -> None:
    first, second = _make_labelled_prompt(api.registry)
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, name="unlabelled")
    path = f"/api/{prefix}/{api.registry.project.id}/llm_prompts/"
    row = api.client.get(f"{path}?label=production").json()["results"][0]
    assert (row["id"], row["version"], row["is_latest"], row["latest_version"], row["version_count"]) == (first, 1, False, 2, 2)
    assert (row["prompt"], row["config"], row["labels"]) == ("# One", {"t": 1}, ["production"])
    assert [label["name"] for label in row["all_labels"]] == ["beta", "production", "staging"]
    assert "label" not in row
    newest = api.client.get(f"{path}?label=beta").json()
    assert (newest["count"], newest["results"][0]["id"]) == (1, second)


@pytest.mark.parametrize(("query", "count"), [("label=", 1), ("label=%20", 1), ("label=none-has-it", 0)])
def test_a_blank_label_is_no_filter_and_an_unused_one_finds_nothing(sqlite_api: Api, query: str, count: int) -> None:
    _make_labelled_prompt(sqlite_api.registry)
    assert sqlite_api.client.get(f"{sqlite_api.path}?{query}").json()["count"] == count


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ("", ROW_KEYS),
        ("full", ROW_KEYS),
        ("preview", ["id", "name", *ROW_KEYS[4:17], "prompt_preview", *ROW_KEYS[17:]]),
        ("none", ["id", "name", *ROW_KEYS[4:]]),
    ],
)
def test_content_says_how_much_of_each_prompt_is_shown(api: Api, content: str, keys: list[str]) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, prompt="# Title\n" + "x" * 200)
    row = api.client.get(f"{api.path}?content={content}").json()["results"][0]
    assert list(row) == keys
    assert row["outline"] == [{"level": 1, "text": "Title"}]
    assert row["prompt_size_bytes"] == 211
    assert row.get("prompt_preview", "# Title\n" + "x" * 152 + "...") == "# Title\n" + "x" * 152 + "..."


@pytest.mark.parametrize(
    ("prompt", "size"),
    [("abc", 5), ("", 2), ("é", 4), ("\n", 4), ("\0", 8), ('"', 4), ({"a": 1}, 8), ([1, 2], 6), (0, 1)],
)
def test_the_size_is_that_of_the_stored_json_text(sqlite_api: Api, prompt: object, size: int) -> None:
    sqlite_api.client.post(sqlite_api.path, json={"name": "a", "prompt": prompt})
    assert sqlite_api.client.get(sqlite_api.path).json()["results"][0]["prompt_size_bytes"] == size


def _make_ordered_prompts(registry: Registry) -> None:
    """Prompts "b", "A", "c": created in this order, "b" published last; sizes 3, 12, 7."""
    with writing_in_turn(registry.database) as tx:
        for name, text in (("b", "b"), ("A", "ten bytes."), ("c", "five5")):
            make_prompt(tx, registry.actor, name=name, prompt=text)
    with registry.database.write() as tx:
        prompts.publish_version(tx, registry.actor, name="b", base_version=1, prompt="b")


@pytest.mark.parametrize(
    ("order_by", "names"),
    [
        ("", ["b", "c", "A"]),
        ("-created_at", ["b", "c", "A"]),
        ("created_at", ["A", "c", "b"]),
        ("updated_at", ["A", "c", "b"]),
        ("-updated_at", ["b", "c", "A"]),
        ("name", ["A", "b", "c"]),
        ("-name", ["c", "b", "A"]),
        ("-first_version_created_at", ["c", "A", "b"]),
        ("first_version_created_at", ["b", "A", "c"]),
        ("prompt_size_bytes", ["b", "c", "A"]),
        ("-prompt_size_bytes", ["A", "c", "b"]),
    ],
)
def test_a_list_has_the_order_that_was_asked_for(api: Api, order_by: str, names: list[str]) -> None:
    _make_ordered_prompts(api.registry)
    assert _names(api, f"order_by={order_by}") == names


@pytest.mark.parametrize("order_by", ["version", "latest_version", "version_count"])
def test_a_list_is_ordered_by_numbers_of_versions(api: Api, order_by: str) -> None:
    _make_ordered_prompts(api.registry)
    assert _names(api, f"order_by=-{order_by}")[0] == "b"
    assert _names(api, f"order_by={order_by}")[2] == "b"


@pytest.mark.parametrize("order_by", ["version", "-version", "created_at", "-created_at", "prompt_size_bytes"])
def test_ties_are_broken_by_id_downwards(sqlite_api: Api, order_by: str) -> None:
    with sqlite_api.registry.database.write() as tx:
        ids = [make_prompt(tx, sqlite_api.registry.actor, name=f"p{number}").id for number in range(8)]
    rows = sqlite_api.client.get(f"{sqlite_api.path}?order_by={order_by}").json()["results"]
    assert [row["id"] for row in rows] == sorted(ids, reverse=True)


def _make_prompt_of_two_authors(registry: Registry) -> User:
    with registry.database.write() as tx:
        second = make_member(tx, registry.project)
        make_prompt(tx, registry.actor, name="mine")
        make_prompt(tx, registry.actor, name="shared")
        actor = make_actor(registry.project, second)
        prompts.publish_version(tx, actor, name="shared", base_version=1, prompt="by the second author")
        labels.move_label(tx, actor, name="shared", label="production", version=1)
    return second


def test_a_list_can_be_limited_to_what_one_user_created(api: Api) -> None:
    second = _make_prompt_of_two_authors(api.registry)
    first = api.registry.user
    assert _names(api, f"created_by_id={first.id}") == ["mine"]
    assert _names(api, f"created_by_id={second.id}") == ["shared"]
    assert _names(api, f"created_by_id={first.id}&label=production") == ["shared"]


@pytest.mark.parametrize(("value", "count"), [("0", 2), ("", 2), ("999", 0), (str(10**30), 0), ("-5", 0), ("1.0", 1)])
def test_an_unknown_creator_has_created_nothing_and_0_is_everybody(own_sqlite_api: Api, value: str, count: int) -> None:
    _make_prompt_of_two_authors(own_sqlite_api.registry)
    assert own_sqlite_api.client.get(f"{own_sqlite_api.path}?created_by_id={value}").json()["count"] == count


def test_what_the_operator_created_has_no_author(api: Api) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, operator(api.registry.project.id))
    assert api.client.get(api.path).json()["results"][0]["created_by"] is None
    assert api.client.get(f"{api.path}resolve/name/greeting/").json()["versions"][0]["created_by"] is None


def test_a_list_is_of_one_project(api: Api) -> None:
    with api.registry.database.write() as tx:
        other = projects.create_project(tx, name="Other")
        make_prompt(tx, make_actor(other, api.registry.user), name="elsewhere")
        make_prompt(tx, api.registry.actor, name="here")
    assert _names(api, "") == ["here"]


def test_the_times_of_a_row_are_those_of_its_version(own_sqlite_api: Api, clock: Clock) -> None:
    with writing_in_turn(own_sqlite_api.registry.database) as tx:
        make_prompt(tx, own_sqlite_api.registry.actor)
        clock.now = clock.now.replace(hour=13)
        prompts.publish_version(tx, own_sqlite_api.registry.actor, name="greeting", base_version=1, prompt="x")
    row = own_sqlite_api.client.get(own_sqlite_api.path).json()["results"][0]
    assert row["created_at"] == row["updated_at"] == NOON.replace("12:", "13:")
    assert row["first_version_created_at"] == NOON


@pytest.mark.parametrize(
    ("query", "code", "detail", "attr"),
    [
        ("order_by=prompt", "invalid_choice", '"prompt" is not a valid choice.', "order_by"),
        ("order_by=--name", "invalid_choice", '"--name" is not a valid choice.', "order_by"),
        ("order_by=name,version", "invalid_choice", '"name,version" is not a valid choice.', "order_by"),
        ("content=all", "invalid_choice", '"all" is not a valid choice.', "content"),
        ("created_by_id=me", "invalid_input", NOT_AN_INTEGER, "created_by_id"),
        ("created_by_id=1.5", "invalid_input", NOT_AN_INTEGER, "created_by_id"),
        ("label=latest", "reserved_label_name", "'latest' is a reserved label. It always points to the newest version.", "label"),
        ("label=Production", "invalid_label_name", BAD_LABEL, "label"),
        ("label=3", "invalid_label_name", "Label names cannot be numbers only, to avoid confusion with version numbers.", "label"),
    ],
)
def test_a_bad_query_is_refused(sqlite_api: Api, query: str, code: str, detail: str, attr: str) -> None:
    answer = sqlite_api.client.get(f"{sqlite_api.path}?{query}")
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, attr)))
