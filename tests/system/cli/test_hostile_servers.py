"""What a server answers is checked before anything is done with it: names lead nowhere, texts and sizes do no harm."""

import ast
import gzip
import json
from pathlib import Path

import pytest
from answering import Answer, answering
from command_line import CommandLine

import promptuary.cli

MOMENT = "2026-01-01T00:00:00Z"
ROW = {
    "id": "0b7c1c4e-0000-4000-8000-000000000000",
    "name": "greeting",
    "version": 1,
    "latest_version": 1,
    "version_description": None,
    "created_by": None,
    "created_at": MOMENT,
    "first_version_created_at": MOMENT,
    "prompt": "Hello!",
    "config": None,
    "prompt_size_bytes": 8,
    "is_latest": True,
    "labels": [],
    "all_labels": [],
}
PROJECT = {"id": 1, "uuid": "0b7c1c4e-0000-4000-8000-000000000001", "name": "Shop"}
NAMES: list[object] = [
    "../../.claude/commands/deploy",
    "/etc/cron.d/x",
    "a/b",
    "..",
    "a\nb",
    "a\x1b]0;title\x07",
    "a\0b",
    "con.",
    "a\u202eb",
    "",
    "x" * 256,
    7,
    None,
    True,
    ["a"],
    {"a": 1},
]


def _json(value: object, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _page(*rows: object) -> Answer:
    return _json({"count": len(rows), "next": None, "previous": None, "results": rows})


def _refusal(folder: Path, answer: Answer, *arguments: str, stdin: str = "", project: Answer | None = None) -> str:
    """Return what a command says of an answer; the question which project it is may have another one."""

    def respond(_method: str, path: str, _body: bytes) -> Answer:
        return project if project is not None and path == "/api/projects/1/" else answer

    with answering(respond) as host:
        finished = CommandLine(folder).run(*arguments, stdin=stdin, host=host, api_key="phx_x", project="1")
    assert (finished.returncode, finished.stdout, finished.stderr.count("\n")) == (1, "", 1), finished
    assert finished.stderr.startswith("Error: ")
    assert finished.stderr.removesuffix("\n").isprintable()
    return finished.stderr


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_that_no_prompt_may_have_writes_nothing_anywhere(tmp_path: Path, name: object) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    sentence = _refusal(folder, _page(ROW, {**ROW, "name": name}), "pull", project=_json(PROJECT))
    assert "The server answered with a prompt that is invalid: name " in sentence or "has no name" in sentence
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "a", folder]


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "1"},
        {"version": 0},
        {"version": 10**9},
        {"version": True},
        {"labels": ["../x"]},
        {"all_labels": [{"name": "a\x1b[2J", "version": 1}]},
        {"all_labels": [{"name": "production"}]},
        {"all_labels": "production"},
        {"config": "x"},
        {"config": {"a": "\ud800"}},
        {"prompt": None},
        {"prompt": "\ud800"},
        {"prompt": "x" * 1_100_000, "prompt_size_bytes": 1_100_002},
        {"prompt_size_bytes": -1},
        {"prompt_size_bytes": 2, "prompt": "{"},
        {"version_description": "x" * 401},
        {"version_description": 5},
        {"created_at": "yesterday"},
    ],
    ids=lambda changes: ascii(changes)[:60],
)
def test_a_field_that_breaks_a_rule_is_refused_in_one_sentence(tmp_path: Path, changes: dict[str, object]) -> None:
    _refusal(tmp_path, _page({**ROW, **changes}), "pull", project=_json(PROJECT))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"results": 1, "next": null}',
        b'{"results": [1], "next": null}',
        b"[" * 100_000,
        b"\xff",
        b"NaN",
    ],
)
@pytest.mark.parametrize(
    "words",
    [["pull"], ["status"], ["prompt", "list"], ["prompt", "show", "x"], ["prompt", "history", "x"], ["prompt", "restore", "x"]],
    ids=" ".join,
)
def test_an_answer_of_another_form_ends_in_one_sentence(tmp_path: Path, words: list[str], body: bytes) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "x.md").write_text("---\n---\nHi\n")
    _refusal(tmp_path, (200, {}, body), *words)


