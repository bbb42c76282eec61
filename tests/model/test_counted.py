"""Numbers and their nouns."""

import pytest

from promptuary.model.text import counted


@pytest.mark.parametrize(
    ("number", "noun", "plural", "told"),
    [
        (0, "prompt", "", "0 prompts"),
        (1, "prompt", "", "1 prompt"),
        (2, "prompt", "", "2 prompts"),
        (1_234, "prompt", "", "1,234 prompts"),
        (1, "fetch", "fetches", "1 fetch"),
        (2, "fetch", "fetches", "2 fetches"),
    ],
)
def test_a_noun_is_in_singular_behind_one_only(number: int, noun: str, plural: str, told: str) -> None:
    assert counted(number, noun, plural) == told
