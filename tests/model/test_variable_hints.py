"""Hints at what looks like a variable and is none."""

import json

import pytest

from promptuary.model.templates import Template
from promptuary.model.variable_hints import MAX_PLACES, HintKind, hints_of


def places(text: str, kind: HintKind, declared: set[str] | None = None) -> tuple[str, ...]:
    return next((hint.places for hint in hints_of(Template(text, declared)) if hint.kind is kind), ())


@pytest.mark.parametrize(
    "text",
    ["{{#if x}}", "{{/if}}", "{{user name}}", "{{> part}}", "{{x|upper}}", "{{x | upper}}", "{{}}", "{{ }}", "{{'x'}}", "{{a:b}}"],
)
def test_braces_without_a_name_are_pointed_out(text: str) -> None:
    assert [hint.describe() for hint in hints_of(Template(f"a {text} b"))] == [f"Text, although it looks like a variable: {text}"]


@pytest.mark.parametrize("text", ["{name}", "{{name}}", "{{नाम", "name}}", '{"a": {"b": 1}}', "{% x", "100 %}", "{{a\nb}}"])
def test_other_texts_are_not(text: str) -> None:
    assert hints_of(Template(text)) == ()


def test_statements_of_template_languages_are_pointed_out() -> None:
    assert places("{% if x %}{{x}}{% endif %}", HintKind.BLOCK) == ("{% if x %}", "{% endif %}")


def test_what_the_posthog_package_leaves_is_pointed_out() -> None:
    assert places("{{ a }} {{b}} {{ a }} {{नाम}}", HintKind.POSTHOG) == ("{{ a }}", "{{नाम}}")


def test_characters_around_a_variable_are_pointed_out() -> None:
    assert places("{{{a}}} ${{ b }} ${{c}}} {{d}}} {{{e}}", HintKind.SURROUNDED) == ("{{{a}}}", "${{ b }}", "${{c}}}")


def test_declared_names_settle_what_is_text() -> None:
    text = "{{#if x}} {% if x %} {{custmer}} {{other}} {{customer}}"
    assert [(hint.kind, hint.places) for hint in hints_of(Template(text, {"customer"}))] == [
        (HintKind.UNDECLARED, ("{{custmer}}",))
    ]


def test_hints_are_those_of_the_texts_of_a_chat() -> None:
    chat = json.dumps([{"role": "{{#a}}", "content": "{{#b}}", "name": "{{#c}}"}])
    assert places(chat, HintKind.TEXT) == ("{{#b}}",)


def test_hints_are_bounded() -> None:
    many = " ".join(f"{{{{#{number}}}}}" for number in range(2 * MAX_PLACES))
    [hint] = hints_of(Template(many))
    assert (len(hint.places), hint.describe(limit=1)) == (MAX_PLACES, f"{HintKind.TEXT}: {{{{#0}}}} and {MAX_PLACES - 1} more")
    assert places("{{" + "x " * 90 + "}}", HintKind.TEXT) == (("{{" + "x " * 90)[:79] + "…",)
