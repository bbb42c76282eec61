from typing import Any

import pytest
from builders import Api, make_prompt
from wire import NULL, invalid, unreadable, wire

NOT_JSON = "Value must be valid JSON."
BOTH = "Provide either 'prompt' or 'edits', not both."
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
BOUNDARY = {"Content-Type": "multipart/form-data; boundary=XX"}


def _send(api: Api, kind: str, fields: dict[str, str], *, method: str = "POST", path: str = "") -> Any:
    if kind == "multipart":
        files = {name: (None, value) for name, value in fields.items()}
        return api.client.request(method, api.path + path, files=files)
    return api.client.request(method, api.path + path, data=fields)


KINDS = pytest.mark.parametrize("kind", ["urlencoded", "multipart"])


@KINDS
@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ('"hello"', "hello"),
        ('{"b": 1, "a": "é"}', '{"b": 1, "a": "é"}'),
        ("1", "1"),
        (' "spaces around" ', "spaces around"),
        ('"\\u0000"', "\0"),
        ('"a&b=c%20+"', "a&b=c%20+"),
    ],
)
def test_a_prompt_is_created_by_a_form_that_has_json_text_in_it(sqlite_api: Api, kind: str, prompt: str, text: str) -> None:
    form = {"name": " by-form ", "prompt": prompt, "config": '{"t": 1}', "version_description": "Änderung"}
    answer = _send(sqlite_api, kind, form)
    assert answer.status_code == 201
    created = answer.json()
    assert (created["name"], created["prompt"], created["config"]) == ("by-form", text, {"t": 1})
    assert created["version_description"] == "Änderung"


@KINDS
@pytest.mark.parametrize("value", ["hello", "", "NaN", "1e400", "{", "'x'", "[" * 1000, "9" * 5000])
def test_a_prompt_in_a_form_that_is_no_json_text_is_refused(sqlite_api: Api, kind: str, value: str) -> None:
    answer = _send(sqlite_api, kind, {"name": "a", "prompt": value})
    assert (answer.status_code, answer.text) == (400, wire(invalid("invalid_input", NOT_JSON, "prompt")))


@KINDS
@pytest.mark.parametrize(
    ("field", "value", "code", "detail"),
    [
        ("prompt", "null", "null", NULL),
        ("config", "{", "invalid_input", NOT_JSON),
        (
            "config",
            "[]",
            "invalid_config",
            'Config must be a JSON object, e.g. {"model": "your-model-name", "temperature": 0}.',
        ),
        ("prompt", '"\\ud800"', "invalid_input", "Surrogate characters are not allowed: U+D800."),
        ("prompt", '{"\\udc00": 1}', "invalid_input", "Surrogate characters are not allowed: U+DC00."),
        ("name", "", "blank", "This field may not be blank."),
        ("name", "a\0b", "null_characters_not_allowed", "Null characters are not allowed."),
    ],
)
def test_bad_fields_of_a_form(sqlite_api: Api, kind: str, field: str, value: str, code: str, detail: str) -> None:
    answer = _send(sqlite_api, kind, {"name": "a", "prompt": "1", field: value})
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, field)))


