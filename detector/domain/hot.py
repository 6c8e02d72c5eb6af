"""The hot block: the usage state of one account, edited in place as bytes and never thawed.

A block is a bytearray; `bytes(block)` is its persisted form and `opened` reads it back; `layout` says what is where.
Days and weeks are 1, 2 or 4 bytes wide, as the account's figures need, and stop counting at 2^32 - 1. Instants are
epoch milliseconds of event time; a day is a number of UTC days since 1970-01-01. Facts (all but the recent ids)
do not depend on the order in which events arrive, and nothing here raises for data.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from detector.domain import features, members, watched
from detector.domain.layout import (
    ACTIVE,
    DAY_WIDTH,
    DAYS,
    ERASED,
    FIRST_RECORD,
    FIRST_SEEN,
    FIRST_USAGE,
    I32,
    I64,
    IDS,
    LAST_RECORD,
    LAST_USAGE,
    LENGTH,
    LONG_AGO,
    NEVER,
    NEWEST,
    NEXT_ID,
    NEXT_WAKE,
    NO_DAY,
    STARTS,
    U16,
    VERSION,
    WAKE_MASK,
    WEEK_WIDTH,
    WEEKS,
    moved_by,
    new,
    opened,
    read_starts,
    replace,
)
from detector.domain.members import distinct_members, hash8, member_hash, sampling_level

__all__ = (
    "DAYS", "NEVER", "VERSION", "WEEKS", "distinct_members", "hash8", "member_hash", "new", "opened", "sampling_level",
)  # fmt: skip

RECENT_IDS: Final = 64

# Kinds of usage, each with its own last-seen mark.
RECORDED: Final = 0
ACTIVE_USERS: Final = 1
DOCS_VIEWED: Final = 2
DATA_EXPORTED: Final = 3

_U64: Final = Struct("<Q")
_LASTS: Final = Struct("<4q")
_PEOPLE: Final = Struct("<qIH")
_ID: Final = Struct("<8s")
_read_usage: Final = Struct("<iqq").unpack_from
_WIDTHS: Final = {1: Struct("<B"), 2: U16, 4: Struct("<I")}
_ALL_DAYS: Final = {1: Struct(f"<{DAYS}B"), 2: Struct(f"<{DAYS}H"), 4: Struct(f"<{DAYS}I")}
_ALL_WEEKS: Final = {1: Struct(f"<{WEEKS}B"), 2: Struct(f"<{WEEKS}H"), 4: Struct(f"<{WEEKS}I")}
_MOST: Final = 2**32 - 1


class ActiveUsers(NamedTuple):
    """The latest `usage.active_users` of a month: people counted over `period_days`, at an instant of event time."""

    at_ms: int
    people: int
    period_days: int


# -- recent ids ---------------------------------------------------------------------------------------------------


def seen(block: bytearray, event_id: bytes) -> bool:
    """Return whether this id (`hash8`) is among the last 64; if not, it is the latest of them from now on."""
    start, end, _, _, _ = read_starts(block, STARTS)
    found = block.find(event_id, start, end)
    while found >= 0:
        if (found - start) % 8 == 0:
            return True
        found = block.find(event_id, found + 1, end)
    if end - start < 8 * RECENT_IDS:
        replace(block, IDS, end, end, event_id)
    else:
        slot = block[NEXT_ID]
        _ID.pack_into(block, start + 8 * slot, event_id)
        block[NEXT_ID] = (slot + 1) % RECENT_IDS
    return False


# -- actions by day and week --------------------------------------------------------------------------------------


def add_usage(
    block: bytearray,
    day: int,
    count: int,
    member: bytes | None,
    at_ms: int,
    kind: int = RECORDED,
    feature: bytes | None = None,
) -> None:
    """Count `count` (0 or more) actions on a UTC day, by a person (`member_hash`) and of a feature, where one is named.

    `at_ms` is the event time and moves the marks of `kind`. A day newer than all before moves the windows on; one
    that is older than they reach changes the marks only. Duplicates are the caller's to stop, with `seen`.
    """
    newest, first, last = _read_usage(block, NEWEST)
    if day > newest:
        _move_to(block, newest, day)
        newest = day
    if day > newest - DAYS:
        at = block[LENGTH] + day % DAYS
        if block[DAY_WIDTH] == 1 and block[at] + count < 256:  # the usual case of the general one
            block[at] += count
        else:
            _add_day(block, day, count)
    elif count:
        _add_week(block, newest, day, count)
    if member is not None:
        _, begin, end, _, others = read_starts(block, STARTS)
        if others != len(block):
            watched.add(block, others, newest, day, count, member)
        members.come(block, begin, end, newest, day, member)
    if feature is not None:
        features.use(block, newest, day, at_ms, feature, member)
    if kind != RECORDED or at_ms > last or at_ms < first:
        mark_usage(block, kind, at_ms)


def newest_day(block: bytes | bytearray) -> int | None:
    """Return the newest UTC day on which there was usage."""
    newest: int = I32.unpack_from(block, NEWEST)[0]
    return None if newest == NO_DAY else newest


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
    newest: int = I32.unpack_from(block, NEWEST)[0]
    last = _week_of(newest - DAYS)
    width = block[WEEK_WIDTH]
    counts = _ALL_WEEKS[width].unpack_from(block, block[LENGTH] + DAYS * block[DAY_WIDTH])
    weeks = range(last - WEEKS + 1, last + 1)
    return [(week * 7 - 3, counts[week % WEEKS]) for week in weeks if counts[week % WEEKS]]


def _counts(block: bytes | bytearray, first_day: int, last_day: int) -> tuple[int, Sequence[int]]:
    """Return the first day that is kept of those asked for, and the counts from it on."""
    newest: int = I32.unpack_from(block, NEWEST)[0]
    first, last = max(first_day, newest - DAYS + 1), min(last_day, newest)
    if first > last:
        return first, ()
    counts = _ALL_DAYS[block[DAY_WIDTH]].unpack_from(block, block[LENGTH])
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
        moved_by(block, -1, arrays[width].size - (end - start))
    _WIDTHS[width].pack_into(block, start + index * width, total)


def _add_day(block: bytearray, day: int, count: int) -> None:
    width = block[DAY_WIDTH]
    _add(block, DAY_WIDTH, block[LENGTH], _ALL_DAYS, day % DAYS, count)
    if block[DAY_WIDTH] != width:
        watched.widened(block, width)


def _add_week(block: bytearray, newest: int, day: int, count: int) -> None:
    week = _week_of(day)
    if week > _week_of(newest - DAYS) - WEEKS:
        start = block[LENGTH] + DAYS * block[DAY_WIDTH]
        _add(block, WEEK_WIDTH, start, _ALL_WEEKS, week % WEEKS, count)


def _move_to(block: bytearray, newest: int, day: int) -> None:
    """Make `day` the newest: days that leave the 70 go to their weeks, weeks that leave the 26 are forgotten."""
    I32.pack_into(block, NEWEST, day)
    if newest == NO_DAY:
        return
    last_week = _week_of(day - DAYS)
    width = block[WEEK_WIDTH]
    start = block[LENGTH] + DAYS * block[DAY_WIDTH]
    for week in range(max(_week_of(newest - DAYS), last_week - WEEKS) + 1, last_week + 1):
        _WIDTHS[width].pack_into(block, start + week % WEEKS * width, 0)
    width = block[DAY_WIDTH]
    for leaving in range(newest - DAYS + 1, min(day - DAYS, newest) + 1):
        at = block[LENGTH] + leaving % DAYS * width
        count = _WIDTHS[width].unpack_from(block, at)[0]
        if count:
            _WIDTHS[width].pack_into(block, at, 0)
            _add_week(block, day, leaving, count)
    watched.moved_on(block, newest, day)
    members.moved_on(block, newest, day)
    features.grown_old(block, day)


# -- people -------------------------------------------------------------------------------------------------------


def forget_member(block: bytearray, member: bytes) -> None:
    """Erase a person's hash; they stay counted, as nobody in particular, and are watched no more (rules.md R2.12)."""
    members.forget(block, member)
    features.forget_person(block, member, ERASED)
    watched.forget(block, member)