@pytest.mark.parametrize("words", [["create", "greeting"], ["publish", "greeting", "--base-version", "1"]], ids=" ".join)
def test_what_a_server_says_it_published_is_checked(tmp_path: Path, words: list[str]) -> None:
    answer = {**ROW, "version": "\x1b[2J"}
    assert "is invalid: version" in _refusal(tmp_path, _json(answer), "prompt", *words, stdin="Hello!")


def test_an_error_text_of_a_server_cannot_take_hold_of_the_terminal(tmp_path: Path) -> None:
    answer = _json({"detail": "No.\x1b]0;x\x07\u202e\x9b2J", "attr": "\x1b[2J"}, 400)
    assert "\\x1b]0;x\\x07\\u202e\\x9b2J" in _refusal(tmp_path, answer, "pull")


def test_a_small_body_that_unpacks_to_a_huge_one_is_not_unpacked(tmp_path: Path) -> None:
    packed = gzip.compress(b" " * 300_000_000, compresslevel=1)
    assert "more than 64,000,000 bytes" in _refusal(tmp_path, (200, {"Content-Encoding": "gzip"}, packed), "prompt", "show", "x")
    for coding, body in (("br", b"x"), ("gzip", b"no gzip"), ("gzip", packed[:1000])):
        assert "answered with" in _refusal(tmp_path, (200, {"Content-Encoding": coding}, body), "pull")


def test_a_list_without_an_end_is_given_up(tmp_path: Path) -> None:
    answer = _json({"count": 9, "next": "more", "previous": None, "results": [ROW, {**ROW, "name": "other"}]})
    assert "a list that has no end" in _refusal(tmp_path, answer, "pull", project=_json(PROJECT))


def test_a_wait_of_thousands_of_digits_is_none(tmp_path: Path) -> None:
    headers = {"Retry-After": "9" * 5000}
    assert "Slow down." in _refusal(tmp_path, (429, headers, b'{"detail": "Slow down."}'), "pull")


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_an_import_takes_no_such_name_from_a_posthog_api(tmp_path: Path, name: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(lambda _method, _path, _body: _page({**ROW, "name": name})) as host:
        for variable, value in (("HOST", host), ("API_KEY", "phx_x"), ("PROJECT", "1")):
            monkeypatch.setenv(f"POSTHOG_{variable}", value)
        own = CommandLine(tmp_path).environment(host=host, api_key="phx_x", project="1")
        settings = {key.removeprefix("PROMPTUARY_").lower(): value for key, value in own.items() if key.startswith("PROMPTUARY_")}
        finished = CommandLine(tmp_path).run("import", "--from", "posthog", **settings)
    assert (finished.returncode, finished.stderr.count("\n")) == (1, 1), finished
    assert finished.stderr.removesuffix("\n").isprintable()


def test_json_for_programs_cannot_take_hold_of_the_terminal_either(tmp_path: Path) -> None:
    text = "a\x9b2J\u202e\U000e0041\x7f"
    with answering(lambda _method, _path, _body: _page({**ROW, "activity_item_id": text})) as host:
        shown = CommandLine(tmp_path).run("prompt", "list", "--json", host=host, api_key="phx_x", project="1").stdout
    assert shown.removesuffix("\n").isprintable()
    assert json.loads(shown)[0]["activity_item_id"] == text


def test_only_one_module_of_the_command_line_prints() -> None:
    folder = Path(promptuary.cli.__file__).parent
    printing = {
        path.name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr in {"echo", "secho", "stdout"})
        or (isinstance(node, ast.Name) and node.id == "print")
    }
    # The application prints its own version and help.
    assert printing == {"output.py", "application.py", "entry.py"}
