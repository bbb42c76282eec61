"""Prompts that are no text: chat messages are read message by message, other JSON as it is edited."""

import html
import json
import re

import pytest
from browsing import browser_of
from builders import Api
from fastapi.testclient import TestClient
from prompt_pages import make, path, publish, text_of

from promptuary.model.access import Role

CHAT: list[dict[str, object]] = [
    {"role": "system", "content": "# Rules\nAnswer {{name}} <b>kindly</b>.\nBe brief."},
    {"role": "user", "content": "# Question\n{{question}}", "name": "customer"},
]


def test_messages_are_shown_one_by_one(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT)
    shown = browser.get(path(web, "prompts/greeting/"))
    assert re.findall(r"<h2>(system|user)</h2>", shown.text) == ["system", "user"]
    assert 'Answer <span class="variable">{{name}}</span> &lt;b&gt;kindly&lt;/b&gt;.\nBe brief.' in shown.text
    assert '{ "name": "customer" }' in text_of(shown)
    assert '"role"' not in text_of(shown)


def test_placeholders_stand_between_messages(web: Api, browser: TestClient) -> None:
    make(web, prompt=[CHAT[0], {"type": "placeholder", "name": "history", "note": "<b>"}, CHAT[1]])
    shown = browser.get(path(web, "prompts/greeting/"))
    assert re.findall(r"<h2>(system|placeholder history|user)</h2>", shown.text) == ["system", "placeholder history", "user"]
    assert '{ "note": "<b>" }' in text_of(shown)
    assert "data-rendered></div>" not in browser.get(path(web, "prompts/greeting/?view=rendered")).text


def test_a_text_that_is_the_json_of_a_chat_is_read_as_one(web: Api, browser: TestClient) -> None:
    make(web, prompt=json.dumps(CHAT))
    assert re.findall(r"<h2>(system|user)</h2>", browser.get(path(web, "prompts/greeting/")).text) == ["system", "user"]
    assert '[{"role": "system"' in html.unescape(browser.get(path(web, "prompts/greeting/edit/")).text)


def test_messages_are_rendered_one_by_one(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT)
    for view in ("rendered", "both"):
        shown = browser.get(path(web, f"prompts/greeting/?view={view}")).text
        assert re.findall(r'<h1 id="(message-[^"]+)">', shown) == ["message-1-1", "message-2-1"]
        assert "<b>" not in shown


def test_messages_too_long_to_be_rendered_are_shown_as_they_are_written(web: Api, browser: TestClient) -> None:
    make(web, prompt=[{"role": "user", "content": "word " * 30_000}])
    shown = text_of(browser.get(path(web, "prompts/greeting/?view=rendered")))
    assert "This text is too long to render" in shown
    assert "word word" in shown


def test_other_json_is_shown_as_it_is_edited(web: Api, browser: TestClient) -> None:
    make(web, prompt={"steps": ["{{first}}", "<i>"]})
    shown = browser.get(path(web, "prompts/greeting/?view=rendered"))
    assert '{\n  &#34;steps&#34;: [\n    &#34;<span class="variable">{{first}}</span>&#34;,\n    &#34;&lt;i&gt;&#34;' in shown.text
    assert "Ways to look at the text" not in shown.text
    assert "too long" not in text_of(shown)


def test_messages_are_compared_line_by_line(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT)
    publish(web, base=1, prompt=[CHAT[0] | {"content": "# Rules\nAnswer {{name}} <b>frankly</b>.\nBe brief."}, CHAT[1]])
    shown = browser.get(path(web, "prompts/greeting/compare/")).text
    assert "&lt;b&gt;<del>kindly</del>&lt;/b&gt;" in shown
    assert "&lt;b&gt;<ins>frankly</ins>&lt;/b&gt;" in shown
    assert "&#34;role&#34;" not in shown


def test_messages_that_only_look_alike_differ(web: Api, browser: TestClient) -> None:
    make(web, prompt=[{"role": "a", "content": "x\n\nb:\ny"}])
    publish(web, base=1, prompt=[{"role": "a", "content": "x"}, {"role": "b", "content": "y"}])
    shown = browser.get(path(web, "prompts/greeting/compare/"))
    assert "The versions are identical." not in text_of(shown)
    assert 'class="row added"' in shown.text


def test_a_proposal_is_reviewed_message_by_message_however_its_json_is_laid_out(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT)
    publish(web, base=1, prompt=[CHAT[0]])
    written = {"prompt": '[{"role":"system","content":"Other"}]', "format": "json", "base_version": "2"}
    shown = browser.post(path(web, "prompts/greeting/review/"), data=written)
    assert "system: " in text_of(shown)
    assert "Other" in text_of(shown)
    assert "role&#34;:" not in re.sub(r"<textarea.*?</textarea>", "", shown.text, flags=re.DOTALL)


def test_readers_can_try_a_prompt_that_has_variables(web: Api) -> None:
    make(web, prompt=[{"role": "user", "content": "Say {{word}}."}])
    shown = browser_of(web, Role.VIEWER).get(path(web, "prompts/greeting/"))
    assert "data-try-source value=" in shown.text
    publish(web, base=1, prompt="Without any.")
    assert "data-try" not in browser_of(web, Role.VIEWER).get(path(web, "prompts/greeting/")).text


def test_parts_pictures_and_calls_of_tools_are_read_and_not_json(web: Api, browser: TestClient) -> None:
    chat = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look, {{name}}:\nhere."},
                {"type": "image_url", "image_url": {"url": "https://x.test/{{a}}"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}],
        },
        {
            "role": "tool",
            "content": [{"type": "audio", "data": 1}, {"type": "text", "text": "x", "cache": True}],
            "tool_call_id": "c1",
        },
        {"role": "user", "content": ["odd"], "tool_calls": [{"function": 3}, {"function": {"name": "f", "arguments": "{broken"}}]},
    ]
    make(web, prompt=chat)
    shown = browser.get(path(web, "prompts/greeting/"))
    said = text_of(shown)
    assert 'Look, <span class="variable">{{name}}</span>:\nhere.' in shown.text
    assert "Picture https://x.test/{{a}}" in said
    assert 'Calls weather (c1) { "city": "Rome" }' in said
    assert 'Part: audio { "type": "audio", "data": 1 }' in said
    assert "Calls f {broken" in said
    assert '{ "content": [ "odd" ] }' in said
    assert '{ "tool_call_id": "c1" }' in said


@pytest.mark.parametrize("is_text", [False, True])
def test_keys_of_json_are_not_marked_as_variables(web: Api, browser: TestClient, is_text: bool) -> None:  # noqa: FBT001
    content = {"{{key}}": ["{{value}}", {"{{inner}}": '"{{name}}": {{ spaced }}'}]}
    make(web, prompt=json.dumps(content) if is_text else content)
    page = browser.get(path(web, "prompts/greeting/")).text
    shown = re.search(r"<article.*?<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    assert shown is not None
    assert re.findall(r'class="variable">([^<]+)<', shown[1]) == ["{{value}}", "{{name}}", "{{ spaced }}"]
    assert "{{key}}" in shown[1]
