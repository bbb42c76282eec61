"""The client of Promptuary: prompts at run time, never in the way and never down."""

from typing import TYPE_CHECKING

from promptuary_client.change_log import ChangePage
from promptuary_client.changes import Change, ChangeEvent
from promptuary_client.chats import Message
from promptuary_client.client import Promptuary
from promptuary_client.errors import (
    AuthenticationError,
    CompileError,
    ConfigurationError,
    ConflictError,
    InvalidBundleError,
    InvalidRequestError,
    InvalidResponseError,
    InvalidValuesError,
    LabelMovedError,
    MissingVariablesError,
    MoveRefusal,
    MovesRefusedError,
    NotFoundError,
    PermissionDeniedError,
    PromptReferenceError,
    PromptuaryError,
    RateLimitError,
    ReferencedPromptError,
    RejectedError,
    RequestTimeoutError,
    ServerError,
    UnavailableError,
    UnreachableError,
    UnusedValuesError,
)
from promptuary_client.label_operations import ANY_VERSION, Label, LabelHistory, LabelMove, Release, ReleasedLabel
from promptuary_client.operations import KEEP, History, Page, RestoredPrompt, Unresolved, Version, VersionSummary
from promptuary_client.prefetch import PrefetchResult
from promptuary_client.prompts import Prompt, PromptKey, Source
from promptuary_client.references import Reference
from promptuary_client.settings import DEFAULT, ErrorEvent
from promptuary_client.usage import KeyUsage, PartUsage, Usage, VersionUsage
from promptuary_client.wire import Answer

if TYPE_CHECKING:
    from promptuary_client.async_client import AsyncPromptuary
else:

    def __getattr__(name: str) -> object:
        """Load `AsyncPromptuary` when it is used: programs without an event loop start without asyncio."""
        if name != "AsyncPromptuary":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from promptuary_client.async_client import AsyncPromptuary  # noqa: PLC0415 - it is loaded here on purpose.

        return AsyncPromptuary

    def __dir__() -> list[str]:
        """Return the public names."""
        return __all__


__version__ = "0.1.0"
"""The version of this package."""

__all__ = [
    "ANY_VERSION",
    "DEFAULT",
    "KEEP",
    "Answer",
    "AsyncPromptuary",
    "AuthenticationError",
    "Change",
    "ChangeEvent",
    "ChangePage",
    "CompileError",
    "ConfigurationError",
    "ConflictError",
    "ErrorEvent",
    "History",
    "InvalidBundleError",
    "InvalidRequestError",
    "InvalidResponseError",
    "InvalidValuesError",
    "KeyUsage",
    "Label",
    "LabelHistory",
    "LabelMove",
    "LabelMovedError",
    "Message",
    "MissingVariablesError",
    "MoveRefusal",
    "MovesRefusedError",
    "NotFoundError",
    "Page",
    "PartUsage",
    "PermissionDeniedError",
    "PrefetchResult",
    "Prompt",
    "PromptKey",
    "PromptReferenceError",
    "Promptuary",
    "PromptuaryError",
    "RateLimitError",
    "Reference",
    "ReferencedPromptError",
    "RejectedError",
    "Release",
    "ReleasedLabel",
    "RequestTimeoutError",
    "RestoredPrompt",
    "ServerError",
    "Source",
    "UnavailableError",
    "UnreachableError",
    "Unresolved",
    "UnusedValuesError",
    "Usage",
    "Version",
    "VersionSummary",
    "VersionUsage",
    "__version__",
]
