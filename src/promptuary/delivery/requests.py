"""Telling the requests that can be answered from memory from all others."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.types import Scope

_PREFIXES = frozenset({"projects", "environments"})
_PARAMETERS = frozenset({"version", "label", "content", "resolve", "token", "api_key"})
_PLAIN_ACCEPTS = frozenset({b"*/*", b"application/json", b"application/json, text/plain, */*"})
_BEARER = b"Bearer "
_PARTS = 7
_MAX_SEGMENT = 300
_MAX_QUERY = 1000


@dataclass(frozen=True, slots=True)
class FetchAddress:
    """The prompt that a path and a query ask for, as spelled by the client."""

    project_reference: str
    api_token: str
    segment: str
    selection: tuple[str, str, str, str]


def read_headers(headers: list[tuple[bytes, bytes]]) -> tuple[bytes, bytes | None] | None:
    """Return the key of a plain fetch and the value of ``If-None-Match``, if any.

    `None` when any header asks for something that only the slow application knows.
    """
    key = known = None
    for name, value in headers:
        if name == b"authorization":
            if key is not None or not value.startswith(_BEARER):
                return None
            key = value[len(_BEARER) :]
        elif name == b"if-none-match":
            if known is not None:
                return None
            known = value
        elif (
            (name == b"accept" and value not in _PLAIN_ACCEPTS)
            or (name == b"content-length" and value != b"0")
            or name == b"transfer-encoding"
        ):
            return None
    return None if key is None else (key, known)


def address_of(scope: Scope) -> FetchAddress | None:
    """Read the address of a fetch; `None` for any other path, for unknown parameters and for suspicious sizes."""
    # As everywhere, an encoded slash divides nothing; such a request is not a fetch.
    if b"%2f" in (scope.get("raw_path") or b"").lower():
        return None
    parts = scope["path"].removesuffix("/").split("/")
    if len(parts) != _PARTS or parts[:2] != ["", "api"] or parts[2] not in _PREFIXES or parts[4:6] != ["llm_prompts", "name"]:
        return None
    query = scope["query_string"]
    if not 0 < len(parts[6]) <= _MAX_SEGMENT or not 0 < len(parts[3]) <= _MAX_SEGMENT or len(query) > _MAX_QUERY:
        return None
    parameters = dict(parse_qsl(query.decode(errors="replace"), keep_blank_values=True)) if query else {}
    if not _PARAMETERS.issuperset(parameters):
        return None
    return FetchAddress(
        project_reference=parts[3],
        api_token=parameters.get("token", "") or parameters.get("api_key", ""),
        segment=parts[6],
        selection=(
            parameters.get("version", ""),
            parameters.get("label", ""),
            parameters.get("content", ""),
            parameters.get("resolve", ""),
        ),
    )
