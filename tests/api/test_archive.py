from builders import Api, make_prompt
from wire import NO_SUCH_PROMPT, wire

from promptuary.registry import labels


def _make_labelled_prompt(api: Api) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, versions=2)
        labels.move_label(tx, api.registry.actor, name="greeting", label="production", version=1)


def test_archiving_is_answered_by_nothing(api: Api) -> None:
    _make_labelled_prompt(api)
    answer = api.client.post(f"{api.path}name/greeting/archive/")
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_body_is_not_read(sqlite_api: Api) -> None:
    _make_labelled_prompt(sqlite_api)
    answer = sqlite_api.client.post(f"{sqlite_api.path}name/greeting/archive/", content=b"{", headers={"Content-Type": "text/csv"})
    assert answer.status_code == 204


def test_an_archived_prompt_is_gone_from_every_read(api: Api) -> None:
    _make_labelled_prompt(api)
    api.client.post(f"{api.path}name/greeting/archive/")
    gone = ["name/greeting/", "name/greeting/?version=1", "name/greeting/?label=production", "resolve/name/greeting/"]
    assert [api.client.get(api.path + path).status_code for path in gone] == [404, 404, 404, 404]
    assert api.client.get(api.path).json()["count"] == 0
    assert api.client.get(f"{api.path}?label=production").json()["count"] == 0


def test_a_prompt_that_is_not_there_any_more_cannot_be_archived(api: Api) -> None:
    _make_labelled_prompt(api)
    api.client.post(f"{api.path}name/greeting/archive/")
    for name in ("greeting", "missing", "a%00b"):
        answer = api.client.post(f"{api.path}name/{name}/archive/")
        detail = NO_SUCH_PROMPT.format(name.replace("%00", "\0"))
        assert (answer.status_code, answer.text) == (404, wire({"detail": detail}))


def test_the_name_is_free_and_its_next_prompt_begins_at_version_1_without_labels(api: Api) -> None:
    _make_labelled_prompt(api)
    api.client.post(f"{api.path}name/greeting/archive/")
    created = api.client.post(api.path, json={"name": "greeting", "prompt": "Anew"}).json()
    assert (created["version"], created["version_count"], created["labels"]) == (1, 1, [])
    assert api.client.get(f"{api.path}name/greeting/?version=2").status_code == 404
    assert api.client.get(f"{api.path}name/greeting/?label=production").status_code == 404
