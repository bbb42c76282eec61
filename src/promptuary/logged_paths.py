"""Paths as they are logged: without the keys and links that somebody has put into a path where none belong."""

import re

_KEY = re.compile(r"phx_[A-Za-z0-9_-]+")
_LINK = re.compile(r"(?<=/)(?=[^/]*[A-Z0-9_-])[A-Za-z0-9_-]{40,}(?=/|$)")
_BEHIND_WELCOME = re.compile(r"(?i)(/welcome/+)[^/].*")
_PROMPTS = re.compile(r"/api/(?:projects|environments)/[^/]*/llm_prompts/")


def logged_path(path: str) -> str:
    """Return a path without keys, and but for paths of prompts without what may be the value of a one-time link."""
    path = _KEY.sub("phx_...", path)
    return path if _PROMPTS.match(path) else _LINK.sub("...", _BEHIND_WELCOME.sub(r"\1...", path))
