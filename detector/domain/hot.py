"""The hot block: the usage state of one account, edited in place as bytes and never thawed.

A block is a bytearray; `bytes(block)` is its persisted form and `opened` reads it back. Little-endian throughout:

    header      version, widths, counts, the newest day, marks; its length is in it, so a later minor may lengthen it
    days        actions of the last 70 UTC days: a ring by day number
    weeks       actions older than 70 days, by ISO week, of the 26 weeks up to there: a ring by week number
    recent ids  the last 64 usage event ids as 8-byte hashes: grows, then a ring
    members     entries of 10 bytes: see `_record_member`

Days and weeks are 1, 2 or 4 bytes wide, as the account's figures need, and stop counting at 2^32 - 1. Instants are
epoch milliseconds of event time; a day is a number of UTC days since 1970-01-01. Facts (all but the recent ids)
do not depend on the order in which events arrive, and nothing here raises for data.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import Final, NamedTuple

VERSION: Final = 1
DAYS: Final = 70
WEEKS: Final = 26
RECENT_IDS: Final = 64
EXACT_MEMBERS: Final = 512
NEVER: Final = 2**63 - 1  # later than any instant: what `next_wake` says when no deadline is stored

# Kinds of usage, each with its own last-seen mark.
RECORDED: Final = 0
ACTIVE_USERS: Final = 1
DOCS_VIEWED: Final = 2
DATA_EXPORTED: Final = 3

# Single bytes of the header.
_DAY_WIDTH: Final = 1
_WEEK_WIDTH: Final = 2
_IDS: Final = 3
_NEXT_ID: Final = 4
_LEVEL: Final = 5  # of this period; the one before follows
_LENGTH: Final = 7
# And its numbers, by offset.
_MEMBERS: Final = 8  # u16 entries of this period, u16 of the one before
_NEWEST: Final = 12
_FIRST_USAGE: Final = 16
_LAST_USAGE: Final = 24  # one of each kind; the first one is read together with the two before it
_FIRST_SEEN: Final = 56
_NEXT_WAKE: Final = 64
_WAKE_MASK: Final = 72
_ACTIVE: Final = 80  # i64 at, u32 people, u16 period, u16 spare
_FIRST_RECORD: Final = 96
_LAST_RECORD: Final = 104

_HEADER: Final = Struct("<8B2Hiq4qqqQqIHxxqq")
_U16: Final = Struct("<H")
_I32: Final = Struct("<i")
_I64: Final = Struct("<q")
_U64: Final = Struct("<Q")
_LASTS: Final = Struct("<4q")
_PEOPLE: Final = Struct("<qIH")
_ID: Final = Struct("<8s")
_read_usage: Final = Struct("<iqq").unpack_from
_WIDTHS: Final = {1: Struct("<B"), 2: _U16, 4: Struct("<I")}
_ALL_DAYS: Final = {1: Struct(f"<{DAYS}B"), 2: Struct(f"<{DAYS}H"), 4: Struct(f"<{DAYS}I")}
_ALL_WEEKS: Final = {1: Struct(f"<{WEEKS}B"), 2: Struct(f"<{WEEKS}H"), 4: Struct(f"<{WEEKS}I")}

_NO_DAY: Final = -(2**31)
_LONG_AGO: Final = -(2**63)
_MOST: Final = 2**32 - 1
_ENTRY: Final = 10
_ERASED: Final = bytes(8)  # kept at every sampling level, and no hash of a text that anybody will find


class ActiveUsers(NamedTuple):
    """The latest `usage.active_users`: people counted over `period_days`, at an instant of event time."""

    at_ms: int
    people: int
    period_days: int


def hash8(text: str) -> bytes:
    """Return 8 bytes that stand for an id, the same on every machine."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


@lru_cache(maxsize=1 << 16)
def member_hash(stakeholder_id: str) -> bytes:
    """Return `hash8` of a person's id; cached, bounded, because the same people come again and again."""
    return hash8(stakeholder_id)


