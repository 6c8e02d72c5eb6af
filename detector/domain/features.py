"""What was used: a section of the hot block, an entry for each of the 64 features that were used last.

An entry is the feature's hash, its last use, the days of use among the 64 up to there as bits, and the day of its first
use. Where a feature is dropped, the day of its last use is kept: what happened up to there may be incomplete, so that
neither days of use up to there nor a first use are told any more. So what is told does not depend on the order of
arrival. A feature that is first used long after the account was first seen is a newcomer: of it the three people are
kept who began first, each with their day.
"""

from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import Final, NamedTuple

from detector.domain.layout import (
    FEATURES,
    FIRST_RECORD,
    FORGOTTEN,
    I64,
    LAST_DAY,
    NEWCOMERS,
    STARTS,
    U16,
    read_starts,
    replace,
    section,
)

MOST: Final = 64
BITS: Final = 64
NEW_AFTER_DAYS: Final = 60  # after the account was first seen: a feature first used later is a newcomer
NEW_FOR_DAYS: Final = 120  # so long after its first use the people who began with it are kept
PEOPLE: Final = 3
_DAY_MS: Final = 86_400_000
_ENTRY: Final = Struct("<8sqQH")  # hash, last use, days of use, day of the first use
_LAST: Final = Struct("<qQ")
_FIRST_AT: Final = 24
_BEGAN: Final = Struct("<8s3H24s")  # feature, the days on which three people began with it, who they are
ENTRY_BYTES: Final = _ENTRY.size
NEWCOMER_BYTES: Final = _BEGAN.size
_ALL: Final = 2**BITS - 1
_NOBODY: Final = LAST_DAY


class Newcomer(NamedTuple):
    """A feature that is new to the account: when it was first used, and when the first people (at most 3) began."""

    feature: bytes
    first_day: int
    began: tuple[int, ...]


@lru_cache(maxsize=1 << 14)
def feature_hash(name: str) -> bytes:
    """8 bytes that stand for a feature (its case-folded name), the same on every machine; cached, bounded."""
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def use(block: bytearray, newest: int, day: int, at_ms: int, feature: bytes, member: bytes | None) -> None:
    """Note a use of a feature on a UTC day, at an event time, by a person where one is named."""
    _, _, begin, end, watched = read_starts(block, STARTS)
    found = block.find(feature, begin, end)
    while found >= 0 and (found - begin) % _ENTRY.size:
        found = block.find(feature, found + 1, end)
    if found < 0:
        _first_use(block, newest, day, at_ms, feature, member)
        return
    last, days = _LAST.unpack_from(block, found + 8)
    ahead = day - last // _DAY_MS
    if ahead > 0:
        _LAST.pack_into(block, found + 8, at_ms, (days << ahead | 1) & _ALL if ahead < BITS else 1)
    elif at_ms > last:
        I64.pack_into(block, found + 8, at_ms)
    elif ahead and ahead > -BITS and day > U16.unpack_from(block, FORGOTTEN)[0]:
        _LAST.pack_into(block, found + 8, last, days | 1 << -ahead)
    first = U16.unpack_from(block, found + _FIRST_AT)[0]
    if day < first:
        U16.pack_into(block, found + _FIRST_AT, max(0, day))
    if end != watched:
        _began(block, newest, feature, min(day, first), day, member)


def _first_use(block: bytearray, newest: int, day: int, at_ms: int, feature: bytes, member: bytes | None) -> None:
    begin, end = section(block, FEATURES)
    forgotten = U16.unpack_from(block, FORGOTTEN)[0]
    stored = min(max(0, day), LAST_DAY)
    entry = _ENTRY.pack(feature, at_ms, 1 if not forgotten or stored > forgotten else 0, 0 if forgotten else stored)
    replace(block, FEATURES, end, end, entry)
    if end - begin == MOST * _ENTRY.size:
        _drop_one(block)
    elif not forgotten and _is_new(block, newest, stored):
        _, end = section(block, NEWCOMERS)
        replace(block, NEWCOMERS, end, end, _BEGAN.pack(feature, _NOBODY, _NOBODY, _NOBODY, bytes(24)))
        _began(block, newest, feature, stored, stored, member)


