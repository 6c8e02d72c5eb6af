"""Faust's consumer over batches: what is delivered, where reading starts, and what happens around a rebalance."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, cast

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from detector.streaming.batches import BatchMessage
from detector.streaming.ending import REFUSALS
from detector.streaming.thread import BatchThread, Fetched

if TYPE_CHECKING:
    from detector.streaming.engine import Engine

_POLL_SECONDS = 0.1  # a poll keeps the set of active partitions that it began with
_PAUSE_SECONDS = 0.02


class _NeverRead(defaultdict[TP, int | None]):
    """Says of every partition that nothing was read yet, so that Faust drops nothing: the epoch decides instead.

    Faust drops what lies before the last offset it saw. A topic that was made anew starts at 0 again.
    """

    def __getitem__(self, key: TP) -> int | None:
        return None


class BatchConsumer(driver.Consumer):
    """Delivers batches, leaves committing to the engine's transactions, and reads from where the folds stand."""

    _thread: BatchThread
    engine: "Engine"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _NeverRead(lambda: None)
        self.engine = cast("Any", self.app).engine
        self.engine.attach(self)
        self._thread.epoch = lambda: self.engine.epoch
        self._thread.fetch_wait_ms = self.engine.options.fetch_wait_ms

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def thread(self) -> BatchThread:
        """The thread that talks to the broker."""
        return self._thread

    # -- delivery

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, BatchMessage]]:  # noqa: ASYNC109, ARG002
        """Yield batches of at most `chunk_records`, the topic-partitions in turn; changelogs in one piece.

        Faust's own way makes a message of every record, and sleeps a second where no partition is active.
        """
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type] # an asyncio event will do
        epoch = self.engine.epoch
        fetched = await self._fetch(epoch)
        if self.should_stop:
            return
        generation = self.app.consumer_generation_id
        for tp, (records, next_offset, start) in self._chunks(fetched):
            if self.engine.epoch != epoch:
                return
            message = BatchMessage(tp, records, next_offset, start=start, epoch=epoch, generation=generation)
            if tp.topic in self.engine.topics:
                self.engine.delivered(message)
            yield tp, message

    async def _fetch(self, epoch: int) -> dict[TP, Fetched]:
        active = frozenset(self._get_active_partitions())
        if self.app.rebalancing or not self.engine.running:
            # recovery comes first: in-topics would be read from where nobody stands yet
            active = frozenset(tp for tp in active if self._is_changelog_tp(tp))
        if not active:
            await asyncio.sleep(_PAUSE_SECONDS)
            return {}
        try:
            return await self._thread.fetch(active, self.engine.held(active), _POLL_SECONDS, epoch)
        except REFUSALS as error:
            self.engine.refused(error)  # in one line; Faust would crash with three traces of it
            raise

    def _chunks(self, fetched: dict[TP, Fetched]) -> Iterator[tuple[TP, Fetched]]:
        size = self.engine.options.chunk_records
        longest = max((len(found.records) for found in fetched.values()), default=0)
        for start in range(0, max(longest, 1), size):
            for tp, found in fetched.items():
                records = found.records
                if self._is_changelog_tp(tp):
                    if start == 0:
                        yield tp, found
                elif start < len(records) or start == 0:
                    chunk = records[start : start + size]
                    end = found.next_offset if start + size >= len(records) else chunk[-1].offset + 1
                    yield tp, Fetched(chunk, end, records[start - 1].offset + 1 if start else found.start)

    # -- offsets: they travel in the transactions of the engine

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002
        """Checkpoint everything that has changed; Faust would commit offsets apart from state and alerts."""
        await self.engine.checkpoint()
        return True

    def _new_offset(self, tp: TP) -> int | None:  # noqa: ARG002
        return None

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:  # noqa: ARG002
        return iter(())

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: holes of compaction and markers do not matter to positions."""

    async def _commit(self, offsets: Any) -> NoReturn:
        raise AssertionError(f"offsets are committed in transactions only, not {offsets}")

    # -- rebalance

    async def perform_seek(self) -> None:
        """Read each in-topic from where its fold stands, else from the beginning; the commits tell of a loss."""
        sources = frozenset(tp for tp in self.assignment() if tp.topic in self.engine.topics)
        epoch = self.engine.epoch
        committed = await self._thread.committed(sources)
        if self.engine.epoch != epoch or not self.engine.state_is_there(committed):
            return
        offsets = self.engine.start_offsets(sources)
        unknown = [tp for tp in sources if tp not in offsets]
        if unknown:
            offsets |= await self.earliest_offsets(*unknown)
        ends = await self.highwaters(*sources)
        if self.engine.epoch == epoch and self.engine.all_there(offsets, ends):  # else another rebalance has begun
            await self._thread.place(offsets)
        if self.engine.epoch == epoch:
            self.engine.resume(offsets)

    async def on_partitions_revoked(self, revoked: Iterable[TP]) -> None:
        """Make durable what was applied, while the partitions are still ours; then forget what was fetched."""
        await self.engine.give_up(session_lost=self._thread.session_lost())
        await super().on_partitions_revoked(set(revoked))
        self.engine.forget()

    async def on_partitions_assigned(self, assigned: Iterable[TP], generation_id: int = 0) -> None:
        """Become the only writer of every assigned partition, before anything of it is read."""
        assigned = set(assigned)
        await self.engine.take_over(assigned, generation_id)
        await super().on_partitions_assigned(assigned, generation_id)
