"""What each watched person did, by day: a section of the hot block for people in a named role, 32 at most.

An entry is the person's hash, the day from which on their actions are counted, and a ring of 77 days: eleven weeks, so
that five windows of 14 days fit in with the days on which they are judged. It is as wide as the account's own days,
which no person's count can outgrow. Nobody else costs anything. What a person did before is not known: counting begins
with a day of its own, so that events that change places within the grace leave the same counts.
"""

from collections.abc import Collection, Iterator
from struct import Struct
from typing import Final

from detector.domain.layout import (
    DAY_WIDTH,
    I32,
    LAST_DAY,
    NEWEST,
    U16,
    WATCHED,
    replace,
    section,
)
from detector.domain.layout import DAYS as ACCOUNT_DAYS

MOST: Final = 32
DAYS: Final = 77
_HEAD: Final = 10
_FULL: Final = 2**32 - 1
_COUNTS: Final = {1: Struct(f"<{DAYS}B"), 2: Struct(f"<{DAYS}H"), 4: Struct(f"<{DAYS}I")}
_WIDTHS: Final = {1: Struct("<B"), 2: U16, 4: Struct("<I")}


def watch(block: bytearray, people: Collection[bytes], from_day: int) -> None:
    """Count from now on what these people do, those that are new from `from_day` on, and forget all others."""
    begin, end = section(block, WATCHED)
    size = size_of(block)
    kept = {bytes(block[at : at + 8]): bytes(block[at : at + size]) for at in range(begin, end, size)}
    if kept.keys() == set(people):
        return
    fresh = U16.pack(min(max(from_day, 0), LAST_DAY)) + bytes(size - _HEAD)
    replace(block, WATCHED, begin, end, b"".join(kept.get(who, who + fresh) for who in sorted(people)))


def watched(block: bytes | bytearray) -> Iterator[bytes]:
    """The hashes of the people who are watched."""
    begin, end = section(block, WATCHED)
    return (bytes(block[at : at + 8]) for at in range(begin, end, size_of(block)))


def add(block: bytearray, begin: int, newest: int, day: int, count: int, who: bytes) -> None:
    """Count actions of a person who may be watched, unless the account's own days have left the day behind.

    `begin` is where the section does.
    """
    size = size_of(block)
    found = block.find(who, begin)
    while found >= 0 and (found - begin) % size:
        found = block.find(who, found + 1)
    if found < 0 or day <= newest - ACCOUNT_DAYS or day < U16.unpack_from(block, found + 8)[0]:
        return
    width = block[DAY_WIDTH]
    at = found + _HEAD + day % DAYS * width
    number = _WIDTHS[width]
    number.pack_into(block, at, min(_FULL, number.unpack_from(block, at)[0] + count))


def moved_on(block: bytearray, before: int, newest: int) -> None:
    """Clear the days that leave the ring, now that the newest day is not `before` any more."""
    begin, end = section(block, WATCHED)
    width, size = block[DAY_WIDTH], size_of(block)
    for at in range(begin, end, size):
        for day in range(before - DAYS + 1, min(newest - DAYS, before) + 1):
            first = at + _HEAD + day % DAYS * width
            block[first : first + width] = bytes(width)


def widened(block: bytearray, before: int) -> None:
    """Make the counts as wide as the account's days are now; they were `before` bytes wide."""
    begin, end = section(block, WATCHED)
    wider = bytearray()
    for at in range(begin, end, _HEAD + DAYS * before):
        wider += block[at : at + _HEAD]
        wider += _COUNTS[block[DAY_WIDTH]].pack(*_COUNTS[before].unpack_from(block, at + _HEAD))
    block[begin:end] = wider


def counted_from(block: bytes | bytearray, who: bytes) -> int | None:
    """The day from which on a person's actions are counted; None for nobody who is watched."""
    found = _find(block, who)
    if found < 0:
        return None
    day: int = U16.unpack_from(block, found + 8)[0]
    return day


def person_counts(block: bytes | bytearray, who: bytes, first_day: int, last_day: int) -> list[int]:
    """A person's actions of each UTC day from first to last, both included; 0 where nothing is kept."""
    found = _find(block, who)
    newest: int = I32.unpack_from(block, NEWEST)[0]
    first, last = max(first_day, newest - DAYS + 1), min(last_day, newest)
    if found < 0 or first > last:
        return [0] * (last_day - first_day + 1)
    ring = _COUNTS[block[DAY_WIDTH]].unpack_from(block, found + _HEAD)
    begin, end = first % DAYS, last % DAYS + 1
    kept = ring[begin:end] if begin < end else ring[begin:] + ring[:end]
    return [0] * (first - first_day) + list(kept) + [0] * (last_day - last)


def forget(block: bytearray, who: bytes) -> None:
    """Watch a person no more."""
    found = _find(block, who)
    if found >= 0:
        replace(block, WATCHED, found, found + size_of(block), b"")


def size_of(block: bytes | bytearray) -> int:
    """The bytes of an entry."""
    return _HEAD + DAYS * block[DAY_WIDTH]


def _find(block: bytes | bytearray, who: bytes) -> int:
    begin, end = section(block, WATCHED)
    return next((at for at in range(begin, end, size_of(block)) if block[at : at + 8] == who), -1)
