"""Addresses of fetches: the prompt that a request asks for, as its dialect reads it and the cache remembers it."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import Scope


@dataclass(frozen=True, slots=True)
class FetchAddress:
    """The prompt that a path and a query ask for, as spelled by the client."""

    project_reference: str
    api_token: str
    segment: str
    selection: tuple[str, str, str, str]


ReadFetchAddress = Callable[[Scope], FetchAddress | None]
"""Reads the address of a fetch; `None` for every other request, which only the slow application knows."""
