"""What the engine tells whoever watches: what came, what waits, who stands how, and whether the broker is there."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from detector.streaming.observer import Observer, Silence
from tests.streaming.counting import PARTITION_KEY, pack
from tests.streaming.fakes import OPTIONS, Stage, batch
from tests.streaming.test_engine import _changelog

CREATE = replace(OPTIONS, record_time="create")
AT_ONCE = replace(OPTIONS, source_idle_seconds=0.0)


class Ear(Silence):
    """Remembers every call, by name and in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        for name in vars(Observer):
            if not name.startswith("_"):
                setattr(self, name, self._hear(name))

    def _hear(self, name: str) -> Callable[..., None]:
        def hear(*values: Any, **named: Any) -> None:
            self.heard.append((name, (*values, *named.values())))

        return hear

    def of(self, name: str) -> list[Any]:
        """What was told by this name."""
        return [values for called, values in self.heard if called == name]

    def last(self, name: str) -> Any:
        """The last of it."""
        return self.of(name)[-1]


def test_a_slice_of_work_is_told_by_the_topics_that_it_held() -> None:
    async def scene() -> None:
        ear = Ear()
        stage = Stage(observer=ear)
        await stage.assign(0)
        await stage.deliver("usage", b"1", b"1")
        (told,) = ear.of("worked")
        assert told[0] == "usage"
        assert told[1] == pytest.approx(ear.last("applied")[2] / 2)

    asyncio.run(scene())


def test_what_is_in_memory_of_a_partition_is_told_before_what_it_waits_for() -> None:
    async def scene() -> None:
        ear = Ear()
        stage = Stage(observer=ear, merging=True)
        await stage.assign(0)
        await stage.deliver("usage", b"1", b"1")
        stage.engine.observe()
        assert ear.last("held") == (0, 2)
        told = [name for name, _ in ear.heard if name in {"held", "waiting"}]
        assert told[-2:] == ["held", "waiting"]

    asyncio.run(scene())


def test_a_topic_of_which_nothing_comes_is_idle_once_all_of_it_was_read() -> None:
    async def scene() -> None:
        ear = Ear()
        stage = Stage(AT_ONCE, observer=ear)
        await stage.assign(0, 1)
        for number in (0, 1):
            stage.reading.read("crm", 0, 0, number)
            stage.reading.read("usage", 0, number, number)  # of one partition a record is still to be read
        stage.engine.observe()
        assert dict(ear.of("source")[-2:]) == {"crm": True, "usage": False}
        stage.engine.options = replace(AT_ONCE, source_idle_seconds=600.0)
        stage.engine.observe()
        assert dict(ear.of("source")[-2:]) == {"crm": False, "usage": False}

    asyncio.run(scene())


def test_without_partitions_no_topic_is_idle() -> None:
    ear = Ear()
    stage = Stage(AT_ONCE, observer=ear)
    stage.engine.observe()
    assert dict(ear.of("source")) == {"crm": False, "usage": False}


def test_what_the_broker_has_not_acknowledged_is_counted_until_it_has() -> None:
    async def scene() -> None:
        ear = Ear()
        stage = Stage(observer=ear)
        await stage.assign(0)
        (producer,) = stage.producers
        answer = asyncio.get_running_loop().create_future()

        async def send_batch(*_: Any, **__: Any) -> "asyncio.Future[Any]":
            return answer

        producer.send_batch = send_batch  # type: ignore[method-assign]
        await stage.deliver("usage", b"no number", b"1")
        checkpoint = asyncio.create_task(stage.engine.checkpoint())
        await asyncio.sleep(0.01)
        stage.engine.observe()
        assert ear.last("producer_buffered") == (3,)  # a dead letter, an account, the partition
        answer.set_result(SimpleNamespace(offset=1, timestamp=-1))
        await checkpoint
        stage.engine.observe()
        assert ear.last("producer_buffered") == (0,)

    asyncio.run(scene())


