import json
from collections.abc import Iterator
from typing import Any

import pytest
from builders import Api, make_prompt
from fastapi.testclient import TestClient
from wire import NULL, Json, behind_server, envelope, invalid, unreadable, wire

JSON = {"Content-Type": "application/json"}
MEBIBYTE = 1024 * 1024
TOO_LARGE = envelope("invalid_request", "request_too_large", "Request body must be 8388608 bytes or fewer.")
TOO_DEEP = "JSON parse error - Nested too deep, more than 200 levels"
NO_CONSTANTS = "JSON parse error - Out of range float values are not JSON compliant: {}"
SURROGATE = "Surrogate characters are not allowed: U+{}."


def _post(api: Api, content: bytes, **headers: str) -> tuple[int, str]:
    answer = api.client.post(api.path, content=content, headers=JSON | headers)
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"{", "JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"{a", "JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"name=x", "JSON parse error - Expecting value: line 1 column 1 (char 0)"),
        (b" ", "JSON parse error - Expecting value: line 1 column 2 (char 1)"),
        (b"{} {}", "JSON parse error - Extra data: line 1 column 4 (char 3)"),
        (b'{"a": "\n"}', "JSON parse error - Invalid control character at: line 1 column 8 (char 7)"),
        (b'{"a": "\xff"}', "JSON parse error - 'utf-8' codec can't decode byte 0xff in position 7: invalid start byte"),
        (b"\xff\xfe{\0}\0", "JSON parse error - 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b'{"prompt": NaN}', NO_CONSTANTS.format("NaN")),
        (b'{"prompt": [Infinity]}', NO_CONSTANTS.format("Infinity")),
        (b'{"prompt": {"a": -Infinity}}', NO_CONSTANTS.format("-Infinity")),
        (b'{"prompt": 1e400}', NO_CONSTANTS.format("1e400")),
        (b'{"prompt": -1e400}', NO_CONSTANTS.format("-1e400")),
        (b'{"prompt": ' + b"[" * 200 + b"]" * 200 + b"}", TOO_DEEP),
        (b'{"prompt": ' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"}", TOO_DEEP),
        (b'{"prompt": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", TOO_DEEP),
        (b"[" * 100_000, TOO_DEEP),
    ],
    ids=range(17),
)
def test_json_that_cannot_be_read_is_a_parse_error(sqlite_api: Api, content: bytes, detail: str) -> None:
    assert _post(sqlite_api, content) == (400, wire(unreadable(detail)))


def test_a_number_too_long_to_read_is_a_parse_error(sqlite_api: Api) -> None:
    status, text = _post(sqlite_api, b'{"name": "a", "prompt": ' + b"9" * 5000 + b"}")
    assert (status, json.loads(text)["code"]) == (400, "parse_error")


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("9" * 4000, "9" * 4000),
        ("1E308", "1e+308"),
        ("0.1", "0.1"),
        ("-0", "0"),
        ('"\\u0000"', "\0"),
        ("[" * 199 + "]" * 199, "[" * 199 + "]" * 199),
    ],
    ids=range(6),
)
def test_numbers_and_nesting_within_the_limits_are_kept(api: Api, sent: str, text: str) -> None:
    assert _post(api, b'{"name": "a", "prompt": ' + sent.encode() + b"}")[0] == 201
    assert api.client.get(f"{api.path}name/a/").json()["prompt"] == text


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"[]", "list"), (b'"x"', "str"), (b"1", "int"), (b"1.5", "float"), (b"true", "bool")],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", ""), ("PATCH", "name/a/"), ("POST", "name/a/duplicate/"), ("PUT", "name/a/labels/b/")]
)
def test_a_body_has_to_be_an_object(sqlite_api: Api, method: str, path: str, content: bytes, kind: str) -> None:
    answer = sqlite_api.client.request(method, sqlite_api.path + path, content=content, headers=JSON)
    detail = f"Invalid data. Expected a dictionary, but got {kind}."
    assert (answer.status_code, answer.text) == (400, wire(invalid("invalid_input", detail, None)))


@pytest.mark.parametrize(
    ("method", "path"), [("POST", ""), ("PATCH", "name/a/"), ("POST", "name/a/duplicate/"), ("PUT", "name/a/labels/b/")]
)
def test_a_body_of_null_provides_no_data(sqlite_api: Api, method: str, path: str) -> None:
    answer = sqlite_api.client.request(method, sqlite_api.path + path, content=b" null ", headers=JSON)
    assert (answer.status_code, answer.text) == (400, wire(invalid("null", "No data provided", None)))


def test_an_edit_of_null_is_refused_as_one(sqlite_api: Api) -> None:
    answer = sqlite_api.client.patch(f"{sqlite_api.path}name/a/", json={"base_version": 1, "edits": [None]})
    assert (answer.status_code, answer.text) == (400, wire(invalid("null", NULL, "edits__0")))


@pytest.mark.parametrize("content_type", ["", "application/json", "application/xml", "text/plain"])
def test_an_empty_body_is_an_empty_object(sqlite_api: Api, content_type: str) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.text) == (400, wire(invalid("required", "This field is required.", "name")))


@pytest.mark.parametrize(
    "content_type", ["application/xml", "text/plain", "", "application/jsonp", "text/json", "application/xml; charset=utf-8"]
)
def test_a_type_that_is_not_read_here_is_a_415(sqlite_api: Api, content_type: str) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, content=b"<x/>", headers={"Content-Type": content_type})
    detail = f'Unsupported media type "{content_type}" in request.'
    assert (answer.status_code, answer.text) == (415, wire(envelope("invalid_request", "unsupported_media_type", detail)))


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;"])
def test_parameters_and_case_of_the_type_do_not_matter(sqlite_api: Api, content_type: str) -> None:
    assert _post(sqlite_api, '{"name": "a", "prompt": "é"}'.encode(), **{"Content-Type": content_type})[0] == 201


