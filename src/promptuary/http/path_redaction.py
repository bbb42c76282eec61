"""Paths for the log: without keys and links that clients have put into a path by mistake."""

import re
from urllib.parse import unquote

WELCOME = "/welcome/"
"""The beginning of the paths of one-time links, whose values are in their paths."""

_KEY = re.compile(r"phx_[A-Za-z0-9_-]+")
# Whatever stands around it, such as the full stop of a sentence that it was copied from.
_LINK = re.compile(r"(?<![A-Za-z0-9_-])(?=[a-z]*[A-Z0-9_-])[A-Za-z0-9_-]{40,}")
_MAX_DECODED = 3
_BEHIND_WELCOME = re.compile(r"(?i)(/welcome/+)[^/].*")
_PROMPTS = re.compile(r"/api/(?:projects|environments)/[^/]*/llm_prompts/")


def logged_path(path: str) -> str:
    """Return a path without keys and, except for paths of prompts, without possible values of one-time links."""
    for _ in range(_MAX_DECODED):
        path = unquote(path)
    path = _KEY.sub("phx_...", path)
    return path if _PROMPTS.match(path) else _LINK.sub("...", _BEHIND_WELCOME.sub(r"\1...", path))
