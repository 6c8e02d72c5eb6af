"""Who was seen: a section of the hot block, an entry for each person, found by the 8-byte hash of their id.

After the hash come the person's last day in this period of 70 days and in the one before (from 1, 0: not seen), and a
bit for each of the last seven months of 30 days. Each period and each month has a sampling level of its own, so that
what is kept is a function of who came on which day and of nothing else: level n keeps the hashes that end in n zero
bits, and is the least that keeps no more than the most (distinct sampling: Gibbons, VLDB 2001).
"""

from functools import cache, lru_cache
from hashlib import blake2b
from typing import Final

from detector.domain.layout import (
    DAYS,
    ENTRY,
    ERASED,
    I32,
    LEVEL,
    MEMBERS,
    MEMBERS_COUNT,
    MONTH_DAYS,
    MONTH_LEVELS,
    MONTHS,
    NEWEST,
    U16,
    replace,
    section,
)

EXACT_MEMBERS: Final = 512  # of a period of 70 days
EXACT_IN_MONTH: Final = 256
_NOW: Final = 8  # by offset in an entry
_BEFORE: Final = 9
_MONTHS: Final = 10
_WHOLE: Final = 0xFF


def hash8(text: str) -> bytes:
    """Return 8 bytes that stand for an id, the same on every machine."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


@lru_cache(maxsize=1 << 16)
def member_hash(stakeholder_id: str) -> bytes:
    """Return `hash8` of a person's id; cached, bounded, because the same people come again and again."""
    return hash8(stakeholder_id)


def come(block: bytearray, begin: int, end: int, newest: int, day: int, member: bytes) -> None:
    """Remember that a person was seen on a day, if it is in one of the months or periods that are kept.

    The section is [begin, end): whoever counts usage has read that already.
    """
    found = block.find(member, begin, end)
    while found >= 0 and (found - begin) % ENTRY:
        found = block.find(member, found + 1, end)
    month = day // MONTH_DAYS
    back = newest // DAYS - day // DAYS
    if found >= 0 and back < 2:
        at = found + _NOW + back
        known, slot = block[at], month % MONTHS
        # The usual case: neither the period nor the month is new, or the month does not keep this hash.
        if known and (block[found + _MONTHS] >> slot & 1 or not _sampled(member, block[MONTH_LEVELS + slot])):
            if known < day % DAYS + 1:
                block[at] = day % DAYS + 1
            return
    if newest // MONTH_DAYS - month < MONTHS:
        _come(block, found, day, member, back)


def _come(block: bytearray, found: int, day: int, member: bytes, back: int) -> None:
    """Put a day, which is in a month that is kept, into its columns; `found` is the person's entry or -1."""
    slot = day // MONTH_DAYS % MONTHS
    in_month = _sampled(member, block[MONTH_LEVELS + slot])
    in_period = back < 2 and _sampled(member, block[LEVEL + back])
    if found < 0:
        if not (in_month or in_period):
            return
        _, found = section(block, MEMBERS)
        replace(block, MEMBERS, found, found, member + bytes(ENTRY - 8))
    new_in_month = in_month and not block[found + _MONTHS] >> slot & 1
    new_in_period = False
    if in_month:
        block[found + _MONTHS] |= 1 << slot
    if in_period:
        at = found + _NOW + back
        new_in_period = not block[at]
        block[at] = max(block[at], day % DAYS + 1)
    if new_in_period:
        count = U16.unpack_from(block, MEMBERS_COUNT + 2 * back)[0] + 1
        if count > EXACT_MEMBERS:
            count = _thin_out(block, _NOW + back, _WHOLE, LEVEL + back, EXACT_MEMBERS)
        U16.pack_into(block, MEMBERS_COUNT + 2 * back, count)
    if new_in_month:
        begin, end = section(block, MEMBERS)
        if end - begin > EXACT_IN_MONTH * ENTRY and _in_months(block, 1 << slot) > EXACT_IN_MONTH:
            _thin_out(block, _MONTHS, 1 << slot, MONTH_LEVELS + slot, EXACT_IN_MONTH)


def _sampled(member: bytes | bytearray, level: int) -> bool:
    return not int.from_bytes(member, "big") & ((1 << level) - 1)


def _in_months(block: bytes | bytearray, months: int) -> int:
    """How many entries have one of these months' bits."""
    begin, end = section(block, MEMBERS)
    return len(block[begin + _MONTHS : end : ENTRY].translate(None, _without(months)))


@cache
def _without(months: int) -> bytes:
    """The values of a months' byte that have none of these bits."""
    return bytes(bits for bits in range(256) if not bits & months)


