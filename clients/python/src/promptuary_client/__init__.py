"""The client of Promptuary: prompts at run time, never in the way and never down."""

from promptuary_client.async_client import AsyncPromptuary
from promptuary_client.client import Promptuary
from promptuary_client.errors import (
    CompileError,
    ConfigurationError,
    Conflict,
    Forbidden,
    Invalid,
    InvalidAnswer,
    InvalidBundle,
    LabelMoved,
    MissingVariables,
    NotAuthenticated,
    NotFound,
    PromptuaryError,
    RateLimited,
    Refused,
    ServerFailed,
    TimedOut,
    Unavailable,
    Unreachable,
    UnusedValues,
)
from promptuary_client.filling import Prefetched
from promptuary_client.prompts import Key, Prompt, Source
from promptuary_client.settings import DEFAULT, Trouble
from promptuary_client.templates import Message
from promptuary_client.verbs import ANYWHERE, KEEP, History, Label, Page, Summary, Version

__version__ = "0.1.0"
"""The version of this package."""

__all__ = [
    "ANYWHERE",
    "DEFAULT",
    "KEEP",
    "AsyncPromptuary",
    "CompileError",
    "ConfigurationError",
    "Conflict",
    "Forbidden",
    "History",
    "Invalid",
    "InvalidAnswer",
    "InvalidBundle",
    "Key",
    "Label",
    "LabelMoved",
    "Message",
    "MissingVariables",
    "NotAuthenticated",
    "NotFound",
    "Page",
    "Prefetched",
    "Prompt",
    "Promptuary",
    "PromptuaryError",
    "RateLimited",
    "Refused",
    "ServerFailed",
    "Source",
    "Summary",
    "TimedOut",
    "Trouble",
    "Unavailable",
    "Unreachable",
    "UnusedValues",
    "Version",
    "__version__",
]
