"""Texts on their way through forms."""

import json

import pytest
from builders import Registry
from hypothesis import given
from hypothesis import strategies as st

from promptuary.model.errors import InvalidValue
from promptuary.model.prompts import Version
from promptuary.registry import prompts
from promptuary.web.forms import Form
from promptuary.web.prompts.edit_form import Proposal, proposal_of, read_proposal
from promptuary.web.prompts.originals import as_browsers_show, recover
from promptuary.web.prompts.prompt_formats import Format

MIXED = st.lists(st.sampled_from(["\r", "\n", "\r\n", "\0", "\ufffd", "a", "b", "c\n"]), max_size=20).map("".join)


def made(registry: Registry, prompt: object, config: object = None) -> Version:
    with registry.database.write() as tx:
        return prompts.create_prompt(tx, registry.actor, name="made", prompt=prompt, config=config)


def sent(text: str, **fields: str) -> Form:
    """A form as browsers send it: every line ended by CR LF."""
    lines = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return Form({"prompt": [lines], **{name: [value] for name, value in fields.items()}})


@pytest.mark.parametrize(
    "text",
    [
        "one\ntwo\n",
        "one\r\ntwo\r\n",
        "one\rtwo",
        "one\r\ntwo\n",
        "\r\nx",
        "a\0b",
        "\ufffd\0",
        "",
        "\n",
        "\n\nfirst",
        "  spaces  \n\n",
        "{{x}}",
        "é\u202e😀",
    ],
)
def test_a_text_that_was_not_touched_comes_back_as_it_was(sqlite_registry: Registry, text: str) -> None:
    version = made(sqlite_registry, text)
    shown = proposal_of(version)
    assert read_proposal(sent(shown.text), source=version).prompt == text


@pytest.mark.parametrize(
    ("original", "typed", "published"),
    [
        ("one\r\ntwo\nthree\r\n", "one\n2\nthree\n", "one\r\n2\nthree\r\n"),
        ("one\r\ntwo\r\nthree", "one\ntwo\nnew\nthree", "one\r\ntwo\r\nnew\r\nthree"),
        ("one\rtwo\rthree", "zero\none\ntwo\nthree", "zero\rone\rtwo\rthree"),
        ("a\0b c", "a\ufffdb d", "a\0b d"),
        ("a\0b c\0d", "a\ufffdb, c\ufffdd", "a\0b, c\0d"),
        ("one\r\ntwo", "one\ntwo\n", "one\r\ntwo\r\n"),
        ("one\r\n", "", ""),
        ("\0", "new", "new"),
        ("plain", "changed\n", "changed\n"),
        ("\n\r", "\n\n\n", "\n\n\n"),
    ],
)
def test_what_nobody_changed_of_a_text_stays_as_it_was(
    sqlite_registry: Registry, original: str, typed: str, published: str
) -> None:
    assert read_proposal(sent(typed), source=made(sqlite_registry, original)).prompt == published


@given(original=MIXED, typed=MIXED)
def test_a_recovered_text_is_shown_as_it_was_typed(original: str, typed: str) -> None:
    seen = as_browsers_show(typed)
    assert as_browsers_show(recover(seen, original)) == seen
    assert recover(as_browsers_show(original), original) == original
    assert recover(as_browsers_show(recover(seen, original)), original) == recover(seen, original)


def test_chat_messages_are_edited_as_indented_json_and_stay_what_they_are(sqlite_registry: Registry) -> None:
    messages = [{"role": "system", "content": "Be kind.\nAlways."}]
    version = made(sqlite_registry, messages)
    shown = proposal_of(version)
    assert shown.is_json
    assert shown.text == json.dumps(messages, indent=2)
    assert read_proposal(sent(shown.text, format="json"), source=version).prompt == messages


def test_a_config_comes_back_as_it_was_and_none_stays_none(sqlite_registry: Registry) -> None:
    config = {"model": "small", "nested": {"a": [1, 2.5, None]}}
    with_config = made(sqlite_registry, "x", config)
    assert read_proposal(sent("x", config=proposal_of(with_config).config)).config_object == config
    with sqlite_registry.database.write() as tx:
        plain = prompts.create_prompt(tx, sqlite_registry.actor, name="plain", prompt="x")
    assert proposal_of(plain).config == ""
    assert read_proposal(sent("x", config=" \r\n ")).config_object is None


@pytest.mark.parametrize(
    ("proposal", "field"),
    [
        (Proposal(text="{", format=Format.JSON), "prompt"),
        (Proposal(text="null", format=Format.JSON), "prompt"),
        (Proposal(text="[" * 500, format=Format.JSON), "prompt"),
        (Proposal(text="x" * 1_000_001), "prompt"),
        (Proposal(text="x", config="["), "config"),
        (Proposal(text="x", config="[1]"), "config"),
        (Proposal(text="x", config='{"a": NaN}'), "config"),
        (Proposal(text="x", config='{"a": "\\ud800"}'), "config"),
        (Proposal(text='["\\udfff"]', format=Format.JSON), "prompt"),
        (Proposal(text="x", note="n" * 401), "version_description"),
        (Proposal(text="x", note="\0"), "version_description"),
    ],
)
def test_what_cannot_be_published_is_refused_with_its_field(proposal: Proposal, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        proposal.check()
    assert refused.value.field == field


def test_a_base_version_that_is_no_number_is_none() -> None:
    assert read_proposal(sent("x", base_version="²")).base_version == 0
    assert read_proposal(sent("x", base_version="-1")).base_version == 0
    assert read_proposal(sent("x", base_version="12")).base_version == 12
