"""Whether the process should be restarted (`/livez`) and whether it does its work (`/readyz`)."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from detector.streaming.observer import Silence

TICK_SECONDS: Final = 1.0
"""So often the loop ticks."""

LOOP_SECONDS: Final = 10.0
"""An event loop that has not ticked for so long hangs."""

PROGRESS_SECONDS: Final = 120.0
"""A worker with lag that has applied nothing for so long is stuck, unless it waits for its broker.

So is one of its partitions with records in memory, whatever the others do.
"""

JOINING_SECONDS: Final = 300.0
"""A worker that has come to no partitions for so long will not; a group needs a rebalance time-out or two."""

_JOINING: Final = ("joining", "rebalancing")

FINAL: Final = ("stopping", "failed")
"""After these nothing else is said, whatever is still under way."""


@dataclass(frozen=True)
class Answer:
    """A probe's answer; `reason` is a word of ours, never a value from outside."""

    ok: bool
    reason: str


class Health(Silence):
    """Listens to the worker on its loop and answers the probes from another thread.

    `clock` counts monotonic seconds. Every attribute is replaced whole, so that a reader needs no lock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ticked = self._progressed = self._joining = clock()
        self._connected = False
        self._ready = Answer(ok=False, reason="starting")
        self._lags: dict[tuple[str, int], int] = {}
        self._lag = 0
        self._held: Mapping[int, float] = {}  # partitions with records in memory, and when one was last applied
        self._waiting: frozenset[int] = frozenset()
        self._tripped: frozenset[str] = frozenset()

    def live(self) -> Answer:
        """Tell whether a restart would not help: the loop ticks, and work goes on or need not go on.

        Does not depend on the broker: an outage must not become a storm of restarts.
        """
        now = self._clock()
        if now - self._ticked >= LOOP_SECONDS:
            return Answer(ok=False, reason="event_loop_hangs")
        if not self._connected:
            return Answer(ok=True, reason="waiting_for_broker")
        if self._tripped:
            return Answer(ok=True, reason="dead_letter_limit")
        if standstill := self._standstill(now):
            return Answer(ok=False, reason=standstill)
        if self._waiting and not self._lag:
            return Answer(ok=True, reason="waiting_for_topic")
        return Answer(ok=True, reason="working" if self._lag else "nothing_to_do")

    def _standstill(self, now: float) -> str:
        if self._ready.reason in _JOINING and now - self._joining >= JOINING_SECONDS:
            return "joins_no_group"
        held, waiting = self._held, self._waiting
        since = [at for number, at in held.items() if number not in waiting]
        if self._lag:
            since.append(self._progressed)
        return "no_progress" if since and now - min(since) >= PROGRESS_SECONDS else ""

    def ready(self) -> Answer:
        """Tell whether events are being applied: assigned, recovered, connected, not stopping, no dead-letter limit."""
        if not self._ready.ok:
            return self._ready
        if not self._connected:
            return Answer(ok=False, reason="waiting_for_broker")
        if self._tripped:
            return Answer(ok=False, reason="dead_letter_limit")
        live = self.live()
        return live if not live.ok else self._ready

    def hanging(self) -> float:
        """For how many seconds the loop should have ticked and has not; 0 where it is not late."""
        late = self._clock() - self._ticked - TICK_SECONDS
        return late if late >= TICK_SECONDS else 0.0

    def readiness(self, *, ready: bool, reason: str) -> None:
        """Remember the worker's own word; whoever stops is not ready again."""
        if self._ready.reason not in (*FINAL, reason):
            self._joining = self._clock()
            self._ready = Answer(ready, reason)
        self._begin_anew()  # a change of state is progress: joining and recovering take their time

    def _begin_anew(self) -> None:
        self._progressed = self._clock()
        self._held = {}

    def loop_ticked(self, late_seconds: float) -> None:
        """The loop runs."""
        del late_seconds
        self._ticked = self._clock()

    def broker(self, *, connected: bool) -> None:
        """While the broker is away nothing can be applied; when it is back the patience starts anew."""
        if connected and not self._connected:
            self._joining = self._clock()
            self._begin_anew()
        self._connected = connected

    def rebalance_ended(self, seconds: float, partitions: frozenset[int], generation: int) -> None:
        """Forget the lag of what left."""
        del seconds, generation
        self._lags = {place: records for place, records in self._lags.items() if place[1] in partitions}
        self._waiting &= partitions
        self._sum_up()
        self._begin_anew()

    def recovery_progress(self, partition: int, remaining: int) -> None:
        """Reading state back is progress."""
        del partition, remaining
        self._progressed = self._clock()

    def applied(self, partition: int, records: int, seconds: float) -> None:
        """Applying is progress."""
        del seconds
        if records:
            self._progressed = self._clock()
            if partition in self._held:
                self._held = {**self._held, partition: self._progressed}

    def held(self, partition: int, records: int) -> None:
        """Remember since when a partition has records in memory: what is not fetched yet is the broker's matter."""
        if (partition in self._held) != bool(records):
            others = {number: since for number, since in self._held.items() if number != partition}
            self._held = {**others, partition: self._clock()} if records else others

    def lag(self, topic: str, partition: int, records: int, seconds: float) -> None:
        """Add up what is left to do; where nothing was, the patience starts with what came."""
        del seconds
        self._lags[topic, partition] = records
        self._sum_up()

    def waiting(self, partition: int, topics: frozenset[str]) -> None:
        """Leave out what nothing can be done about: records wait for one of a topic that has none."""
        if (partition in self._waiting) != bool(topics):
            self._waiting ^= {partition}
            self._held = {number: since for number, since in self._held.items() if number != partition}
            self._sum_up()

    def dead_letter_limit(self, topic: str, *, tripped: bool) -> None:
        """Somebody must look first: a restart would read the same records again."""
        self._tripped = self._tripped | {topic} if tripped else self._tripped - {topic}

    def _sum_up(self) -> None:
        if not self._lag:
            self._progressed = self._clock()
        self._lag = sum(records for (_, partition), records in self._lags.items() if partition not in self._waiting)
