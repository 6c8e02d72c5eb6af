"""The order of things: who may write, what is applied, what becomes durable together, and what a rebalance forgets."""

import asyncio
import gc
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    InvalidTxnState,
    KafkaTimeoutError,
    ProducerFenced,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from faust.types import TP

from detector.domain.record import Record
from detector.streaming.batches import BatchMessage
from detector.streaming.observer import Silence
from tests.streaming.counting import FILLS, PARTITION_KEY, unpack
from tests.streaming.fakes import OPTIONS, Stage, batch

ONES = [b"1"] * 20
CREATE = replace(OPTIONS, record_time="create")


def test_a_checkpoint_holds_alerts_states_and_offsets_in_one_transaction() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        await stage.deliver("usage", *ONES, b"no number")
        await stage.engine.checkpoint()
        (producer,) = stage.producers
        assert producer.transactional_id == "app-accounts-0"
        sent = ["send alerts", "send dead", "send app-accounts-changelog"]
        assert producer.journal == ["start", "begin", *sent, "offsets app", "commit"]
        assert producer.values("alerts") == [b"a:1"]
        assert producer.values("dead") == [b"a:20"]
        assert producer.offsets == {TP("usage", 0): 21}
        assert unpack(stage.engine.stores[0].values[b"a"]) == (20, 20)
        assert stage.folds[0].commits == 1

    asyncio.run(scene())


def test_the_crash_points_lie_in_the_order_of_the_steps() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        await stage.deliver("usage", b"1")
        await stage.engine.checkpoint()
        assert stage.passed == [
            *("take_over", "recovery", "apply"),
            *("snapshot", "begin", "alerts", "states", "offsets", "commit"),
        ]

    asyncio.run(scene())


def test_a_partition_is_fenced_before_it_is_read_kept_ones_included() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.assign(0, 1)
        await stage.engine.give_up(session_lost=False)
        await stage.assign(0)
        assert [(one.transactional_id, one.journal) for one in stage.producers] == [
            ("app-accounts-0", ["start", "stop"]),
            ("app-accounts-1", ["start", "stop"]),
            ("app-accounts-0", ["start"]),
        ]

    asyncio.run(scene())


def test_what_was_fetched_before_a_rebalance_is_not_applied() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        stale = stage.message("usage", b"1")
        await stage.engine.give_up(session_lost=False)
        await stage.assign(0)
        await stage.engine.apply(stale)
        await stage.engine.checkpoint()
        assert stage.producers[-1].committed == []

    asyncio.run(scene())


def test_memory_ahead_of_the_log_is_not_believed_after_a_rebalance() -> None:
    """Batches applied while the last checkpoint was under way are read again, from the committed position."""

    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        await stage.deliver("usage", b"1")
        stage.producers[0].gate.clear()
        leaving = asyncio.create_task(stage.engine.give_up(session_lost=False))
        await asyncio.sleep(0)
        await stage.deliver("usage", b"1", start=1)
        stage.producers[0].gate.set()
        await leaving
        await stage.assign(0)
        assert stage.engine.start_offsets([TP("usage", 0)]) == {TP("usage", 0): 1}
        assert stage.folds[-1].positions == {"usage": 1}

    asyncio.run(scene())


def test_leaving_partitions_are_made_durable_while_the_session_is_held() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        await stage.deliver("usage", b"1")
        await stage.engine.give_up(session_lost=False)
        assert stage.producers[0].offsets == {TP("usage", 0): 1}

    asyncio.run(scene())


def test_after_a_lost_session_nothing_is_written_and_nothing_kept() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        await stage.deliver("usage", b"1")
        await stage.engine.checkpoint()
        await stage.deliver("usage", b"1", start=1)
        await stage.engine.give_up(session_lost=True)
        assert stage.producers[0].offsets == {TP("usage", 0): 1}
        assert stage.engine.stores == {}

    asyncio.run(scene())


def test_the_store_of_a_partition_that_left_is_dropped() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.assign(0, 1)
        await stage.engine.give_up(session_lost=False)
        await stage.assign(1)
        assert set(stage.engine.stores) == {1}

    asyncio.run(scene())