def test_a_clock_that_stands_still_is_told_with_the_time_of_what_waits() -> None:
    """Where a topic holds the others back from the start, nothing was ever written that told the broker's time."""

    async def scene() -> None:
        ear = Ear()
        stage = Stage(CREATE, merging=True, observer=ear)
        await stage.assign(0)
        await stage.deliver("usage", b"1")
        stage.engine.observe()
        assert ear.last("clock") == (0, 0, 1_000)

    asyncio.run(scene())


def test_an_outage_is_told_and_its_end() -> None:
    async def scene() -> None:
        ear = Ear()
        stage = Stage(observer=ear)
        await stage.assign(0)
        stage.reading.connected = False
        stage.engine.observe()
        stage.reading.connected = True
        stage.engine.observe()
        assert [told for (told,) in ear.of("broker")[-3:]] == [True, False, True]

    asyncio.run(scene())


def test_whoever_hears_that_it_is_ready_has_heard_with_what() -> None:
    async def scene() -> None:
        ear = Ear()
        stage = Stage(observer=ear)
        await stage.engine.take_over(stage.assignment(0), 1)
        stage.engine.recover(_accounts(stage, b"a", b"b"), 0)
        await stage.engine.restore({0})
        stage.engine.resume({})
        names = [name for name, values in ear.heard if name != "readiness" or values[0]]
        assert names[-1] == "readiness"
        assert ear.last("standing")[1] == {"insufficient_data": 2}
        assert ear.last("state")[1] == 3

    asyncio.run(scene())


def test_while_folds_are_made_the_loop_goes_on() -> None:
    """A million accounts take ten seconds: a loop that does not tick for so long is a hang."""

    async def scene() -> None:
        stage = Stage()
        await stage.engine.take_over(stage.assignment(0, 1), 1)
        seen: list[int] = []
        restoring = asyncio.create_task(stage.engine.restore({0, 1}))
        while not restoring.done():
            seen.append(len(stage.folds))
            await asyncio.sleep(0)
        assert seen[:3] == [0, 1, 2]

    asyncio.run(scene())


def test_folds_of_a_rebalance_that_came_in_between_are_not_made() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.engine.take_over(stage.assignment(0, 1), 1)
        restoring = asyncio.create_task(stage.engine.restore({0, 1}))
        await asyncio.sleep(0)
        assert len(stage.folds) == 1
        await stage.engine.give_up(session_lost=False)
        await restoring
        assert stage.engine.live == {}
        assert len(stage.folds) == 1

    asyncio.run(scene())


def _accounts(stage: Stage, *names: bytes) -> Any:
    message = _changelog(stage, 0, b"7\nusage 12")
    records: list[Any] = [*message.records]
    values: Mapping[bytes, bytes] = {name: pack(1, 1) for name in names}
    for name, value in values.items():
        records.append(SimpleNamespace(key=name, value=value))
    assert records[0].key == PARTITION_KEY
    return batch(OPTIONS.changelog, records, len(records), epoch=stage.engine.epoch)


def test_a_transaction_under_way_gets_more_turns_than_work_does() -> None:
    """With one turn after each slice, it would be as long as so many slices: too long for its time limit when busy."""
    turns = 400

    async def scene() -> None:
        stage = Stage(replace(OPTIONS, chunk_records=16))
        await stage.assign(0)
        (producer,) = stage.producers

        async def begin_transaction() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            stage.passed.append("begun")

        producer.begin_transaction = begin_transaction  # type: ignore[method-assign]
        await stage.deliver("usage", b"1")
        checkpoint = asyncio.create_task(stage.engine.checkpoint())
        await asyncio.sleep(0)
        stage.engine.live[0].slice = 16
        await stage.deliver("usage", *[b"1"] * 16 * turns, start=1)
        await checkpoint
        assert stage.passed.index("begun") < turns / 2

    asyncio.run(scene())
