from urllib.parse import quote

import pytest
from builders import Api, bearer, make_prompt
from fastapi.testclient import TestClient
from wire import behind_server

from promptuary.registry import labels


def _found(api: Api, search: str, *, label: str = "") -> list[str]:
    rows = api.client.get(f"{api.path}?order_by=name&label={label}&search={quote(search)}").json()["results"]
    return [row["name"] for row in rows]


@pytest.mark.parametrize(
    ("prompt", "search"),
    [
        ("Hello World", "o wor"),
        ("STRASSE", "straße"),
        ("straße", "STRASSE"),
        ("ΟΔΥΣΣΕΎΣ", "οδυσσεύς"),
        ("ПРИВЕТ", "привет"),
        ("Ꭰꭰ", "ꭰᎠ"),
        ("e\u0301", "E\u0301"),
        ("🦔 hedgehog", "🦔"),
        ('say "hi"', '"'),
        ("one\ntwo", "one\ntwo"),
        ("one\ntwo", "\n"),
        ("one\r\ntwo", "\r\n"),
        ("nul \0 here", "\0"),
        ("100% sure", "0% s"),
        ("snake_case", "e_c"),
        ("back\\slash", "\\"),
        ("it's", "t's"),
        ("[a-z]*", "[a-z]*"),
        ({"key": ["Value", 1.5]}, '"KEY":["value",1.5]'),
        ({"é": "ü"}, "É"),
        ([True, None], "[true,null]"),
    ],
)
def test_search_looks_in_the_text_and_ignores_case(api: Api, prompt: object, search: str) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, name="a", prompt=prompt)
        make_prompt(tx, api.registry.actor, name="b", prompt="?")
    assert _found(api, search) == ["a"]


@pytest.mark.parametrize(
    ("prompt", "search"),
    [
        ("text", '"'),
        ("one\ntwo", "\\n"),
        ("é", "\\u00e9"),
        ("nul \0", "u0000"),
        ("abc", "a%c"),
        ("abc", "a_c"),
        ("abc", "%"),
        ("abc", "[a]"),
        ({"key": 1}, '"key": 1'),
        ("e", "é"),
        ("\\", "\\\\"),
    ],
)
def test_search_knows_no_wildcards_and_no_escaped_encoding(api: Api, prompt: object, search: str) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, name="x", prompt=prompt)
    assert _found(api, search) == []


def test_search_looks_in_names_too(api: Api) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, name="Support-Reply_1", prompt="?")
        make_prompt(tx, api.registry.actor, name="other", prompt="a support-reply_1 in the text")
        make_prompt(tx, api.registry.actor, name="third", prompt="?")
    assert _found(api, "support-REPLY_1") == ["Support-Reply_1", "other"]


@pytest.mark.parametrize("search", ["", "   ", "\t"])
def test_a_blank_search_is_no_filter(api: Api, search: str) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor)
    assert _found(api, search) == ["greeting"]


def test_white_space_around_a_search_does_not_count(api: Api) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, prompt="Hello!")
    assert _found(api, " \n hello\t") == ["greeting"]


def test_search_looks_only_at_the_listed_version(api: Api) -> None:
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, prompt="old text", versions=2)
        labels.move_label(tx, api.registry.actor, name="greeting", label="production", version=1)
    assert _found(api, "old text v2") == ["greeting"]
    assert _found(api, "old text v2", label="production") == []
    assert _found(api, "old text", label="production") == ["greeting"]


def test_a_search_sent_as_plain_bytes_is_read_as_utf_8(sqlite_api: Api) -> None:
    with sqlite_api.registry.database.write() as tx:
        make_prompt(tx, sqlite_api.registry.actor, name="a", prompt="Straße")
        make_prompt(tx, sqlite_api.registry.actor, name="b", prompt="?")
    application = behind_server(sqlite_api.client.app, query_string="search=straße".encode())
    client = TestClient(application, headers=bearer(sqlite_api.key))
    client.portal = sqlite_api.client.portal
    assert client.get(sqlite_api.path).json()["count"] == 1


def test_the_count_is_of_all_that_was_found(api: Api) -> None:
    with api.registry.database.write() as tx:
        for number in range(3):
            make_prompt(tx, api.registry.actor, name=f"found-{number}")
        make_prompt(tx, api.registry.actor, name="x")
    page = api.client.get(f"{api.path}?search=found&limit=2").json()
    assert (page["count"], len(page["results"])) == (3, 2)
