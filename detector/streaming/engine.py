"""The order of things: who owns a partition, what is applied, when it becomes durable, and what a rebalance forgets."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from faust.types import TP

from detector.errors import CONFIG, INTERNAL, DetectorError
from detector.streaming.batches import BatchMessage
from detector.streaming.ending import Ending
from detector.streaming.fold import Encoders, FoldFactory
from detector.streaming.limit import DeadLetterLimit
from detector.streaming.live import Live, answered_within, made_anew, state_lost
from detector.streaming.observer import Observer
from detector.streaming.options import WorkerOptions
from detector.streaming.store import Store
from detector.streaming.thread import Standing
from detector.streaming.writer import CrashPoint, ProducerFactory, Writer

if TYPE_CHECKING:
    from detector.streaming.consumer import BatchConsumer

_log = logging.getLogger(__name__)
_WRITING_SECONDS: Final = 0.001
"""A rest after each slice of work while a transaction is under way: with one turn a slice, it needs twenty slices."""


class Engine:
    """Runs the folds of the assigned partitions; used on the event loop only (`epoch` is read by the fetching thread).

    `epoch` rises whenever partitions may have changed hands: whatever was fetched in an older one is dead.
    """

    def __init__(
        self,
        options: WorkerOptions,
        partitions: int,
        fold_factory: FoldFactory,
        encoders: Encoders,
        *,
        observer: Observer,
        ending: Ending,
        crash_point: CrashPoint = lambda _name: None,
        make_producer: ProducerFactory | None = None,
        after_recovery: Callable[[], object] = lambda: None,
        limit: DeadLetterLimit | None = None,
    ) -> None:
        self.options = options
        self.partitions = partitions
        self.topics = frozenset(options.topics)
        self.epoch = 0
        self.running = False
        """Whether batches are applied and checkpoints made."""
        self.stores: dict[int, Store] = {}
        self.live: dict[int, Live] = {}
        self._writers: dict[int, Writer] = {}
        self._fold_factory = fold_factory
        self._encoders = encoders
        self._observer = observer
        self._ending = ending
        self._crash_point = crash_point
        self._make_producer = make_producer
        self._after_recovery = after_recovery
        self._limit = limit or DeadLetterLimit(options.topics)
        self._told_limit = False
        self._consumer: BatchConsumer | None = None
        self._assigned_epoch: int | None = None
        self._stopped = False
        self._generation = 0
        self._recovering = False
        self._reached = True
        self._writing = 0  # transactions under way
        self._came_at: dict[str, float] = {}
        self._rebalance_began = self._recovery_began = self._progressed_at = monotonic()

    def attach(self, consumer: "BatchConsumer") -> None:
        """Hear which consumer delivers."""
        self._consumer = consumer

    def _standing(self, topic: str, number: int) -> Standing:
        assert self._consumer is not None  # noqa: S101 - batches come from it
        return self._consumer.thread.standing(TP(topic, number))

    @property
    def halted(self) -> bool:
        """Whether the limit of dead letters has tripped: nothing is fetched or applied until the worker is restarted.

        It stays in its group with its partitions: given away, the next worker would go the same way.
        """
        return bool(self._limit.tripped)

    # -- applying

    def delivered(self, message: BatchMessage) -> None:
        """Count a batch that is on its way to `apply`."""
        live = self.live.get(message.partition)
        if live is not None:
            live.delivered(message)
            if message.records:
                self._came_at[message.topic] = monotonic()
            self._observer.fetched(message.topic, message.partition, len(message.records))

    def held(self, active: Iterable[TP]) -> frozenset[TP]:
        """Those topic-partitions of which enough is in memory.

        Each is bounded alone: one bound for all would leave the merge waiting for a topic that may not be fetched.
        """
        options = self.options
        return frozenset(
            tp
            for tp in active
            if tp.topic in self.topics
            and (live := self.live.get(tp.partition)) is not None
            and (
                self.halted
                or live.backlog(tp.topic) > options.in_flight_records
                or live.held_bytes(tp.topic) > options.in_flight_bytes
            )
        )

    async def apply(self, message: BatchMessage) -> None:
        """Fold a batch into state, unless it was fetched before the last rebalance."""
        live = self.live.get(message.partition)
        if message.epoch != self.epoch or not self.running or live is None:
            return
        try:
            lost = live.offer(message)
            if lost:
                place = message.topic, message.partition
                _log.error("%s partition %d: %d offsets before %d are gone, not read", *place, lost, message.start)
                self._observer.lost(*place, lost)
            await self._advance(live)
        except Exception as error:  # noqa: BLE001 - the core is total: whatever it raises is a bug, and the end
            self._ending.abandon(f"applying {message.topic} partition {message.partition}", error)

    async def _advance(self, live: Live) -> None:
        epoch = self.epoch
        replayed = self.options.record_time == "create"
        while self._goes_on(live, epoch):
            began, limit, before = monotonic(), live.slice, dict(live.fold.positions)
            applied = live.fold.advance((), limit) if replayed else live.fold.advance(live.ended(self._standing), limit)
            if applied:
                took = monotonic() - began
                live.pace(took, applied, most=self.options.chunk_records)
                self._observer.applied(live.number, applied, took)
                for topic in self.topics:
                    if live.fold.positions.get(topic) != before.get(topic):
                        self._observer.worked(topic, took / applied)
                self._crash_point("apply")
            if self.halted:
                self._halt()
            full = live.fold.full
            live.stuck = applied < limit and not full and self._waiting(live)
            if live.fold.urgent:
                self._spawn(live, self._hasten(live))
            if full or applied < limit:
                return  # what waits goes on with the next beat
            await asyncio.sleep(_WRITING_SECONDS if self._writing else 0)

    def _goes_on(self, live: Live, epoch: int) -> bool:
        return self.running and not self.halted and not live.fold.full and self.epoch == epoch

    def _halt(self) -> None:
        """Say what to do, once; what was applied so far is made durable at the next checkpoint."""
        self._observer.readiness(ready=False, reason="dead_letter_limit")
        if self._told_limit:
            return
        self._told_limit = True
        for topic, why in self._limit.tripped.items():
            self._observer.dead_letter_limit(topic, tripped=True)
            advice = "`detector dead-letters list` shows them: see to whoever sends them, then restart the worker"
            _log.error("the limit of dead letters: %s: %s — nothing is read any more; %s", topic, why, advice)

    # -- checkpoints

    def _spawn(self, live: Live, work: Coroutine[Any, Any, None]) -> None:
        if live.task is None or live.task.done():
            live.task = asyncio.get_running_loop().create_task(work)
        else:
            work.close()

    async def _hasten(self, live: Live) -> None:
        while live.fold.urgent and self.running and self.live.get(live.number) is live:
            await self._checkpoint(live)

    async def _checkpoint(self, live: Live, *, force: bool = False) -> None:
        began = live.tried_at = monotonic()
        self._writing += 1
        try:
            changes = await live.checkpoint(force=force)
        except Exception as error:  # noqa: BLE001 - memory is ahead of the log now: whatever it was, it is the end
            self.running = False
            self._ending.abandon(f"the checkpoint of partition {live.number}", error)
            return
        finally:
            self._writing -= 1
        if changes is not None:
            live.written_at = monotonic()
            self._observer.checkpointed(live.number, changes, live.written_at - began)
            if self.options.record_time == "log_append" and live.broker_ms and self.live.get(live.number) is live:
                live.stamp(self._standing)

    async def checkpoint(self) -> None:
        """Make everything durable that was applied so far."""
        await asyncio.gather(*[self._checkpoint(live) for live in self.live.values()])

    def beat(self) -> None:
        """Do what is due: waiting records whose topic turned out to have ended, checkpoints, idle partitions.

        Called about ten times a second.
        """
        now = monotonic()
        if not self.running:
            if self._recovering and now - self._progressed_at > self.options.recovery_timeout:
                waited = f"nothing of the changelog came for {self.options.recovery_timeout:.0f} s"
                self._ending.abandon("the recovery", DetectorError(f"{waited} — is it compacted only?", INTERNAL))
            return
        for live in self.live.values():
            if live.stamped or live.fold.urgent or self._waiting(live) or now - live.tried_at >= self._interval(live):
                self._spawn(live, self._attend(live))

    def refused(self, error: Exception) -> None:
        """End the worker, whose broker does not let it read."""
        self._ending.abandon("reading", error)

    async def _attend(self, live: Live) -> None:
        try:
            if not self.halted and (live.pass_time(self._standing) or self._waiting(live)):
                await self._advance(live)
        except Exception as error:  # noqa: BLE001 - as in `apply`
            self._ending.abandon(f"partition {live.number}", error)
            return
        if not self.running or self.live.get(live.number) is not live:
            return
        if monotonic() - live.tried_at >= self._interval(live):
            await self._checkpoint(live)
        if self._declares_idleness(live, monotonic()):
            await self._checkpoint(live, force=True)
        await self._hasten(live)

    def _waiting(self, live: Live) -> bool:
        return any(live.fold.queued(topic) for topic in self.topics)

    def _interval(self, live: Live) -> float:
        bound = self.options.in_flight_records
        behind = any(live.lag(topic, self._standing(topic, live.number))[0] > bound for topic in self.topics)
        return self.options.catch_up_interval if behind else self.options.checkpoint_interval

    def _declares_idleness(self, live: Live, now: float) -> bool:
        return (
            self.options.record_time == "log_append"
            and self.running
            and not self.halted
            and self.live.get(live.number) is live
            and now - live.written_at >= self.options.idle_interval
            and live.idle(self._standing)
        )

    def observe(self) -> None:
        """Tell the observer how far everything has come; called about once a second."""
        self._tell_broker()
        for live in self.live.values():
            for topic in self.topics:
                self._observer.lag(topic, live.number, *live.lag(topic, self._standing(topic, live.number)))
            self._observer.held(live.number, sum(map(live.backlog, self.topics)))
            self._tell_waiting(live)
            # where nothing was written yet, records tell the broker's time: a clock that stands still must show
            self._observer.clock(live.number, live.fold.clock, max(live.broker_ms, *live.fetched_ms.values()))
            self._observer.standing(live.number, live.fold.accounts)
            self._observer.state(live.number, len(live.store.values), live.store.size_bytes)

        self._observer.producer_buffered(sum(writer.unanswered for writer in self._writers.values()))
        self._tell_sources()

    def _tell_broker(self) -> None:
        if self._consumer is None:
            return
        if refusal := self._consumer.thread.refusal():
            self._ending.abandon("the consumer group", refusal)
        reached = self._consumer.thread.reached(self.options.session_timeout, waits=not self.running)
        if reached != self._reached:
            _log.warning("the broker answers again" if reached else "the broker does not answer: waiting for it")
        self._reached = reached
        self._observer.broker(connected=reached)

    def _tell_sources(self) -> None:
        now = monotonic()
        for topic in self.topics:
            quiet = now - self._came_at.setdefault(topic, now) >= self.options.source_idle_seconds
            ended = all(topic in live.ended(self._standing) for live in self.live.values())
            self._observer.source(topic, idle=bool(self.live) and quiet and ended)

    def _tell_waiting(self, live: Live) -> None:
        awaited = live.awaited(self._standing) if self.options.record_time == "create" else frozenset()
        self._observer.waiting(live.number, awaited)
        if awaited and not live.told_awaited:
            _log.info("partition %d waits for a record of %s", live.number, ", ".join(sorted(awaited)))
        live.told_awaited = awaited

    # -- a rebalance, in the order of its steps

    async def give_up(self, *, session_lost: bool) -> None:
        """Partitions are revoked: make durable what was applied, if they are still ours, and forget the rest.

        After a lost session another may have written to them: nothing kept of them is believed any more.
        """
        self._assigned_epoch = None  # whatever of the last assignment is still under way comes too late
        self._rebalance_began = monotonic()
        self._observer.rebalance_started()
        self._observer.readiness(ready=False, reason="rebalancing")
        self.running = False
        if not session_lost:
            await self.checkpoint()
        await asyncio.gather(*[live.task for live in self.live.values() if live.task is not None])
        if session_lost and self.stores:
            _log.warning("the group went on without this worker: its partitions are read anew")
            self.stores.clear()
        self.forget()

    def forget(self) -> None:
        """Drop every fold, and with the epoch all that was fetched."""
        self.epoch += 1
        self.running = self._recovering = False
        self.live.clear()

    async def take_over(self, assigned: Collection[TP], generation: int) -> None:
        """Become the only writer of the assigned partitions, those kept included: it aborts what others left open.

        Only then may their changelogs and offsets be read.
        """
        self.forget()
        if self._stopped:
            return
        self._generation = generation
        self._observer.readiness(ready=False, reason="recovering")
        try:
            numbers = self._numbers(assigned)
            kept = numbers | {tp.partition for tp in assigned}
            for number in self.stores.keys() - kept:
                del self.stores[number]
            await asyncio.gather(*[writer.close() for writer in self._writers.values()])
            self._writers = {number: self._new_writer(number) for number in numbers}
            async with answered_within(self.options.take_over_timeout):
                await asyncio.gather(*[writer.start() for writer in self._writers.values()])
            self._crash_point("take_over")
        except Exception as error:  # noqa: BLE001 - Faust would log it and go on without a writer
            if not self._stopped:
                self._ending.abandon("taking partitions over", error)
            return
        self._assigned_epoch = self.epoch
        self._recovering = True
        self._recovery_began = self._progressed_at = monotonic()
        self._observer.recovery_started(dict.fromkeys(sorted(numbers), 0))
        _log.info("assigned partitions %s in generation %d", sorted(numbers), generation)

    def _numbers(self, assigned: Collection[TP]) -> frozenset[int]:
        """The partition numbers, which must be the same for every in-topic and the changelog."""
        by_topic = {topic: frozenset(tp.partition for tp in assigned if tp.topic == topic) for topic in self.topics}
        by_topic[self.options.changelog] = frozenset(
            tp.partition for tp in assigned if tp.topic == self.options.changelog
        )
        different = set(by_topic.values())
        if len(different) > 1:
            # Before this worker joined they were partitioned alike: most likely the group has readers of other topics.
            raise DetectorError(
                f"a worker of app id {self.options.app_id} reads other topics, or partitions were added, or a topic was"
                " deleted — give each set of topics its own --app-id; `detector topics check` tells which it is",
                CONFIG,
            )
        return different.pop()

    def _new_writer(self, number: int) -> Writer:
        return Writer(
            self.options,
            number,
            self._encoders,
            crash_point=self._crash_point,
            make_producer=self._make_producer,
        )

    def recover(self, message: BatchMessage, remaining: int) -> None:
        """Put a batch of the changelog into the store; `remaining` records are to come."""
        if message.epoch != self.epoch:
            return
        self._progressed_at = monotonic()
        try:
            store = self.stores.setdefault(message.partition, Store())
            for record in message.records:
                if record.key is not None:
                    store.put(record.key, record.value)
            store.upto = message.offset
        except Exception as error:  # noqa: BLE001 - Faust would log it and go on with less state
            self._ending.abandon(f"recovering partition {message.partition}", error)
        self._observer.recovery_progress(message.partition, remaining)

    async def restore(self, active: Collection[int], standby: Collection[int] = ()) -> None:
        """Every changelog was read: make the folds anew from committed state.

        That takes some 10 us an account, so the loop gets a turn after each partition: a million must not look like a
        hang.
        """
        epoch = self.epoch
        if epoch != self._assigned_epoch:
            return  # another rebalance has begun
        self._crash_point("recovery")
        try:
            for number in sorted(active):
                store = self.stores.setdefault(number, Store())
                fold = self._fold_factory(number, store.values, self.partitions)
                fold.restore()
                self.live[number] = Live(number, fold, store, self._writers[number], self.topics, monotonic())
                await asyncio.sleep(0)
                if not epoch == self.epoch == self._assigned_epoch:
                    return
        except Exception as error:  # noqa: BLE001 - Faust would not notice
            self._ending.abandon("restoring the state", error)
            return
        self._observer.recovery_ended(monotonic() - self._recovery_began)
        if not active:
            _log.info("no partition is assigned: standing by (%d standbys)", len(standby))
            self.resume({})

    def state_is_there(self, committed: Mapping[TP, int | None]) -> bool:
        """Say whether the state of all that the group committed is there; else it is the worker's end (78).

        Every checkpoint writes where its partition stands with its offsets: offsets alone are those of a lost state.
        """
        for tp, offset in committed.items():
            live = self.live.get(tp.partition)
            if offset and live is not None and not live.fold.begun:
                self._ending.abandon("taking up reading", state_lost(self.options, tp, offset))
                return False
        return True

    def start_offsets(self, sources: Iterable[TP]) -> dict[TP, int]:
        """Where to read each in-topic from: where the state says that it stands, whatever the group committed.

        Topic-partitions of which the state knows nothing are left out: none of them was applied.
        """
        return {
            tp: live.fold.positions[tp.topic]
            for tp in sources
            if (live := self.live.get(tp.partition)) is not None and tp.topic in live.fold.positions
        }

    def all_there(self, offsets: Mapping[TP, int], ends: Mapping[TP, int]) -> bool:
        """Say whether every log reaches the offset at which it is to be read on; else it is the worker's end (78)."""
        for tp, offset in offsets.items():
            end = ends.get(tp, offset)
            if end < offset:
                self._ending.abandon("taking up reading", made_anew(tp.topic, tp.partition, offset, end))
                return False
        return True

    def resume(self, offsets: Mapping[TP, int]) -> None:
        """Reading goes on at these offsets."""
        if self.epoch != self._assigned_epoch or self._ending.code is not None:
            return
        for tp, offset in offsets.items():
            self.live[tp.partition].offered[tp.topic] = offset
        self._after_recovery()
        self._recovering = False
        self.running = True
        self._observer.rebalance_ended(monotonic() - self._rebalance_began, frozenset(self.live), self._generation)
        self.observe()  # whoever sees that it is ready sees with what
        if self.halted:
            self._halt()
            return
        self._observer.readiness(ready=True, reason="ready")
        _log.info("reading partitions %s", sorted(self.live))

    async def stop(self) -> None:
        """Make everything durable and let the producers go; nothing is applied or taken over any more."""
        self._stopped = True
        self.running = False
        await self.checkpoint()
        await asyncio.gather(*[live.task for live in self.live.values() if live.task is not None])
        self.forget()
        await asyncio.gather(*[writer.close() for writer in self._writers.values()])
        self._writers.clear()
