"""What is delivered and in which pieces, where reading starts, and the order of a rebalance."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, cast

import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from faust.types import TP

from detector.domain.record import Record
from detector.streaming.batches import BatchMessage
from detector.streaming.consumer import BatchConsumer
from detector.streaming.thread import Fetched
from tests.streaming.counting import PARTITION_KEY
from tests.streaming.fakes import OPTIONS, Stage, unstarted

USAGE, CRM, LOG = TP("usage", 0), TP("crm", 0), TP(OPTIONS.changelog, 0)


class FakeThread:
    """The thread's answers, and what it was asked."""

    def __init__(self) -> None:
        self.fetched: dict[TP, Fetched] = {}
        self.asked: list[frozenset[TP]] = []
        self.held: list[frozenset[TP]] = []
        self.offsets: dict[TP, int | None] = {}
        self.placed: dict[TP, int] = {}
        self.lost = False
        self.end = 1_000
        self.meanwhile: Callable[[], object] = lambda: None

    async def fetch(self, active: frozenset[TP], held: frozenset[TP], *_: object) -> dict[TP, Fetched]:
        """What has arrived."""
        self.asked.append(active)
        self.held.append(held)
        self.meanwhile()
        return self.fetched

    async def committed(self, tps: Iterable[TP]) -> dict[TP, int | None]:
        """The group's offsets."""
        self.meanwhile()
        return {tp: self.offsets.get(tp) for tp in tps}

    async def earliest_offsets(self, *tps: TP) -> dict[TP, int]:
        """Every log begins at 3."""
        return dict.fromkeys(tps, 3)

    async def highwaters(self, *tps: TP) -> dict[TP, int]:
        """Every log ends at `end`."""
        return dict.fromkeys(tps, self.end)

    async def place(self, offsets: dict[TP, int]) -> None:
        """Seek."""
        self.placed |= offsets

    def assignment(self) -> set[TP]:
        """All of partition 0."""
        return {USAGE, CRM, LOG}

    def session_lost(self) -> bool:
        """As set."""
        return self.lost


def _stand(stage: Stage, **positions: int) -> None:
    """Partition 0 has been checkpointed with these positions, and was made anew of it; nothing is read yet."""
    lines = ["7", *(f"{topic} {offset}" for topic, offset in positions.items())]
    stage.folds[-1].store[PARTITION_KEY] = "\n".join(lines).encode()
    stage.folds[-1].restore()
    stage.engine.running = False


def scene(play: Callable[[BatchConsumer, FakeThread, Stage], Awaitable[object]], **changes: Any) -> None:
    """Play with a consumer whose thread is a fake, on partition 0."""

    async def main() -> None:
        stage = Stage(replace(OPTIONS, **changes))
        with unstarted(stage) as app:
            consumer = cast("BatchConsumer", app.consumer)
        reading, thread = stage.reading, FakeThread()
        consumer._thread = cast("Any", thread)
        await stage.assign(0)
        thread.standing = reading.standing  # type: ignore[attr-defined]
        consumer._set_active_tps({USAGE, CRM, LOG})
        await play(consumer, thread, stage)

    asyncio.run(main())


def records(*offsets: int) -> list[Record]:
    """Records at these offsets."""
    return [Record(offset, 0, b"a", b"1") for offset in offsets]


async def delivered(consumer: BatchConsumer) -> list[BatchMessage]:
    """What one poll gives."""
    return [message async for _, message in consumer.getmany(timeout=1.0)]


def test_batches_are_cut_into_chunks_and_take_turns_and_changelogs_stay_whole() -> None:
    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        thread.fetched = {
            USAGE: Fetched(records(0, 1, 5, 6, 9), 12, 0),
            CRM: Fetched(records(0), 1, 0),
            LOG: Fetched(records(0, 1, 2), 4, 0),
        }
        found = [
            (one.tp, one.start, [record.offset for record in one.records], one.next_offset)
            for one in await delivered(consumer)
        ]
        assert found == [
            (USAGE, 0, [0, 1], 2),
            (CRM, 0, [0], 1),
            (LOG, 0, [0, 1, 2], 4),
            (USAGE, 2, [5, 6], 7),
            (USAGE, 7, [9], 12),
        ]
        assert stage.engine.live[0].in_transit == {"usage": 5, "crm": 1}

    scene(play, chunk_records=2)


def test_a_position_that_moved_over_markers_is_delivered_without_records() -> None:
    """Recovery ends by position: a commit marker owns the changelog's last offset."""

    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        thread.fetched = {LOG: Fetched([], 7, 0), USAGE: Fetched([], 5, 0)}
        assert [(one.tp, one.offset) for one in await delivered(consumer)] == [(LOG, 6), (USAGE, 4)]

    scene(play)


def test_while_a_rebalance_is_under_way_only_changelogs_are_read() -> None:
    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        consumer.app.rebalancing = True
        await delivered(consumer)
        consumer.app.rebalancing = False
        await delivered(consumer)
        stage.engine.running = False  # as between the revocation and the first seek
        await delivered(consumer)
        assert thread.asked == [{LOG}, {LOG, USAGE, CRM}, {LOG}]

    scene(play)


