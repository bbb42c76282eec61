"""Archived prompts: the list of them, and bringing one back."""

import pytest
from builders import Api, make_actor, make_member, make_prompt
from wire import NO_SUCH_PROMPT, NOON, Clock, Json, full_prompt, invalid, user_basic, wire

from promptuary.registry import labels, prompts
from promptuary.store import changes

NAME_TAKEN = {"detail": "A prompt with this name already exists. Archive it first to restore this one."}
NOT_ARCHIVED = "No archived prompt matching '{}' in this project. List with archived=true to see which exist."


def archive(api: Api, name: str = "greeting", *, text: str = "Hello!", versions: int = 1) -> str:
    """Create a prompt, label it, archive it, and return the id of its latest version."""
    with api.registry.database.write() as tx:
        latest = make_prompt(tx, api.registry.actor, name=name, prompt=text, versions=versions)
        labels.move_label(tx, api.registry.actor, name=name, label="production", version=1)
    with api.registry.database.write() as tx:
        prompts.archive_prompt(tx, api.registry.actor, name=name)
    return latest.id


def restore(api: Api, body: object = None, name: str = "greeting") -> tuple[int, Json]:
    answer = api.client.post(f"{api.path}name/{name}/restore/", json=body)
    return answer.status_code, answer.json()


def listed(api: Api, query: str = "") -> Json:
    answer: Json = api.client.get(f"{api.path}?archived=true&{query}").json()
    return answer


def names(api: Api, query: str = "") -> list[str]:
    return [row["name"] for row in listed(api, query)["results"]]


def test_the_whole_answer_to_a_restore(sqlite_api: Api) -> None:
    prompt_id = archive(sqlite_api)
    answer = sqlite_api.client.post(f"{sqlite_api.path}name/greeting/restore/")
    expected = full_prompt(prompt_id, sqlite_api.registry.user) | {"former_labels": [{"name": "production", "version": 1}]}
    assert (answer.status_code, answer.text) == (200, wire(expected))


def test_the_whole_list_of_archived_prompts(own_sqlite_api: Api, clock: Clock) -> None:
    prompt_id = archive(own_sqlite_api)
    clock.now = clock.now.replace(hour=13)
    answer = own_sqlite_api.client.get(f"{own_sqlite_api.path}?archived=true")
    row = full_prompt(prompt_id, own_sqlite_api.registry.user, deleted=True)
    row |= {"prompt_size_bytes": 8, "all_labels": [], "archived_at": NOON}
    assert (answer.status_code, answer.text) == (200, wire({"count": 1, "next": None, "previous": None, "results": [row]}))


def test_a_restored_prompt_is_as_it_was_but_for_its_labels(api: Api) -> None:
    archive(api, versions=3)
    before = api.client.get(api.path).json()
    assert restore(api)[0] == 200
    fetched = [api.client.get(f"{api.path}name/greeting/{query}") for query in ("", "?version=1", "?label=production")]
    assert [answer.status_code for answer in fetched] == [200, 200, 404]
    assert [answer.json()["prompt"] for answer in fetched[:2]] == ["Hello! v3", "Hello!"]
    history = api.client.get(f"{api.path}resolve/name/greeting/").json()
    assert ([line["version"] for line in history["versions"]], history["labels"]) == ([3, 2, 1], [])
    assert (before["count"], api.client.get(api.path).json()["count"], listed(api)["count"]) == (0, 1, 0)
    published = api.client.patch(f"{api.path}name/greeting/", json={"base_version": 3, "prompt": "Next"})
    assert (published.status_code, published.json()["version"]) == (200, 4)


def test_a_restored_prompt_is_found_by_what_it_says(api: Api) -> None:
    archive(api, text="Mind the gap")
    assert api.client.get(f"{api.path}?search=the gap").json()["count"] == 0
    restore(api)
    assert [row["name"] for row in api.client.get(f"{api.path}?search=the gap").json()["results"]] == ["greeting"]