def _drop_one(block: bytearray) -> None:
    """Drop the feature whose last use is longest ago, and forget what may be incomplete from now on."""
    begin, end = section(block, FEATURES)
    entries = list(_ENTRY.iter_unpack(block[begin:end]))
    least = min(entries, key=lambda entry: (entry[1], entry[0]))
    forgotten = max(min(max(1, least[1] // _DAY_MS), LAST_DAY), U16.unpack_from(block, FORGOTTEN)[0])
    U16.pack_into(block, FORGOTTEN, forgotten)
    kept = bytearray()
    for feature, last, days, _ in entries:
        if feature != least[0]:
            told = last // _DAY_MS - forgotten  # so many of the latest days
            kept += _ENTRY.pack(feature, last, days & ((1 << max(0, min(told, BITS))) - 1), 0)
    replace(block, FEATURES, begin, end, kept)
    begin, end = section(block, NEWCOMERS)
    replace(block, NEWCOMERS, begin, end, b"")


# -- newcomers ----------------------------------------------------------------------------------------------------


def _is_new(block: bytes | bytearray, newest: int, first_day: int) -> bool:
    seen_ms: int = I64.unpack_from(block, FIRST_RECORD)[0]
    return first_day > seen_ms // _DAY_MS + NEW_AFTER_DAYS and first_day >= newest - NEW_FOR_DAYS


def _began(block: bytearray, newest: int, feature: bytes, first_day: int, day: int, member: bytes | None) -> None:
    """Let a newcomer, if the feature is one, take in who used it on a day; one that proves to be older goes."""
    at = _newcomer_at(block, feature)
    if at < 0:
        return
    if first_day >= day and not _is_new(block, newest, first_day):
        replace(block, NEWCOMERS, at, at + _BEGAN.size, b"")
        return
    _, *days, people = _BEGAN.unpack_from(block, at)
    if member is None or day > days[-1]:
        return
    others = [(days[n], people[8 * n : 8 * n + 8]) for n in range(PEOPLE) if people[8 * n : 8 * n + 8] != member]
    mine = min([day, *(days[n] for n in range(PEOPLE) if people[8 * n : 8 * n + 8] == member)])
    first = sorted([*others, (mine, member)])[:PEOPLE]
    _BEGAN.pack_into(block, at, feature, *(began for began, _ in first), b"".join(who for _, who in first))


def _newcomer_at(block: bytearray, feature: bytes) -> int:
    begin, end = section(block, NEWCOMERS)
    found = block.find(feature, begin, end)
    while found >= 0 and (found - begin) % _BEGAN.size:
        found = block.find(feature, found + 1, end)
    return found


def grown_old(block: bytearray, newest: int) -> None:
    """Drop the newcomers that are none any more."""
    begin, end = section(block, NEWCOMERS)
    for at in range(end - _BEGAN.size, begin - 1, -_BEGAN.size):
        first = feature_first_used(block, bytes(block[at : at + 8]))
        if first is None or not _is_new(block, newest, first):
            replace(block, NEWCOMERS, at, at + _BEGAN.size, b"")


def newcomers(block: bytes | bytearray) -> list[Newcomer]:
    """The features that are new to the account."""
    begin, end = section(block, NEWCOMERS)
    return [
        Newcomer(feature, first, tuple(day for day in days if day != _NOBODY))
        for feature, *days, _ in _BEGAN.iter_unpack(block[begin:end])
        if (first := feature_first_used(block, feature)) is not None
    ]


def forget_person(block: bytearray, member: bytes, nobody: bytes) -> None:
    """Put nobody in a person's place; that somebody began stays."""
    begin, end = section(block, NEWCOMERS)
    for at in range(begin, end, _BEGAN.size):
        for who in range(at + 14, at + 14 + 8 * PEOPLE, 8):
            if block[who : who + 8] == member:
                block[who : who + 8] = nobody


# -- what readers ask ---------------------------------------------------------------------------------------------


def feature_last_used(block: bytes | bytearray, feature: bytes) -> int | None:
    """The event time of the latest use of a feature; None when it never was used, or is kept no more."""
    entry = _entry(block, feature)
    return None if entry is None else entry[1]


def feature_first_used(block: bytes | bytearray, feature: bytes) -> int | None:
    """The UTC day of the first use of a feature; None when it is not known, or may have been forgotten."""
    entry = _entry(block, feature)
    return None if entry is None or U16.unpack_from(block, FORGOTTEN)[0] else entry[3]


def feature_first_used_since(block: bytes | bytearray, feature: bytes, since: int) -> int | None:
    """The first known use of a feature from an event time on: its UTC day's first instant, where a later day has more.

    Of the day of `since` itself only the latest use of all is known for certain to be later. None: nothing is known.
    """
    entry = _entry(block, feature)
    if entry is None or entry[1] < since:
        return None
    _, last, days, _ = entry
    last_day = last // _DAY_MS
    later = days & ((1 << min(last_day - since // _DAY_MS, BITS)) - 1)  # the days after that of `since`
    back = later.bit_length() - 1
    return last if back <= 0 else (last_day - back) * _DAY_MS


def features_complete_from(block: bytes | bytearray) -> int:
    """The day from which on every feature's use is kept; 0 where none was ever dropped."""
    if block[0] == 1:
        return 0
    forgotten: int = U16.unpack_from(block, FORGOTTEN)[0]
    return forgotten + 1 if forgotten else 0


def features_used(block: bytes | bytearray, last_day: int, days: int) -> tuple[int, int]:
    """How many features were used in the `days` UTC days that end with `last_day`, and in as many days before.

    Exact while both windows together reach back less than 64 days from the newest use, and where
    `features_complete_from` is not later than their first day.
    """
    begin, end = section(block, FEATURES)
    window = (1 << days) - 1
    now = before = 0
    for _, last, used, _ in _ENTRY.iter_unpack(block[begin:end]):
        ahead = last // _DAY_MS - last_day  # days between the last day asked for and the entry's last one
        seen = used >> ahead if ahead >= 0 else used << -ahead
        now += seen & window != 0
        before += seen >> days & window != 0
    return now, before


def _entry(block: bytes | bytearray, feature: bytes) -> tuple[bytes, int, int, int] | None:
    begin, end = section(block, FEATURES)
    return next((entry for entry in _ENTRY.iter_unpack(block[begin:end]) if entry[0] == feature), None)
