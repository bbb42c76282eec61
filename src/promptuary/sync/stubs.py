"""Types for the prompts of a folder: Python functions and TypeScript declarations, from declared or inferred variables.

Type checkers then find a variable that is missing, misspelt or of the wrong type before a program runs.
"""

import json
import keyword
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from promptuary.files import Folder
from promptuary.model.contracts import Variable, VariableType, contract_of, variables_of
from promptuary.model.templates import Template, TemplateKind
from promptuary.remote import text_of
from promptuary.sync.assembling import assemble_file
from promptuary.sync.bundling import require_unchanged

_WRITTEN_BY = "Types for the prompts of a folder. Written by promptuary stubs; do not edit."
_MAX_COMMENT = 200
_PYTHON = {
    VariableType.STRING: "str",
    VariableType.NUMBER: "float",
    VariableType.INTEGER: "int",
    VariableType.BOOLEAN: "bool",
    VariableType.ARRAY: "Sequence[object]",
    VariableType.OBJECT: "Mapping[str, object]",
    VariableType.MESSAGES: "Sequence[Mapping[str, Any]]",
}
_TYPESCRIPT = {
    VariableType.STRING: "string",
    VariableType.NUMBER: "number",
    VariableType.INTEGER: "number",
    VariableType.BOOLEAN: "boolean",
    VariableType.ARRAY: "readonly unknown[]",
    VariableType.OBJECT: "Readonly<Record<string, unknown>>",
    VariableType.MESSAGES: "readonly Message[]",
}


@dataclass(frozen=True, slots=True)
class _Subject:
    """A prompt, and what programs fill in. ``is_declared``: the types are declared, not inferred."""

    name: str
    version: int
    is_chat: bool
    is_declared: bool
    variables: tuple[Variable, ...]


def python_stubs(folder: Folder) -> str:
    """Return a Python module with a function for each prompt. Raises `InvalidFile` unless all files are as the lock says."""
    head = [
        f'"""{_WRITTEN_BY}"""',
        "",
        "from collections.abc import Mapping, Sequence",
        "from typing import Any, Literal",
        "",
        "from promptuary_client import Prompt",
        "",
    ]
    subjects = list(_subjects(folder))
    names = _identifiers((each.name for each in subjects), taken={"Any", "Literal", "Mapping", "Prompt", "PromptName", "Sequence"})
    head.append(f"__all__ = {json.dumps(['PromptName', *names])}")
    union = ", ".join(json.dumps(each.name) for each in subjects)
    functions = [line for name, subject in zip(names, subjects, strict=True) for line in ("", "", *_python_function(name, subject))]
    return "\n".join([*head, "", f"PromptName = Literal[{union}]", *functions]) + "\n"


def typescript_stubs(folder: Folder) -> str:
    """Return TypeScript declarations. Raises `InvalidFile` unless all files are as the lock says."""
    lines = [
        f"// {_WRITTEN_BY}",
        "",
        "export type Message = { readonly role: string; readonly [field: string]: unknown };",
        "",
        "export interface PromptVariables {",
    ]
    for subject in _subjects(folder):
        lines += [f"  // Version {subject.version}.", f"  {json.dumps(subject.name)}: {{"]
        for variable in subject.variables:
            lines += [f"    // {comment}" for comment in _comment(variable)]
            optional = "" if variable.must_be_given else "?"
            lines.append(
                f"    readonly {json.dumps(variable.name, ensure_ascii=False)}{optional}: {_typescript_type(variable, subject)};"
            )
        lines.append("  };")
    return "\n".join([*lines, "}", "", "export type PromptName = keyof PromptVariables;"]) + "\n"


def _subjects(folder: Folder) -> Iterator[_Subject]:
    for name, entry in sorted(require_unchanged(folder).entries.items()):
        whole = assemble_file(folder, folder.found[name])
        contract = contract_of(whole.contract)
        template = Template(text_of(whole.content), contract)
        variables = tuple(variables_of(template, contract).values())
        yield _Subject(name, entry.version, template.kind is TemplateKind.CHAT, contract is not None, variables)


def _python_function(name: str, subject: _Subject) -> Iterator[str]:
    kind = "list[Any]" if subject.is_chat else "str"
    parameters = _identifiers((each.name for each in subject.variables), taken={"prompt"})
    given = list(zip(parameters, subject.variables, strict=True))
    yield f"def {name}("
    yield "    prompt: Prompt,"
    yield "    /,"
    if given:
        yield "    *,"
    for parameter, variable in given:
        yield from (f"    # {comment}" for comment in _comment(variable))
        written = _python_type(variable, subject)
        yield f"    {parameter}: {written}," if variable.must_be_given else f"    {parameter}: {written} | None = None,"
    yield f") -> {kind}:"
    yield f'    """Compile {subject.name}, as of version {subject.version}."""'
    pairs = ", ".join(f"{_literal(variable.name)}: {parameter}" for parameter, variable in given)
    yield f"    values: dict[str, object] = {{{pairs}}}"
    compiled = "compile_messages" if subject.is_chat else "compile_text"
    yield f"    return prompt.{compiled}({{name: value for name, value in values.items() if value is not None}})"


def _python_type(variable: Variable, subject: _Subject) -> str:
    if _is_any(variable, subject):
        return "object"
    if variable.choices and all(isinstance(value, (str, bool, int)) for value in variable.choices):
        return f"Literal[{', '.join(map(_literal, variable.choices))}]"
    return _PYTHON[variable.type]


def _typescript_type(variable: Variable, subject: _Subject) -> str:
    if _is_any(variable, subject):
        return "unknown"
    if variable.choices and all(isinstance(value, (str, bool, int, float)) for value in variable.choices):
        return " | ".join(map(json.dumps, variable.choices))
    return _TYPESCRIPT[variable.type]


def _is_any(variable: Variable, subject: _Subject) -> bool:
    """Return `True` for a variable of the text that is not declared: programs may give it anything."""
    return not subject.is_declared and variable.type is VariableType.STRING


def _literal(value: object) -> str:
    # JSON escapes a text as Python does, except halves of surrogate pairs, which contracts do not have.
    return repr(value) if isinstance(value, (bool, int)) else json.dumps(value)


def _comment(variable: Variable) -> Iterator[str]:
    words = " ".join("".join(character if character.isprintable() else " " for character in variable.description).split())
    if words:
        yield words if len(words) <= _MAX_COMMENT else f"{words[: _MAX_COMMENT - 1]}…"


def _identifiers(names: Iterable[str], *, taken: Iterable[str]) -> list[str]:
    """Return an identifier for each name, none of them twice."""
    used, found = set(taken), []
    for name in names:
        plain = "".join(character if f"a{character}".isidentifier() else "_" for character in name)
        candidate = plain if plain.isidentifier() and not keyword.iskeyword(plain) else f"_{plain}"
        number = 2
        unique = candidate
        while unique in used:
            unique, number = f"{candidate}_{number}", number + 1
        used.add(unique)
        found.append(unique)
    return found
