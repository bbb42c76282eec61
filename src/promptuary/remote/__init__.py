"""Another Promptuary, reached over HTTP with a key: where it is and what it is asked.

Everything here speaks the public API; nothing knows a database.
"""

from promptuary.remote.client import Remote
from promptuary.remote.errors import Conflict, Missing, RemoteRefusal
from promptuary.remote.profiles import Profile, read_profile
from promptuary.remote.prompts import RemotePrompts, Row, content_of, text_of

__all__ = [
    "Conflict",
    "Missing",
    "Profile",
    "Remote",
    "RemotePrompts",
    "RemoteRefusal",
    "Row",
    "content_of",
    "read_profile",
    "text_of",
]
