"""Exceptions of the package, with the server's text if it sent one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


class PromptuaryError(Exception):
    """Base class of all exceptions of this package."""


class ConfigurationError(PromptuaryError, ValueError):
    """A setting of the client is missing or invalid."""


class InvalidBundleError(ConfigurationError):
    """The bundle file cannot be read, or is not a bundle. The client works without it."""


class CompileError(PromptuaryError, ValueError):
    """A prompt cannot be compiled with the given values."""


class MissingVariablesError(CompileError):
    """Variables or placeholders have no value, or `None`; ``names`` has them in order of appearance.

    ``unused`` has the given names that the prompt does not have, for example misspelt ones.
    """

    def __init__(self, names: Sequence[str], unused: Sequence[str] = ()) -> None:
        self.names = tuple(names)
        self.unused = tuple(unused)
        hint = f" The prompt does not have: {', '.join(self.unused)}.{_suggest(self.unused, names)}" if unused else ""
        super().__init__(f"No value was given for: {', '.join(self.names)}.{hint}")


class InvalidValuesError(CompileError):
    """Values do not fit the variables that the version declares; ``problems`` has a sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(self.problems))


class UnusedValuesError(CompileError):
    """Values have ``names`` that the prompt does not have. This is reported to ``on_error`` and never raised.

    ``known`` are names that it has, of which the text suggests similar ones.
    """

    def __init__(self, names: Sequence[str], known: Sequence[str] = ()) -> None:
        self.names = tuple(names)
        hint = _suggest(self.names, known) or " Check the names."
        super().__init__(f"Values were given that the prompt does not use: {', '.join(self.names)}.{hint}")


class UnavailableError(PromptuaryError):
    """The server cannot be reached or failed; a later request may succeed, after ``retry_after`` seconds if that is set."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class UnreachableError(UnavailableError):
    """The connection failed: it was refused or broken, or the host name is unknown."""


class RequestTimeoutError(UnavailableError):
    """The server did not answer before the timeout."""


class InvalidResponseError(UnavailableError):
    """The answer is not one of Promptuary: another service, a login page, a broken body."""


class ServerError(UnavailableError):
    """The server answered with a status of 500 or more."""


class RateLimitError(UnavailableError):
    """Too many requests (429)."""


class RejectedError(PromptuaryError):
    """The server rejected the request.

    ``detail`` is the server's text, ``status`` the HTTP status, ``code`` the kind of error and ``attr`` the field, if they
    were sent. ``edit_index`` is the index of the edit that failed.
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
    """The request is invalid (400, 405, 413, 415, and all other statuses from 400 to 499)."""


class AuthenticationError(RejectedError):
    """The API key is missing or wrong (401)."""


class PermissionDeniedError(RejectedError):
    """The API key lacks the permission (403)."""


class NotFoundError(RejectedError):
    """The prompt, version, label or project does not exist (404)."""


class ConflictError(RejectedError):
    """The prompt was changed by another request (409); ``current_version`` is its latest version, if the server sent it."""


class LabelMovedError(ConflictError):
    """The label does not point at the expected version (409); ``current_version`` is its version, `None` if it is not set."""


@dataclass(frozen=True)
class MoveRefusal:
    """Reason why the label of a prompt cannot be moved; ``current_version`` is where it is, `None` if it is not set."""

    name: str
    code: str
    detail: str
    current_version: int | None


class MovesRefusedError(RejectedError):
    """Labels were to be moved together, and none was, because of those in ``refused`` (409)."""

    def __init__(self, detail: str, *, status: int, refused: Sequence[MoveRefusal]) -> None:
        self.refused = tuple(refused)
        super().__init__(detail, status=status)


class PromptReferenceError(RejectedError):
    """The prompt exists, but one that it refers to, ``reference_name``, does not (404) or cannot be a part of it (409)."""

    def __init__(self, detail: str, *, status: int, reference_name: str) -> None:
        self.reference_name = reference_name
        super().__init__(detail, status=status)


class ReferencedPromptError(RejectedError):
    """The prompt cannot be archived, or the label not be removed, because ``referencing_prompts`` refer to it (409)."""

    def __init__(self, detail: str, *, status: int, referencing_prompts: Sequence[str]) -> None:
        self.referencing_prompts = tuple(referencing_prompts)
        super().__init__(detail, status=status)


def _suggest(unknown: Iterable[str], known: Sequence[str]) -> str:
    close = ((name, get_close_matches(name, known, n=1)) for name in unknown)
    return "".join(f" Did you mean {found[0]!r} instead of {name!r}?" for name, found in close if found)
