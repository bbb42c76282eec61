"""Variables in a prompt's text: ``{{name}}``, as the clients of the API fill them in.

A name is one or more letters, digits, ``_``, ``.`` and ``-``, directly between two opening and two closing braces. The rule is that
of ``Prompts.compile`` in the Python package ``posthog``: letters are those of any script, ``{{ name }}`` with spaces is plain text,
and what has no value stays as it is. Values are put in as they are; what they contain is not filled in again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

VARIABLE = re.compile(r"\{\{([\w.-]+)\}\}")
"""Matches a variable; its only group is the name."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place where a variable stands; ``text[start:end]`` is the name with its braces."""

    name: str
    start: int
    end: int


def find_variables(text: str) -> tuple[Occurrence, ...]:
    """List all places where variables stand, in order."""
    return tuple(Occurrence(match[1], match.start(), match.end()) for match in VARIABLE.finditer(text))


def variable_names(text: str) -> tuple[str, ...]:
    """List the variables of a text, each once, in the order of their first use."""
    return tuple(dict.fromkeys(match[1] for match in VARIABLE.finditer(text)))


def fill_in(text: str, values: Mapping[str, object]) -> str:
    """Put values in place of variables; variables without one stay."""
    return VARIABLE.sub(lambda match: str(values[match[1]]) if match[1] in values else match[0], text)