def test_of_several_that_had_the_name_the_one_archived_last_comes_back(api: Api) -> None:
    archive(api, text="first")
    archive(api, text="second")
    assert restore(api)[1]["prompt"] == "second"


def test_an_id_chooses_another_one(api: Api) -> None:
    first = archive(api, text="first", versions=2)
    archive(api, text="second")
    assert [row["id"] for row in listed(api)["results"]][1] == first
    assert restore(api, {"id": first.upper()})[1]["prompt"] == "first v2"
    assert names(api) == ["greeting"]


@pytest.mark.parametrize("body", [{}, {"id": None}, {"unknown": 1}])
def test_a_body_may_choose_nothing(sqlite_api: Api, body: Json) -> None:
    archive(sqlite_api)
    assert restore(sqlite_api, body)[0] == 200


def test_while_another_prompt_has_the_name_nothing_is_restored(api: Api) -> None:
    archive(api, text="first")
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, prompt="second")
    assert restore(api) == (409, NAME_TAKEN)
    assert api.client.get(f"{api.path}name/greeting/").json()["prompt"] == "second"
    assert names(api) == ["greeting"]


@pytest.mark.parametrize("name", ["missing", "active", "GREETING", "a%00b", "%F0%9F%99%82", "x" * 5000])
def test_what_is_not_archived_cannot_be_restored(api: Api, name: str) -> None:
    archive(api)
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, name="active")
    shown = name.replace("%00", "\0").replace("%F0%9F%99%82", "🙂")
    assert restore(api, name=name) == (404, {"detail": NOT_ARCHIVED.format(shown)})


def test_an_id_of_another_prompt_restores_nothing(api: Api) -> None:
    archive(api)
    other = archive(api, "other")
    assert restore(api, {"id": other}) == (404, {"detail": NOT_ARCHIVED.format("greeting")})
    assert sorted(names(api)) == ["greeting", "other"]


@pytest.mark.parametrize("value", ["x", 3, [], "", "\0"])
def test_a_bad_id_is_refused(sqlite_api: Api, value: object) -> None:
    archive(sqlite_api)
    assert restore(sqlite_api, {"id": value}) == (400, invalid("invalid_input", "Must be a valid UUID.", "id"))


def test_a_restored_prompt_cannot_be_restored_again(api: Api) -> None:
    archive(api)
    assert [restore(api)[0], restore(api)[0]] == [200, 404]


def test_labels_are_not_told_when_the_log_does_not_know_them_any_more(own_sqlite_api: Api, clock: Clock) -> None:
    archive(own_sqlite_api)
    archive(own_sqlite_api, "other")
    with own_sqlite_api.registry.database.write() as tx:
        changes.trim_changes(tx, before=clock.now.replace(year=2027))
    assert restore(own_sqlite_api)[1]["former_labels"] == []


