"""Chats as people read them."""

from promptuary.model.chats import MAX_READABLE, ReadableEntry, readable_entries


def test_entries_are_read_with_all_they_have() -> None:
    prompt = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "", "name": "ada"},
        {"type": "placeholder", "name": "history"},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
        {"placeholder": "more", "name": "beside"},
    ]
    system, named, history, parts, more = readable_entries(prompt) or ()
    assert system == ReadableEntry("system", "Be brief.", "")
    assert named == ReadableEntry("user", "", '{\n  "name": "ada"\n}')
    assert history == ReadableEntry("", "", "", "history")
    assert (parts.text, '"Hi"' in parts.rest) == ("", True)
    assert more == ReadableEntry("", "", '{\n  "name": "beside"\n}', "more")
    assert [each.heading for each in (system, history)] == ["system", "placeholder history"]


def test_a_chat_that_is_too_long_to_read_is_shown_as_json() -> None:
    message = {"role": "user", "content": "x"}
    assert readable_entries([message] * (MAX_READABLE + 1)) is None
    assert readable_entries([message, "y"]) is None
    assert len(readable_entries([message] * MAX_READABLE) or ()) == MAX_READABLE
