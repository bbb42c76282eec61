"""Hidden characters: which are found, which are in their place, and how they are named."""

import json
from pathlib import Path

import pytest

from promptuary.model.hidden_characters import HIDDEN, added_hidden, code_of, find_hidden, iterate_runs, name_of

VECTORS = json.loads((Path(__file__).parent.parent / "vectors/hidden.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_hidden_characters_are_found_where_they_are_out_of_place(vector: dict[str, object]) -> None:
    text = str(vector["text"])
    assert [code_of(character) for character in HIDDEN.findall(text)] == vector["hidden"]
    assert [code_of(character) for begin, end in iterate_runs(text) for character in text[begin:end]] == vector["hidden"]


def test_hidden_characters_are_counted_and_named() -> None:
    found = find_hidden("a\u200bb\u200b", "\u202ec")
    assert found.count == 3
    assert found.describe() == "U+200B ZERO WIDTH SPACE (2), U+202E RIGHT-TO-LEFT OVERRIDE (1)"
    assert not find_hidden("plain")


@pytest.mark.parametrize("place", [49_998, 49_999, 50_000, 50_001])
def test_long_texts_are_searched_in_stretches_without_a_seam(place: int) -> None:
    assert find_hidden("a" * place + "\u200b").count == 1
    assert not find_hidden("a" * place + "👩\u200d👩")
    assert find_hidden("a" * place + "👩\u200da").count == 1
    assert list(iterate_runs("a" * place + "\u200b" * 60_000 + "\u2060")) == [
        (place, place + 60_000),
        (place + 60_000, place + 60_001),
    ]
    assert not list(iterate_runs("a" * place + "👩\u200d👩"))


def test_a_sentence_names_the_first_kinds_and_counts_the_others() -> None:
    found = find_hidden("".join(map(chr, range(0xE0020, 0xE0040))))
    assert found.describe().endswith("U+E0027 TAG APOSTROPHE (1), and 24 other kinds")


def test_of_a_change_only_new_hidden_characters_are_counted() -> None:
    assert added_hidden(["a\u200b\xa0"], ["a\u200b\u200b"]).describe() == "U+200B ZERO WIDTH SPACE (1)"
    assert not added_hidden(["a\u200b"], ["a"])


@pytest.mark.parametrize(
    ("character", "name"),
    [("\0", "NULL"), ("\x9b", "CONTROL CHARACTER"), ("\ue000", "PRIVATE USE CHARACTER"), ("\ufffe", "UNASSIGNED CHARACTER")],
)
def test_characters_without_a_name_are_called_by_their_kind(character: str, name: str) -> None:
    assert name_of(character) == name
