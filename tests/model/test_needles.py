import pytest

from promptuary.model.excerpts import Excerpt, excerpt_of
from promptuary.model.search_terms import MAX_WORDS, needles_of


@pytest.mark.parametrize(
    ("search", "needles"),
    [
        ("Tone", (("tone",),)),
        ("  Be \n KIND ", (("be",), ("kind",))),
        ("caf\u00e9", (("caf\u00e9", "cafe\u0301"),)),
        ("CAFE\u0301 x", (("cafe\u0301", "caf\u00e9"), ("x",))),
        ("\n", (("\n",),)),
        ("\0", (("A",),)),
    ],
)
def test_the_words_of_a_search_are_folded_and_come_composed_and_decomposed(search: str, needles: tuple[object, ...]) -> None:
    assert needles_of(search, in_any_order=True) == needles


def test_a_search_as_a_whole_is_one_needle() -> None:
    assert needles_of("Be kind\n", in_any_order=False) == (("be kind\n",),)


def test_a_search_is_never_more_than_a_few_needles() -> None:
    needles = needles_of("a " * 5000, in_any_order=True)
    assert len(needles) == MAX_WORDS
    assert needles[-1][0].startswith("a a a")


@pytest.mark.parametrize(
    ("text", "search", "excerpt"),
    [
        ("Keep a kind tone.", "TONE", Excerpt("Keep a kind ", "tone", ".")),
        ("one\n\n  two", "two", Excerpt("one ", "two", "")),
        ("Große STRASSE hier", "straße", Excerpt("Große ", "STRASSE", " hier")),
        ("ßßß x", "x", Excerpt("ßßß ", "x", "")),
        ("a b", "b a", Excerpt("", "a", " b")),
        ("nothing", "x", None),
        ("", "x", None),
    ],
)
def test_an_excerpt_shows_the_first_match_in_its_surroundings(text: str, search: str, excerpt: Excerpt | None) -> None:
    assert excerpt_of(text, needles_of(search, in_any_order=True)) == excerpt


def test_an_excerpt_is_short_however_long_text_and_needle_are() -> None:
    excerpt = excerpt_of("x" * 100_000 + "y" * 100_000 + "z" * 100_000, needles_of("y" * 50_000, in_any_order=True))
    assert excerpt is not None
    assert (len(excerpt.before), len(excerpt.match), len(excerpt.after)) == (41, 120, 121)