# -- marks --------------------------------------------------------------------------------------------------------


def mark_usage(block: bytearray, kind: int, at_ms: int) -> None:
    """Move the first-usage mark and the last-seen mark of a kind of usage to include this event time."""
    at = LAST_USAGE + 8 * kind
    if at_ms > I64.unpack_from(block, at)[0]:
        I64.pack_into(block, at, at_ms)
    if at_ms < I64.unpack_from(block, FIRST_USAGE)[0]:
        I64.pack_into(block, FIRST_USAGE, at_ms)


def mark_seen(block: bytearray, at_ms: int) -> None:
    """Move the first-seen mark to include an event of any type."""
    if at_ms < I64.unpack_from(block, FIRST_SEEN)[0]:
        I64.pack_into(block, FIRST_SEEN, at_ms)


def set_active_users(block: bytearray, at_ms: int, people: int, period_days: int) -> None:
    """Keep the latest `usage.active_users` of a month, 21 to 35 days; of two at the same instant the larger one."""
    if not 21 <= period_days <= 35:
        return
    given = (at_ms, min(people, _MOST), period_days)
    if given > _PEOPLE.unpack_from(block, ACTIVE):
        _PEOPLE.pack_into(block, ACTIVE, *given)


def active_users(block: bytes | bytearray) -> ActiveUsers | None:
    """Return the latest `usage.active_users` of a month, if there was one."""
    at_ms, people, period_days = _PEOPLE.unpack_from(block, ACTIVE)
    return None if at_ms == LONG_AGO else ActiveUsers(at_ms, people, period_days)


