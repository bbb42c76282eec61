"""Contracts of variables: what may be declared, and what changes of them mean to callers."""

import json

import pytest

from promptuary.model.contract_changes import ChangeLevel, compare_contracts
from promptuary.model.contracts import (
    MAX_BYTES,
    MAX_VARIABLES,
    Contract,
    VariableType,
    encode_contract,
    fits,
    list_doubts,
    read_contract,
    variables_of,
)
from promptuary.model.errors import InvalidValue
from promptuary.model.templates import Template

FULL = {
    "customer": {
        "type": "string",
        "description": "Name of the company",
        "required": True,
        "default": "Acme",
        "enum": ["Acme", "Globex"],
        "examples": ["Acme"],
    },
    "__proto__": {},
    "नाम": {"type": "messages", "default": [], "examples": [[{"role": "user", "content": "Hi"}]]},
}
CHAT = json.dumps([{"role": "system", "content": "Be {{tone}}."}, {"type": "placeholder", "name": "history"}])


def contract(value: object) -> Contract:
    found = read_contract(encode_contract(value))
    assert found is not None
    return found


def refusal(value: object) -> tuple[str, str]:
    with pytest.raises(InvalidValue) as caught:
        encode_contract(value)
    assert caught.value.field == "variables"
    return caught.value.code, str(caught.value)


def test_a_contract_is_stored_as_it_was_written() -> None:
    assert json.loads(encode_contract(FULL) or "") == FULL
    assert list(contract(FULL)) == list(FULL)
    assert (encode_contract(None), read_contract(None), encode_contract({})) == (None, None, "{}")


def test_a_declaration_may_leave_out_everything() -> None:
    variable = contract({"a": {}})["a"]
    assert (variable.type, variable.description, variable.is_required, variable.choices) == ("string", "", True, None)
    assert variable.must_be_given
    assert not contract({"a": {"default": ""}})["a"].must_be_given
    assert not contract({"a": {"required": False}})["a"].must_be_given


@pytest.mark.parametrize("value", ["x", 1, True, [], [{"name": "x"}]])
def test_a_contract_is_an_object(value: object) -> None:
    sentence = 'Variables must be a JSON object, e.g. {"customer": {"type": "string", "required": true}}.'
    assert refusal(value) == ("invalid_variables", sentence)


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        (None, "The declaration of 'a' must be an object."),
        ("string", "The declaration of 'a' must be an object."),
        ({"typ": 1}, "The declaration of 'a' has the unknown key 'typ'."),
        ({"type": "text"}, "The type of 'a' must be one of string, number, integer, boolean, array, object, messages."),
        ({"type": ["string"]}, "The type of 'a' must be one of"),
        ({"description": 1}, "The description of 'a' must be a string."),
        ({"required": "yes"}, "'required' of 'a' must be true or false."),
        ({"type": "integer", "default": "1"}, "The default of 'a' must be of the type integer."),
        ({"type": "integer", "default": 1.5}, "The default of 'a' must be of the type integer."),
        ({"type": "integer", "default": True}, "The default of 'a' must be of the type integer."),
        ({"default": None}, "The default of 'a' must be of the type string."),
        ({"enum": "x"}, "'enum' of 'a' must be a list."),
        ({"enum": None}, "'enum' of 'a' must be a list."),
        ({"enum": []}, "'enum' of 'a' must not be empty."),
        ({"enum": ["x", 1]}, "'enum' of 'a' must have values of the type string only."),
        ({"enum": ["x"], "default": "y"}, "The default of 'a' must be one of the values in 'enum'."),
        ({"examples": {}}, "'examples' of 'a' must be a list."),
        ({"type": "messages", "examples": [["x"]]}, "'examples' of 'a' must have values of the type messages only."),
    ],
)
def test_a_bad_declaration_is_refused(declaration: object, message: str) -> None:
    code, detail = refusal({"a": declaration})
    assert code == "invalid_variables"
    assert detail.startswith(message)


@pytest.mark.parametrize("name", ["", "a b", "{{a}}", "a\n", "x" * 101, "\0", "a:b"])
def test_a_declared_name_is_one_that_a_text_can_have(name: str) -> None:
    code, detail = refusal({name: {}})
    assert (code, "is not a name of a variable" in detail, len(detail) < 250) == ("invalid_variables", True, True)