def new() -> bytearray:
    """Return the block of an account that has not been seen: about 210 bytes."""
    header = _HEADER.pack(
        *(VERSION, 1, 1, 0, 0, 0, 0, _HEADER.size, 0, 0, _NO_DAY, NEVER),
        *(_LONG_AGO, _LONG_AGO, _LONG_AGO, _LONG_AGO, NEVER, NEVER, 0, _LONG_AGO, 0, 0, -1, -1),
    )
    return bytearray(header + bytes(DAYS + WEEKS))


def opened(persisted: bytes) -> bytearray:
    """Return the block that was persisted. Raises ValueError for a version that this build does not know."""
    if persisted[0] != VERSION:
        raise ValueError(f"hot block of version {persisted[0]}: this build reads version {VERSION}")
    return bytearray(persisted)


# -- recent ids ---------------------------------------------------------------------------------------------------


def seen(block: bytearray, event_id: bytes) -> bool:
    """Return whether this id (`hash8`) is among the last 64; if not, it is the latest of them from now on."""
    count = block[_IDS]
    start = block[_LENGTH] + DAYS * block[_DAY_WIDTH] + WEEKS * block[_WEEK_WIDTH]
    end = start + 8 * count
    found = block.find(event_id, start, end)
    while found >= 0:
        if (found - start) % 8 == 0:
            return True
        found = block.find(event_id, found + 1, end)
    if count < RECENT_IDS:
        block[end:end] = event_id
        block[_IDS] = count + 1
    else:
        slot = block[_NEXT_ID]
        _ID.pack_into(block, start + 8 * slot, event_id)
        block[_NEXT_ID] = (slot + 1) % RECENT_IDS
    return False


# -- actions by day and week --------------------------------------------------------------------------------------


def add_usage(block: bytearray, day: int, count: int, member: bytes | None, at_ms: int, kind: int = RECORDED) -> None:
    """Count `count` (0 or more) actions on a UTC day, by a person (`member_hash`) where one is named.

    `at_ms` is the event time and moves the marks of `kind`. A day newer than all before moves the windows on; one
    that is older than they reach changes the marks only. Duplicates are the caller's to stop, with `seen`.
    """
    newest, first, last = _read_usage(block, _NEWEST)
    if day > newest:
        _move_to(block, newest, day)
        newest = day
    if day > newest - DAYS:
        at = block[_LENGTH] + day % DAYS
        if block[_DAY_WIDTH] == 1 and block[at] + count < 256:  # the usual case of the general one
            block[at] += count
        else:
            _add(block, _DAY_WIDTH, block[_LENGTH], _ALL_DAYS, day % DAYS, count)
    elif count:
        _add_week(block, newest, day, count)
    if member is not None:
        _record_member(block, newest, day, member)
    if kind != RECORDED or at_ms > last or at_ms < first:
        mark_usage(block, kind, at_ms)


def newest_day(block: bytearray) -> int | None:
    """Return the newest UTC day on which there was usage."""
    newest: int = _I32.unpack_from(block, _NEWEST)[0]
    return None if newest == _NO_DAY else newest


def window_sum(block: bytearray, last_day: int, days: int) -> int:
    """Return the actions of the `days` UTC days that end with `last_day`, it included; older than 70 days are 0."""
    return sum(_counts(block, last_day - days + 1, last_day)[1])


def day_counts(block: bytes | bytearray, first_day: int, last_day: int) -> list[int]:
    """Return the actions of each UTC day from first to last, both included; 0 where the block does not reach."""
    kept_from, counts = _counts(block, first_day, last_day)
    before = max(0, min(kept_from, last_day + 1) - first_day)
    return [0] * before + list(counts) + [0] * (last_day - first_day + 1 - before - len(counts))


def week_counts(block: bytearray) -> list[tuple[int, int]]:
    """Return (Monday's day number, actions older than 70 days) of the older weeks that had any, oldest first."""
    newest: int = _I32.unpack_from(block, _NEWEST)[0]
    last = _week_of(newest - DAYS)
    width = block[_WEEK_WIDTH]
    counts = _ALL_WEEKS[width].unpack_from(block, block[_LENGTH] + DAYS * block[_DAY_WIDTH])
    weeks = range(last - WEEKS + 1, last + 1)
    return [(week * 7 - 3, counts[week % WEEKS]) for week in weeks if counts[week % WEEKS]]


