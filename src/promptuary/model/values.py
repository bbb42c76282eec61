"""Values for the variables of a prompt: checked against what is declared, and written as text."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from promptuary.model.contracts import Contract, NoDefault, Variable, VariableType, fits
from promptuary.model.json_text import InvalidJson, dump, dump_compact, parse

_MAX_SHOWN = 5
_SAMPLES: Mapping[VariableType, object] = {
    VariableType.STRING: "...",
    VariableType.NUMBER: 0.5,
    VariableType.INTEGER: 1,
    VariableType.BOOLEAN: True,
    VariableType.ARRAY: [],
    VariableType.OBJECT: {},
    VariableType.MESSAGES: [],
}


def read_values(variables: Contract, texts: Mapping[str, str]) -> dict[str, object]:
    """Return values that arrive as texts: those of strings as they are, others read as JSON; empty ones of these are missing."""
    found: dict[str, object] = {}
    for name, text in texts.items():
        if name not in variables or variables[name].type is VariableType.STRING:
            found[name] = text
        elif text:
            found[name] = _value(text)
    return found


def list_problems(variables: Contract, values: Mapping[str, object]) -> list[str]:
    """Return a sentence for each value that is missing, unknown, or not as declared."""
    each = (problem for name, value in values.items() for problem in _problems_of(variables, name, value))
    return [*_missing(variables, values), *each]


def with_defaults(variables: Contract, values: Mapping[str, object]) -> dict[str, object]:
    """Return the values, with the declared default of each that is missing. Optional ones without a default become empty."""
    found = dict(values)
    for name, variable in variables.items():
        if name not in found and not isinstance(variable.default, NoDefault):
            found[name] = variable.default
        elif name not in found and not variable.is_required:
            found[name] = [] if variable.type is VariableType.MESSAGES else ""
    return found


def sample_of(variable: Variable, *, max_length: int) -> object:
    """Return a short value that fits: the default, an example or an allowed value; if all of these are long, one of the type.

    An allowed value is returned at any length if there is no short one.
    """
    declared = () if isinstance(variable.default, NoDefault) else (variable.default,)
    choices = variable.choices or ()
    candidates = [value for value in (*declared, *variable.examples, *choices) if choices == () or value in choices]
    short = (value for value in candidates if len(text_of_value(value)) <= max_length)
    return next(short, choices[0] if choices else _SAMPLES[variable.type])


def text_of_value(value: object) -> str:
    """Return the text of a value: a string itself, anything else as JSON."""
    return value if isinstance(value, str) else dump(value)


def _value(text: str) -> object:
    try:
        return parse(text)
    except InvalidJson:
        return text


def _missing(variables: Contract, values: Mapping[str, object]) -> Iterator[str]:
    missing = [name for name, variable in variables.items() if variable.must_be_given and name not in values]
    if missing:
        yield f"No value was given for: {', '.join(missing)}."


def _problems_of(variables: Contract, name: str, value: object) -> Iterator[str]:
    variable = variables.get(name)
    if variable is None:
        close = get_close_matches(name, list(variables), n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        yield f"The prompt has no variable named '{name}'.{hint}"
    elif variable.type is VariableType.MESSAGES and not _are_messages(value):
        yield f"The placeholder '{name}' takes a list of messages, each with a role."
    elif variable.type is not VariableType.MESSAGES and not fits(value, variable.type):
        yield f"'{name}' must be of the type {variable.type}."
    elif variable.choices is not None and dump_compact(value) not in set(map(dump_compact, variable.choices)):
        more = f" and {len(variable.choices) - _MAX_SHOWN} more" if len(variable.choices) > _MAX_SHOWN else ""
        yield f"'{name}' must be one of {', '.join(map(text_of_value, variable.choices[:_MAX_SHOWN]))}{more}."


def _are_messages(value: object) -> bool:
    """Return `True` for messages as providers of models return them, some of which have no content."""
    return isinstance(value, list) and all(isinstance(each, dict) and isinstance(each.get("role"), str) for each in value)
