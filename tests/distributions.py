"""What a distribution requires on this machine, at all levels."""

from importlib.metadata import Distribution, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def required_distributions(name: str, *extras: str) -> dict[str, Distribution]:
    """Return an installed distribution and all that it requires, by name."""
    found: dict[str, Distribution] = {}
    _add(found, name, frozenset({"", *extras}))
    return found


def _add(found: dict[str, Distribution], name: str, extras: frozenset[str]) -> None:
    found[name] = distribution(name)
    for line in found[name].requires or ():
        requirement = Requirement(line)
        is_needed = requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)
        required = canonicalize_name(requirement.name)
        if is_needed and required not in found:
            _add(found, required, frozenset({"", *requirement.extras}))
