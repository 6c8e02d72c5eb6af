"""Both tenants in one stream: bare events as NDJSON, in the order of record time."""

import gzip
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from heapq import merge
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from detector.demo import company, university
from detector.demo.diary import Event

PACK: Final = Path(__file__).parent / "pack"
"""The demo's pack: what each tenant sends."""


def events(until: datetime, seed: int = company.SEED) -> Iterator[Event]:
    """All events of both tenants that are recorded before `until`, a midnight of UTC (else ValueError).

    They come in the order of record time; those recorded in the same second by tenant, account and occurrence.
    """
    tenants = (company.events(until, seed), university.events(until))
    return merge(*(sorted(tenant, key=_order) for tenant in tenants), key=_order)


def write_events(path: Path, until: datetime, seed: int = company.SEED) -> int:
    """Write the stream to `path`, gzipped where its name ends in .gz; give the number of events.

    The same end and seed give the same bytes. Raises ValueError as `events` does, OSError where `path` is not writable.
    """
    encode, count = msgspec.json.Encoder().encode_into, 0
    stream = events(until, seed)
    with path.open("wb") as file, _opened(file, zipped=path.suffix == ".gz") as out:
        lines = bytearray()
        for event in stream:
            encode(event, lines, -1)
            lines += b"\n"
            count += 1
            if len(lines) > 1 << 20:
                out.write(lines)
                lines.clear()
        out.write(lines)
    return count


def _opened(file: BinaryIO, *, zipped: bool) -> AbstractContextManager[BinaryIO | gzip.GzipFile]:
    # no name and no time in the header: the bytes depend on the events alone
    return gzip.GzipFile("", "wb", 1, file, 0) if zipped else nullcontext(file)


def record_time(event: Event) -> str:
    """When the event was recorded, RFC 3339."""
    return str(event.get("_record_time") or event["occurred_at"])


def _order(event: Event) -> tuple[str, ...]:
    return (
        record_time(event),
        str(event["tenant_id"]),
        str(event["account_id"]),
        str(event["occurred_at"]),
        str(event["event_id"]),
    )
