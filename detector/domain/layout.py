"""How the hot block is laid out: its header, where its sections begin, and how one of them grows or shrinks.

Little-endian throughout, in this order:

    header      version, widths, counts, the newest day, marks; where the sections that follow the weeks begin
    days        actions of the last 70 UTC days: a ring by day number
    weeks       actions older than 70 days, by ISO week, of the 26 weeks up to there: a ring by week number
    recent ids  the last 64 usage event ids as 8-byte hashes: grows, then a ring
    members     who was seen: see `members`
    features    what was used: see `features`
    newcomers   who began with a new feature: see `features`
    watched     what each person in a named role did, by day: see `watched`

A header's length is in it, so that a later minor may lengthen it. A block of version 1, which ends with members of 10
bytes and has none of the sections after them, is made one of version 2 when it is opened; a read of what it has not
finds nothing.
"""

from struct import Struct
from typing import Final

VERSION: Final = 2
DAYS: Final = 70
WEEKS: Final = 26
MONTHS: Final = 7  # of 30 days by day number: six that are over and the one that runs
MONTH_DAYS: Final = 30
NEVER: Final = 2**63 - 1  # later than any instant: what `next_wake` says when no deadline is stored
LONG_AGO: Final = -(2**63)
NO_DAY: Final = -(2**31)
LAST_DAY: Final = 2**16 - 1  # the latest that two bytes hold: in the year 2149

# Single bytes of the header.
DAY_WIDTH: Final = 1
WEEK_WIDTH: Final = 2
NEXT_ID: Final = 4
LEVEL: Final = 5  # of this period of 70 days; the one before follows
LENGTH: Final = 7
# And its numbers, by offset.
MEMBERS_COUNT: Final = 8  # u16 entries of this period, u16 of the one before
NEWEST: Final = 12
FIRST_USAGE: Final = 16
LAST_USAGE: Final = 24  # one of each kind; the first one is read together with the two before it
FIRST_SEEN: Final = 56
NEXT_WAKE: Final = 64
WAKE_MASK: Final = 72
ACTIVE: Final = 80  # i64 at, u32 people, u16 period, u16 spare
FIRST_RECORD: Final = 96
LAST_RECORD: Final = 104
STARTS: Final = 112  # u16 each: where ids, members, features, newcomers and watched begin
FORGOTTEN: Final = 122  # u16: the last day on which a feature was used that is kept no more, 0 when none was dropped
MONTH_LEVELS: Final = 124  # a byte for each of the months, by their number

# Sections after the weeks, in their order.
IDS: Final = 0
MEMBERS: Final = 1
FEATURES: Final = 2
NEWCOMERS: Final = 3
WATCHED: Final = 4

ENTRY: Final = 11  # of a member
ERASED: Final = bytes(8)  # in place of a person: kept at every sampling level, no hash of a text anybody will find

HEADER: Final = Struct("<8B2Hiq4qqqQqIHxxqq6H7B")
U16: Final = Struct("<H")
I32: Final = Struct("<i")
I64: Final = Struct("<q")
_STARTS: Final = Struct("<5H")
OLD_HEADER: Final = 112
OLD_ENTRY: Final = 10
OLD_IDS: Final = 3  # how many recent ids there are

read_starts: Final = _STARTS.unpack_from
write_starts: Final = _STARTS.pack_into


def new() -> bytearray:
    """Return the block of an account that has not been seen: about 230 bytes."""
    end = HEADER.size + DAYS + WEEKS
    header = HEADER.pack(
        *(VERSION, 1, 1, 0, 0, 0, 0, HEADER.size, 0, 0, NO_DAY, NEVER),
        *(LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, NEVER, NEVER, 0, LONG_AGO, 0, 0, -1, -1),
        *(end, end, end, end, end, 0, *(0,) * MONTHS),
    )
    return bytearray(header + bytes(DAYS + WEEKS))


def opened(persisted: bytes) -> bytearray:
    """Return the block that was persisted. Raises ValueError for a version that this build does not know."""
    if persisted[0] == 1:
        return _from_version_1(persisted)
    if persisted[0] != VERSION:
        raise ValueError(f"hot block of version {persisted[0]}: this build reads up to version {VERSION}")
    return bytearray(persisted)


def section(block: bytes | bytearray, which: int) -> tuple[int, int]:
    """Return where a section begins and ends; both are the end in a block of version 1, not opened yet."""
    if block[0] == 1:
        return len(block), len(block)
    starts = read_starts(block, STARTS)
    return starts[which], len(block) if which == WATCHED else starts[which + 1]


def replace(block: bytearray, which: int, begin: int, end: int, content: bytes | bytearray) -> None:
    """Put `content` where [begin, end) of a section is; the sections after it move."""
    block[begin:end] = content
    moved_by(block, which, len(content) - (end - begin))


def moved_by(block: bytearray, which: int, by: int) -> None:
    """Note that a section, -1 for days and weeks, has become so many bytes longer."""
    starts = read_starts(block, STARTS)
    write_starts(block, STARTS, *starts[: which + 1], *(start + by for start in starts[which + 1 :]))


def _from_version_1(old: bytes) -> bytearray:
    """Members get their months, as far as their last days tell them."""
    length = old[LENGTH]
    ids = length + DAYS * old[DAY_WIDTH] + WEEKS * old[WEEK_WIDTH]
    members = ids + 8 * old[OLD_IDS]
    newest: int = I32.unpack_from(old, NEWEST)[0]
    period = newest // DAYS * DAYS
    kept = bytearray()
    for at in range(members, len(old), OLD_ENTRY):
        now, before = old[at + 8], old[at + 9]
        days = [period + now - 1] * (now > 0) + [period - DAYS + before - 1] * (before > 0)
        months = {day // MONTH_DAYS for day in days if newest // MONTH_DAYS - day // MONTH_DAYS < MONTHS}
        kept += old[at : at + OLD_ENTRY] + bytes((sum(1 << month % MONTHS for month in months),))
    longer = HEADER.size - length
    level = max(old[LEVEL], old[LEVEL + 1])
    end = members + longer + len(kept)
    block = bytearray(old[:OLD_HEADER]) + bytes(HEADER.size - OLD_HEADER) + old[length:members] + kept
    block[0], block[LENGTH], block[OLD_IDS] = VERSION, HEADER.size, 0
    write_starts(block, STARTS, ids + longer, members + longer, end, end, end)
    block[MONTH_LEVELS : MONTH_LEVELS + MONTHS] = bytes((level,) * MONTHS)
    return block
