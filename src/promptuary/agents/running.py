"""Running a tool: its arguments are validated, its refusals become results that a model can read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from promptuary.agents.calls import AgentCall
from promptuary.agents.json_arguments import read_json_texts
from promptuary.agents.tools import Tool
from promptuary.api.errors import ApiError, parse_error
from promptuary.api.posthog.errors import answer_error, validation_failed
from promptuary.model.errors import EditRefused, InvalidValue, RegistryError
from promptuary.model.json_text import InvalidJson, dump_compact, find_surrogate, parse


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a tool: an object and the same as text, or the sentence of an error."""

    text: str
    body: object
    is_refused: bool = False


def run_tool(call: AgentCall, tool: Tool, arguments: Mapping[str, object]) -> Outcome:
    """Run a tool. Null arguments count as absent, except those for which null has a meaning."""
    try:
        read = read_json_texts(arguments, tool.input_schema)
        given = {name: value for name, value in _sane(read).items() if value is not None or name in _NULLABLE}
        body = tool.run(call, tool.takes.model_validate(given))
    except ValidationError as error:
        return _refused_by_api(validation_failed(error))
    except ApiError as error:
        return _refused_by_api(error)
    except RegistryError as refusal:
        return refused(refusal, public_url=call.services.public_url)
    return Outcome(dump_compact(body), body)


def refused(refusal: RegistryError, *, public_url: str = "") -> Outcome:
    """Return a refusal as a result, see `answer_error`."""
    field = refusal.field if isinstance(refusal, InvalidValue) else None
    hint = f" {refusal.hint}" if isinstance(refusal, EditRefused) and refusal.hint else ""
    body = json.loads(bytes(answer_error(refusal, public_url=public_url).body))
    return Outcome(_sentence(f"{refusal}{hint}", field), body, is_refused=True)


_NULLABLE = {"config", "variables", "expected_version"}
"""Null clears a config and a contract, and expects a label not to be set."""


def _sane(arguments: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments if they are JSON that can be stored: not too deep, no lone surrogates, only finite numbers."""
    try:
        value = parse(json.dumps(arguments))
    except (InvalidJson, RecursionError) as error:
        detail = f"JSON parse error - {error}"
        raise parse_error(detail) from None
    surrogate = find_surrogate(value)
    if surrogate is not None:
        detail = f"Surrogate characters are not allowed: U+{ord(surrogate):X}."
        raise parse_error(detail)
    return dict(arguments)


def _refused_by_api(error: ApiError) -> Outcome:
    attr = error.body.get("attr")
    return Outcome(_sentence(str(error.body["detail"]), attr if isinstance(attr, str) else None), error.body, is_refused=True)


def _sentence(detail: str, field: str | None) -> str:
    """Return a sentence that says which argument it is about."""
    return f"{field}: {detail}" if field else detail