@pytest.mark.parametrize("step", ["begin", "send alerts", "send app-accounts-changelog", "offsets", "commit"])
def test_any_failed_step_of_a_checkpoint_ends_the_process_with_75(step: str) -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        stage.producers[0].fails_at, stage.producers[0].error = step, KafkaTimeoutError()
        await stage.deliver("usage", *ONES)
        await stage.engine.checkpoint()
        assert stage.exits == [75]
        assert stage.producers[0].committed == []
        await stage.deliver("usage", b"1", start=20)
        await stage.engine.stop()
        assert stage.exits == [75]
        assert stage.folds[0].commits == 0

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("error", "code"),
    [(ProducerFenced(), 75), (TransactionalIdAuthorizationFailed(), 77), (ValueError("a bug"), 70)],
)
def test_the_exit_code_says_whose_fault_it_was(error: Exception, code: int) -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        stage.producers[0].fails_at, stage.producers[0].error = "commit", error
        await stage.deliver("usage", b"1")
        await stage.engine.checkpoint()
        assert stage.exits == [code]

    asyncio.run(scene())


def test_a_transaction_that_is_over_is_told_by_what_ended_it() -> None:
    """Without the right to a topic the client hears of an invalid state first."""

    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        producer: Any = stage.producers[0]
        ended = asyncio.get_running_loop().create_future()
        ended.set_exception(TopicAuthorizationFailedError({"alerts"}))
        producer._txn_manager = SimpleNamespace(wait_for_transaction_end=lambda: ended)
        producer.fails_at, producer.error = "commit", InvalidTxnState()
        await stage.deliver("usage", b"1")
        await stage.engine.checkpoint()
        assert stage.exits == [77]

    asyncio.run(scene())


def test_what_fails_together_is_told_once_and_leaves_no_traceback() -> None:
    """Batches that fail after the first, and the transaction itself, would be logged when they are thrown away."""
    unheard: list[Any] = []

    async def scene() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
        stage = Stage(capacity=1)
        await stage.assign(0)
        producer: Any = stage.producers[0]
        ended = asyncio.get_running_loop().create_future()
        ended.set_exception(TransactionalIdAuthorizationFailed("app-0"))
        producer._txn_manager = SimpleNamespace(wait_for_transaction_end=lambda: ended)
        producer.fails_at, producer.error = "send", TransactionalIdAuthorizationFailed("app-0")
        await stage.deliver("usage", b"1")
        await stage.engine.checkpoint()
        assert stage.exits == [77]
        assert sum(step.startswith("send") for step in producer.journal) > 1
        producer._txn_manager = None

    asyncio.run(scene())
    gc.collect()
    assert unheard == []


def test_a_checkpoint_that_nobody_answers_ends_the_process_with_75() -> None:
    """The client would wait for ever, and what is applied meanwhile would pile up in memory."""

    async def scene() -> None:
        stage = Stage(replace(OPTIONS, transaction_timeout=0.01))
        await stage.assign(0)
        await stage.deliver("usage", b"1")
        stage.producers[0].gate.clear()
        await stage.engine.checkpoint()
        assert stage.exits == [75]

    asyncio.run(scene())


def test_a_recovery_without_progress_ends_the_process() -> None:
    async def scene() -> None:
        stage = Stage(replace(OPTIONS, recovery_timeout=0.0))
        stage.engine.beat()
        await stage.engine.take_over(stage.assignment(0), 1)
        stage.engine.beat()
        assert stage.exits == [70]

    asyncio.run(scene())


def test_a_partition_that_cannot_be_fenced_is_not_taken_over() -> None:
    async def scene() -> None:
        stage = Stage()
        engine = stage.engine
        make = engine._make_producer
        assert make is not None

        def broken(transactional_id: str) -> object:
            producer = make(transactional_id)
            producer.fails_at, producer.error = "start", KafkaTimeoutError()
            return producer

        engine._make_producer = broken
        await stage.assign(0)
        assert stage.exits == [75]
        assert not engine.running

    asyncio.run(scene())