def _counts(block: bytes | bytearray, first_day: int, last_day: int) -> tuple[int, Sequence[int]]:
    """Return the first day that is kept of those asked for, and the counts from it on."""
    newest: int = _I32.unpack_from(block, _NEWEST)[0]
    first, last = max(first_day, newest - DAYS + 1), min(last_day, newest)
    if first > last:
        return first, ()
    counts = _ALL_DAYS[block[_DAY_WIDTH]].unpack_from(block, block[_LENGTH])
    begin, end = first % DAYS, last % DAYS + 1
    return first, counts[begin:end] if begin < end else counts[begin:] + counts[:end]


def _week_of(day: int) -> int:
    return (day + 3) // 7  # weeks begin on Mondays


def _add(block: bytearray, width_at: int, start: int, arrays: dict[int, Struct], index: int, count: int) -> None:
    """Add to one number of an array, which gets wider when the sum does not fit."""
    width = block[width_at]
    total = min(_MOST, _WIDTHS[width].unpack_from(block, start + index * width)[0] + count)
    if total >> (8 * width):
        numbers = arrays[width].unpack_from(block, start)
        end = start + arrays[width].size
        width = 2 if total < 2**16 else 4
        block[start:end] = arrays[width].pack(*numbers)
        block[width_at] = width
    _WIDTHS[width].pack_into(block, start + index * width, total)


def _add_week(block: bytearray, newest: int, day: int, count: int) -> None:
    week = _week_of(day)
    if week > _week_of(newest - DAYS) - WEEKS:
        start = block[_LENGTH] + DAYS * block[_DAY_WIDTH]
        _add(block, _WEEK_WIDTH, start, _ALL_WEEKS, week % WEEKS, count)