def test_contracts_are_bounded() -> None:
    too_many: dict[str, object] = {f"a{number}": {} for number in range(MAX_VARIABLES + 1)}
    assert refusal(too_many) == ("invalid_variables", f"At most {MAX_VARIABLES} variables can be declared.")
    assert refusal({"a": {"description": "x" * MAX_BYTES}}) == ("max_size", f"Variables must be {MAX_BYTES} bytes or fewer.")
    assert encode_contract({"a": {"description": "x" * (MAX_BYTES - 100)}})


@pytest.mark.parametrize(
    ("variable_type", "good", "bad"),
    [
        ("string", ["", "x"], [None, 1, True, [], {}]),
        ("number", [0, 1.5, -1], [None, "1", True]),
        ("integer", [0, 2.0, 10**40], [1.5, "1", False]),
        ("boolean", [True, False], [0, 1, "true", None]),
        ("array", [[], [1, "x"]], [{}, "[]", None]),
        ("object", [{}, {"a": 1}], [[], "{}", None]),
        ("messages", [[], [{"role": "user", "content": "x"}]], [{}, "x", [{"role": "user"}], [{"content": "x"}]]),
    ],
)
def test_values_fit_their_type(variable_type: str, good: list[object], bad: list[object]) -> None:
    assert [fits(value, VariableType(variable_type)) for value in [*good, *bad]] == [True] * len(good) + [False] * len(bad)


def test_callers_fill_in_what_is_declared_or_inferred() -> None:
    inferred = variables_of(Template(CHAT), None)
    assert [(each.name, each.type) for each in inferred.values()] == [("tone", "string"), ("history", "messages")]
    declared = contract({"tone": {"type": "integer"}, "extra": {}})
    found = variables_of(Template(CHAT, declared), declared)
    assert {name: each.type for name, each in found.items()} == {"history": "messages", "tone": "integer", "extra": "string"}


def test_what_the_text_does_not_bear_out_is_a_doubt() -> None:
    declared = contract({"tone": {"type": "messages"}, "history": {}, "extra": {}})
    assert list(list_doubts(Template(CHAT, declared), declared)) == [
        "The variable 'tone' is declared as messages, which only placeholders take.",
        "The placeholder 'history' is declared as string. Its type is messages.",
        "The variable 'extra' is declared and not used.",
    ]
    assert list(list_doubts(Template(CHAT, ()), contract({}))) == ["The placeholder 'history' is not declared."]
    assert list(list_doubts(Template(CHAT), None)) == []


@pytest.mark.parametrize(
    ("old", "new", "level", "phrases"),
    [
        ({"a": {}}, {"a": {}}, "none", []),
        ({"a": {}}, {"a": {"description": "x"}}, "none", ["description of a changed"]),
        ({}, {"locale": {}}, "breaking", ["adds required locale"]),
        ({}, {"a": {"default": ""}}, "compatible", ["adds optional a"]),
        ({"tone": {}}, {}, "breaking", ["removes tone"]),
        ({"n": {}}, {"n": {"type": "number"}}, "breaking", ["type of n changed from string to number"]),
        ({"n": {"type": "integer"}}, {"n": {"type": "number"}}, "compatible", ["type of n changed from integer to number"]),
        ({"a": {}}, {"a": {"required": False}}, "compatible", ["a became optional"]),
        ({"a": {"default": ""}}, {"a": {}}, "breaking", ["a became required"]),
        ({"a": {"default": "x"}}, {"a": {"default": "y"}}, "compatible", ["default of a changed"]),
        ({"a": {}}, {"a": {"enum": ["x", "y"]}}, "breaking", ['a takes only "x", "y"']),
        ({"a": {"enum": ["x"]}}, {"a": {}}, "compatible", ["a takes any string"]),
        ({"a": {"enum": ["x", "y"]}}, {"a": {"enum": ["y", "z"]}}, "breaking", ['a no longer takes "x"']),
        ({"a": {"enum": ["x"]}}, {"a": {"enum": ["x", "z"]}}, "compatible", ["a takes more values"]),
        ({"a": {}}, {"b": {"default": ""}, "c": {}}, "breaking", ["removes a", "adds required c", "adds optional b"]),
    ],
)
def test_a_change_is_breaking_compatible_or_none(old: object, new: object, level: str, phrases: list[str]) -> None:
    comparison = compare_contracts(contract(old), contract(new))
    assert (comparison.level, [change.phrase for change in comparison.changes]) == (ChangeLevel(level), phrases)
