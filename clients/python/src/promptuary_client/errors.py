"""Every way in which the server, the network or a caller can say no, with the server's own text where there is one."""

from collections.abc import Sequence


class PromptuaryError(Exception):
    """The root of all errors of this package."""


class ConfigurationError(PromptuaryError, ValueError):
    """The client cannot be made from these settings."""


class InvalidBundleError(ConfigurationError):
    """The file of a bundle cannot be read, or is not a bundle. A client goes on without it."""


class CompileError(PromptuaryError, ValueError):
    """A prompt cannot be compiled with what was given."""


class MissingVariablesError(CompileError):
    """Variables or placeholders of the prompt were given no value, or `None`; ``names`` has them in order of appearance.

    ``unused`` has the names that were given and that the prompt does not have, such as a misspelt one.
    """

    def __init__(self, names: Sequence[str], unused: Sequence[str] = ()) -> None:
        self.names = tuple(names)
        self.unused = tuple(unused)
        hint = f" The prompt does not have: {', '.join(self.unused)}." if unused else ""
        super().__init__(f"No value was given for: {', '.join(self.names)}.{hint}")


class UnusedValuesError(CompileError):
    """Values were given under names that the prompt does not have. It is reported and never raised; ``names`` has them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"Values were given that the prompt does not use: {', '.join(self.names)}. Check the names.")


class UnavailableError(PromptuaryError):
    """The server could not be asked or did not answer; it may later, after ``retry_after`` seconds if it said so."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class UnreachableError(UnavailableError):
    """No connection, or one that broke: refused, no such host, cut off in the middle of an answer."""


class RequestTimeoutError(UnavailableError):
    """The deadline came before the answer."""


class InvalidResponseError(UnavailableError):
    """What answered does not speak like Promptuary: another service, a login page, a broken body."""


class ServerError(UnavailableError):
    """The server answered with a status of 500 or more."""


class RateLimitError(UnavailableError):
    """The server asks for fewer requests (429)."""


class RejectedError(PromptuaryError):
    """The server understood and refused.

    ``detail`` is its text, ``status`` its status, ``code`` and ``attr`` say what is wrong with which field, where it tells.
    ``edit_index`` is the number of the edit that failed.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        code: str | None = None,
        attr: str | None = None,
        edit_index: int | None = None,
        current_version: int | None = None,
    ) -> None:
        self.detail = detail
        self.status = status
        self.code = code
        self.attr = attr
        self.edit_index = edit_index
        self.current_version = current_version
        super().__init__(detail)


class InvalidRequestError(RejectedError):
    """What was sent is not valid (400, 413)."""


class AuthenticationError(RejectedError):
    """The API key is missing or wrong (401)."""


class PermissionDeniedError(RejectedError):
    """The API key may not do this (403)."""


class NotFoundError(RejectedError):
    """There is no such prompt, version, label or project (404)."""


class ConflictError(RejectedError):
    """Somebody else was faster (409); ``current_version`` is the prompt's latest version, where the server tells it."""


class LabelMovedError(ConflictError):
    """The label is not where it was expected (409); ``current_version`` is where it points, `None` if it is not set."""
