"""Texts can be read: WCAG 2.2's contrast of every pair of colours that stand on each other, by day and by night."""

import re
from itertools import product

import pytest

from promptuary.web.bundle import STATIC

TOKENS = (STATIC / "css/tokens.css").read_text()
BY_DAY, BY_NIGHT = TOKENS.split("@media (prefers-color-scheme: dark)")

GROUNDS = ("paper", "leaf", "tint")

TEXTS = [
    *product(("ink", "quiet", "rubric", "lapis"), GROUNDS),
    ("ink", "rubric-tint"),
    ("rubric", "rubric-tint"),
    ("on-rubric", "rubric-fill"),
    ("ink", "selection"),
    ("rubric", "selection"),
    *product(("ink", "added", "rubric"), ("added-paper", "added-mark")),
    *product(("ink", "removed", "rubric"), ("removed-paper", "removed-mark")),
    *product(("quiet",), ("added-paper", "removed-paper")),
]

SIGNS = [*product(("edge", "focus", "rubric", "lapis"), GROUNDS)]


def _colours(part: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part))


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_defines_it() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("part", [BY_DAY, BY_NIGHT], ids=["day", "night"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_texts_stand_out_from_their_ground(part: str, text: str, ground: str) -> None:
    colours = _colours(part)
    assert _contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("part", [BY_DAY, BY_NIGHT], ids=["day", "night"])
@pytest.mark.parametrize(("sign", "ground"), SIGNS)
def test_borders_and_signs_stand_out_from_their_ground(part: str, sign: str, ground: str) -> None:
    colours = _colours(part)
    assert _contrast(colours[sign], colours[ground]) >= 3


def test_every_colour_has_a_value_by_day_and_by_night() -> None:
    assert _colours(BY_DAY).keys() == _colours(BY_NIGHT).keys()
    assert len(_colours(BY_DAY)) > 15


def test_colours_are_named_in_one_file_only() -> None:
    others = [path for path in (STATIC / "css").glob("*.css") if path.name != "tokens.css"]
    assert [path.name for path in others if re.search(r"#[0-9a-fA-F]{3,8}\b", path.read_text())] == []


def test_style_sheets_name_no_custom_property_that_is_not_there() -> None:
    known = set(re.findall(r"(--[a-z0-9-]+):", TOKENS))
    used = {name for path in (STATIC / "css").glob("*.css") for name in re.findall(r"var\((--[a-z0-9-]+)\)", path.read_text())}
    assert used - known == set()
