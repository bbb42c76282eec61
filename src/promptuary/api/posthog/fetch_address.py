"""Telling the fetches of this dialect, which can be answered from memory, from all other requests."""

from urllib.parse import parse_qsl

from starlette.types import Scope

from promptuary.http.fetch_address import FetchAddress

_PREFIXES = frozenset({"projects", "environments"})
_PARAMETERS = frozenset({"version", "label", "content", "resolve", "token", "api_key"})
_PARTS = 7
_MAX_SEGMENT = 300
_MAX_QUERY = 1000


def read_fetch_address(scope: Scope) -> FetchAddress | None:
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
