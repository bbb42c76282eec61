"""Writing a chat in cards, in a real browser: with a mouse, with keys alone, without scripts, and on a phone."""

import json
from typing import Any

import pytest
from chromium import NEEDS_CHROMIUM, open_context, open_page, overflow_of, violations_by_day_and_night
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from staging import AUTHOR, PROJECT, sign_in

pytestmark = NEEDS_CHROMIUM

PROMPTS = f"{PROJECT}/prompts"
CHAT: list[dict[str, Any]] = [
    {"role": "system", "content": "Be {{tone}}."},
    {"type": "placeholder", "name": "history"},
    {"role": "user", "content": "{{question}}", "name": "customer"},
]


def create(page: Page, name: str, prompt: object) -> None:
    """Create a prompt by the form that the page sends."""
    fields: dict[str, str | float | bool] = {"name": name, "format": "json", "config": "", "note": ""}
    fields["prompt"] = prompt if isinstance(prompt, str) else json.dumps(prompt)
    answer = page.request.post(f"{PROJECT}/new-prompt/", form=fields, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.ok, answer.text()


def edit(page: Page, name: str) -> None:
    page.goto(f"{PROMPTS}/{name}/edit/")
    expect(page.locator(".entry .cm-content").first).to_be_visible()


def card(page: Page, place: int) -> Locator:
    return page.locator(".entry").nth(place - 1).locator(".card")


def text_of(page: Page, place: int) -> Locator:
    return card(page, place).locator(".cm-content").first


def write(editor: Locator, text: str) -> None:
    """Write in the place of all that an editor has. With `fill`, Chromium keeps the style of marked text, and complains of it."""
    editor.focus()
    editor.press("Control+a")
    editor.press("Delete")
    editor.page.keyboard.insert_text(text)


def publish(page: Page, name: str) -> str:
    """Publish what is written; return the stored text of the new version."""
    page.get_by_role("button", name="Review and publish").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("is published.")).to_be_visible()
    return page.request.get(f"{PROMPTS}/{name}/text/").text()


def assert_readable(page: Page, complaints: list[str]) -> None:
    """Check the page as it is now. The checker adds styles of its own, of which the browser complains."""
    assert complaints == []
    assert violations_by_day_and_night(page) == []
    complaints.clear()


def statuses(page: Page) -> Locator:
    return page.locator("main > p[role=status].visually-hidden")


def test_a_chat_is_written_with_a_mouse(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{PROJECT}/new-prompt/")
    page.get_by_label("Name", exact=True).fill("by-mouse")
    page.locator(".editor .cm-content").first.fill("Be kind.")
    page.get_by_label("Format").select_option("chat")
    expect(text_of(page, 1)).to_have_text("Be kind.")
    expect(card(page, 1).get_by_label("Role", exact=True)).to_have_value("system")
    page.get_by_role("button", name="Add a message").click()
    write(text_of(page, 2), "{{question}}")
    expect(card(page, 2).locator(".cm-variable")).to_have_text("{{question}}")
    card(page, 2).get_by_label("Role", exact=True).select_option("other")
    card(page, 2).get_by_label("Role, typed").fill("customer")
    card(page, 1).get_by_text("More", exact=True).click()
    card(page, 1).get_by_role("button", name="Add a placeholder below").click()
    card(page, 2).get_by_label("Name of the placeholder").fill("earlier")
    assert_readable(page, complaints)
    grip, target = card(page, 3).locator(".grip").bounding_box(), card(page, 1).bounding_box()
    assert grip
    assert target
    page.mouse.move(grip["x"] + 5, grip["y"] + 10)
    page.mouse.down()
    page.mouse.move(target["x"] + 5, target["y"] + 20, steps=4)
    page.mouse.move(target["x"] + 5, target["y"] + 10)
    page.mouse.up()
    expect(text_of(page, 1)).to_have_text("{{question}}")
    card(page, 2).get_by_text("More", exact=True).click()
    card(page, 2).get_by_role("button", name="Remove").click()
    expect(page.locator(".entry")).to_have_count(2)
    page.get_by_role("button", name="Put it back").click()
    expect(text_of(page, 2)).to_have_text("Be kind.")
    card(page, 1).get_by_role("button", name="Move down").click()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="by-mouse", exact=True)).to_be_visible()
    assert json.loads(page.request.get(f"{PROMPTS}/by-mouse/text/").text()) == [
        {"role": "system", "content": "Be kind."},
        {"role": "customer", "content": "{{question}}"},
        {"type": "placeholder", "name": "earlier"},
    ]
    assert complaints == []


