"""Another Promptuary, reached over HTTP with a key: where it is and what it is asked.

Everything here speaks the public API; nothing knows a database.
"""

from promptuary.remote.accounts import RemoteAccounts
from promptuary.remote.client import Remote
from promptuary.remote.errors import (
    Conflict,
    Forbidden,
    Missing,
    MovesRefused,
    NoServer,
    Protected,
    Referenced,
    RefusedReference,
    RemoteError,
    Unreachable,
)
from promptuary.remote.profiles import Profile, read_profile, read_profile_for
from promptuary.remote.projects import CURRENT, RemoteProject, find_project
from promptuary.remote.prompts import RemotePrompts, Row, ServerReference, content_of, text_of
from promptuary.remote.releases import RemoteReleases
from promptuary.remote.requests import RemoteRequests

__all__ = [
    "CURRENT",
    "Conflict",
    "Forbidden",
    "Missing",
    "MovesRefused",
    "NoServer",
    "Profile",
    "Protected",
    "Referenced",
    "RefusedReference",
    "Remote",
    "RemoteAccounts",
    "RemoteError",
    "RemoteProject",
    "RemotePrompts",
    "RemoteReleases",
    "RemoteRequests",
    "Row",
    "ServerReference",
    "Unreachable",
    "content_of",
    "find_project",
    "read_profile",
    "read_profile_for",
    "text_of",
]
