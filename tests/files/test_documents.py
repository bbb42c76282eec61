"""A file says exactly what the prompt is: written and read again, content and config are the same, to the byte."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from promptuary.files import Document, InvalidFile, parse_document, render_document
from promptuary.model.json_text import dump

CHARACTERS = st.characters(codec="utf-8")
PIECES = st.sampled_from(
    [
        "---\n",
        "---",
        "\n",
        "\r\n",
        "\r",
        " ",
        "\t",
        "name: x\n",
        "<!-- role: user -->\n",
        "#",
        '"',
        "\0",
        "\ufeff",
        "é",
        "😀",
        "\x85",
        "\u2028",
    ]
)
TEXTS = st.one_of(st.text(CHARACTERS), st.lists(st.one_of(PIECES, st.text(CHARACTERS, max_size=3))).map("".join))
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.one_of(st.sampled_from(["system", "user"]), TEXTS), "content": TEXTS}), max_size=4
)
CONTENTS = st.one_of(TEXTS, MESSAGES, VALUES.filter(lambda value: value is not None))
CONFIGS = st.one_of(st.none(), st.dictionaries(st.one_of(st.sampled_from(["model", "no", "1", "~"]), TEXTS), VALUES, max_size=4))


def _same(document: Document) -> None:
    again = parse_document(render_document(document))
    assert dump([again.content, again.config]) == dump([document.content, document.config])
    assert again == document


CONTRACTS = [
    {},
    {"customer": {}},
    {
        "customer": {"type": "string", "description": "Name: of\n# it", "enum": ["a", "no"], "default": "no"},
        "n": {"type": "integer"},
    },
    {"नाम": {"type": "messages", "default": [{"role": "user", "content": "x"}]}, "a.b": {"type": "number", "default": 1.0}},
]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_contract_comes_back_as_it_was(contract: dict[str, object]) -> None:
    document = Document("greeting", "x", contract=contract)
    again = parse_document(render_document(document))
    assert dump(again.contract) == dump(contract)
    assert again == document


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ("variables: 1", "variables must be a list of names, or a mapping of names to what is declared of them."),
        ("variables: {a: 1}", "variables: The declaration of 'a' must be an object."),
        ("variables: {a b: {}}", "variables: 'a b' is not a name of a variable"),
        ("variables: '{'", "The variables is not JSON"),
        ("variables: [1]", "variables must be a list of texts."),
    ],
)
def test_bad_variables_are_refused(variables: str, sentence: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        parse_document(f"---\nname: a\n{variables}\n---\nx\n".encode())
    assert str(caught.value).startswith(sentence)


CHATS = [
    [{"role": "system", "content": "a"}, {"type": "placeholder", "name": "history"}, {"role": "user", "content": "{{x}}\n"}],
    [{"role": "user", "content": "a-->b", "name": "x --> <!-- json -->"}],
    [{"role": "user", "content": "<!-- json -->"}, {"role": "user", "content": "<!-- placeholder: x -->"}],
    [{"role": "user", "content": "a\r\nb\0"}],
    [{"content": "x", "role": "user"}],
    [{"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "n": 1.0}]}, {"role": "tool", "content": "1", "id": "c1"}],
    [{"role": "user", "content": [{"type": "text", "text": "x"}, "y"]}, {"role": "", "content": ""}],
    [{"type": "placeholder", "name": "a b"}, {"name": "h", "type": "placeholder"}, {"placeholder": "h"}],
    [{"type": "placeholder", "name": "h", "note": 1}, {"role": "user", "content": "\n\n"}, {"role": "user", "content": ""}],
]


@pytest.mark.parametrize("chat", CHATS)
def test_every_chat_is_written_entry_by_entry_and_comes_back(chat: list[object]) -> None:
    data = render_document(Document("greeting", chat))
    assert b"format: chat" in data
    assert dump(parse_document(data).content) == dump(chat)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "A chat begins with a line such as <!-- role: system -->."),
        ("x\n<!-- json -->\n{}", "A chat begins with a line such as <!-- role: system -->."),
        ("<!-- json -->\n{", "The JSON of entry 1 of the chat cannot be read"),
        ("<!-- json -->\n[]", "The JSON of entry 1 of the chat must be an object."),
        ("<!-- role: user -->\nx\n\n<!-- json -->\n{}", "Entry 2 of the chat is neither a message nor a placeholder."),
        ('<!-- role: user {"content": "y"} -->\nx', "Entry 1 of the chat has its role or content twice."),
        ("<!-- placeholder: h -->\nx", "Entry 1 of the chat is a placeholder, below which there can be no text."),
        ('<!-- role: user {"a": "\\ud800"} -->\nx', "The content has half of a surrogate pair."),
    ],
)
def test_a_bad_chat_is_refused(body: str, sentence: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        parse_document(f"---\nname: a\nformat: chat\n---\n{body}\n".encode())
    assert str(caught.value).startswith(sentence)


@given(CONTENTS)
@example("")
@example("\n")
@example("---\nname: other\n---\nText")
@example("a\r\nb\r\n")
@example("a\r\nb\n")
@example("a\rb")
@example("a \t\n\n\n")
@example("x" * 1_000_000)
@example([{"role": "system", "content": "Be kind.\n"}, {"role": "user", "content": ""}])
@example([{"role": "user", "content": "<!-- role: system -->"}])
@example([{"content": "in another order", "role": "user"}])
@example([])
@example({"a": 1.0, "b": 1, "c": True, "d": 1e-7, "e": 10**40})
def test_a_content_comes_back_as_it_was(content: object) -> None:
    _same(Document("greeting", content))


@given(CONFIGS)
@example({})
@example({"when": "2026-01-01", "answer": "no", "octal": "012", "version": "1e3", "null": "null", "empty": "", "tilde": "~"})
@example({"rate": 1e16, "small": 1e-07, "whole": 1.0, "none": None, "yes": True, "huge": 10**40, "minus": -0.0})
@example({"x" * 2000: "y", "deep": {"er": [[], {}, [{}]]}, "lines": "a\n b\n\n", "cr": "a\rb", "\x85": "\u2028\ufeff\x7f"})
@example({"big": "ab\n" * 10_000})
def test_a_config_comes_back_as_it_was(config: dict[str, object] | None) -> None:
    _same(Document("greeting", "Hello!", config=config))


@given(st.one_of(st.none(), TEXTS), st.lists(TEXTS), st.one_of(st.none(), st.lists(TEXTS)))
def test_what_else_the_front_matter_says_comes_back(
    description: str | None, labels: list[str], variables: list[str] | None
) -> None:
    declared = None if variables is None else tuple(variables)
    _same(Document("a-1", "x", None, 3, tuple(labels), description, declared))


@given(TEXTS.filter(lambda text: "\r" not in text))
def test_line_ends_that_git_or_an_editor_made_change_nothing(text: str) -> None:
    data = render_document(Document("greeting", text))
    assert parse_document(data.replace(b"\n", b"\r\n")).content == text
    assert parse_document(b"\xef\xbb\xbf" + data).content == text


def test_a_file_is_pleasant_to_read() -> None:
    chat = [{"role": "system", "content": "Be kind.\nBe short."}, {"role": "user", "content": "{{question}}"}]
    config = {"model": "gpt-5", "temperature": 0.2, "stop": ["END"]}
    document = Document("support-reply", chat, config, 4, ("production",), "Shorter")
    assert render_document(document).decode() == (
        "---\nname: support-reply\nversion: 4\nlabels:\n- production\ndescription: Shorter\n"
        "config:\n  model: gpt-5\n  temperature: 0.2\n  stop:\n  - END\nformat: chat\n---\n"
        "<!-- role: system -->\nBe kind.\nBe short.\n\n<!-- role: user -->\n{{question}}\n"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The file does not begin with front matter, between two lines of ---."),
        ("Hello", "The file does not begin with front matter, between two lines of ---."),
        ("---\nname: x\n", "The front matter has no end, a second line of ---."),
        ("---\n- x\n---\n", "The front matter must be a mapping whose keys are texts."),
        ("---\n1: x\n---\n", "The front matter must be a mapping whose keys are texts."),
        ("---\nnmae: x\n---\n", "The front matter has an unknown key: 'nmae'."),
        ("---\nname: [\n---\n", "The front matter is not YAML: "),
        ("---\nname: x\nname: y\n---\n", "The front matter is not YAML: "),
        ("---\na: &a [x]\nconfig: [*a, *a]\n---\n", "The front matter uses an alias (*), which is not supported."),
        ("---\nname: 7\n---\n", "name must be a text; put it in quotes."),
        ("---\nname: a/b\n---\n", "name: Only letters, numbers, hyphens (-) and underscores (_) are allowed."),
        ("---\nname: ../x\n---\n", "name: Only letters, numbers, hyphens (-) and underscores (_) are allowed."),
        ("---\nname: x\nversion: one\n---\n", "version must be a number from 1."),
        ("---\nname: x\nversion: true\n---\n", "version must be a number from 1."),
        ("---\nname: x\nlabels: production\n---\n", "labels must be a list of texts."),
        ("---\nname: x\ndescription: 1\n---\n", "description must be a text; put it in quotes."),
        ("---\nname: x\nconfig: [1]\n---\n", "config must be a mapping."),
        ("---\nname: x\nconfig: '{'\n---\n", "The config is not JSON: "),
        ("---\nname: x\nconfig: {a: .nan}\n---\n", "The front matter has a value that JSON does not have."),
        ("---\nname: x\nconfig: {a: !!set {b}}\n---\n", "The front matter has a value that JSON does not have."),
        ("---\nname: x\nconfig: {1: a}\n---\n", "The front matter must be a mapping whose keys are texts."),
        ("---\nname: x\nconfig: " + "[" * 1000 + "\n---\n", "The front matter is nested too deep."),
        ("---\nname: x\nformat: xml\n---\n", "format must be text, chat or json."),
        ("---\nname: x\nnewlines: cr\n---\n", "newlines must be lf or crlf."),
        ("---\nname: x\nformat: chat\n---\nHello\n", "A chat begins with a line such as <!-- role: system -->."),
        ("---\nname: x\nformat: json\n---\n{\n", "The content is not JSON: "),
        ("---\nname: x\nformat: json\n---\nnull\n", "The content may not be null."),
        ('---\nname: x\nformat: json\n---\n"\\ud800"\n', "The content has half of a surrogate pair."),
        ("---\nname: x\nformat: json\n---\n" + "[" * 300 + "]" * 300, "The content is not JSON: Nested too deep"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidFile) as refused:
        parse_document(text.encode())
    assert str(refused.value).startswith(sentence)
    assert str(refused.value).count("\n") == 0


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidFile, match="not UTF-8"):
        parse_document(b"---\nname: x\n---\n\xff")


def test_a_name_may_come_from_the_file() -> None:
    assert parse_document(b"---\n---\nHello\n", default_name="greeting") == Document("greeting", "Hello")


def test_what_looks_like_a_date_or_a_switch_is_a_text() -> None:
    parsed = parse_document(b"---\nname: x\nconfig: {day: 2026-01-02, mode: no, at: 12:30:00}\n---\n")
    assert json.dumps(parsed.config) == '{"day": "2026-01-02", "mode": "no", "at": "12:30:00"}'
