"""Records to decode: an event's bytes at its place in a log, and what the decoder says of them."""

import json
from typing import Any, Final

from detector import codec
from detector.domain.events import Event
from detector.domain.record import Record, Reject
from schemas.example import of_event

NOW: Final = 1_772_442_000_000  # 2026-03-02T09:00:00Z, when every example happened
PARTITIONS: Final = 24


def usage(**fields: Any) -> dict[str, Any]:
    """An example of usage with these fields; one that is `...` is left out."""
    return {name: value for name, value in (of_event("usage.recorded") | fields).items() if value is not ...}


def text(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def record(
    value: bytes | None,
    *,
    key: bytes | None = b"acme",
    timestamp: int = NOW,
    headers: tuple[tuple[str, bytes], ...] = (),
) -> Record:
    return Record(offset=7, timestamp=timestamp, key=key, value=value, headers=headers)


def decoded(raw: Record, partition: int | None = None) -> Event | Reject:
    """What the decoder says of a record that lies where its key belongs, or in `partition`."""
    place = codec.partition_of(raw.key or b"", PARTITIONS) if partition is None else partition
    return codec.decode(raw, topic="usage.events.v1", partition=place, partitions=PARTITIONS)


def event_of(value: bytes, **place: Any) -> Event:
    found = decoded(record(value, **place))
    assert isinstance(found, Event), found
    return found


def reject_of(raw: Record, partition: int | None = None) -> Reject:
    found = decoded(raw, partition)
    assert isinstance(found, Reject), found
    return found
