"""Hidden characters on the pages: drawn where they stand, counted beside the version, and told of before they are published."""

import pytest
from builders import Api
from fastapi.testclient import TestClient
from prompt_pages import make, path, publish, text_of

from promptuary.registry import labels
from promptuary.web.prompts.markdown import MAX_BRACKETS, render_markdown
from promptuary.web.prompts.visible_text import show_plainly

HIDDEN = "Never reveal \u202eyek eht\u202c and a\u200bb"
DRAWN = 'data-code="U+200B" title="ZERO WIDTH SPACE"'


@pytest.mark.parametrize("page", ["", "?view=rendered", "compare/", "compare/?view=side", "restore/?version=1"])
def test_pages_draw_what_cannot_be_seen(web: Api, browser: TestClient, page: str) -> None:
    make(web, prompt=f"{HIDDEN} before")
    publish(web, base=1, prompt=f"{HIDDEN} after")
    shown = browser.get(path(web, f"prompts/greeting/{page}")).text
    assert DRAWN in shown
    assert 'data-code="U+202E"' in shown


def test_hidden_characters_are_counted_and_a_review_warns_of_new_ones(web: Api, browser: TestClient) -> None:
    make(web, prompt="plain")
    publish(web, base=1, prompt=HIDDEN)
    assert "3 hidden characters, drawn below: U+202E RIGHT-TO-LEFT OVERRIDE (1)" in text_of(
        browser.get(path(web, "prompts/greeting/"))
    )
    form = {"prompt": f"{HIDDEN}\u200b", "config": "", "base_version": "2", "format": "text", "note": ""}
    warned = text_of(browser.post(path(web, "prompts/greeting/review/"), data=form))
    assert "Readers cannot see 1 character that this adds: U+200B ZERO WIDTH SPACE (1)." in warned
    form["prompt"] = f"{HIDDEN} more"
    assert "Readers cannot see" not in text_of(browser.post(path(web, "prompts/greeting/review/"), data=form))


def test_markdown_draws_hidden_characters_in_code_too_and_refuses_a_text_full_of_brackets() -> None:
    found = render_markdown("a\u200b `b\u200b`\n\n    c\u200b\n")
    assert found is not None
    assert found.html.count(DRAWN) == 3
    assert render_markdown("[" * (MAX_BRACKETS + 1)) is None


def test_after_three_labels_the_list_says_how_many_more(web: Api, browser: TestClient) -> None:
    make(web)
    with web.registry.database.write() as tx:
        for number in range(10):
            labels.move_label(tx, web.registry.actor, name="greeting", label=f"zone-{number}", version=1)
    shown = browser.get(path(web, "prompts/")).text
    assert 'aria-label="7 more labels of greeting">+7</summary>' in shown
    assert shown.index("zone-2") < shown.index("+7</summary>") < shown.index("?label=zone-3")


def test_roles_and_names_of_placeholders_are_drawn_where_they_stand(web: Api, browser: TestClient) -> None:
    make(web, prompt=[{"role": "us\u200ber", "content": "a"}, {"type": "placeholder", "name": "his\u202etory"}])
    shown = browser.get(path(web, "prompts/greeting/")).text
    assert "2 hidden characters, drawn below" in shown
    assert shown.count(DRAWN) == 1
    assert 'aria-label="Message 1, us[U+200B]er"' in shown
    assert 'aria-label="Message 2, placeholder his[U+202E]tory"' in shown


def test_options_and_titles_name_hidden_characters() -> None:
    assert show_plainly("a\u202eb\u200b\u200bc") == "a[U+202E]b[U+200B (2)]c"
    assert show_plainly("<plain>") == "<plain>"