def test_a_chat_is_written_with_keys_alone(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{PROMPTS}/")
    create(page, "by-keys", CHAT)
    edit(page, "by-keys")
    expect(text_of(page, 1)).to_be_focused()
    page.keyboard.press("Alt+Shift+ArrowDown")
    expect(statuses(page)).to_have_text("Moved to place 2 of 3.")
    expect(text_of(page, 2)).to_be_focused()
    page.keyboard.press("Alt+Enter")
    expect(statuses(page)).to_have_text("Message added at place 3 of 4.")
    page.keyboard.type("Added below.")
    page.keyboard.press("Alt+PageDown")
    page.keyboard.press("Control+End")
    page.keyboard.type(" Please.")
    page.keyboard.press("Alt+Shift+Enter")
    page.keyboard.type("Added above.")
    page.keyboard.press("Alt+Shift+Delete")
    expect(page.get_by_role("button", name="Put it back")).to_be_focused()
    expect(statuses(page)).to_have_text("The message of user is removed. 4 left.")
    page.keyboard.press("Enter")
    expect(statuses(page)).to_have_text("Message added at place 4 of 5.")
    page.keyboard.press("Alt+PageUp")
    page.keyboard.press("Alt+PageUp")
    page.keyboard.press("Alt+PageUp")
    expect(card(page, 1).get_by_label("Name of the placeholder")).to_be_focused()
    page.keyboard.press("Alt+Shift+ArrowUp")
    expect(statuses(page)).to_have_text("This is the first one.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Publish version 2 of by-keys?")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Version 2 is published.")).to_be_visible()
    assert json.loads(page.request.get(f"{PROMPTS}/by-keys/text/").text()) == [
        CHAT[1],
        CHAT[0],
        {"role": "user", "content": "Added below."},
        {"role": "user", "content": "Added above."},
        CHAT[2] | {"content": "{{question}} Please."},
    ]
    page.keyboard.press("?")
    expect(page.get_by_text("In a chat: move the message")).to_be_visible()
    assert complaints == []


def test_a_chat_is_written_without_scripts(browser: Browser, origin: str) -> None:
    with open_context(browser, origin, scripts=False) as context:
        page, complaints = sign_in(context, AUTHOR)
        create(page, "unscripted-chat", CHAT)
        page.goto(f"{PROMPTS}/unscripted-chat/edit/")
        page.get_by_label("Text of message 1").fill("Be exact.")
        page.get_by_label("Move message 3 up").click()
        page.get_by_label("Add a message below message 1").click()
        page.get_by_label("Text of message 2").fill("Second.")
        page.get_by_label("Remove message 4").click()
        page.get_by_label("Text of the new message").fill("Last.")
        page.get_by_label("Role of the new message").fill("assistant")
        # Enter in a field continues, and presses none of the buttons of cards.
        page.get_by_label("Role of the new message").press("Enter")
        page.get_by_role("button", name="Publish", exact=True).click()
        expect(page.get_by_text("Version 2 is published.")).to_be_visible()
        assert json.loads(page.request.get(f"{PROMPTS}/unscripted-chat/text/").text()) == [
            CHAT[0] | {"content": "Be exact."},
            {"role": "user", "content": "Second."},
            CHAT[2],
            {"role": "assistant", "content": "Last."},
        ]
        assert complaints == []


def test_a_chat_is_written_on_a_phone(browser: Browser, origin: str) -> None:
    with browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, base_url=origin, reduced_motion="reduce"
    ) as context:
        context.set_default_timeout(30_000)
        page, complaints = sign_in(context, AUTHOR)
        create(page, "on-a-phone", [*CHAT, {"role": "assistant", "content": None, "tool_calls": [{"id": "x" * 80}]}])
        edit(page, "on-a-phone")
        assert overflow_of(page) == 0
        card(page, 3).get_by_role("button", name="Move up").tap()
        expect(text_of(page, 2)).to_have_text("{{question}}")
        card(page, 2).get_by_text("More", exact=True).tap()
        assert overflow_of(page) == 0
        assert_readable(page, complaints)
        card(page, 2).get_by_role("button", name="Add a message above").tap()
        write(text_of(page, 2), "New.")
        page.get_by_role("button", name="Add a placeholder").tap()
        assert overflow_of(page) == 0
        result = json.loads(publish(page, "on-a-phone"))
        assert [entry.get("content", entry.get("name")) for entry in result] == [
            "Be {{tone}}.",
            "New.",
            "{{question}}",
            "history",
            None,
            "history",
        ]
        assert complaints == []


