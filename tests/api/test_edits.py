import pytest
from builders import Api, make_prompt
from wire import BLANK, NULL, REQUIRED, invalid, wire

NOT_FOUND = "Text to replace was not found in the prompt."
AMBIGUOUS = "Text to replace matches {} times — provide more context to make it unique."
TOO_BIG = "Resulting prompt exceeds the 1000000 byte size limit."
NO_SURROGATES = "Edits produced invalid JSON: surrogate characters are not allowed"


def _publish(api: Api, prompt: object, edits: object) -> tuple[int, str]:
    """Create a prompt, send edits to it, and return status and text of the answer."""
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, prompt=prompt)
    answer = api.client.patch(f"{api.path}name/greeting/", json={"base_version": 1, "edits": edits})
    return answer.status_code, answer.json()["prompt"] if answer.status_code == 200 else answer.text


@pytest.mark.parametrize(
    ("prompt", "edits", "result"),
    [
        ("Hello!", [{"old": "Hello", "new": "Good morning"}], "Good morning!"),
        ("a b", [{"old": " b", "new": ""}], "a"),
        ("a b", [{"old": " ", "new": " \n "}], "a \n b"),
        ("one", [{"old": "one", "new": "two"}, {"old": "two", "new": "three"}], "three"),
        ("a-a", [{"old": "a-", "new": "-"}, {"old": "-a", "new": "b"}], "b"),
        ("aaa", [{"old": "aaa", "new": "a"}], "a"),
        ("nul\0", [{"old": "\0", "new": "!"}], "nul!"),
        ("x", [{"old": "x", "new": "\0"}], "\0"),
        ("🦔 é", [{"old": "é", "new": "\u2028"}], "🦔 \u2028"),
        ("4 apples", [{"old": 4, "new": 5}], "5 apples"),
        ({"a": {"b": 1}}, [{"old": '    "b": 1', "new": '    "b": 2'}], '{"a": {"b": 2}}'),
        ({"é": 1}, [{"old": "é", "new": "ü"}], '{"ü": 1}'),
        ([1, 2], [{"old": "[\n  1,\n  2\n]", "new": '"text"'}], "text"),
        (True, [{"old": "true", "new": "0"}], "0"),
    ],
)
def test_edits_are_exact_and_apply_one_after_the_other(
    sqlite_api: Api, prompt: object, edits: list[dict[str, object]], result: str
) -> None:
    assert _publish(sqlite_api, prompt, edits) == (200, result)


@pytest.mark.parametrize(
    ("prompt", "edits", "detail", "index"),
    [
        ("Hello!", [{"old": "hello", "new": "x"}], NOT_FOUND, 0),
        ("Hello!", [{"old": "Hello ", "new": "x"}], NOT_FOUND, 0),
        ("Hello!", [{"old": "H", "new": "J"}, {"old": "H", "new": "x"}], NOT_FOUND, 1),
        ("a a a", [{"old": "a", "new": "x"}], AMBIGUOUS.format(3), 0),
        ("b a a", [{"old": "b", "new": "x"}, {"old": "a", "new": "x"}], AMBIGUOUS.format(2), 1),
        ("", [{"old": "x", "new": "y"}], NOT_FOUND, 0),
        ({"a": 1}, [{"old": '{"a": 1}', "new": "{}"}], NOT_FOUND, 0),
        (
            {"a": 1, "b": 2},
            [{"old": "1", "new": "3"}, {"old": "2\n}", "new": "2"}],
            "Edits produced invalid JSON: Expecting ',' delimiter: line 3 column 9 (char 20)",
            1,
        ),
        ([1], [{"old": "[\n  1\n]", "new": "null"}], "Edits produced invalid JSON: a prompt cannot be null", 0),
        (
            [1],
            [{"old": "1", "new": "NaN"}],
            "Edits produced invalid JSON: Out of range float values are not JSON compliant: NaN",
            0,
        ),
        ([1], [{"old": "1", "new": '"\\ud800"'}], NO_SURROGATES, 0),
    ],
)
def test_an_edit_that_cannot_be_applied_is_refused_with_its_index(
    sqlite_api: Api, prompt: object, edits: list[dict[str, object]], detail: str, index: int
) -> None:
    assert _publish(sqlite_api, prompt, edits) == (400, wire({"detail": detail, "edit_index": index}))
    assert sqlite_api.client.get(f"{sqlite_api.path}name/greeting/").json()["version"] == 1


def test_the_result_of_edits_has_a_limit_too(sqlite_api: Api) -> None:
    edits = [{"old": "a", "new": "b"}, {"old": "b", "new": "x" * 999_999}]
    assert _publish(sqlite_api, "a", edits) == (400, wire({"detail": TOO_BIG, "edit_index": 1}))


def test_a_result_of_exactly_the_limit_is_published(sqlite_api: Api) -> None:
    assert _publish(sqlite_api, "a", [{"old": "a", "new": "x" * 999_998}]) == (200, "x" * 999_998)


@pytest.mark.parametrize(
    ("edits", "code", "detail", "attr"),
    [
        ([], "invalid_input", "At least one edit operation is required.", "edits"),
        (None, "null", NULL, "edits"),
        ("x", "not_a_list", 'Expected a list of items but got type "str".', "edits__non_field_errors"),
        ({"old": "a"}, "not_a_list", 'Expected a list of items but got type "dict".', "edits__non_field_errors"),
        ([{"old": "a"}], "required", REQUIRED, "edits__0__new"),
        ([{"new": "a"}], "required", REQUIRED, "edits__0__old"),
        ([{"old": "a", "new": "b"}, {"old": "c"}], "required", REQUIRED, "edits__1__new"),
        ([{"old": "", "new": "a"}], "blank", BLANK, "edits__0__old"),
        ([{"old": None, "new": "a"}], "null", NULL, "edits__0__old"),
        ([{"old": "a", "new": None}], "null", NULL, "edits__0__new"),
        ([{"old": True, "new": "a"}], "invalid_input", "Not a valid string.", "edits__0__old"),
        ([{"old": "a", "new": []}], "invalid_input", "Not a valid string.", "edits__0__new"),
        (
            ["x"],
            "invalid_input",
            "Invalid data. Expected a dictionary, but got str.",
            "edits__0__non_field_errors",
        ),
        (
            [{"old": "a", "new": "b"}] * 1001,
            "max_length",
            "Ensure this field has no more than 1000 elements.",
            "edits",
        ),
    ],
    ids=range(14),
)
def test_a_malformed_list_of_edits_is_refused(sqlite_api: Api, edits: object, code: str, detail: str, attr: str) -> None:
    assert _publish(sqlite_api, "a", edits) == (400, wire(invalid(code, detail, attr)))


def test_edits_go_together_with_a_config(sqlite_api: Api) -> None:
    with sqlite_api.registry.database.write() as tx:
        make_prompt(tx, sqlite_api.registry.actor)
    body = {"base_version": 1, "edits": [{"old": "Hello", "new": "Hi"}], "config": {"t": 1}}
    published = sqlite_api.client.patch(f"{sqlite_api.path}name/greeting/", json=body).json()
    assert (published["prompt"], published["config"]) == ("Hi!", {"t": 1})