@KINDS
def test_every_write_takes_a_form(sqlite_api: Api, kind: str) -> None:
    with sqlite_api.registry.database.write() as tx:
        make_prompt(tx, sqlite_api.registry.actor)
    path = "name/greeting/"
    edits = '[{"old": "Hello", "new": "Hi"}]'
    answers = [
        _send(sqlite_api, kind, {"base_version": "1", "prompt": '"Hello"'}, method="PATCH", path=path),
        _send(sqlite_api, kind, {"base_version": "2", "edits": edits, "version_description": ""}, method="PATCH", path=path),
        _send(sqlite_api, kind, {"base_version": "3", "config": "null"}, method="PATCH", path=path),
        _send(sqlite_api, kind, {"version": "2"}, method="PUT", path=f"{path}labels/a/"),
        _send(sqlite_api, kind, {"new_name": "copy"}, path=f"{path}duplicate/"),
        _send(sqlite_api, kind, {"anything": "x"}, path=f"{path}archive/"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 201, 201, 204]


def test_edits_in_a_form_must_be_json_text(sqlite_api: Api) -> None:
    answer = _send(sqlite_api, "urlencoded", {"base_version": "1", "edits": "x"}, method="PATCH", path="name/a/")
    assert (answer.status_code, answer.text) == (400, wire(invalid("invalid_input", NOT_JSON, "edits")))


@KINDS
@pytest.mark.parametrize(
    "fields",
    [
        {"edits[0]old": "one", "edits[0]new": "two", "edits[1]old": "two", "edits[1]new": " 3 "},
        {"edits[1]new": " 3 ", "edits[1]old": "two", "edits[0]new": "two", "edits[0]old": "one"},
        {"edits[2]old": "one", "edits[2]new": "two", "edits[10]old": "two", "edits[10]new": " 3 "},
        {f"edits[{'9' * 900}]old": "two", f"edits[{'9' * 900}]new": " 3 ", "edits[08]old": "one", "edits[8]new": "two"},
        {"edits": "[]", "edits[0]old": "one", "edits[0]new": " 3 ", "edits[0]more": "x", "edits[x]old": "x", "edits[-1]old": "x"},
    ],
    ids=["in order", "in any order", "with gaps", "with a number of 900 digits", "beside other fields"],
)
def test_edits_of_a_form_can_be_sent_field_by_field(sqlite_api: Api, kind: str, fields: dict[str, str]) -> None:
    with sqlite_api.registry.database.write() as tx:
        make_prompt(tx, sqlite_api.registry.actor, prompt="one!")
    answer = _send(sqlite_api, kind, {"base_version": "1", **fields}, method="PATCH", path="name/greeting/")
    assert (answer.status_code, answer.json().get("prompt")) == (200, " 3 !")


@KINDS
@pytest.mark.parametrize(
    ("fields", "code", "detail", "attr"),
    [
        ({"edits[7]old": "x"}, "required", "This field is required.", "edits__0__new"),
        ({"edits[0]old": "", "edits[0]new": "x"}, "blank", "This field may not be blank.", "edits__0__old"),
        (
            {"edits[0]": "x"},
            "invalid_input",
            "Invalid data. Expected a dictionary, but got str.",
            "edits__0__non_field_errors",
        ),
        ({"edits[0]old": "x", "edits[0]new": "y", "prompt": "1"}, "invalid_input", BOTH, None),
    ],
)
def test_bad_edits_of_a_form_are_refused_like_those_of_json(
    sqlite_api: Api, kind: str, fields: dict[str, str], code: str, detail: str, attr: str | None
) -> None:
    answer = _send(sqlite_api, kind, {"base_version": "1", **fields}, method="PATCH", path="name/a/")
    assert (answer.status_code, answer.text) == (400, wire(invalid(code, detail, attr)))


def test_of_fields_with_one_name_the_last_counts(sqlite_api: Api) -> None:
    content = b"name=first&prompt=1&name=second"
    answer = sqlite_api.client.post(sqlite_api.path, content=content, headers=URLENCODED)
    assert (answer.status_code, answer.json()["name"]) == (201, "second")


def test_a_file_is_no_value(sqlite_api: Api) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, data={"prompt": "1"}, files={"name": ("name.txt", b"a")})
    assert (answer.status_code, answer.text) == (400, wire(invalid("null", NULL, "name")))
    answer = sqlite_api.client.post(sqlite_api.path, data={"name": "a"}, files={"prompt": ("p.json", b"1")})
    assert (answer.status_code, answer.text) == (400, wire(invalid("invalid_input", NOT_JSON, "prompt")))


def test_bytes_that_are_no_utf_8_become_replacement_characters(sqlite_api: Api) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, content=b'name=a&prompt="%FF"', headers=URLENCODED)
    assert (answer.status_code, answer.json()["prompt"]) == (201, "\ufffd")