@pytest.mark.parametrize(
    ("content", "code_point", "attr"),
    [
        (b'{"name": "a", "prompt": "\\ud800"}', "D800", "prompt"),
        (b'{"name": "a", "prompt": "ok \\udfff ok"}', "DFFF", "prompt"),
        (b'{"name": "a", "prompt": {"deep": ["\\udc00"]}}', "DC00", "prompt"),
        (b'{"name": "a", "prompt": {"\\ud801": 1}}', "D801", "prompt"),
        (b'{"name": "\\ud800", "prompt": "x"}', "D800", "name"),
        (b'{"name": "a", "prompt": "x", "config": {"a": "\\ud800"}}', "D800", "config"),
        (b'{"name": "a", "prompt": "x", "version_description": "\\ud800"}', "D800", "version_description"),
        (b'{"name": "a", "prompt": "x", "unknown": "\\ud800"}', "D800", "unknown"),
        (b'{"name": "a", "prompt": "x", "\\ud800": 1}', "D800", None),
        (b'["\\ud800"]', "D800", None),
    ],
)
def test_a_lone_surrogate_anywhere_is_refused(sqlite_api: Api, content: bytes, code_point: str, attr: str | None) -> None:
    expected = invalid("invalid_input", SURROGATE.format(code_point), attr)
    assert _post(sqlite_api, content) == (400, wire(expected))


def test_a_lone_surrogate_in_an_edit_is_refused(sqlite_api: Api) -> None:
    with sqlite_api.registry.database.write() as tx:
        make_prompt(tx, sqlite_api.registry.actor)
    content = b'{"base_version": 1, "edits": [{"old": "H", "new": "\\ud800"}]}'
    answer = sqlite_api.client.patch(f"{sqlite_api.path}name/greeting/", content=content, headers=JSON)
    assert (answer.status_code, answer.text) == (400, wire(invalid("invalid_input", SURROGATE.format("D800"), "edits__0__new")))


def test_a_pair_of_surrogates_is_a_character(api: Api) -> None:
    assert _post(api, b'{"name": "a", "prompt": "\\ud83e\\udd94"}')[0] == 201
    assert api.client.get(f"{api.path}name/a/").json()["prompt"] == "🦔"


def test_of_a_key_that_is_sent_twice_the_last_counts(sqlite_api: Api) -> None:
    status, text = _post(sqlite_api, b'{"name": 1, "prompt": {"a": 1, "a": 2}, "name": "second"}')
    assert (status, json.loads(text)["name"], json.loads(text)["prompt"]) == (201, "second", '{"a": 2}')


def test_the_order_of_keys_and_noncharacters_survive(api: Api) -> None:
    prompt = {"z": "\uffff\ufdd0", "a": "\u007f\u0001", "é": {"2": 1, "1": 2}}
    assert _post(api, json.dumps({"name": "a", "prompt": prompt, "config": prompt}).encode())[0] == 201
    fetched = api.client.get(f"{api.path}name/a/").json()
    assert fetched["prompt"] == json.dumps(prompt, ensure_ascii=False)
    assert json.dumps(fetched["config"]) == json.dumps(prompt)


@pytest.mark.parametrize("path", ["", "name/a/archive/"])
def test_a_body_of_more_than_8_mebibytes_is_a_413(sqlite_api: Api, path: str) -> None:
    answer = sqlite_api.client.post(sqlite_api.path + path, content=b" " * (8 * MEBIBYTE + 1), headers=JSON)
    assert (answer.status_code, answer.text) == (413, wire(TOO_LARGE))


def test_a_body_of_exactly_8_mebibytes_is_read(sqlite_api: Api) -> None:
    content = b'{"name": "a", "prompt": "x"}'.ljust(8 * MEBIBYTE)
    assert _post(sqlite_api, content)[0] == 201


def _chunks(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b" " * MEBIBYTE


def test_a_chunked_body_is_counted_while_it_is_read(sqlite_api: Api) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, content=_chunks(9), headers=JSON)
    assert "content-length" not in answer.request.headers
    assert (answer.status_code, answer.text) == (413, wire(TOO_LARGE))


def _post_with_length(api: Api, length: bytes) -> Any:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", length),
        (b"authorization", b"Bearer " + api.key.value.encode()),
    ]
    client = TestClient(behind_server(api.client.app, headers=headers))
    client.portal = api.client.portal
    return client.post(api.path, content=b"{}")


@pytest.mark.parametrize("length", [b"\xb2", b"-1", b"x", b"", b"0", b"9" * 5000])
def test_bodies_are_measured_whatever_their_declared_length(sqlite_api: Api, length: bytes) -> None:
    answer = _post_with_length(sqlite_api, length)
    assert (answer.status_code, answer.json()["attr"]) == (400, "name")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a", "prompt": "x", "config": {"a": {"b": [{}] * 50}}},
        {"name": "a", "prompt": {"": "", " ": None}},
        {"name": "a", "prompt": "x", "config": {"": 1}},
    ],
    ids=range(3),
)
def test_unusual_but_valid_bodies_are_kept(api: Api, body: Json) -> None:
    assert api.client.post(api.path, json=body).status_code == 201


@pytest.mark.parametrize(
    "query", ["%", "%zz", "&&&=", "=x", "a" * 5000, "search=%FF%FE", "search=%ED%A0%80", "search=%00", "limit=%00", ";"]
)
def test_no_query_is_too_strange(api: Api, query: str) -> None:
    assert api.client.get(f"{api.path}?{query}").status_code == 200
