"""Errors of forms, with the field and a message for users."""

from dataclasses import dataclass

from promptuary.model.errors import InvalidValue, NameTaken, TooManyLabels
from promptuary.model.json_text import InvalidJson, find_surrogate, parse
from promptuary.model.release_errors import LabelProtected

_FIELDS = {
    "name": ("name", "Name"),
    "new_name": ("new_name", "Name"),
    "prompt": ("prompt", "Prompt"),
    "config": ("config", "Config"),
    "config.model": ("config.model", "Model"),
    "config.temperature": ("config.temperature", "Temperature"),
    "config.max_tokens": ("config.max_tokens", "Maximum tokens"),
    "config.tools": ("config.tools", "Tools"),
    "config.response": ("config.response", "Response schema"),
    "variables": ("variables", "Variables"),
    "version_description": ("note", "Note"),
    "label": ("label", "Label"),
    "version": ("version", "Version"),
    "reason": ("reason", "Reason"),
    "at": ("at", "Time"),
    "from": ("from", "From"),
    "to": ("to", "To"),
}

_JSON_REASONS = (
    ("Expecting property name", "a key in double quotes is missing"),
    ("Expecting value", "a value is missing; texts stand in double quotes"),
    ("Expecting ','", "a comma or a closing bracket is missing"),
    ("Expecting ':'", "a colon is missing behind the key"),
    ("Extra data", "the JSON ends before this place, and more text follows"),
    ("Unterminated string", "the double quote that ends this text is missing"),
    ("Invalid control character", "a text has a line break or a tab in it; write \\n or \\t instead"),
    ("Invalid \\u", "\\u needs four hexadecimal digits behind it"),
    ("Invalid \\", "a backslash cannot stand before this character; write two of them for one backslash"),
    ("Illegal trailing comma", "there is a comma behind the last item"),
    ("Out of range float", "a number is not one that JSON has; NaN and infinity are none"),
    ("Exceeds the limit", "a number has too many digits"),
)


@dataclass(frozen=True, slots=True)
class FormProblem:
    """Error message, and the ID and label of its field, empty if it is not about a single field."""

    text: str
    field: str = ""
    name: str = ""


Refusal = InvalidValue | NameTaken | TooManyLabels | LabelProtected
"""Refusals that a form shows beside what was sent."""


def problem_of(refusal: Refusal) -> FormProblem:
    """Return what a form says about a refusal."""
    field = refusal.field if isinstance(refusal, InvalidValue) else "name" if isinstance(refusal, NameTaken) else None
    return FormProblem(str(refusal), *_FIELDS.get(field or "", ("", "")))


def explain_json(error: InvalidJson) -> str:
    """Return the error of a text that should be JSON, with its place."""
    reason = next((words for begin, words in _JSON_REASONS if error.reason.startswith(begin)), error.reason)
    if error.line is None:
        return f"This is not valid JSON: {reason}."
    return f"This is not valid JSON. Line {error.line}, column {error.column}: {reason}."


def parse_json(text: str, *, field: str) -> object:
    """Return the JSON value of a field. Raises `InvalidValue`."""
    try:
        value = parse(text)
    except InvalidJson as error:
        raise InvalidValue("invalid_json", explain_json(error), field=field) from None
    surrogate = find_surrogate(value)
    if surrogate is not None:
        detail = f"Surrogate characters are not allowed: U+{ord(surrogate):X}."
        raise InvalidValue("surrogate_characters_not_allowed", detail, field=field)
    return value
