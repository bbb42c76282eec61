"""A prompt's content: any JSON value but null, mostly a string; and its optional config, a JSON object.

Both are stored as JSON text. Readers see a prompt as text: a string as itself, anything else as its JSON text.
"""

import json

from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import dump, dump_compact
from promptuary.model.text import fold

MAX_BYTES = 1_000_000
"""Largest prompt or config: bytes of its compact JSON in UTF-8, quotes and escapes included."""

PREVIEW_CHARACTERS = 160


def encode_prompt(prompt: object, *, field: str = "prompt") -> str:
    """Return the JSON text under which a prompt is stored; `InvalidValue` when it is null or too big."""
    if prompt is None:
        raise InvalidValue("null", "This field may not be null.", field=field)
    stored = dump(prompt)
    if _is_too_big(prompt, stored):
        raise InvalidValue("max_size", f"Prompt payload must be {MAX_BYTES} bytes or fewer.", field=field)
    return stored


def encode_config(config: object) -> str | None:
    """Return the JSON text under which a config is stored; `InvalidValue` unless it is `None` or an object of allowed size."""
    if config is None:
        return None
    if not isinstance(config, dict):
        raise InvalidValue(
            "invalid_config",
            'Config must be a JSON object, e.g. {"model": "your-model-name", "temperature": 0}.',
            field="config",
        )
    stored = dump(config)
    if _is_too_big(config, stored):
        raise InvalidValue("max_size", f"Config must be {MAX_BYTES} bytes or fewer.", field="config")
    return stored


def byte_size(value: object) -> int:
    """Count the bytes of a value's compact JSON in UTF-8."""
    return len(dump_compact(value).encode())


def _is_too_big(value: object, stored: str) -> bool:
    # What is stored has some white space more than what counts, so that most values need not be written again to be measured.
    return len(stored.encode()) > MAX_BYTES and byte_size(value) > MAX_BYTES


def text_of(content: str) -> str:
    """Return what readers see of a stored content: the string itself, or the JSON text of anything else."""
    return str(json.loads(content)) if content.startswith('"') else content


def search_key(content: str) -> str:
    """Return the folded text in which search looks: a string's characters, or the compact JSON of anything else."""
    value = json.loads(content)
    return fold(value if isinstance(value, str) else dump_compact(value))


def preview(text: str) -> str:
    """Return the first 160 characters, with ``...`` behind them if there are more."""
    return text if len(text) <= PREVIEW_CHARACTERS else text[:PREVIEW_CHARACTERS] + "..."
