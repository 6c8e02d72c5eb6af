"""Points in time as people write them, as integer epoch milliseconds (UTC)."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias

import click
import msgspec

from detector.domain.record import RECORD_TIMES_END

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
LATEST: Final = RECORD_TIMES_END - 1
"""The last millisecond of the year 2099: no record time is later, none is before 1970."""

OUT_OF_RANGE: Final = "timestamp_out_of_range", "the record time is not from 1970 to 2099"
"""Reject code and detail of a line whose record time is none."""

Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)] | int
"""As in an event: RFC 3339 with an offset, or integer epoch milliseconds."""


def milliseconds(instant: datetime | int) -> int:
    """Give epoch milliseconds, rounded down; a datetime must be aware."""
    return instant if isinstance(instant, int) else (instant - EPOCH) // MILLISECOND


def rfc3339(instant: int) -> str:
    """Write epoch milliseconds, 0 to LATEST, as RFC 3339 in UTC with milliseconds: `2026-03-02T09:00:00.000Z`."""
    return (EPOCH + instant * MILLISECOND).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class InstantParameter(click.ParamType):
    """An option's value: RFC 3339 with an offset, epoch milliseconds, or a date (its first moment in UTC)."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Give epoch milliseconds; what is no point in time is a usage error."""
        text = str(value)
        try:
            if text.isascii() and text.isdigit():
                found = int(text)
            elif len(text) == len("2026-03-02"):
                found = milliseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))
            else:
                found = milliseconds(msgspec.convert(text, Annotated[datetime, msgspec.Meta(tz=True)]))
        except (ValueError, msgspec.ValidationError):
            found = -1
        if not 0 <= found <= LATEST:
            forms = "2026-03-02T09:00:00Z, 2026-03-02 or epoch milliseconds"
            self.fail(f"{text!r} is no time from 1970 to 2099: write {forms}", param, ctx)
        return found
