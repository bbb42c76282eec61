"""Types for the prompts of a folder: Python functions and TypeScript declarations, from declared or inferred variables.

Type checkers then find a variable that is missing, misspelt or of the wrong type before a program runs.
"""

import json
import keyword
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from promptuary.files import Folder
from promptuary.model.contracts import Variable, VariableType, contract_of, variables_of
from promptuary.model.python_text import python_text
from promptuary.model.templates import Template, TemplateKind
from promptuary.remote import text_of
from promptuary.sync.assembling import assemble_file
from promptuary.sync.bundling import require_unchanged

_WRITTEN_BY = "Types for the prompts of a folder. Written by promptuary stubs; do not edit."
_MAX_COMMENT = 200
_USED = frozenset(
    {"Any", "Literal", "Mapping", "Prompt", "PromptName", "Sequence"} | {"bool", "float", "int", "list", "object", "str"}
)
"""Names that annotations of a Python module need, so that no function has them. They are not looked up among parameters."""

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
    names = _identifiers((each.name for each in subjects), taken=_USED)
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
    # The prompt is given by position, so that variables keep their names.
    *parameters, prompt = _identifiers((*(each.name for each in subject.variables), "prompt"))
    given = list(zip(parameters, subject.variables, strict=True))
    yield f"def {name}("
    yield f"    {prompt}: Prompt,"
    yield "    /,"
    if given:
        yield "    *,"
    for parameter, variable in given:
        # Checkers take comments such as "type: ignore" for instructions, unless they begin in another way.
        yield from (f"    #: {comment}" for comment in _comment(variable))
        written = _python_type(variable, subject)
        yield f"    {parameter}: {written}," if variable.must_be_given else f"    {parameter}: {written} | None = None,"
    yield f") -> {kind}:"
    yield f'    """Compile {subject.name}, as of version {subject.version}."""'
    pairs = ", ".join(f"{_literal(variable.name)}: {parameter}" for parameter, variable in given)
    compiled = "compile_messages" if subject.is_chat else "compile_text"
    # Parameters may have any name, so that the body uses no other name of the module or of its own.
    values = f"{{name: value for name, value in {{{pairs}}}.items() if value is not None}}" if given else "{}"
    yield f"    return {prompt}.{compiled}({values})"


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
    return python_text(value) if isinstance(value, str) else repr(value)


def _comment(variable: Variable) -> Iterator[str]:
    words = " ".join("".join(character if character.isprintable() else " " for character in variable.description).split())
    if words:
        yield words if len(words) <= _MAX_COMMENT else f"{words[: _MAX_COMMENT - 1]}…"


def _identifiers(names: Iterable[str], *, taken: Iterable[str] = ()) -> list[str]:
    """Return an identifier for each name, none of them twice."""
    used, found = set(taken), []
    for name in names:
        candidate = _identifier(name)
        number = 2
        unique = candidate
        while unique in used:
            unique, number = f"{candidate}_{number}", number + 1
        used.add(unique)
        found.append(unique)
    return found


def _identifier(name: str) -> str:
    """Return a name as Python reads identifiers, which it normalizes, with `_` for what none can have."""
    allowed = "".join(character if f"a{character}".isidentifier() else "_" for character in name)
    plain = unicodedata.normalize("NFKC", allowed)
    # Python gives names such as `__debug__` and `__all__` a meaning.
    is_special = plain.startswith("__") and plain.endswith("__")
    return f"_{plain}" if is_special or keyword.iskeyword(plain) or not plain.isidentifier() else plain
