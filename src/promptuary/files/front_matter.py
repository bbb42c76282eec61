"""The YAML at the head of a file: YAML 1.2, in which ``no`` and dates are texts, read into values of JSON and nothing else."""

import io
import json
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import ScalarNode

from promptuary.files.errors import InvalidFile
from promptuary.model.json_text import dump, find_surrogate

_MAX_YAML = 20_000
"""Characters of JSON up to which a value is written as YAML. A longer one is not readable, and parsing it would take seconds."""

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


class _Constructor(SafeConstructor):
    """Makes values of JSON; what looks like a date is the text that it is."""


def _text(constructor: SafeConstructor, node: ScalarNode) -> object:
    return constructor.construct_scalar(node)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _text)


def load(text: str) -> dict[str, object]:
    """Read front matter. Raises `InvalidFile` for whatever is no mapping of texts to values of JSON."""
    try:
        # An alias can make a small file huge.
        if "*" in text and any(isinstance(event, AliasEvent) for event in _yaml().parse(text)):
            raise InvalidFile("The front matter uses an alias (*), which is not supported.")
        value = _yaml().load(text)
        if value is None:
            return {}
        dump(value)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 2
        raise InvalidFile(f"The front matter is not YAML: {_sentence(error)}.", line=line) from None
    except RecursionError:
        raise InvalidFile("The front matter is nested too deep.") from None
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
        # The package has no error of its own for values that do not fit their tags.
        raise InvalidFile("The front matter has a value that JSON does not have.") from None
    if not isinstance(value, dict) or not _has_text_keys(value):
        raise InvalidFile("The front matter must be a mapping whose keys are texts.")
    if find_surrogate(value) is not None:
        raise InvalidFile("The front matter has half of a surrogate pair.")
    return value


def write(values: dict[str, object]) -> str:
    """Write front matter, so that `load` returns the same values.

    A mapping that YAML would not bring back exactly is written as a text with its JSON.
    """
    return "".join(_entry(name, value) for name, value in values.items())


def _entry(name: str, value: object) -> str:
    entry = {name: value}
    if len(json.dumps(value)) <= _MAX_YAML:
        stream = io.StringIO()
        try:
            _yaml().dump(entry, stream)
            if dump(load(stream.getvalue())) == dump(entry):
                return stream.getvalue()
        except (YAMLError, InvalidFile, RecursionError):
            pass
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return f"{name}: [{', '.join(map(_quoted, value))}]\n"
    return f"{name}: {_quoted(value if isinstance(value, str) else dump(value))}\n"


def _quoted(text: str) -> str:
    # A string of JSON is one of YAML, as soon as it has no characters that YAML wants to be escaped.
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def _has_text_keys(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _has_text_keys(each) for key, each in value.items())
    return not isinstance(value, list) or all(map(_has_text_keys, value))


def _sentence(error: YAMLError) -> str:
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if not isinstance(problem, str) or mark is None:
        return " ".join(str(error).split())[:200]
    return f"{' '.join(problem.split())}, line {mark.line + 2}"


def _yaml() -> Any:  # noqa: ANN401 - its options have wrong annotations
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False
    yaml.allow_unicode = True
    yaml.width = 1_000_000
    return yaml
