"""The way back from the page of an error: to the list that the address belongs to."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WayBack:
    """An address without the server's own path, and the name of the page there."""

    address: str
    name: str


_LISTS = [
    (re.compile(r"/settings/sessions/"), "", "your sessions"),
    (re.compile(r"/settings/keys/"), "", "your API keys"),
    (re.compile(r"/projects/\d+/requests/"), "", "the change requests"),
    (re.compile(r"/projects/\d+/release/"), "", "the releases"),
    (re.compile(r"/projects/\d+/archive/"), "", "the archive"),
    (re.compile(r"/projects/\d+/settings/webhooks/"), "", "the webhooks"),
    (re.compile(r"/projects/\d+/settings/(?=change-rule$|remove-rule$)"), "labels/", "the protected labels"),
    (re.compile(r"/projects/\d+/settings/"), "", "the settings of the project"),
]


def find_way_back(path: str) -> WayBack | None:
    """Return the way from an address to the list of what it is about; `None` if it is that list, or belongs to none."""
    for start, rest, name in _LISTS:
        found = start.match(path)
        if found is not None and found[0] != path:
            return WayBack(found[0] + rest, name)
    return None
