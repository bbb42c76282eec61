import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptuary.model.outline import Heading, outline_of

WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1)


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("# One", (1, "One")),
        ("###### Six", (6, "Six")),
        ("####### Seven", None),
        ("#NoSpace", None),
        ("#", None),
        ("# ", None),
        ("#\tTab", (1, "Tab")),
        ("   ## Indented", (2, "Indented")),
        ("\t## Tabbed \t", (2, "Tabbed")),
        ("## Closed ##", (2, "Closed")),
        ("## Closed #########", (2, "Closed")),
        ("## Closed twice # #", (2, "Closed twice #")),
        ("## C#", (2, "C#")),
        ("## ##", None),
        ("# #", None),
        ("# [link](x) *kept*", (1, "[link](x) *kept*")),
        ("# Return\r", (1, "Return")),
        ("text # not", None),
        ("\\# not", None),
        ("#\N{NO-BREAK SPACE}not", None),
        ("# \0", (1, "\0")),
    ],
)
def test_a_line_is_a_heading_or_not(line: str, heading: tuple[int, str] | None) -> None:
    expected = () if heading is None else (Heading(*heading),)
    assert outline_of(line) == expected
    assert outline_of(f"before\n{line}\nafter") == expected


def test_headings_in_code_fences_count_and_underlined_ones_do_not() -> None:
    assert outline_of("```\n# Fenced\n```\nUnderlined\n====\n") == (Heading(1, "Fenced"),)


@given(headings=st.lists(st.builds(Heading, st.integers(1, 6), WORDS)), between=st.lists(WORDS))
def test_written_headings_are_found_in_order(headings: list[Heading], between: list[str]) -> None:
    lines = [*between, *(f"{'#' * heading.level} {heading.text}" for heading in headings), *between]
    assert outline_of("\n".join(lines)) == tuple(headings)


@given(text=st.text(st.sampled_from("#a \t\n\r\0\u2028")))
def test_whatever_is_found_is_one_trimmed_line_with_a_level_from_1_to_6(text: str) -> None:
    for heading in outline_of(text):
        assert 1 <= heading.level <= 6
        assert heading.text
        assert heading.text == heading.text.strip()
        assert "\n" not in heading.text
