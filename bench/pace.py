"""Durations and amounts of measurements, and the folder of the benchmark."""

from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 32
PROMPT_BYTES = 1500
FEW_CONNECTIONS = (1, 4)


@dataclass(frozen=True, slots=True)
class Pace:
    """Rounds of every load, seconds of a round, and the size of the data set."""

    rounds: int
    seconds: int
    short_seconds: int
    prompts: int
    crossings: int


FULL = Pace(rounds=5, seconds=4, short_seconds=2, prompts=100_000, crossings=500)
QUICK = Pace(rounds=2, seconds=1, short_seconds=1, prompts=20_000, crossings=50)


@dataclass(frozen=True, slots=True)
class Bench:
    """One run: its pace, the cache that outlives it, and the folder that does not."""

    pace: Pace
    cache: Path
    folder: Path

    def subfolder(self, name: str) -> Path:
        """Make a folder of its own for one server."""
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path
