"""What is done with a text when it is published takes linear time: work that were quadratic on a megabyte would never end."""

import json
from collections.abc import Callable

import pytest

from promptuary.model.chat_texts import chat_texts
from promptuary.model.chats import readable_entries
from promptuary.model.content import encode_config, encode_prompt, preview, search_key, text_of
from promptuary.model.edits import Edit, apply_edits
from promptuary.model.excerpts import excerpt_of
from promptuary.model.hidden_characters import added_hidden, find_hidden
from promptuary.model.hidden_places import Passage, locate_added, locate_hidden
from promptuary.model.json_text import dump_indented, find_surrogate, parse
from promptuary.model.outline import outline_of
from promptuary.model.search_terms import needles_of
from promptuary.model.templates import Template
from promptuary.model.token_estimate import approximate_tokens
from promptuary.model.variable_hints import hints_of
from promptuary.model.variables import fill_in, find_variables, variable_names

# A quadratic step on a text of these would take at least hours.
pytestmark = pytest.mark.timeout(60)

SIZE = 240_000
# More is done with each place than with each character, so that quadratic work on half of a text would not end, either.
HALF = SIZE // 2
PIECES = [
    "a",
    " ",
    "\n",
    "\r",
    "\t#",
    "#",
    "# ",
    "# #\n",
    "{{",
    "{{a",
    "{{a}",
    "}}",
    "{{a}}",
    "{",
    "[",
    "<",
    "&",
    "\\",
    '"',
    "\u200b",
    "\u200d",
    "a\u200d\n",
    "\ufe0f",
    "1\ufe0f",
    "\U0001f469\u200d",
    "\u3000",
    "\U000e0041",
    "\u0915\u094d\u200d",
    "\xdf",
    "e\u0301",
]
TEXTS = {piece: (piece * SIZE)[:SIZE] for piece in PIECES}


def passages(text: str) -> list[Passage]:
    return [Passage("content", text)]


WORK: dict[str, Callable[[str], object]] = {
    "headings": outline_of,
    "variables": lambda text: (variable_names(text), fill_in(text, {"a": "b"})),
    "variables of JSON": lambda text: Template(json.dumps({"a": text, text: "b"})).fill({"a": "b"}),
    "variables of a chat": lambda text: Template(json.dumps([{"role": "user", "content": text}])).variables,
    "hints at variables": lambda text: (hints_of(Template(text)), hints_of(Template(text, {"a", "b"}))),
    "one long name of a variable": lambda text: list(find_variables("{{" + text)),
    "hidden characters": find_hidden,
    "added hidden characters": lambda text: added_hidden([text[1:]], [text]),
    "places of hidden characters": lambda text: sum(1 for _ in locate_hidden(passages(text[:HALF]))),
    "places of added ones": lambda text: sum(1 for _ in locate_added(passages(text[5:HALF]), passages(text[:HALF]))),
    "tokens": approximate_tokens,
    "stored form": lambda text: (text_of(json.dumps(text)), search_key(json.dumps(text)), preview(text)),
    "excerpt": lambda text: excerpt_of(text, needles_of("zebra a", in_any_order=True)),
    "messages": lambda text: chat_texts([{"role": "user", "content": text, "name": text}] * 2),
    "JSON": lambda text: (dump_indented({"a": text}), find_surrogate([text]), parse(json.dumps([text]))),
    "edit": lambda text: apply_edits(json.dumps(text + "zebra"), [Edit("zebra", "zebra"), Edit("zebra", "giraffe")]),
    "edit of a text that repeats itself": lambda text: apply_edits(json.dumps(text + "z"), [Edit(text[-5000:] + "z", "giraffe")]),
}


@pytest.mark.parametrize("work", WORK)
def test_no_text_of_a_megabyte_takes_more_than_linear_work(work: str) -> None:
    for text in TEXTS.values():
        WORK[work](text)


@pytest.mark.parametrize(
    "value",
    [
        [[]] * 300_000,
        {str(number): number for number in range(70_000)},
        {"a": list(range(120_000))},
        ["a"] * 200_000,
        [{"role": "user", "content": "a"}] * 25_000,
    ],
    ids=["many arrays", "many keys", "many numbers", "many texts", "many messages"],
)
def test_no_json_of_a_megabyte_takes_more_than_linear_work(value: object) -> None:
    stored = encode_prompt(value)
    assert parse(stored) == value
    encode_config({"a": value})
    readable_entries(value)
    find_surrogate(value)
    assert parse(dump_indented(value)) == value
