"""The lock comes back as it was written, and one that was tampered with leads nowhere."""

import json
from dataclasses import replace

import pytest

from promptuary.files import InvalidFile, Lock, LockedReference, LockEntry, parse_lock, render_lock

ENTRY = LockEntry("greeting", "greeting.md", 2, ("production",), "Kinder", "ab" * 32, None)
LOCK = Lock("https://prompts.example.com", "1", "production", {"greeting": ENTRY})


def test_a_lock_comes_back_as_it_was_and_the_same_lock_is_the_same_bytes() -> None:
    assert parse_lock(render_lock(LOCK)) == LOCK
    assert render_lock(parse_lock(render_lock(LOCK))) == render_lock(LOCK)


REFERENCES = (
    LockedReference("tone", "production", None, 3, "cd" * 32),
    LockedReference("rules", None, 999_999_999, None, None),
    LockedReference("rules", "latest", None, None, None),
)


def test_references_come_back_and_locks_without_any_are_as_before() -> None:
    lock = replace(LOCK, entries={"greeting": replace(ENTRY, references=REFERENCES)})
    assert parse_lock(render_lock(lock)) == lock
    assert b"references" not in render_lock(LOCK)


@pytest.mark.parametrize(
    "reference",
    [
        replace(REFERENCES[0], name="../x"),
        replace(REFERENCES[0], label="A"),
        replace(REFERENCES[0], version=1),
        replace(REFERENCES[0], label=None),
        replace(REFERENCES[0], sha256=None),
        replace(REFERENCES[0], resolved_version=0),
        replace(REFERENCES[0], sha256="x"),
        replace(REFERENCES[1], version=0),
    ],
)
def test_a_reference_that_no_tag_can_say_is_refused(reference: LockedReference) -> None:
    lock = replace(LOCK, entries={"greeting": replace(ENTRY, references=(reference,))})
    with pytest.raises(InvalidFile, match=r"^An entry of it is damaged\.$"):
        parse_lock(render_lock(lock))


@pytest.mark.parametrize("file", ["../greeting.md", "/etc/passwd", "a/b.md", "a\\b.md", "con.md", ".git", ""])
def test_a_lock_that_leads_out_of_the_folder_is_refused(file: str) -> None:
    text = render_lock(LOCK).decode().replace('"greeting.md"', json.dumps(file))
    with pytest.raises(InvalidFile, match=r"^An entry of it is damaged\.$"):
        parse_lock(text.encode())


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "It is not JSON: "),
        (b"\xff", "It is not JSON: "),
        (b"<<<<<<< HEAD\n", "It is not JSON: "),
        (b"[]", "It is no lock of Promptuary."),
        (b"{}", "It is no lock of Promptuary."),
        (b'{"format": "promptuary-lock", "format_version": 2}', "It has format version 2; this Promptuary reads 1."),
        (b'{"format": "promptuary-lock", "format_version": 1}', "An entry of it is damaged."),
        (render_lock(LOCK).replace(b'"version": 2', b'"version": "2"'), "An entry of it is damaged."),
        (render_lock(LOCK).replace(b'"name": "greeting"', b'"name": "../x"'), "An entry of it is damaged."),
    ],
)
def test_a_damaged_lock_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidFile) as refused:
        parse_lock(data)
    assert str(refused.value).startswith(sentence)


def test_a_byte_order_mark_before_a_lock_is_ignored() -> None:
    lock = Lock("http://127.0.0.1:8000", "1")
    assert parse_lock(b"\xef\xbb\xbf" + render_lock(lock)) == lock


def test_two_entries_never_share_a_file() -> None:
    other = LockEntry("Greeting", "GREETING.md", 1, (), None, "cd" * 32, None)
    lock = Lock(LOCK.server, LOCK.project, None, {"greeting": ENTRY, "Greeting": other})
    with pytest.raises(InvalidFile, match="same name or file"):
        parse_lock(render_lock(lock))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"production"\n', '"../x"\n'),
        ('"Kinder"', '"\\ud800"'),
        ('"Kinder"', f'"{"x" * 401}"'),
        (f'"{"ab" * 32}"', '"ab"'),
        ('"config_sha256": null', '"config_sha256": 1'),
        ('"server": "https://prompts.example.com"', '"server": null'),
        ('"label": "production"', '"label": "a b"'),
        ('"version": 2', '"version": 0'),
        ('"version": 2', '"version": true'),
    ],
)
def test_no_field_of_a_lock_is_believed(old: str, new: str) -> None:
    text = render_lock(LOCK).decode()
    assert old in text
    with pytest.raises(InvalidFile):
        parse_lock(text.replace(old, new).encode())
