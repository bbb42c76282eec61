"""Errors of requests to another server, each with one sentence."""

from typing import Any

from promptuary.model.errors import UserFacingError


class RemoteError(UserFacingError):
    """The server could not be asked, or said no; ``str(refusal)`` is one clear sentence.

    It is no `RegistryError`: those are the registry's own, and the API has an answer for each.
    """


class Unreachable(RemoteError):
    """The server gave no answer; another request would get none either."""


class ServerFailed(RemoteError):
    """The server, or a proxy before it, failed or had too many requests; the same request may succeed later."""


class NoServer(RemoteError):
    """No server is configured."""


class Forbidden(RemoteError):
    """The key, or its owner, may not do this."""


class LoginRefused(RemoteError):
    """There is no key for a login, or not yet; ``code`` is the server's word for the reason."""

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail)
        self.code = code


class Missing(RemoteError):
    """The server has no such thing."""


class NoEndpoint(Missing):
    """The server is older than the request, or there is another server at the address."""


class RefusedReference(RemoteError):
    """The server does not accept a reference of the content."""


class Referenced(RemoteError):
    """The prompt cannot be archived, or the label not be removed: ``names`` are prompts that refer to it."""

    def __init__(self, detail: str, names: tuple[str, ...]) -> None:
        super().__init__(detail)
        self.names = names


class MovesRefused(RemoteError):
    """Labels were to move together, and not all of them can, so none did; ``refusals`` are rows of the answer, checked."""

    def __init__(self, detail: str, refusals: list[dict[str, Any]]) -> None:
        super().__init__(detail)
        self.refusals = refusals


class Protected(RemoteError):
    """A rule protects the label; ``address`` is the page of the change requests, by which it can be moved."""

    def __init__(self, detail: str, address: str) -> None:
        super().__init__(detail)
        self.address = address


class Conflict(RemoteError):
    """The prompt was changed by another request; ``current_version`` is the current version, if the server sends it."""

    def __init__(self, detail: str, current_version: int | None = None) -> None:
        super().__init__(detail)
        self.current_version = current_version