def test_a_form_has_at_most_1000_fields(sqlite_api: Api) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, content=b"a=1&" * 1001, headers=URLENCODED)
    assert (answer.status_code, answer.text) == (400, wire(unreadable("Form parse error - more than 1000 fields")))


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"%41%4a%C3%A9+a", "AJ\u00e9 a"),
        (b"%=%4=%zz=%253D==%3d", "%=%4=%zz=%3D==="),
        (b"a%0D%0A=%0A \r\n\t_%5F", "a\r\n=\n \r\n\t__"),
        (b"%", "%"),
    ],
)
def test_escapes_of_a_form_are_read_as_browsers_mean_them(sqlite_api: Api, sent: bytes, text: str) -> None:
    answer = sqlite_api.client.post(
        sqlite_api.path, content=b"name=a&prompt=%22x%22&version_description=" + sent, headers=URLENCODED
    )
    assert answer.json()["version_description"] == text


def test_a_form_has_at_most_10000_percent_signs_that_begin_no_escape(sqlite_api: Api) -> None:
    answers = [
        sqlite_api.client.post(sqlite_api.path, content=b"name=" + b"%" * number, headers=URLENCODED) for number in (10_000, 10_001)
    ]
    told = unreadable("Form parse error - more than 10000 percent signs that begin no escape")
    assert [answer.text == wire(told) for answer in answers] == [False, True]


def test_a_content_type_with_more_than_1000_characters_names_no_boundary(sqlite_api: Api) -> None:
    content_type = f"multipart/form-data; {'a=b;' * 250}boundary=XX"
    answer = sqlite_api.client.post(sqlite_api.path, content=b"--XX--", headers={"Content-Type": content_type})
    assert answer.text == wire(unreadable("Multipart form parse error - Invalid boundary in multipart: None"))


def test_a_multipart_form_has_at_most_1000_fields(sqlite_api: Api) -> None:
    answer = _send(sqlite_api, "multipart", {f"field{number}": "1" for number in range(1001)})
    assert (answer.status_code, answer.text) == (400, wire(unreadable("Multipart form parse error - more than 1000 fields")))


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; charset=utf-8"])
def test_multipart_without_a_boundary_is_a_parse_error(sqlite_api: Api, content_type: str) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, content=b"x", headers={"Content-Type": content_type})
    detail = "Multipart form parse error - Invalid boundary in multipart: None"
    assert (answer.status_code, answer.text) == (400, wire(unreadable(detail)))


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"--YY\r\n",
        b"--XX",
        b"--XX\r\n",
        b"--XX--",
        b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--",
        b"--XX\r\nContent-Disposition: form-data; name=\r\n\r\nx\r\n--XX--",
        b"--XX\r\n\r\nx\r\n--XX--",
        b"--XX\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--XX--",
        b'--XX\r\nContent-Disposition: form-data; name="name"\r\nContent-Transfer-Encoding: rot13\r\n\r\na\r\n--XX--',
        b'--XX\r\nContent-Disposition: form-data; name="name"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--XX--',
        b"--XX\r\n" + b"A: b\r\n" * 10_000 + b"\r\n--XX--",
        b'--XX\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--XX--',
        b"\0" * 1000,
    ],
    ids=range(14),
)
def test_a_broken_multipart_body_is_a_400(sqlite_api: Api, content: bytes) -> None:
    answer = sqlite_api.client.post(sqlite_api.path, content=content, headers=BOUNDARY)
    assert (answer.status_code, answer.json()["code"] in {"parse_error", "required"}) == (400, True)


@pytest.mark.parametrize("boundary", ["", '""', "a" * 10_000, "é", "x y", "\x01"])
def test_a_strange_boundary_is_a_400(sqlite_api: Api, boundary: str) -> None:
    content_type = f"multipart/form-data; boundary={boundary}".encode("latin-1")
    answer = sqlite_api.client.post(sqlite_api.path, content=b"--x", headers=[(b"Content-Type", content_type)])
    assert (answer.status_code, answer.json()["code"] in {"parse_error", "required"}) == (400, True)
