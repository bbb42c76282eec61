"""Typed functions for prompts of all names, variables and values: Python reads them, and they compile what `compile` does."""

import inspect
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from promptuary_client import Prompt
from promptuary_client.prompts import Content

from promptuary.files import Document, Folder, FoundFile, Lock, LockEntry, hashes_of
from promptuary.model.contracts import MAX_NAME, encode_contract
from promptuary.model.variables import is_name
from promptuary.sync import python_stubs, typescript_stubs

LIGATURE, WIDE_IF, BOLD_A, BOLD_1 = "\ufb01", "\uff49\uff46", "\U0001d41a", "\U0001d7cf"
"""Names that Python takes for other ones: ``fi``, ``if``, ``a``, and ``1``."""

AWKWARD = (
    *["values", "name", "value", "prompt", "str", "object", "dict", "int", "float", "bool", "list", "Literal", "Any", "Prompt"],
    *[
        "None",
        "class",
        "match",
        "if",
        "_",
        "__debug__",
        "__all__",
        "a-b",
        "a_b",
        "a.b",
        "1",
        "fi",
        "é",
        "a_2",
        "prompt_2",
        "_class",
    ],
    *("e\u0301", "\u0301", "\u00b2", "\u00aa", LIGATURE, WIDE_IF, BOLD_A, BOLD_1),
)
NAMES = st.one_of(st.sampled_from(AWKWARD), st.text(min_size=1, max_size=MAX_NAME)).filter(is_name)
PROMPTS = st.sampled_from(("str", "list", "object", "Prompt", "Any", "None", "__all__", "__getattr__", "prompt", "a-b", "a_b")) | (
    st.from_regex("[a-zA-Z0-9_-]{1,12}", fullmatch=True)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _declared(kind: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    choices = st.lists(values, min_size=1, max_size=3)
    return choices.flatmap(lambda enum: st.fixed_dictionaries({"type": st.just(kind), "enum": st.just(enum), "description": TEXTS}))


CONTRACTS = st.dictionaries(
    NAMES,
    st.one_of(_declared("string", TEXTS), _declared("integer", st.integers(-(10**9), 10**9)), _declared("boolean", st.booleans())),
    max_size=8,
)


def _folder(prompts: dict[str, dict[str, Any] | None], text: str) -> Folder:
    """A folder in which prompts have the same text, each with a contract of its own."""
    found = {name: FoundFile(f"{name}.md", Document(name, text, contract=contract)) for name, contract in prompts.items()}
    entries = {
        name: LockEntry(name, f"{name}.md", 1, (), None, *hashes_of(text, None, contract)) for name, contract in prompts.items()
    }
    return Folder(Path("prompts"), Lock("http://127.0.0.1", "1", entries=entries), found)


def _module(source: str) -> dict[str, Any]:
    module: dict[str, Any] = {}
    exec(compile(source, "prompts_typed.py", "exec"), module)  # noqa: S102 - what is tested.
    return module


def _prompt(text: str, contract: dict[str, Any] | None) -> Prompt:
    return Prompt(Content("greeting", text, None, 1, contract=contract), "greeting", 1, None, "server", 0.0)


@given(contract=CONTRACTS, choice=st.data())
def test_a_function_compiles_what_compile_does_for_any_variables_and_values(
    contract: dict[str, Any], choice: st.DataObject
) -> None:
    encode_contract(contract)
    text = " ".join(f"{{{{{name}}}}}" for name in contract)
    values = {name: choice.draw(st.sampled_from(declared["enum"])) for name, declared in contract.items()}
    source = python_stubs(_folder({"greeting": contract}, text))
    function = _module(source)["greeting"]
    keywords = [each.name for each in inspect.signature(function).parameters.values() if each.kind is each.KEYWORD_ONLY]
    prompt = _prompt(text, contract)
    given_values = dict(zip(keywords, values.values(), strict=True))
    assert function(prompt, **given_values) == prompt.compile(values)
    for name, declared in contract.items():
        assert set(_choices_of(function, keywords[list(contract).index(name)])) == set(declared["enum"])


def _choices_of(function: Any, keyword: str) -> tuple[Any, ...]:
    choices: tuple[Any, ...] = inspect.signature(function).parameters[keyword].annotation.__args__
    return choices


@given(st.dictionaries(PROMPTS, st.none(), max_size=8))
def test_a_module_can_be_read_and_called_whatever_prompts_are_named(prompts: dict[str, None]) -> None:
    text = "Hello {{name}}"
    module = _module(python_stubs(_folder({"greeting": None, **prompts}, text)))
    functions = [module[name] for name in module["__all__"][1:]]
    assert len(functions) == len({"greeting", *prompts})
    assert {function(_prompt(text, None), name="you") for function in functions} == {"Hello you"}


def test_variables_keep_their_names_as_keywords_where_python_can_tell_them_apart() -> None:
    names = ["values", "prompt", "str", "class", LIGATURE, "fi", BOLD_A, "__debug__"]
    module = _module(python_stubs(_folder({"greeting": {name: {} for name in names}}, "")))
    keywords = list(inspect.signature(module["greeting"]).parameters)[1:]
    assert keywords == ["values", "prompt", "str", "_class", "fi", "fi_2", "a", "___debug__"]


def test_texts_are_literals_of_each_language() -> None:
    folder = _folder({"greeting": {"tone": {"enum": ["😀", 'a"b\\']}}}, "")
    assert 'tone: Literal["\\U0001f600", "a\\"b\\\\"],' in python_stubs(folder)
    assert '"tone": "\\ud83d\\ude00" | "a\\"b\\\\";' in typescript_stubs(folder)


def test_a_description_is_no_instruction_to_a_checker() -> None:
    source = python_stubs(_folder({"greeting": {"tone": {"description": "type: ignore"}}}, ""))
    assert "    #: type: ignore\n    tone: str,\n" in source
