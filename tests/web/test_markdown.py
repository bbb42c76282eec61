"""Prompts as HTML: what they contain never becomes HTML of the page."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from promptuary.model.outline import Heading
from promptuary.web.prompts.highlighting import mark_text, mark_variables
from promptuary.web.prompts.markdown import MAX_CHARACTERS, Rendered, render_markdown

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[link](javascript:alert(1))",
    "[link](data:text/html;base64,PHNjcmlwdD4=)",
    "![image](https://elsewhere.example/pixel.png)",
    "<a href='https://elsewhere.example' onclick='x()'>y</a>",
    "`<script>`\n\n    <script>\n\n```html\n<script>alert(1)</script>\n```",
    '<span class="variable" style="position:fixed">x</span>',
    "{{<script>}} {{ config }} {% include 'error.html' %}",
    "&lt;script&gt; &#60;script&#62;",
    '"><svg/onload=alert(1)>',
]


def rendered(text: str) -> Rendered:
    found = render_markdown(text)
    assert found is not None
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_what_looks_like_html_in_a_prompt_stays_text(text: str) -> None:
    for shown in (str(rendered(text).html), str(mark_text(text))):
        lowered = shown.lower()
        assert "<script" not in lowered
        assert "<img" not in lowered
        assert "<svg" not in lowered
        assert "javascript:alert" not in lowered.replace("](javascript:alert(1))", "")
        assert "data:text/html" not in lowered.replace("](data:text/html", "")
        assert "<span style" not in lowered
        assert "<a href='" not in lowered


def test_markdown_is_rendered_with_its_variables_marked_and_its_headings_numbered() -> None:
    found = rendered("# Role\n\nYou help **{{company}}**.\n\nRules\n-----\n\n1. Be *kind*\n")
    assert str(found.html) == (
        '<h1 id="rendered-1">Role</h1>\n<p>You help <strong><span class="variable">{{company}}</span></strong>.</p>\n'
        '<h2 id="rendered-2">Rules</h2>\n<ol>\n<li>Be <em>kind</em></li>\n</ol>\n'
    )
    assert found.headings == (Heading(1, "Role"), Heading(2, "Rules"))


def test_links_lead_out_without_telling_where_from() -> None:
    assert str(rendered("[a](https://example.com)").html) == (
        '<p><a href="https://example.com" rel="noopener noreferrer nofollow">a</a></p>\n'
    )


def test_images_are_named_and_not_loaded() -> None:
    assert str(rendered("![a map](https://example.com/map.png)").html) == '<p><span class="image">a map</span></p>\n'


def test_a_text_that_is_too_long_is_not_rendered() -> None:
    assert render_markdown("x" * MAX_CHARACTERS) is not None
    assert render_markdown("x" * (MAX_CHARACTERS + 1)) is None


@pytest.mark.parametrize("mark", ["> ", "- "])
def test_what_is_nested_too_deep_is_not_rendered_rather_than_left_out(mark: str) -> None:
    shown = [render_markdown(mark * depth + "deep") for depth in range(1, 120)]
    assert shown[0] is not None
    assert shown[-1] is None
    assert all("deep" in str(found.html) for found in shown if found is not None)
    assert render_markdown(mark * 20_000 + "deep") is None


@given(text=st.text(alphabet=st.sampled_from("<>&\"'{}a# \n\r\u202e\0"), max_size=60))
def test_a_manuscript_shows_every_character(text: str) -> None:
    for marked in (mark_text(text), mark_variables(text)):
        assert html.unescape(re.sub(r"</?span[^>]*>", "", marked)) == html.unescape(escape(text))
        assert not re.search(r"<(?!/?span)", marked)


def test_headings_of_a_manuscript_can_be_jumped_to() -> None:
    assert str(mark_text("# One\ntext\n#none\n## Two {{x}}")) == (
        '<span class="heading" id="heading-1"># One</span>\ntext\n#none\n'
        '<span class="heading" id="heading-2">## Two <span class="variable">{{x}}</span></span>'
    )