def first_seen(block: bytes | bytearray) -> int | None:
    """Return the earliest instant given to `mark_seen`."""
    at_ms: int = I64.unpack_from(block, FIRST_SEEN)[0]
    return None if at_ms == NEVER else at_ms


def first_usage(block: bytes | bytearray) -> int | None:
    """Return the event time of the earliest usage of any kind."""
    at_ms: int = I64.unpack_from(block, FIRST_USAGE)[0]
    return None if at_ms == NEVER else at_ms


def last_usage(block: bytearray, kind: int | None = None) -> int | None:
    """Return the event time of the latest usage of one kind, or of any."""
    lasts = _LASTS.unpack_from(block, LAST_USAGE)
    at_ms: int = max(lasts) if kind is None else lasts[kind]
    return None if at_ms == LONG_AGO else at_ms


def first_record(block: bytes | bytearray) -> int:
    """Return the record time at which the account was first seen by the detector; -1 before that."""
    at_ms: int = I64.unpack_from(block, FIRST_RECORD)[0]
    return at_ms


def last_record(block: bytes | bytearray) -> int:
    """Return the effective time of the last record applied, or the firing time of the last deadline; -1 for none."""
    at_ms: int = I64.unpack_from(block, LAST_RECORD)[0]
    return at_ms


def set_first_record(block: bytearray, at_ms: int) -> None:
    """Store when the detector first saw the account."""
    I64.pack_into(block, FIRST_RECORD, at_ms)


def set_last_record(block: bytearray, at_ms: int) -> None:
    """Store how far the account has come in record time."""
    I64.pack_into(block, LAST_RECORD, at_ms)


def next_wake(block: bytes | bytearray | memoryview) -> int:
    """Return the earliest deadline stored with the account, or `NEVER`; reads persisted bytes as they are."""
    at_ms: int = I64.unpack_from(block, NEXT_WAKE)[0]
    return at_ms


def set_next_wake(block: bytearray, at_ms: int) -> None:
    """Store the earliest deadline of the account; `NEVER` for none."""
    I64.pack_into(block, NEXT_WAKE, at_ms)


def wake_mask(block: bytes | bytearray | memoryview) -> int:
    """Return the 64 bits that say who can be woken; their meaning is the caller's."""
    mask: int = _U64.unpack_from(block, WAKE_MASK)[0]
    return mask


def set_wake_mask(block: bytearray, mask: int) -> None:
    """Store the 64 bits that say who can be woken."""
    _U64.pack_into(block, WAKE_MASK, mask)
