"""Values of a program as a prompt says them: as people and models write them, not as Python does. No I/O."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import TypeGuard

from promptuary_client.errors import CompileError


def as_text(value: object) -> str:
    """Return the text that a value becomes: itself, or JSON for what JSON has. Raises `CompileError` for what contains itself."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "replace")
    if isinstance(value, (bool, Mapping, AbstractSet)) or _is_list(value):
        try:
            return json.dumps(_jsonable(value), ensure_ascii=False)
        except (ValueError, RecursionError) as error:
            raise CompileError("A value contains itself, or is nested too deeply.") from error
    return str(value)


def _jsonable(value: object) -> object:
    if isinstance(value, Enum):
        return _jsonable(value.value)
    if isinstance(value, Mapping):
        return {as_text(key): _jsonable(each) for key, each in value.items()}
    if isinstance(value, AbstractSet):
        return sorted((_jsonable(each) for each in value), key=str)
    if _is_list(value):
        return [_jsonable(each) for each in value]
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray, memoryview))