def test_what_nobody_changed_keeps_every_character(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{PROMPTS}/")
    odd = '{"z": 12345678901234567890, "role": "tool", "f": 1.0, "content": "a\\r\\nb\\u0000c\\n", "a": {"z": 1, "a": 1e-07}}'
    lines = '{"content": "one\\r\\ntwo\\r\\n", "role": "user"}'
    create(page, "odd", f'[{odd}, {lines}, {{"role": "user", "content": "x"}}]')
    before = page.request.get(f"{PROMPTS}/odd/text/").text()
    edit(page, "odd")
    page.get_by_label("Note").fill("only the note")
    assert publish(page, "odd") == before
    edit(page, "odd")
    write(text_of(page, 3), "y")
    card(page, 2).locator(".cm-content").first.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.type("zero ")
    changed = before.replace('"content": "x"', '"content": "y"').replace('"one\\r\\n', '"zero one\\r\\n')
    assert publish(page, "odd") == changed
    edit(page, "odd")
    card(page, 1).get_by_role("button", name="Move down").click()
    parts = [json.dumps(entry, ensure_ascii=False) for entry in json.loads(changed)]
    assert publish(page, "odd") == f"[{parts[1]}, {parts[0]}, {parts[2]}]"
    assert complaints == []


def test_cards_and_json_are_one_switch_apart_and_lose_nothing(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{PROMPTS}/")
    create(page, "switched", CHAT)
    edit(page, "switched")
    write(text_of(page, 1), "Be exact.")
    choice = page.get_by_label("Format")
    raw = page.locator("textarea[name=prompt]")
    choice.select_option("json")
    whole = page.locator("[data-prompt] > .editor .cm-content")
    expect(whole).to_contain_text('"content": "Be exact."')
    broken = raw.input_value().removesuffix("]")
    write(whole, broken)
    choice.select_option("chat")
    expect(page.get_by_role("alert").filter(has_text="This is not valid JSON.")).to_be_visible()
    expect(choice).to_have_value("json")
    expect(raw).to_have_value(broken)
    write(whole, '[{"role": "user"}]')
    choice.select_option("chat")
    expect(page.get_by_text("entry 1 is neither a message with a role and a content nor a placeholder")).to_be_visible()
    write(whole, broken + "]")
    choice.select_option("chat")
    expect(text_of(page, 1)).to_have_text("Be exact.")
    choice.select_option("text")
    expect(page.get_by_text("can become a text. This chat has 3 messages.")).to_be_visible()
    expect(choice).to_have_value("chat")
    assert_readable(page, complaints)
    assert json.loads(publish(page, "switched")) == [CHAT[0] | {"content": "Be exact."}, *CHAT[1:]]
    assert complaints == []


def test_other_fields_are_edited_as_json_and_checked_before_they_are_sent(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{PROMPTS}/")
    create(page, "fields", CHAT)
    edit(page, "fields")
    other = card(page, 3).locator("details:not(.menu) .cm-content")
    write(other, '{"name": "broken')
    page.get_by_role("button", name="Review and publish").click()
    expect(card(page, 3).get_by_role("alert")).to_contain_text("The other fields are not valid JSON")
    expect(other).to_be_focused()
    page.get_by_label("Format").select_option("json")
    expect(page.locator("[data-prompt] > .editor .cm-content")).to_contain_text('"name": "broken')
    page.get_by_label("Format").select_option("chat")
    expect(page.get_by_role("alert").filter(has_text="This is not valid JSON.")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Restore it").click()
    expect(page.locator("[data-prompt] > .editor .cm-content")).to_contain_text('"name": "broken')
    page.goto("about:blank")
    edit(page, "fields")
    write(other, '{"cache": true}')
    card(page, 1).get_by_text("More", exact=True).click()
    card(page, 1).get_by_role("button", name="Edit other fields").click()
    page.keyboard.type('{"content": ["part"]}')
    expect(text_of(page, 1)).to_be_visible()
    write(text_of(page, 1), "")
    page.get_by_label("Note").focus()
    expect(card(page, 1).get_by_label("Text of the message")).to_be_hidden()
    assert json.loads(publish(page, "fields")) == [
        {"role": "system", "content": ["part"]},
        CHAT[1],
        {"role": "user", "content": "{{question}}", "cache": True},
    ]
    assert complaints == []


def test_a_draft_of_a_chat_comes_back_in_cards(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{PROMPTS}/")
    create(page, "drafted-chat", [{"role": "system", "content": "Be kind."}])
    edit(page, "drafted-chat")
    page.get_by_role("button", name="Add a message").click()
    page.keyboard.type("Draft.")
    page.get_by_role("link", name="Cancel").click()
    edit(page, "drafted-chat")
    expect(page.locator(".entry")).to_have_count(1)
    page.get_by_role("button", name="Restore it").click()
    expect(page.locator(".entry")).to_have_count(2)
    expect(text_of(page, 2)).to_have_text("Draft.")
    assert_readable(page, complaints)
    assert [entry["content"] for entry in json.loads(publish(page, "drafted-chat"))] == ["Be kind.", "Draft."]
    assert complaints == []


@pytest.mark.timeout(200)
def test_a_chat_of_500_messages_of_which_one_is_a_megabyte_is_edited(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{PROMPTS}/")
    lines = "A line of a long message, with {{variables}}.\n" * 20_500
    chat = [{"role": "user", "content": lines if place == 3 else f"Message {place}"} for place in range(500)]
    create(page, "huge", chat)
    edit(page, "huge")
    expect(page.locator(".entry")).to_have_count(500)
    made = page.evaluate("[...document.querySelectorAll('.card > .editor')].filter((each) => each.shadowRoot).length")
    assert made < 50
    text_of(page, 4).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("The end.")
    page.keyboard.press("Alt+Shift+ArrowUp")
    page.locator(".entry").nth(499).scroll_into_view_if_needed()
    write(text_of(page, 500), "Changed.")
    card(page, 500).get_by_role("button", name="Move up").click()
    result = json.loads(publish(page, "huge"))
    assert [len(entry["content"]) for entry in result[:4]] == [9, 9, len(lines) + 8, 9]
    assert [entry["content"] for entry in result[497:]] == ["Message 497", "Changed.", "Message 498"]
    assert complaints == []
