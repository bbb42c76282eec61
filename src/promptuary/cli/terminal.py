"""Options of the root that say how this run prints: ``--quiet`` and ``--color``. Output itself is in `output`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO


class ColorChoice(StrEnum):
    """Choice of when colors are printed."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(slots=True)
class _Choices:
    is_quiet: bool = False
    color: ColorChoice = ColorChoice.AUTO


_choices = _Choices()
"""Choices of this process, which runs one command."""


def choose_quiet(chosen: bool) -> None:
    """Print no progress and nothing about what was done, if it is chosen."""
    if chosen:
        _choices.is_quiet = True


def choose_color(chosen: ColorChoice | None) -> None:
    """Choose when colors are printed; `None` leaves the choice as it is."""
    if chosen is not None:
        _choices.color = chosen


def is_quiet() -> bool:
    """Return `True` if only results, warnings and errors are printed."""
    return _choices.is_quiet


def has_color(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Return `True` if colors are printed to a stream: by ``--color``, else by the usual variables, else on a terminal."""
    if _choices.color is not ColorChoice.AUTO:
        return _choices.color is ColorChoice.ALWAYS
    if environment.get("NO_COLOR"):
        return False
    if any(environment.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return environment.get("CLICOLOR") != "0" and environment.get("TERM") != "dumb" and stream.isatty()


def has_progress(stream: TextIO) -> bool:
    """Return `True` if progress is drawn on a stream."""
    return not _choices.is_quiet and stream.isatty()
