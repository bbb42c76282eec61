"""The client of Promptuary: prompts at run time, never in the way and never down."""

from promptuary_client.async_client import AsyncPromptuary
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
from promptuary_client.operations import ANY_VERSION, KEEP, History, Label, Page, Version, VersionSummary
from promptuary_client.prefetch import PrefetchResult
from promptuary_client.prompts import Prompt, PromptKey, Source
from promptuary_client.references import Reference
from promptuary_client.settings import DEFAULT, ErrorEvent

__version__ = "0.1.0"
"""The version of this package."""

__all__ = [
    "ANY_VERSION",
    "DEFAULT",
    "KEEP",
    "AsyncPromptuary",
    "AuthenticationError",
    "Change",
    "ChangeEvent",
    "CompileError",
    "ConfigurationError",
    "ConflictError",
    "ErrorEvent",
    "History",
    "InvalidBundleError",
    "InvalidRequestError",
    "InvalidResponseError",
    "InvalidValuesError",
    "Label",
    "LabelMovedError",
    "Message",
    "MissingVariablesError",
    "NotFoundError",
    "Page",
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
    "RequestTimeoutError",
    "ServerError",
    "Source",
    "UnavailableError",
    "UnreachableError",
    "UnusedValuesError",
    "Version",
    "VersionSummary",
    "__version__",
]
