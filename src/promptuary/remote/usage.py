"""Fetch counts of the versions of a prompt on another server."""

from datetime import date
from typing import Any

from promptuary_client import Promptuary

from promptuary.remote import answers
from promptuary.remote.client import Remote
from promptuary.remote.errors import RemoteError

Usage = dict[str, Any]
"""The answer of the server with the versions of all its pages, newest first. Its rows are checked."""

_PAGE = 100
_MAX_VERSIONS = 20_000
_FETCHES: answers.Shape = {"fetches": answers.count}
_PERIOD: answers.Shape = {"from": answers.text, "to": answers.text, **_FETCHES, "has_more": answers.flag}
_VERSION: answers.Shape = {"version": answers.version_number, **_FETCHES}
_DAY: answers.Shape = {"day": answers.text, **_FETCHES}


def read_usage(remote: Remote, name: str, *, first: date | None, last: date | None, version: int | None) -> Usage:
    """Read the usage of a prompt in a range of days. Raises `Missing`."""
    usage = _page(remote, name, first, last, version, offset=0)
    while usage["has_more"]:
        days = date.fromisoformat(usage["from"]), date.fromisoformat(usage["to"])
        page = _page(remote, name, *days, version, offset=len(usage["versions"]))
        usage["versions"] += page["versions"]
        usage["has_more"] = page["has_more"] and bool(page["versions"])
        if len(usage["versions"]) > _MAX_VERSIONS:
            raise RemoteError(f"{remote.profile.host} answered with a list that has no end.")
    return usage


def _page(remote: Remote, name: str, first: date | None, last: date | None, version: int | None, *, offset: int) -> Usage:
    found = remote.call(Promptuary.usage, name, first=first, last=last, version=version, limit=_PAGE, offset=offset)
    usage = answers.checked(dict(found.raw), _PERIOD, "a usage")
    for each in answers.checked_list(usage.get("versions"), _VERSION, "the usage of a version"):
        answers.checked(each, {"last_fetched_at": answers.optional_moment}, "the usage of a version")
        answers.checked_list(each.get("labels"), {"label": answers.optional_text, **_FETCHES}, "the usage of a label")
        answers.checked_list(each.get("keys"), answers.KEY_FETCHES, "the usage of a key")
        answers.checked_list(each.get("days"), _DAY, "the usage of a day")
    inside = answers.checked(usage.setdefault("inside_other_prompts", {"fetches": 0}), _FETCHES, "the usage of a part")
    answers.checked_list(inside.setdefault("prompts", []), {"name": answers.prompt_name, **_FETCHES}, "the usage of a part")
    return usage