class TestList:
    def test_who_was_archived_last_comes_first(self, api: Api) -> None:
        for name in ("b", "c", "a"):
            archive(api, name)
        assert names(api) == ["a", "c", "b"]
        assert names(api, "order_by=name") == ["a", "b", "c"]
        assert names(api, "order_by=-created_at") == ["a", "c", "b"]

    @pytest.mark.parametrize("order_by", ["version", "latest_version", "version_count", "prompt_size_bytes"])
    def test_other_orders_are_those_of_any_list(self, api: Api, order_by: str) -> None:
        archive(api, "few")
        archive(api, "many", versions=3)
        assert names(api, f"order_by={order_by}") == ["few", "many"]
        assert names(api, f"order_by=-{order_by}") == ["many", "few"]

    def test_rows_of_one_moment_have_one_order_on_all_pages(self, sqlite_api: Api) -> None:
        expected = [archive(sqlite_api, f"p{number}") for number in range(6)]
        for order in ("", "order_by=version", "order_by=-created_at", "order_by=prompt_size_bytes"):
            found = [listed(sqlite_api, f"{order}&limit=1&offset={offset}")["results"][0]["id"] for offset in range(6)]
            assert sorted(found) == sorted(expected)
            assert found == [row["id"] for row in listed(sqlite_api, order)["results"]]

    def test_pages_link_to_each_other(self, api: Api) -> None:
        for name in ("a", "b", "c"):
            archive(api, name)
        page = listed(api, "limit=2")
        assert (page["count"], [row["name"] for row in page["results"]]) == (3, ["c", "b"])
        following = api.client.get(page["next"]).json()
        assert ([row["name"] for row in following["results"]], following["next"]) == (["a"], None)

    def test_rows_have_as_much_of_the_prompt_as_was_asked_for(self, sqlite_api: Api) -> None:
        archive(sqlite_api)
        [row] = listed(sqlite_api, "content=preview")["results"]
        assert row["prompt_preview"] == "Hello!"
        assert not {"prompt", "config"} & set(row)
        [row] = listed(sqlite_api, "content=none")["results"]
        assert not {"prompt", "config", "prompt_preview"} & set(row)

    @pytest.mark.parametrize(
        ("search", "found"),
        [("GREET", ["Greeting_1"]), ("_", ["Greeting_1"]), ("t%25", []), ("Hello", []), ("%00", []), ("ß", []), ("x" * 60_000, [])],
    )
    def test_a_search_looks_in_names(self, api: Api, search: str, found: list[str]) -> None:
        archive(api, "Greeting_1")
        archive(api, "al-t")
        assert names(api, f"search={search}") == found

    def test_a_list_can_be_limited_to_what_one_user_wrote(self, api: Api) -> None:
        archive(api, "mine")
        with api.registry.database.write() as tx:
            second = make_member(tx, api.registry.project)
            make_prompt(tx, make_actor(api.registry.project, second), name="theirs")
            prompts.archive_prompt(tx, api.registry.actor, name="theirs")
        page = listed(api, f"created_by_id={second.id}")
        assert (page["count"], page["results"][0]["created_by"]) == (1, user_basic(second))
        assert listed(api, "created_by_id=999")["count"] == 0

    @pytest.mark.parametrize(
        ("query", "is_archived"), [("archived=1", True), ("archived=TRUE", True), ("archived=0", False), ("archived=", False)]
    )
    def test_the_flag_is_a_word(self, sqlite_api: Api, query: str, is_archived: bool) -> None:  # noqa: FBT001 - a parameter
        archive(sqlite_api)
        assert (sqlite_api.client.get(f"{sqlite_api.path}?{query}").json()["count"] == 1) == is_archived

    @pytest.mark.parametrize(
        ("query", "code", "detail", "attr"),
        [
            ("archived=perhaps", "invalid_input", "Must be a valid boolean.", "archived"),
            ("archived=true&order_by=archived_at", "invalid_choice", '"archived_at" is not a valid choice.', "order_by"),
            (
                "archived=true&label=production",
                "invalid_input",
                "Use either archived or label, not both. Archived prompts have no labels.",
                None,
            ),
        ],
    )
    def test_a_bad_query_is_refused(self, sqlite_api: Api, query: str, code: str, detail: str, attr: str | None) -> None:
        answer = sqlite_api.client.get(f"{sqlite_api.path}?{query}")
        assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, attr)))

    def test_what_is_looked_at_there_does_not_count_as_fetched(self, own_sqlite_api: Api) -> None:
        archive(own_sqlite_api)
        assert listed(own_sqlite_api)["count"] == 1
        assert own_sqlite_api.usage.take() == []

    def test_an_archived_prompt_is_in_no_other_list(self, api: Api) -> None:
        archive(api)
        for query in ("", "search=greet", "label=production", "archived=false"):
            assert api.client.get(f"{api.path}?{query}").json()["count"] == 0
        assert api.client.get(f"{api.path}name/greeting/").json() == {"detail": NO_SUCH_PROMPT.format("greeting")}