def _move_to(block: bytearray, newest: int, day: int) -> None:
    """Make `day` the newest: days that leave the 70 go to their weeks, weeks that leave the 26 are forgotten."""
    _I32.pack_into(block, _NEWEST, day)
    if newest == _NO_DAY:
        return
    last_week = _week_of(day - DAYS)
    width = block[_WEEK_WIDTH]
    start = block[_LENGTH] + DAYS * block[_DAY_WIDTH]
    for week in range(max(_week_of(newest - DAYS), last_week - WEEKS) + 1, last_week + 1):
        _WIDTHS[width].pack_into(block, start + week % WEEKS * width, 0)
    width = block[_DAY_WIDTH]
    for leaving in range(newest - DAYS + 1, min(day - DAYS, newest) + 1):
        at = block[_LENGTH] + leaving % DAYS * width
        count = _WIDTHS[width].unpack_from(block, at)[0]
        if count:
            _WIDTHS[width].pack_into(block, at, 0)
            _add_week(block, day, leaving, count)
    if day // DAYS != newest // DAYS:
        _next_period(block, day // DAYS - newest // DAYS)


# -- members ------------------------------------------------------------------------------------------------------


def _members_start(block: bytearray) -> int:
    return block[_LENGTH] + DAYS * block[_DAY_WIDTH] + WEEKS * block[_WEEK_WIDTH] + 8 * block[_IDS]


def _record_member(block: bytearray, newest: int, day: int, member: bytes) -> None:
    """Remember the last day on which a person was seen, in this period of 70 days and in the one before.

    An entry is the person's hash, then for each of the two periods the day in it, from 1, or 0: not seen. Each
    period has a sampling level of its own, so that what is kept is a function of who came on which day and of
    nothing else: level n keeps the hashes that end in n zero bits, and is the least that keeps at most 512 of them
    (distinct sampling: Gibbons, VLDB 2001).
    """
    before = newest // DAYS - day // DAYS
    if before > 1:
        return
    if block[_LEVEL + before] and not _sampled(member, block[_LEVEL + before]):
        return
    in_period = day % DAYS + 1
    start = block[_LENGTH] + DAYS * block[_DAY_WIDTH] + WEEKS * block[_WEEK_WIDTH] + 8 * block[_IDS]
    found = block.find(member, start)
    while found >= 0 and (found - start) % _ENTRY:
        found = block.find(member, found + 1)
    if found >= 0:
        at = found + 8 + before
        known = block[at]
        if known < in_period:
            block[at] = in_period
        if known:
            return
    else:
        block += member + (bytes((0, in_period)) if before else bytes((in_period, 0)))
    at = _MEMBERS + 2 * before
    count = _U16.unpack_from(block, at)[0] + 1
    _U16.pack_into(block, at, count)
    if count > EXACT_MEMBERS:
        _thin_out(block, before)


def _sampled(member: bytes, level: int) -> bool:
    return not int.from_bytes(member, "big") & ((1 << level) - 1)


def _thin_out(block: bytearray, before: int) -> None:
    """Raise the level of one period until at most 512 of its members are left."""
    start = _members_start(block)
    entries = [bytes(block[at : at + _ENTRY]) for at in range(start, len(block), _ENTRY)]
    own, other = 8 + before, 9 - before
    level, count = block[_LEVEL + before], EXACT_MEMBERS + 1
    while count > EXACT_MEMBERS and level < 64:
        level += 1
        count = sum(1 for entry in entries if entry[own] and _sampled(entry[:8], level))
    kept = bytearray()
    for entry in entries:
        if not entry[own] or _sampled(entry[:8], level):
            kept += entry
        elif entry[other]:
            kept += entry[:8] + (bytes((entry[8], 0)) if before else bytes((0, entry[9])))
    block[start:] = kept
    block[_LEVEL + before] = level
    _U16.pack_into(block, _MEMBERS + 2 * before, count)


def _next_period(block: bytearray, steps: int) -> None:
    """Turn this period into the one before (one step) or forget both (more)."""
    start = _members_start(block)
    kept = bytearray()
    if steps == 1:
        for at in range(start, len(block), _ENTRY):
            if block[at + 8]:
                kept += block[at : at + 8] + bytes((0, block[at + 8]))
        block[_LEVEL + 1] = block[_LEVEL]
        block[_MEMBERS + 2 : _MEMBERS + 4] = block[_MEMBERS : _MEMBERS + 2]
    else:
        block[_LEVEL + 1] = 0
        _U16.pack_into(block, _MEMBERS + 2, 0)
    block[start:] = kept
    block[_LEVEL] = 0
    _U16.pack_into(block, _MEMBERS, 0)


def distinct_members(block: bytearray, since_day: int) -> int:
    """Return how many people were seen on `since_day` or later: reaches back 70 to 140 days.

    Exact while `sampling_level` is 0; else an estimate whose standard error is about 4 to 6%.
    """
    newest: int = _I32.unpack_from(block, _NEWEST)[0]
    period = newest // DAYS
    start = _members_start(block)
    now = block[start + 8 :: _ENTRY]
    if since_day >= period * DAYS:
        since = since_day - period * DAYS + 1
        return sum(1 for last in now if last >= since) << block[_LEVEL]
    since = max(1, since_day - (period - 1) * DAYS + 1)
    level = max(block[_LEVEL], block[_LEVEL + 1])
    earlier = block[start + 9 :: _ENTRY]
    if not level:
        return sum(1 for last, before in zip(now, earlier, strict=True) if last > 0 or before >= since)
    hashes = [bytes(block[at : at + 8]) for at in range(start, len(block), _ENTRY)]
    both = zip(hashes, now, earlier, strict=True)
    return sum(1 for key, last, before in both if (last > 0 or before >= since) and _sampled(key, level)) << level


def sampling_level(block: bytearray) -> int:
    """Return 0 while all members are kept, else n where one in 2^n is; the higher one of the two periods."""
    return max(block[_LEVEL], block[_LEVEL + 1])


def forget_member(block: bytearray, member: bytes) -> None:
    """Erase a person's hash; they stay counted, as nobody in particular (rules.md R2.12)."""
    start = _members_start(block)
    for at in range(start, len(block), _ENTRY):
        if block[at : at + 8] == member:
            block[at : at + 8] = _ERASED


# -- marks --------------------------------------------------------------------------------------------------------


def mark_usage(block: bytearray, kind: int, at_ms: int) -> None:
    """Move the first-usage mark and the last-seen mark of a kind of usage to include this event time."""
    at = _LAST_USAGE + 8 * kind
    if at_ms > _I64.unpack_from(block, at)[0]:
        _I64.pack_into(block, at, at_ms)
    if at_ms < _I64.unpack_from(block, _FIRST_USAGE)[0]:
        _I64.pack_into(block, _FIRST_USAGE, at_ms)


def mark_seen(block: bytearray, at_ms: int) -> None:
    """Move the first-seen mark to include an event of any type."""
    if at_ms < _I64.unpack_from(block, _FIRST_SEEN)[0]:
        _I64.pack_into(block, _FIRST_SEEN, at_ms)


def set_active_users(block: bytearray, at_ms: int, people: int, period_days: int) -> None:
    """Keep the latest `usage.active_users`; of two at the same instant the larger one."""
    given = (at_ms, min(people, _MOST), min(period_days, 2**16 - 1))
    if given > _PEOPLE.unpack_from(block, _ACTIVE):
        _PEOPLE.pack_into(block, _ACTIVE, *given)


def active_users(block: bytearray) -> ActiveUsers | None:
    """Return the latest `usage.active_users`, if there was one."""
    at_ms, people, period_days = _PEOPLE.unpack_from(block, _ACTIVE)
    return None if at_ms == _LONG_AGO else ActiveUsers(at_ms, people, period_days)


def first_seen(block: bytearray) -> int | None:
    """Return the earliest instant given to `mark_seen`."""
    at_ms: int = _I64.unpack_from(block, _FIRST_SEEN)[0]
    return None if at_ms == NEVER else at_ms


def first_usage(block: bytes | bytearray) -> int | None:
    """Return the event time of the earliest usage of any kind."""
    at_ms: int = _I64.unpack_from(block, _FIRST_USAGE)[0]
    return None if at_ms == NEVER else at_ms


def last_usage(block: bytearray, kind: int | None = None) -> int | None:
    """Return the event time of the latest usage of one kind, or of any."""
    lasts = _LASTS.unpack_from(block, _LAST_USAGE)
    at_ms: int = max(lasts) if kind is None else lasts[kind]
    return None if at_ms == _LONG_AGO else at_ms


def first_record(block: bytes | bytearray) -> int:
    """Return the record time at which the account was first seen by the detector; -1 before that."""
    at_ms: int = _I64.unpack_from(block, _FIRST_RECORD)[0]
    return at_ms


def last_record(block: bytearray) -> int:
    """Return the effective time of the last record applied, or the firing time of the last deadline; -1 for none."""
    at_ms: int = _I64.unpack_from(block, _LAST_RECORD)[0]
    return at_ms


def set_first_record(block: bytearray, at_ms: int) -> None:
    """Store when the detector first saw the account."""
    _I64.pack_into(block, _FIRST_RECORD, at_ms)


def set_last_record(block: bytearray, at_ms: int) -> None:
    """Store how far the account has come in record time."""
    _I64.pack_into(block, _LAST_RECORD, at_ms)


def next_wake(block: bytes | bytearray | memoryview) -> int:
    """Return the earliest deadline stored with the account, or `NEVER`; reads persisted bytes as they are."""
    at_ms: int = _I64.unpack_from(block, _NEXT_WAKE)[0]
    return at_ms


def set_next_wake(block: bytearray, at_ms: int) -> None:
    """Store the earliest deadline of the account; `NEVER` for none."""
    _I64.pack_into(block, _NEXT_WAKE, at_ms)


def wake_mask(block: bytes | bytearray | memoryview) -> int:
    """Return the 64 bits that say who can be woken; their meaning is the caller's."""
    mask: int = _U64.unpack_from(block, _WAKE_MASK)[0]
    return mask


def set_wake_mask(block: bytearray, mask: int) -> None:
    """Store the 64 bits that say who can be woken."""
    _U64.pack_into(block, _WAKE_MASK, mask)
