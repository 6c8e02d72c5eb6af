"""A dead letter as it is read back: the record as it came, and what the detector added to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from schemas.dead_letter import DeadLetterHeaders

Headers = Sequence[tuple[str, bytes]]

ADDED: Final = len(DeadLetterHeaders.model_fields)
"""Headers that are the detector's; they come last, since the record may bring some of the same names."""
LEFT_OUT: Final = "left out, see the original"
"""How the detail begins where the record was too large to be kept whole."""


@dataclass(frozen=True)
class Letter:
    """One dead letter; times are epoch milliseconds."""

    partition: int
    """Of the topic of dead letters, as is `offset`: by these two it is named."""
    offset: int
    died_at: int
    """When it became one, by the broker."""
    reason: str
    detail: str
    topic: str
    """Where it was, as are the next two."""
    original_partition: int
    original_offset: int
    recorded_at: int
    """The timestamp of the original record."""
    version: str
    """Of the contract by which it was judged."""
    key: bytes | None
    value: bytes | None
    headers: Headers
    """Those that it came with."""

    @property
    def name(self) -> str:
        """As the commands take it: `3:17`."""
        return f"{self.partition}:{self.offset}"

    @property
    def original(self) -> str:
        """The place of the original: `usage.events.v1/5:20417`."""
        return f"{self.topic}/{self.original_partition}:{self.original_offset}"

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        headers = sum(len(name.encode()) + len(value or b"") for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers

    @property
    def whole(self) -> bool:
        """Whether nothing was left out of it."""
        return not self.detail.startswith(LEFT_OUT)


def letter_of(record: Any) -> Letter | None:
    """Read a record of the topic of dead letters; None for one that the detector has not written."""
    headers = list(record.headers)
    try:
        told = DeadLetterHeaders.model_validate({name: value.decode() for name, value in headers[-ADDED:]})
    except (ValidationError, UnicodeDecodeError, AttributeError):
        return None
    return Letter(
        partition=record.partition,
        offset=record.offset,
        died_at=record.timestamp,
        reason=told.reason,
        detail=told.detail,
        topic=told.topic,
        original_partition=int(told.partition),
        original_offset=int(told.offset),
        recorded_at=int(told.timestamp),
        version=told.version,
        key=record.key,
        value=record.value,
        headers=headers[:-ADDED],
    )
