"""Declared variables: values are checked, defaults are put in, and one error names all that is wrong."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from builders import make_prompt
from client_service import EitherMaker, Service
from promptuary.registry import prompts

from promptuary_client import InvalidResponseError, InvalidValuesError, Prompt
from promptuary_client.bundle import read_bundle
from promptuary_client.disk import Disk
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.settings import Settings
from promptuary_client.wire import read_content

CONTRACT: dict[str, Any] = {
    "customer": {"description": "Name", "enum": ["Acme", "Globex"]},
    "n": {"type": "integer", "default": 3},
    "note": {"required": False},
}


def prompt_of(content: object, contract: dict[str, Any]) -> Prompt:
    text = content if isinstance(content, str) else json.dumps(content)
    return Prompt(Content("any", text, None, 1, contract=contract), "any", 1, None, "server", 0.0)


def problems(prompt: Prompt, **values: object) -> tuple[str, ...]:
    with pytest.raises(InvalidValuesError) as caught:
        prompt.compile(values)
    assert str(caught.value) == " ".join(caught.value.problems)
    return caught.value.problems


class Tier(Enum):
    GOLD = "gold"


def test_only_declared_names_are_variables_and_defaults_are_put_in() -> None:
    prompt = prompt_of("{{customer}} {{ n }} {{note}} {{other}} {{#if x}}", CONTRACT)
    assert prompt.variables == ("customer", "n", "note")
    assert prompt.compile(customer="Acme") == "Acme 3  {{other}} {{#if x}}"
    assert prompt.compile(customer="Globex", n=5, note=None) == "Globex 5  {{other}} {{#if x}}"
    assert prompt.compile(missing="keep") == "{{customer}} 3  {{other}} {{#if x}}"


def test_one_error_names_all_that_is_wrong() -> None:
    prompt = prompt_of("{{customer}} {{n}}", CONTRACT | {"must": {}})
    assert problems(prompt, custmer="x", n="many", customer="Other") == (
        "No value was given for: must.",
        "The prompt has no variable named 'custmer'. Did you mean 'customer'?",
        "'n' must be of the type integer, not str.",
        "'customer' must be one of Acme, Globex.",
    )
    assert problems(prompt, customer=None, must="") == ("'customer' must not be None.",)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", ["", "x", date(2026, 1, 2), b"x", Tier.GOLD], [1, True, [], {}, float("nan")]),
        ("number", [0, 1.5, Decimal("1.10")], ["1", True, float, float("nan"), Decimal("sNaN")]),
        ("integer", [0, 2.0, 10**400], [1.5, "1", True, float("nan"), float("-inf")]),
        ("boolean", [True, False], [0, "true"]),
        ("array", [[], (1, "x"), {"x"}], ["[]", {}]),
        ("object", [{}, {"a": 1}], [[], "{}"]),
    ],
)
def test_values_are_of_the_declared_type(kind: str, good: list[object], bad: list[object]) -> None:
    prompt = prompt_of("{{a}}", {"a": {"type": kind}})
    for value in good:
        assert isinstance(prompt.compile(a=value), str)
    for value in bad:
        assert problems(prompt, a=value) == (f"'a' must be of the type {kind}, not {type(value).__name__}.",)


def test_choices_are_compared_as_json() -> None:
    prompt = prompt_of("{{a}}", {"a": {"type": "number", "enum": [1, 2.5]}})
    assert [prompt.compile(a=1), prompt.compile(a=2.5)] == ["1", "2.5"]
    assert problems(prompt, a=3) == ("'a' must be one of 1, 2.5.",)
    assert prompt_of("{{a}}", {"a": {"enum": ["gold"]}}).compile(a=Tier.GOLD) == "gold"


def test_placeholders_take_messages_whether_they_are_declared_or_not() -> None:
    chat = [{"role": "system", "content": "Be {{tone}}."}, {"type": "placeholder", "name": "history"}]
    message = {"role": "user", "content": "{{tone}}"}
    contracts: list[dict[str, Any]] = [{"tone": {}}, {"tone": {}, "history": {"type": "messages"}}]
    for contract in contracts:
        prompt = prompt_of(chat, contract)
        assert prompt.compile(tone="kind", history=[message]) == [{"role": "system", "content": "Be kind."}, message]
        assert problems(prompt, tone="kind") == ("No value was given for: history.",)
        assert problems(prompt, tone="kind", history="x") == (
            "The placeholder 'history' takes a list of messages, each with a role.",
        )
    optional = prompt_of(chat, {"tone": {"default": "kind"}, "history": {"type": "messages", "required": False}})
    assert optional.compile() == [{"role": "system", "content": "Be kind."}]


def test_what_is_read_of_a_contract_cannot_change_it() -> None:
    prompt = prompt_of("{{customer}}", CONTRACT)
    contract: Any = prompt.contract
    assert contract == CONTRACT
    contract["customer"]["enum"].append("Other")
    assert problems(prompt, customer="Other") == ("'customer' must be one of Acme, Globex.",)


@pytest.mark.parametrize("variables", [[], "x", {"a": 1}, {"a": {"type": "later"}}])
def test_a_contract_in_an_unknown_form_is_refused(variables: object) -> None:
    with pytest.raises(InvalidResponseError, match="not in a form that this client knows"):
        read_content({"name": "any", "prompt": "x", "version": 1, "config": None, "variables": variables})


def test_a_contract_is_kept_on_disk_and_in_a_bundle(tmp_path: Path) -> None:
    content = Content("greeting", "x", None, 1, "production", contract=CONTRACT)
    disk = Disk(Settings(host="http://localhost", api_key="phx_secret", folder=tmp_path))
    disk.store(PromptKey("greeting"), content)
    record = disk.load(PromptKey("greeting"))
    assert record is not None
    assert record.content.contract == CONTRACT
    row = {"name": "a", "version": 1, "labels": [], "label": None, "content": "x", "config": None, "variables": CONTRACT}
    digest = hashlib.sha256(b'"x"').hexdigest()
    bundle = tmp_path / "prompts.json"
    bundle.write_text(json.dumps({"format": "promptuary-bundle", "format_version": 1, "prompts": [row | {"sha256": digest}]}))
    found = read_bundle(bundle).find(PromptKey("a"))
    assert found is not None
    assert found.contract == CONTRACT


def test_a_contract_comes_from_the_server(service: Service, make_either: EitherMaker) -> None:
    with service.registry.database.write() as tx:
        make_prompt(tx, service.registry.actor, name=f"declared-{id(make_either)}", prompt="{{n}} {{x}}")
        prompts.publish_version(
            tx, service.registry.actor, name=f"declared-{id(make_either)}", base_version=1, variables={"n": {"type": "integer"}}
        )
    found = make_either().get(f"declared-{id(make_either)}")
    assert (found.contract, found.compile(n=1)) == ({"n": {"type": "integer"}}, "1 {{x}}")
