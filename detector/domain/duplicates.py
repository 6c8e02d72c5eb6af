"""Whether an event was taken in before: the same id again changes nothing (events.md 2).

What counts is when the two were recorded: ids are kept for 14 days of record time, however long ago their events
occurred. Facts do not need it: an event that is folded twice leaves what it left the first time.
"""

from typing import Final

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.calendar import DAY_MS
from detector.domain.events import Event

DAYS: Final = 14
MOST: Final = 512
_ID: Final = 8
_USAGE: Final = ("usage.", "docs.", "pricing.", "data.", "integration.", "training.")  # the types of events.md 3, Usage


def duplicate(event: Event, event_hash: bytes, account: Account, now: int) -> bool:
    """Whether the id (`hot.hash8`) was seen; if not, it is remembered: 64 of usage, else 14 days, 512 at most."""
    if event.event_type.startswith(_USAGE):
        return hot.seen(account.hot, event_hash)
    return remembered(account.record.recent, event_hash, now)


def remembered(recent: dict[str, bytes], event_hash: bytes, now: int) -> bool:
    """Whether a hash is among those of the last 14 days, the last 512 at most; if not, it is from now on."""
    today = now // DAY_MS
    for day, ids in recent.items():
        if int(day) <= today - DAYS:
            continue
        found = ids.find(event_hash)
        while found >= 0:
            if found % _ID == 0:
                return True
            found = ids.find(event_hash, found + 1)
    name = str(today)
    if name not in recent:
        for day in [day for day in recent if int(day) <= today - DAYS]:
            del recent[day]
    recent[name] = recent.get(name, b"") + event_hash
    if sum(map(len, recent.values())) > _ID * MOST:
        oldest = min(recent, key=int)
        recent[oldest] = recent[oldest][_ID:]
        if not recent[oldest]:
            del recent[oldest]
    return False


def reach(recent: dict[str, bytes], now: int) -> int | None:
    """How old (ms), at the least, an id must be to have been forgotten for want of room; None where there is room."""
    if sum(map(len, recent.values())) < _ID * MOST:
        return None
    return max(0, now - (int(min(recent, key=int)) + 1) * DAY_MS)
