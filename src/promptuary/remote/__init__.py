"""Another Promptuary, reached over HTTP with a key: where it is and what it is asked.

Everything here speaks the public API; nothing knows a database.
"""

from promptuary.remote.client import Remote
from promptuary.remote.errors import Conflict, Missing, RemoteError, Unreachable
from promptuary.remote.profiles import Profile, read_profile
from promptuary.remote.projects import CURRENT, RemoteProject, find_project
from promptuary.remote.prompts import RemotePrompts, Row, content_of, text_of

__all__ = [
    "CURRENT",
    "Conflict",
    "Missing",
    "Profile",
    "Remote",
    "RemoteError",
    "RemoteProject",
    "RemotePrompts",
    "Row",
    "Unreachable",
    "content_of",
    "find_project",
    "read_profile",
    "text_of",
]