def test_without_active_partitions_a_poll_is_over_at_once() -> None:
    """Faust sleeps a second there, and the rebalance with it."""

    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        consumer._set_active_tps(set())
        async with asyncio.timeout(0.5):
            assert await delivered(consumer) == []
        assert thread.asked == []

    scene(play)


def test_what_is_over_its_bound_is_held() -> None:
    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        stage.engine.delivered(stage.message("usage", *[b"1"] * 11))
        await delivered(consumer)
        assert thread.held == [{USAGE}]

    scene(play, in_flight_records=10)


def test_a_poll_that_a_rebalance_overtook_delivers_nothing() -> None:
    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        thread.fetched = {USAGE: Fetched(records(0), 1, 0)}
        thread.meanwhile = stage.engine.forget
        assert await delivered(consumer) == []

    scene(play)


def test_a_right_that_was_taken_away_ends_the_worker_before_faust_crashes_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse() -> None:
        raise TopicAuthorizationFailedError("usage")

    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        thread.meanwhile = refuse
        with pytest.raises(TopicAuthorizationFailedError):
            await delivered(consumer)
        assert stage.exits == [77]

    scene(play)
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "CRITICAL"]
    assert line.endswith("the worker ends with 77; `detector topics acls --only worker` lists the rights it needs")


def test_faust_never_thinks_that_it_has_read_something_already() -> None:
    """A topic that was made anew begins at 0 again; Faust would drop all that lies before the last offset it saw."""

    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        consumer._read_offset[USAGE] = 100
        assert consumer._read_offset[USAGE] is None

    scene(play)


def test_offsets_are_committed_by_the_engine_only() -> None:
    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        consumer._acked[USAGE] += [0, 1, 3]
        consumer._committed_offset[USAGE] = 0
        assert consumer._new_offset(USAGE) is None
        assert list(consumer._filter_tps_with_pending_acks()) == []
        await consumer._add_gap(USAGE, 1, 1_000_000)
        assert not consumer._gap.get(USAGE)
        with pytest.raises(AssertionError, match="in transactions only"):
            await consumer._commit({USAGE: 4})
        await stage.deliver("usage", b"1")
        assert await consumer.commit()
        assert stage.producers[0].offsets == {USAGE: 1}

    scene(play)


def test_reading_starts_from_the_state_or_from_the_beginning() -> None:
    """An explicit seek for every topic-partition: where nothing is committed Faust seeks nowhere.

    What the group committed of `crm` was of another topic of that name: the state does not know it any more.
    """

    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        thread.offsets = {USAGE: 9, CRM: 5}
        _stand(stage, usage=8)
        await consumer.perform_seek()
        assert thread.placed == {USAGE: 8, CRM: 3}
        assert stage.engine.live[0].offered == {"usage": 8, "crm": 3}
        assert stage.engine.running

    scene(play)


def test_offsets_without_a_state_are_those_of_a_lost_state() -> None:
    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        thread.offsets = {USAGE: 8}
        stage.engine.running = False
        await consumer.perform_seek()
        assert stage.exits == [78]
        assert thread.placed == {}
        assert not stage.engine.running

    scene(play)


def test_a_log_that_ends_before_the_place_to_read_from_is_another_log() -> None:
    """A topic was deleted and made anew: all that comes would be skipped as applied already."""

    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        thread.end = 7
        _stand(stage, usage=8, crm=7)
        await consumer.perform_seek()
        assert stage.exits == [78]
        assert thread.placed == {}
        assert not stage.engine.running

    scene(play)


def test_a_seek_that_a_rebalance_overtook_starts_nothing() -> None:
    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        thread.meanwhile = stage.engine.forget
        await consumer.perform_seek()
        assert thread.placed == {}
        assert not stage.engine.running

    scene(play)


def test_partitions_are_made_durable_before_faust_lets_them_go_and_forgotten_after() -> None:
    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        seen: list[tuple[str, Any]] = []

        async def revoked(partitions: set[TP]) -> None:
            seen.append(("revoked", dict(stage.producers[0].offsets)))

        async def assigned(partitions: set[TP], generation: int = 0) -> None:
            seen.append(("assigned", stage.producers[-1].journal))

        consumer._on_partitions_revoked = revoked
        consumer._on_partitions_assigned = cast("Any", assigned)
        await stage.deliver("usage", b"1")
        epoch = stage.engine.epoch
        await consumer.on_partitions_revoked({USAGE, CRM, LOG})
        assert stage.engine.epoch > epoch
        await consumer.on_partitions_assigned({USAGE, CRM, LOG}, 2)
        assert seen == [("revoked", {USAGE: 1}), ("assigned", ["start"])]
        assert len(stage.producers) == 2

    scene(play)


def test_a_lost_session_is_known_from_the_thread() -> None:
    async def play(consumer: BatchConsumer, thread: FakeThread, stage: Stage) -> None:
        async def revoked(partitions: set[TP]) -> None: ...

        consumer._on_partitions_revoked = revoked
        thread.lost = True
        await stage.deliver("usage", b"1")
        await consumer.on_partitions_revoked({USAGE, CRM, LOG})
        assert stage.producers[0].committed == []

    scene(play)
