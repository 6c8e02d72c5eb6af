"""How the demo writes time: RFC 3339 in UTC, whole seconds, always as long, so that text sorts as time does."""

from datetime import UTC, datetime, time, timedelta
from typing import Final

SECONDS_A_DAY: Final = 86_400


def midnight(until: datetime) -> datetime:
    """`until` in UTC; ValueError unless it is aware and a midnight of UTC."""
    if until.tzinfo is None:
        raise ValueError(f"{until} has no time zone: the demo's history ends at a midnight of UTC")
    until = until.astimezone(UTC)
    if until.time() != time():
        raise ValueError(f"{until} is no midnight of UTC: the demo's history ends at one")
    return until


def moment(until: datetime, day: int, second: int = 0) -> str:
    """The text of `second` seconds into a day counted from `until`: -1 is the last whole day before it."""
    return stamp(until + timedelta(days=day, seconds=second))


def stamp(at: datetime) -> str:
    """`at`, a time in UTC, as text, to the second."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