def _thin_out(block: bytearray, column: int, mask: int, level_at: int, most: int) -> int:
    """Raise the level of one column until at most `most` of its members are left, and return how many are."""
    begin, end = section(block, MEMBERS)
    entries = [block[at : at + ENTRY] for at in range(begin, end, ENTRY)]
    level, count = block[level_at], most + 1
    while count > most and level < 64:
        level += 1
        count = sum(1 for entry in entries if (entry[column] & mask) > 0 and _sampled(entry[:8], level))
    for entry in entries:
        if entry[column] & mask and not _sampled(entry[:8], level):
            entry[column] &= ~mask & _WHOLE
    block[level_at] = level
    replace(block, MEMBERS, begin, end, b"".join(entry for entry in entries if any(entry[8:])))
    return count


def moved_on(block: bytearray, before: int, newest: int) -> None:
    """Make room for the periods and months that have begun, now that the newest day is not `before` any more."""
    months = range(max(before // MONTH_DAYS, newest // MONTH_DAYS - MONTHS) + 1, newest // MONTH_DAYS + 1)
    periods = newest // DAYS - before // DAYS
    if not months and not periods:
        return
    begin, end = section(block, MEMBERS)
    gone = 0
    for month in months:
        gone |= 1 << month % MONTHS
        block[MONTH_LEVELS + month % MONTHS] = 0
    for at in range(begin, end, ENTRY):
        block[at + _MONTHS] &= ~gone & _WHOLE
        if periods:
            block[at + _BEFORE] = block[at + _NOW] if periods == 1 else 0
            block[at + _NOW] = 0
    if periods:
        block[LEVEL + 1] = block[LEVEL] if periods == 1 else 0
        block[LEVEL] = 0
        count = U16.unpack_from(block, MEMBERS_COUNT)[0] if periods == 1 else 0
        U16.pack_into(block, MEMBERS_COUNT, 0)
        U16.pack_into(block, MEMBERS_COUNT + 2, count)
    entries = (block[at : at + ENTRY] for at in range(begin, end, ENTRY))
    replace(block, MEMBERS, begin, end, b"".join(entry for entry in entries if any(entry[8:])))


def distinct_members(block: bytes | bytearray, since_day: int) -> int:
    """Return how many people were seen on `since_day` or later: reaches back 70 to 140 days.

    Exact while `sampling_level` is 0; else an estimate whose standard error is about 4 to 6%.
    """
    newest: int = I32.unpack_from(block, NEWEST)[0]
    period = newest // DAYS
    start, end = section(block, MEMBERS)
    now = block[start + _NOW : end : ENTRY]
    if since_day >= period * DAYS:
        since = since_day - period * DAYS + 1
        return sum(1 for last in now if last >= since) << block[LEVEL]
    since = max(1, since_day - (period - 1) * DAYS + 1)
    level = max(block[LEVEL], block[LEVEL + 1])
    earlier = block[start + _BEFORE : end : ENTRY]
    if not level:
        return sum(1 for last, before in zip(now, earlier, strict=True) if last > 0 or before >= since)
    hashes = [bytes(block[at : at + 8]) for at in range(start, end, ENTRY)]
    both = zip(hashes, now, earlier, strict=True)
    return sum(1 for key, last, before in both if (last > 0 or before >= since) and _sampled(key, level)) << level


def sampling_level(block: bytearray) -> int:
    """Return 0 while all members are kept, else n where one in 2^n is; the higher one of the two periods."""
    return max(block[LEVEL], block[LEVEL + 1])


def distinct_in_months(block: bytes | bytearray, first: int, last: int) -> int:
    """Return how many people were seen in the months from `first` to `last`, both included: days // 30 since 1970.

    Exact while no month had more than 256 people; else an estimate with a standard error of 6 to 9%. Months that are
    kept no more count as empty: kept are that of the newest day and the six before it.
    """
    newest: int = I32.unpack_from(block, NEWEST)[0]
    running = newest // MONTH_DAYS
    slots = [month % MONTHS for month in range(max(first, running - MONTHS + 1), min(last, running) + 1)]
    months = sum(1 << slot for slot in slots)
    level = max((block[MONTH_LEVELS + slot] for slot in slots), default=0)
    if not level:
        return _in_months(block, months)
    begin, end = section(block, MEMBERS)
    entries = (block[at : at + ENTRY] for at in range(begin, end, ENTRY))
    return sum(1 for entry in entries if (entry[_MONTHS] & months) > 0 and _sampled(entry[:8], level)) << level


def forget(block: bytearray, member: bytes) -> None:
    """Erase a person's hash; they stay counted, as nobody in particular (rules.md R2.12)."""
    begin, end = section(block, MEMBERS)
    for at in range(begin, end, ENTRY):
        if block[at : at + 8] == member:
            block[at : at + 8] = ERASED
