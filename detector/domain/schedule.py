"""When which account is called next: one deadline an account, and a wheel of minutes for daily evaluations.

Accounts are (tenant_id, account_id). Calls come out in the order (due, tenant, account); a call happens when the clock
has passed its due time by the grace.
"""

import heapq
from bisect import bisect_left, insort
from hashlib import blake2b
from typing import Final, final

from detector.domain.calendar import DAY_MS, MINUTE_MS
from detector.domain.hot import NEVER
from detector.domain.verdict import GRACE_MS

Who = tuple[str, str]

FIRST_MINUTE: Final = 360  # usage days take late events in until 06:00 UTC, so nobody is evaluated before
MINUTES: Final = 1440


def minute_of(path: str) -> int:
    """The account's own minute of the UTC day for daily evaluations, 360 to 1439, by a hash of its path."""
    digest = blake2b(path.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return FIRST_MINUTE + int.from_bytes(digest, "big") % (MINUTES - FIRST_MINUTE)


@final
class Schedule:
    """Deadlines and daily minutes of a partition's accounts; `next_fire` is the clock that the next call waits for."""

    __slots__ = ("_due_of", "_heap", "_minutes", "_slots", "_started", "_wheel", "next_fire")

    def __init__(self) -> None:
        self.next_fire = NEVER
        self._heap: list[tuple[int, Who]] = []
        self._due_of: dict[Who, int] = {}
        self._slots: dict[int, list[Who]] = {}
        self._minutes: list[int] = []
        self._wheel = NEVER  # the due time of the next minute that somebody has
        self._started = 0  # no minute before this is called any more

    def start(self, clock: int) -> None:
        """Begin at a clock: what was due more than the grace before it has been called."""
        self._started = max(0, clock - GRACE_MS)

    def add(self, who: Who, path: str, now: int) -> None:
        """Give an account its minute, from the clock `now` on."""
        minute = minute_of(path)
        slot = self._slots.get(minute)
        if slot is None:
            slot = self._slots[minute] = []
            insort(self._minutes, minute)
        insort(slot, who)
        self._wheel = min(self._wheel, _next_at(max(self._started, now - GRACE_MS), minute))
        self._look()

    def remove(self, who: Who, path: str) -> None:
        """Forget an account: it is not called any more."""
        self._due_of.pop(who, None)
        slot = self._slots[minute_of(path)]
        del slot[bisect_left(slot, who)]

    def wake(self, who: Who, due: int) -> None:
        """Note an account's next deadline; NEVER for none. A later one than before is found when the earlier comes."""
        known = self._due_of.get(who)
        if due == NEVER or (known is not None and known <= due):
            return
        self._due_of[who] = due
        heapq.heappush(self._heap, (due, who))
        self.next_fire = min(self.next_fire, due + GRACE_MS)

    def pop(self) -> tuple[int, list[tuple[Who, bool]]]:
        """Take the calls of the next due time, in order: (account, whether it is also its daily minute)."""
        due = self.next_fire - GRACE_MS
        calls: dict[Who, bool] = {}
        while self._heap and self._heap[0][0] == due:
            _, who = heapq.heappop(self._heap)
            if self._due_of.get(who) == due:
                del self._due_of[who]
                calls[who] = False
        if self._wheel == due:
            calls.update(dict.fromkeys(self._slots[due % DAY_MS // MINUTE_MS], True))
            self._started = due + 1
            at = bisect_left(self._minutes, due % DAY_MS // MINUTE_MS + 1)
            self._wheel = _next_at(due + 1, self._minutes[at % len(self._minutes)])
        self._look()
        return due, sorted(calls.items())

    def _look(self) -> None:
        heap_due = self._heap[0][0] if self._heap else NEVER
        due = min(heap_due, self._wheel)
        self.next_fire = due if due == NEVER else due + GRACE_MS


def _next_at(from_ms: int, minute: int) -> int:
    """The first instant at or after `from_ms` that is this minute of a UTC day."""
    day = from_ms // DAY_MS
    at = day * DAY_MS + minute * MINUTE_MS
    return at if at >= from_ms else at + DAY_MS
