"""Times and days on the command line, in ISO 8601."""

from datetime import UTC, date, datetime

import typer


def read_moment(text: str) -> datetime:
    """Read a time; one without an offset is UTC. Raises `typer.BadParameter`."""
    try:
        read = datetime.fromisoformat(text.strip())
        return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"'{text}' is not a valid time. Write it as 2026-11-29T14:05 or 2026-11-29T15:05+01:00.") from None


def read_day(text: str) -> date:
    """Read a day. Raises `typer.BadParameter`."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a valid day. Write it as 2026-11-30.") from None


def shown_moment(at: datetime) -> str:
    """Return a time as people read it."""
    return at.isoformat(timespec="microseconds" if at.microsecond else "seconds").replace("+00:00", "Z")
