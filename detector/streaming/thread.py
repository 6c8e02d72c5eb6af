"""The thread that talks to the broker as a group member and hands over whole record batches."""

# ruff: noqa: SLF001 - it reaches into aiokafka and Faust, whose versions guard.py pins

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import ConsumerStoppedError, KafkaError
from aiokafka.structs import TopicPartition
from faust.transport.consumer import ensure_TP
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

from detector.streaming.drain import drain, let_go

ASK_SECONDS: Final = 5.0
"""Between two questions for the ends of what is held."""


class Fetched(NamedTuple):
    """Records of one topic-partition, possibly none, the offset where reading goes on, and the one where it began."""

    records: list[Any]
    next_offset: int
    start: int


class Standing(NamedTuple):
    """Where reading of a topic-partition stands; None = not known yet."""

    position: int | None
    """Next offset to take out of the client."""
    stable_end: int | None
    """Last stable offset, as the latest fetch said; of what is held for long, as the broker was asked."""
    answered_at: int | None
    """A stamp of the latest fetch's answer: it differs from fetch to fetch."""


_UNKNOWN = Standing(None, None, None)


class BatchThread(AIOKafkaConsumerThread):
    """Faust's consumer thread, with batches instead of records."""

    fetch_wait_ms: int = 100
    epoch: Callable[[], int]
    """The engine's epoch: what was asked for in an older one is not taken out of the client any more."""
    told: dict[TP, int]
    """The position of each topic-partition that the main loop was told last."""

    clock: Callable[[], float] = staticmethod(time.monotonic)
    """Monotonic seconds."""
    _ends_due: float = 0.0
    _ends_asked: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.told = {}

    def _create_worker_consumer(self, transport: Any) -> Any:
        """Read committed, and wait for the broker no longer than `fetch_wait_ms`: Faust fixes both otherwise."""
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = self.fetch_wait_ms
        consumer._isolation_level = "read_committed"
        return consumer

    async def fetch(
        self, active: frozenset[TP], held: frozenset[TP], wait_seconds: float, epoch: int
    ) -> dict[TP, Fetched]:
        """Wait up to `wait_seconds` for records of the active topic-partitions.

        Those `held` are not fetched from the broker, but what has arrived of them is handed over all the same.
        Raises what the group coordinator or a partition refuses (a missing right, for instance).
        """
        result: dict[TP, Fetched] = await self.call_thread(self._fetch_batches, active, held, wait_seconds, epoch)
        return result

    async def _fetch_batches(
        self,
        active: frozenset[TP],
        held: frozenset[TP],
        wait_seconds: float,
        epoch: int,
    ) -> dict[TP, Fetched]:
        consumer = self._ensure_consumer()
        fetcher = consumer._fetcher
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        deadline = time.monotonic() + wait_seconds
        with fetcher._subscriptions.fetch_context():
            while self.consumer.flow_active and self.epoch() == epoch:
                consumer._coordinator.check_errors()
                joining = fetcher._subscriptions.reassignment_in_progress
                if not joining:
                    self._ask_ends(fetcher, held)
                taken = {} if joining else self._take(fetcher, active, held, consumer._max_poll_records)
                left = deadline - time.monotonic()
                if taken or left <= 0:
                    return taken
                await _arrival(fetcher, min(left, 0.01) if joining else left)
        return {}

    def _take(self, fetcher: Any, active: frozenset[TP], held: frozenset[TP], limit: int) -> dict[TP, Fetched]:
        """Take out what has arrived, without waiting, and pause and resume fetching as asked."""
        taken: dict[TP, Fetched] = {}
        assignment = fetcher._subscriptions.subscription.assignment
        for raw in assignment.tps:
            tp = ensure_TP(raw)
            state = assignment.state_value(raw)
            if tp not in active or tp in held:
                state.pause()
            elif state.paused:
                state.resume()
            start = state.position if state.has_valid_position else 0
            buffered = fetcher._records.get(raw)
            records: list[Any] = []
            if buffered is not None:
                records = self._unpack(fetcher, raw, buffered, limit) if tp in active else _forget(fetcher, raw)
            if tp in active and state.has_valid_position and (records or self.told.get(tp) != state.position):
                self.told[tp] = state.position
                taken[tp] = Fetched(records, state.position, start)
        return taken

    def _unpack(self, fetcher: Any, tp: Any, buffered: Any, limit: int) -> list[Any]:
        if type(buffered) is not FetchResult:
            _forget(fetcher, tp)
            buffered.check_raise()
        drained = drain(buffered, limit)
        if not buffered.has_more():
            _forget(fetcher, tp)
        return drained[0] if drained is not None else []

    def _ask_ends(self, fetcher: Any, held: frozenset[TP]) -> None:
        """Learn now and then, beside the fetching, where the logs end of which nothing is fetched: how far they lag."""
        now = self.clock()
        if not held:
            self._ends_due = now + ASK_SECONDS
        elif now >= self._ends_due and (self._ends_asked is None or self._ends_asked.done()):
            self._ends_due = now + ASK_SECONDS
            self._ends_asked = asyncio.create_task(
                _learn_ends(fetcher, fetcher._subscriptions.subscription.assignment, held)
            )

    async def place(self, offsets: Mapping[TP, int]) -> None:
        """Start reading each topic-partition at its offset."""
        await self.call_thread(self._place, offsets)

    async def _place(self, offsets: Mapping[TP, int]) -> None:
        consumer = self._ensure_consumer()
        for tp, offset in offsets.items():
            consumer.seek(tp, offset)
            self.told[tp] = offset

    async def committed(self, tps: frozenset[TP]) -> dict[TP, int | None]:
        """The group's committed offsets; None where there is none."""
        found: dict[TP, int | None] = await self.call_thread(self._committed, tps)
        return found

    async def _committed(self, tps: frozenset[TP]) -> dict[TP, int | None]:
        offsets = await self._ensure_consumer()._coordinator.fetch_committed_offsets(list(tps))
        return {tp: offsets[tp].offset if tp in offsets and offsets[tp].offset >= 0 else None for tp in tps}

    def standing(self, tp: TP) -> Standing:
        """Where reading stands; may be called from any thread."""
        subscription = self._ensure_consumer()._fetcher._subscriptions.subscription
        assignment = subscription.assignment if subscription is not None else None
        state = assignment.state_value(tp) if assignment is not None else None
        if state is None:
            return _UNKNOWN
        return Standing(state._position, state.lso, state.timestamp)

    def reached(self, seconds: float, *, waits: bool) -> bool:
        """Say whether a broker answered within so many seconds; may be called from any thread.

        While it `waits` for others to join the group nothing has to be answered: then an open connection will do.
        """
        if self._consumer is None:
            return True  # it was reached before, and nothing was asked since
        opened = [one for one in list(self._consumer._client._conns.values()) if one.connected()]
        return any(waits or time.monotonic() - one._last_action < seconds for one in opened)

    def refusal(self) -> Exception | None:
        """What the group's coordinator has against this member, where it has; may be called from any thread.

        A poll would raise it, but nothing is polled before the first partition is assigned.
        """
        found: Exception | None = getattr(getattr(self._consumer, "_coordinator", None), "_pending_exception", None)
        return found

    def session_lost(self) -> bool:
        """Say whether the group went on without this member: what it holds may belong to another by now."""
        return bool(self._ensure_consumer()._coordinator.generation == -1)


def _forget(fetcher: Any, tp: Any) -> list[Any]:
    """Drop what was fetched: its position did not move, so it is fetched again once it is wanted."""
    dropped = fetcher._records.pop(tp)
    if type(dropped) is FetchResult:
        let_go(dropped)
    fetcher._notify(fetcher._wait_consume_future)
    return []


async def _learn_ends(fetcher: Any, assignment: Any, tps: frozenset[TP]) -> None:
    try:
        ends = await fetcher.end_offsets([TopicPartition(*tp) for tp in tps], ASK_SECONDS * 1_000)
    except KafkaError:
        return  # a lag is older for it, nothing else
    for tp, end in ends.items():
        if assignment.active and tp in assignment.tps:
            state = assignment.state_value(tp)
            state.lso = max(end, state.lso or 0)  # a fetch may have said more meanwhile


async def _arrival(fetcher: Any, wait_seconds: float) -> None:
    """Wait until something was fetched; raises what the coordinator has to say in the meantime."""
    waiter = fetcher._create_fetch_waiter()
    try:
        done, _ = await asyncio.wait([waiter], timeout=wait_seconds)
        if done:
            waiter.result()
    finally:
        waiter.cancel()
