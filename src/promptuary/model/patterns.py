"""Patterns of names, in which ``*`` stands for any characters."""


def matches_pattern(name: str, pattern: str) -> bool:
    """Return `True` if a name is as a pattern says. Takes linear time."""
    first, *rest = pattern.split("*")
    if not rest:
        return name == first
    *middle, last = rest
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for piece in middle:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
