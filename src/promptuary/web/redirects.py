"""Addresses that come from a visitor, and where they may lead."""

import re

FRONT = "/"

# What browsers take for another host when it comes second: "//host", and "/\host" as well. What they drop is not let in, either.
_OWN = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def safe_redirect(wanted: str) -> str:
    """Return an address if it is one of the server's own, else the start page."""
    return wanted if _OWN.fullmatch(wanted) else FRONT
