"""Proposed moves as the fields of forms carry them."""

from collections.abc import Sequence
from dataclasses import replace

from promptuary.model.change_requests import ProposedMove
from promptuary.model.errors import InvalidValue
from promptuary.registry.labels import ANYWHERE
from promptuary.registry.request_merging import WantedPosition
from promptuary.web.forms import Form
from promptuary.web.numbers import positive_int

_SPACES = 4
"""Spaces between the parts of a move."""

MOVE, REMOVE, LEAVE_OUT = "move", "remove", "leave-out"


def encode_position(position: WantedPosition) -> str:
    """Return a position as the value of one field."""
    return f"{position.label} {position.version or 0} {position.name}"


def read_positions(form: Form) -> list[WantedPosition]:
    """Return the positions of a form whose fields `encode_position` has filled, and where it showed the labels.

    Raises `InvalidValue`.
    """
    shown = {(seen.label, seen.name): seen.version for seen in map(_decode, form.all("seen"))}
    found = map(_decode, form.all("position"))
    return [replace(position, expected=shown.get((position.label, position.name), ANYWHERE)) for position in found]


def _decode(value: str) -> WantedPosition:
    label, _, rest = value.partition(" ")
    version, _, name = rest.partition(" ")
    if not name or (version != "0" and positive_int(version) is None):
        raise InvalidValue("invalid", "A move of this form is malformed. Go back and begin again.", field="moves")
    return WantedPosition(name, label, positive_int(version))


def read_edited(form: Form) -> list[WantedPosition]:
    """Return the positions of the form that edits a request: each move with its action and version, and one that is added."""
    names, acts, versions = (form.all(field) for field in ("which", "act", "version"))
    if not len(names) == len(acts) == len(versions):
        raise InvalidValue("invalid", "The moves of this form are malformed. Go back and begin again.", field="moves")
    found: list[WantedPosition] = []
    for which, act, version in zip(names, acts, versions, strict=True):
        label, _, name = which.partition(" ")
        if act != LEAVE_OUT:
            found.append(WantedPosition(name, label, _version(act, version, f"{label} of {name}")))
    added = form.get("new_name").strip()
    if added:
        label = form.get("new_label").strip()
        found.append(WantedPosition(added, label, _version(form.get("new_act"), form.get("new_version"), f"{label} of {added}")))
    return found


def expect_as_shown(positions: Sequence[WantedPosition], form: Form) -> list[WantedPosition]:
    """Return positions of labels that are expected where the form showed them: its fields `request_page.encode_move` has filled."""
    shown: dict[tuple[str, str], int | None] = {}
    for value in form.all("move"):
        label, _, _, current, *name = value.split(" ", _SPACES) if value.count(" ") >= _SPACES else ("", "", "", "")
        if name:
            shown[label, name[0]] = positive_int(current)
    return [replace(position, expected=shown.get((position.label, position.name), ANYWHERE)) for position in positions]


def positions_of(moves: Sequence[ProposedMove]) -> list[WantedPosition]:
    """Return what moves propose."""
    return [WantedPosition(move.name, move.label, move.to_version) for move in moves]


def _version(act: str, sent: str, place: str) -> int | None:
    if act == REMOVE:
        return None
    number = positive_int(sent.strip())
    if number is None:
        raise InvalidValue("invalid", f"Choose the number of a version for {place}.", field="moves")
    return number