def test_an_error_of_the_core_is_a_bug_and_the_end() -> None:
    """Faust would log it, count the batch as done and go on with the next."""

    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        message = stage.message("usage", b"1")
        stage.engine.delivered(message)
        message.records = [object()]  # type: ignore[list-item]
        await stage.engine.apply(message)
        assert stage.exits == [70]

    asyncio.run(scene())


@pytest.mark.parametrize("missing", ["crm", "changelog"])
def test_topics_that_are_not_assigned_alike_are_refused_with_the_likely_reason(
    missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        stage = Stage()
        options = stage.engine.options
        topic = options.changelog if missing == "changelog" else missing
        await stage.engine.take_over(stage.assignment(0) - {TP(topic, 0)}, 1)
        assert stage.exits == [78]
        assert f"a worker of app id {options.app_id} reads other topics" in caplog.text
        assert "give each set of topics its own --app-id" in caplog.text

    asyncio.run(scene())


def test_an_urgent_change_is_committed_with_its_batch() -> None:
    async def scene() -> None:
        stage = Stage(urgency=True)
        await stage.assign(0)
        await stage.deliver("usage", *ONES)
        task = stage.engine.live[0].task
        assert task is not None
        await task
        assert stage.producers[0].values("alerts") == [b"a:1"]

    asyncio.run(scene())


def test_a_fold_that_is_full_is_written_at_once_and_applies_nothing_until_it_is() -> None:
    """Dead letters are whole records in memory until then."""

    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        stage.producers[0].gate.clear()
        await stage.deliver("usage", FILLS, b"1", FILLS, b"1")
        live = stage.engine.live[0]
        first = live.task
        assert first is not None, "without waiting for the next beat"
        await asyncio.sleep(0)
        stage.engine.beat()
        await stage.deliver("crm", b"1")
        assert (live.fold.positions, live.stuck) == ({"usage": 1}, False)
        assert live.backlog("usage") == 3
        stage.producers[0].gate.set()
        await first
        assert stage.producers[0].offsets == {TP("usage", 0): 1}
        stage.engine.beat()
        assert live.task is not None
        await live.task
        assert stage.producers[0].offsets == {TP("crm", 0): 1, TP("usage", 0): 3}
        stage.engine.beat()
        await live.task
        assert live.fold.positions == {"crm": 1, "usage": 4}

    asyncio.run(scene())


def test_the_wait_for_the_checkpoint_before_does_not_count_into_a_checkpoints_time() -> None:
    async def scene() -> None:
        stage = Stage(replace(OPTIONS, transaction_timeout=0.5))
        await stage.assign(0)
        await stage.deliver("usage", b"1")
        live = stage.engine.live[0]
        async with live._lock:
            second = asyncio.create_task(stage.engine.checkpoint())
            await asyncio.sleep(0.6)
        await second
        assert stage.exits == []
        assert stage.producers[0].offsets == {TP("usage", 0): 1}

    asyncio.run(scene())


def test_markers_behind_the_last_record_are_committed_with_it() -> None:
    """A transactional emitter ends each of its writes with a marker: it would look like lag until the next record."""

    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        records = [Record(0, 1_000, b"a", b"1")]
        message = batch("usage", records, 3, start=0, epoch=stage.engine.epoch)
        stage.engine.delivered(message)
        await stage.engine.apply(message)
        await stage.engine.checkpoint()
        assert stage.producers[0].offsets == {TP("usage", 0): 3}

    asyncio.run(scene())


def test_what_waits_in_memory_is_not_committed_with_the_markers_behind_it() -> None:
    async def scene() -> None:
        stage = Stage(merging=True)
        await stage.assign(0)
        await stage.deliver("crm", b"1")
        records = [Record(at, 1_000, b"a", b"1") for at in (0, 1)]
        message = batch("usage", records, 5, start=0, epoch=stage.engine.epoch)
        stage.engine.delivered(message)
        await stage.engine.apply(message)
        await stage.engine.checkpoint()
        assert stage.folds[0].queued("usage") > 0
        assert stage.producers[0].offsets[TP("crm", 0)] == 1
        assert stage.producers[0].offsets.get(TP("usage", 0), 0) < 5

    asyncio.run(scene())


def test_reading_starts_where_the_state_stands_whatever_the_group_committed() -> None:
    """A changelog that was cut stands before the group, and what is counted anew is counted once."""

    async def scene() -> None:
        stage = Stage()
        await stage.engine.take_over(stage.assignment(0, 1), 1)
        stage.engine.recover(_changelog(stage, 0, b"7\nusage 12"), 0)
        await stage.engine.restore({0, 1})
        committed = {TP("usage", 0): 5_000, TP("crm", 0): 4, TP("usage", 1): None, TP("crm", 1): 0}
        assert stage.engine.state_is_there(committed)
        assert stage.engine.start_offsets(committed) == {TP("usage", 0): 12}
        assert stage.exits == []

    asyncio.run(scene())


def test_a_group_that_has_read_what_the_changelog_does_not_know_is_the_end(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.engine.take_over(stage.assignment(0, 1), 1)
        stage.engine.recover(_changelog(stage, 0, b"7\nusage 12"), 0)
        await stage.engine.restore({0, 1})
        assert not stage.engine.state_is_there({TP("usage", 0): 12, TP("crm", 1): None, TP("usage", 1): 5_000})
        stage.engine.resume({})
        assert stage.exits == [78]
        assert not stage.engine.running

    asyncio.run(scene())
    assert "knows nothing of partition 1, and the group app has come to offset 5000 of usage" in caplog.text
    assert "reshard FOLDER --in-topics same" in caplog.text
    assert "--delete --group app" in caplog.text


def test_a_first_checkpoint_is_enough_to_go_on_from() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        await stage.deliver("usage", b"1")
        await stage.engine.give_up(session_lost=False)
        await stage.engine.take_over(stage.assignment(0), 2)
        await stage.engine.restore({0})
        assert stage.engine.state_is_there(dict(stage.producers[0].offsets))
        assert stage.engine.start_offsets([TP("usage", 0)]) == {TP("usage", 0): 1}

    asyncio.run(scene())


def test_a_stale_batch_of_the_changelog_does_not_enter_the_store() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.engine.take_over(stage.assignment(0), 1)
        stale = _changelog(stage, 0, b"7\nusage 12")
        await stage.engine.take_over(stage.assignment(0), 2)
        stage.engine.recover(stale, 0)
        assert stage.engine.stores == {}

    asyncio.run(scene())


def test_a_recovery_that_ends_after_the_next_rebalance_began_starts_nothing() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.engine.take_over(stage.assignment(0), 1)
        await stage.engine.give_up(session_lost=False)
        await stage.engine.restore({0})
        stage.engine.resume({TP("usage", 0): 0})
        assert not stage.engine.running
        assert stage.engine.live == {}

    asyncio.run(scene())


def test_a_seek_that_ends_in_the_middle_of_a_revocation_starts_nothing() -> None:
    """Without it the last checkpoint would be overtaken by what is applied after its snapshot."""

    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        await stage.deliver("usage", b"1")
        stage.producers[0].gate.clear()
        leaving = asyncio.create_task(stage.engine.give_up(session_lost=False))
        await asyncio.sleep(0)
        stage.engine.resume({TP("usage", 0): 1, TP("crm", 0): 0})
        assert not stage.engine.running
        stage.producers[0].gate.set()
        await leaving
        assert not stage.engine.running

    asyncio.run(scene())


def test_a_log_that_goes_back_ends_the_worker_and_applies_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Its first records would be skipped as applied already, and nobody would see."""

    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        await stage.deliver("usage", *ONES)
        message = batch("usage", [], 0, epoch=stage.engine.epoch)
        stage.engine.delivered(message)
        await stage.engine.apply(message)
        assert stage.exits == [78]

    asyncio.run(scene())
    assert "topic usage was made anew or cut: partition 0 is at offset 0, and 20 were applied" in caplog.text


def test_a_log_that_dropped_what_was_not_read_is_reported_and_read_on(caplog: pytest.LogCaptureFixture) -> None:
    class Ear(Silence):
        def lost(self, topic: str, partition: int, offsets: int) -> None:
            heard.append((topic, partition, offsets))

    heard: list[tuple[str, int, int]] = []

    async def scene() -> None:
        stage = Stage()
        stage.engine._observer = Ear()
        await stage.assign(0)
        await stage.deliver("usage", b"1")
        await stage.deliver("usage", b"1", start=7)
        assert stage.folds[0].positions == {"usage": 8}
        assert stage.exits == []

    asyncio.run(scene())
    assert heard == [("usage", 0, 6)]
    assert "usage partition 0: 6 offsets before 7 are gone, not read" in caplog.text


def test_each_topic_partition_is_bounded_in_bytes_too() -> None:
    async def scene() -> None:
        stage = Stage(replace(OPTIONS, in_flight_bytes=100), merging=True)
        await stage.assign(0)
        everything = stage.assignment(0)
        await stage.deliver("usage", b"1" * 99)  # and a byte of a key
        assert stage.engine.held(everything) == set()
        await stage.deliver("usage", b"1", start=1)
        assert stage.engine.held(everything) == {TP("usage", 0)}
        stage.reading.read("crm", 0, 0)
        await stage.engine._advance(stage.engine.live[0])
        assert stage.folds[0].positions == {"usage": 2}
        assert stage.engine.held(everything) == set()

    asyncio.run(scene())


def test_each_topic_partition_is_bounded_alone() -> None:
    """A topic far ahead is not fetched any further; the one that the merge waits for still is."""

    async def scene() -> None:
        stage = Stage(replace(OPTIONS, in_flight_records=10), merging=True)
        await stage.assign(0, 1)
        await stage.deliver("usage", *ONES)
        everything = stage.assignment(0, 1)
        assert stage.engine.held(everything) == {TP("usage", 0)}
        stage.engine.delivered(stage.message("crm", *ONES, number=1))
        assert stage.engine.held(everything) == {TP("usage", 0), TP("crm", 1)}

    asyncio.run(scene())


def test_a_topic_that_has_ended_holds_nobody_back() -> None:
    async def scene() -> None:
        stage = Stage(merging=True)
        await stage.assign(0)
        await stage.deliver("usage", b"1")
        assert stage.folds[0].positions == {}
        stage.reading.read("crm", 0, 0)
        await stage.deliver("usage", b"1", start=1)
        assert stage.folds[0].positions == {"usage": 2}

    asyncio.run(scene())


def test_a_topic_has_not_ended_while_a_batch_of_it_is_on_its_way() -> None:
    async def scene() -> None:
        stage = Stage(merging=True)
        await stage.assign(0)
        stage.reading.read("crm", 3, 3)
        await stage.deliver("usage", b"1")
        assert stage.folds[0].positions == {}
        await stage.deliver("crm", b"1", b"1", b"1")
        stage.engine.beat()
        await asyncio.sleep(0)
        assert stage.folds[0].positions == {"crm": 3, "usage": 1}

    asyncio.run(scene())


def test_where_record_time_was_created_no_topic_is_ever_said_to_have_ended() -> None:
    async def scene() -> None:
        stage = Stage(CREATE, merging=True)
        await stage.assign(0)
        stage.reading.read("crm", 0, 0)
        await stage.deliver("usage", b"1")
        assert stage.folds[0].positions == {}

    asyncio.run(scene())


def test_records_that_can_not_be_applied_yet_are_said_to_wait_for_a_quiet_topic() -> None:
    class Ear(Silence):
        def waiting(self, partition: int, topics: frozenset[str]) -> None:
            heard.append((partition, topics))

    heard: list[tuple[int, frozenset[str]]] = []

    async def scene() -> None:
        stage = Stage(CREATE, merging=True)
        stage.engine._observer = Ear()
        await stage.assign(0)
        stage.reading.read("usage", 1, 1)
        await stage.deliver("usage", b"1")
        stage.engine.observe()  # of crm nothing is known yet: something may be on its way
        stage.reading.read("crm", 0, 0)
        stage.engine.observe()
        stage.reading.read("crm", 1, 1)
        await stage.deliver("crm", b"1")
        stage.engine.observe()
        assert stage.folds[0].positions == {"crm": 1}

    asyncio.run(scene())
    assert heard == [(0, frozenset()), (0, frozenset()), (0, frozenset({"crm"})), (0, frozenset({"crm"}))]


def test_an_idle_partition_declares_where_it_stands_and_learns_the_time() -> None:
    """Only a fetch answered after the broker's time was learnt shows that nothing older is on its way."""

    async def scene() -> None:
        stage = Stage(replace(OPTIONS, idle_interval=0.0, checkpoint_interval=0.0), broker_ms=1_000_000)
        await stage.assign(0)
        for topic in OPTIONS.topics:
            stage.reading.read(topic, 0, 0)
        stage.engine.beat()
        await asyncio.sleep(0.01)
        assert [key for _, _, (key, _, _) in stage.producers[0].committed] == [PARTITION_KEY]
        stage.reading.read("crm", 0, 0)
        stage.engine.beat()
        await asyncio.sleep(0.01)
        assert stage.folds[0].clock == 0
        stage.engine.live[0].stamp(stage.engine._standing)
        for topic in OPTIONS.topics:
            stage.reading.read(topic, 0, 0)
        stage.engine.beat()
        await asyncio.sleep(0.01)
        assert stage.folds[0].clock == 995_000

    asyncio.run(scene())


def test_time_does_not_pass_where_something_came_in_the_meantime() -> None:
    async def scene() -> None:
        stage = Stage(broker_ms=1_000_000)
        await stage.assign(0)
        live = stage.engine.live[0]
        live.broker_ms = 1_000_000
        live.stamp(stage.engine._standing)
        stage.reading.read("crm", 0, 1)
        stage.reading.read("usage", 0, 0)
        assert not live.pass_time(stage.engine._standing)
        stage.reading.read("crm", 0, 0)
        stage.reading.read("usage", 0, 0)
        assert not live.pass_time(stage.engine._standing)

    asyncio.run(scene())


def test_a_partition_with_records_left_does_not_live_in_the_brokers_time() -> None:
    async def scene() -> None:
        stage = Stage(replace(OPTIONS, idle_interval=0.0, checkpoint_interval=0.0), merging=True, broker_ms=1_000_000)
        await stage.assign(0)
        stage.reading.read("crm", 0, 5)
        stage.reading.read("usage", 1, 1)
        await stage.deliver("usage", b"1")
        stage.engine.beat()
        await asyncio.sleep(0.01)
        assert stage.producers[0].committed == []

    asyncio.run(scene())


def test_a_stop_makes_everything_durable_and_lets_the_producers_go() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.assign(0)
        await stage.deliver("usage", b"1")
        await stage.engine.stop()
        assert stage.producers[0].offsets == {TP("usage", 0): 1}
        assert stage.producers[0].journal[-1] == "stop"
        await stage.deliver("usage", b"1", start=1)
        assert stage.engine.live == {}

    asyncio.run(scene())


def test_many_states_travel_in_as_many_batches_as_they_need() -> None:
    async def scene() -> None:
        stage = Stage(capacity=2)
        await stage.assign(0)
        for offset in range(5):
            message = stage.message("usage", b"1", start=offset, key=b"%d" % offset)
            stage.engine.delivered(message)
            await stage.engine.apply(message)
        await stage.engine.checkpoint()
        assert stage.producers[0].journal.count("send app-accounts-changelog") == 3
        assert {key for _, _, (key, _, _) in stage.producers[0].committed} == {
            b"0",
            b"1",
            b"2",
            b"3",
            b"4",
            PARTITION_KEY,
        }

    asyncio.run(scene())


def _changelog(stage: Stage, number: int, value: bytes) -> BatchMessage:
    record = Record(0, 0, PARTITION_KEY, value)
    return batch(OPTIONS.changelog, [record], 1, number=number, epoch=stage.engine.epoch)


def test_a_group_that_refuses_the_member_ends_it_also_before_anything_is_assigned() -> None:
    """It would join for ever, without a word."""
    stage = Stage()
    stage.engine.observe()
    assert stage.exits == []
    stage.reading.refused = GroupAuthorizationFailedError("app")
    stage.engine.observe()
    assert stage.exits == [77]
