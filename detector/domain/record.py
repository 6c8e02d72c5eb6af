"""What comes from a log and what could not be used of it: raw records, rejects, dead letters."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

RECORD_TIMES_END: Final = 4_102_444_800_000
"""2100-01-01, epoch milliseconds: no log holds records of then, and a clock that believed one would never be back."""


class RawRecord(Protocol):
    """One record as a log holds it; the client's own record class fits as it is.

    `offset` counts from 0 within a topic-partition; `timestamp` is the record time in epoch milliseconds (UTC).
    """

    @property
    def offset(self) -> int:
        """Its place in the topic-partition, from 0."""

    @property
    def timestamp(self) -> int:
        """Its record time, epoch milliseconds."""

    @property
    def key(self) -> bytes | None:
        """As it came."""

    @property
    def value(self) -> bytes | None:
        """As it came."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """As they came."""


class Unread(bytes):
    """In place of a value that nobody has read: it says why."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """A raw record made by us: of a file's line, or in a test."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Reject(msgspec.Struct, frozen=True, gc=False):
    """Why a record is no event: `code` is one of events.md section 5; `detail` has at most 200 escaped characters."""

    code: str
    detail: str
    source: str = "unknown"
    event_type: str = ""


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that could not be used, with its place in the log and the reason."""

    topic: str
    partition: int
    record: RawRecord
    reject: Reject
