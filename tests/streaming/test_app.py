"""What Faust is told, and that each of its parts is the one written for batches."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from ssl import SSLContext, create_default_context
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP

from detector.domain.record import Record
from detector.streaming.app import Worker, WorkerApp
from detector.streaming.consumer import BatchConsumer
from detector.streaming.observer import Silence
from detector.streaming.options import Broker
from detector.streaming.table import BatchTable, BatchTableManager
from detector.streaming.thread import BatchThread
from tests.streaming.counting import ENCODERS, pack
from tests.streaming.fakes import OPTIONS, Stage, batch, unstarted


def with_app(scene: Callable[[WorkerApp, Stage], Any], **changes: Any) -> Any:
    """Make the app on a running loop, without starting it."""

    async def main() -> Any:
        stage = Stage(replace(OPTIONS, **changes))
        with unstarted(stage) as app:
            return scene(app, stage)

    return asyncio.run(main())


def made(app: WorkerApp) -> Any:
    """The client that the thread would start."""
    client = cast("BatchConsumer", app.consumer).thread._create_worker_consumer(app.transport)
    client._closed = True  # it was never opened
    return client


def test_the_transport_is_found_by_its_scheme() -> None:
    def scene(app: WorkerApp, stage: Stage) -> None:
        consumer = app.consumer
        assert isinstance(consumer, BatchConsumer)
        assert isinstance(consumer.thread, BatchThread)
        assert consumer.engine is stage.engine
        stage.engine.epoch = 7
        assert consumer.thread.epoch() == 7

    with_app(scene)


def test_the_client_reads_committed_and_does_not_linger() -> None:
    """Faust reads uncommitted records and waits 1.5 s for each fetch."""

    def scene(app: WorkerApp, stage: Stage) -> Any:
        return made(app)

    client = with_app(scene, fetch_wait_ms=70, group_instance_id="one")
    assert client._isolation_level == "read_committed"
    assert client._fetch_max_wait_ms == 70
    assert client._auto_offset_reset == "earliest"
    assert client._enable_auto_commit is False
    assert client._group_instance_id == "one"


def test_nothing_is_served_created_or_written_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def scene(app: WorkerApp, stage: Stage) -> None:
        assert not app.conf.web_enabled
        assert not app.conf.topic_allow_declare
        assert app.conf.topic_disable_leader
        assert str(app.conf.store) == "memory:"
        app._create_directories()

    with_app(scene)
    assert list(tmp_path.iterdir()) == []


def test_faust_neither_waits_for_acknowledgements_nor_commits_by_a_timer() -> None:
    def scene(app: WorkerApp, stage: Stage) -> None:
        assert not app.conf.stream_wait_empty
        assert app.conf.stream_recovery_delay == 0
        assert app.conf.broker_commit_interval > 86_400
        assert app.conf.consumer_auto_offset_reset == "earliest"
        assert not app.in_transaction

    with_app(scene)


def test_the_table_is_recovered_batch_by_batch() -> None:
    def scene(app: WorkerApp, stage: Stage) -> None:
        assert type(app.tables) is BatchTableManager
        table = app.tables["accounts"]
        assert isinstance(table, BatchTable)
        assert table.changelog_topic_name == OPTIONS.changelog
        assert table.recovery_buffer_size > 1
        table.apply_changelog_batch([cast("Any", object())])

    with_app(scene)


def test_a_store_that_is_not_there_is_recovered_from_the_beginning() -> None:
    """None would make Faust go on from the offset that it remembers of a store that was dropped."""

    async def main() -> None:
        stage = Stage()
        with unstarted(stage) as app:
            table = cast("BatchTable", app.tables["accounts"])
        await stage.assign(0)
        assert table.persisted_offset(TP(OPTIONS.changelog, 0)) == -1
        await stage.deliver("usage", b"1")
        await stage.engine.checkpoint()
        assert table.persisted_offset(TP(OPTIONS.changelog, 0)) == stage.engine.stores[0].upto
        await stage.engine.give_up(session_lost=True)
        assert table.persisted_offset(TP(OPTIONS.changelog, 0)) == -1

    asyncio.run(main())


def test_the_stream_does_not_acknowledge() -> None:
    def scene(app: WorkerApp, stage: Stage) -> None:
        (agent,) = app.agents.values()
        channel = cast("Any", agent.channel)
        assert (channel.topics, channel.acks) == (OPTIONS.topics, False)

    with_app(scene)


def test_the_table_fills_the_store_and_then_the_folds_are_made() -> None:
    async def main() -> None:
        stage = Stage()
        with unstarted(stage) as app:
            table = cast("BatchTable", app.tables["accounts"])
            await stage.engine.take_over(stage.assignment(0), 1)
            records = [Record(0, 0, b"a", pack(2, 3)), Record(1, 0, b"b", pack(1, 1)), Record(2, 0, b"b", None)]
            message = batch(OPTIONS.changelog, records, 4, epoch=stage.engine.epoch)
            await table.on_changelog_event(cast("Any", SimpleNamespace(message=message)))
            await table.on_recovery_completed({TP(OPTIONS.changelog, 0)}, set())
        assert stage.engine.stores[0].values == {b"a": pack(2, 3)}
        assert stage.engine.stores[0].size_bytes == 17
        assert stage.engine.stores[0].upto == 3
        assert stage.engine.live[0].fold is stage.folds[0]

    asyncio.run(main())


def test_the_table_manager_starts_without_faust_s_second() -> None:
    assert "sleep" not in BatchTableManager.on_start.__code__.co_names


def test_credentials_reach_the_consumer_and_the_producers_alike() -> None:
    context, secret = create_default_context(), "canary"
    broker = Broker("a:1,b:2", ssl_context=context, sasl_mechanism="SCRAM-SHA-512", username="me", password=secret)

    def scene(app: WorkerApp, stage: Stage) -> Any:
        return made(app)._client

    client = with_app(scene, broker=broker)
    settings = broker.client_settings()
    assert settings["bootstrap_servers"] == ["a:1", "b:2"]
    assert client._security_protocol == settings["security_protocol"] == "SASL_SSL"
    assert client._sasl_mechanism == settings["sasl_mechanism"] == "SCRAM-SHA-512"
    assert client._sasl_plain_username == settings["sasl_plain_username"] == "me"
    assert client._ssl_context is settings["ssl_context"] is context
    assert "canary" not in repr(broker)


@pytest.mark.parametrize(("context", "protocol"), [(None, "PLAINTEXT"), (create_default_context(), "SSL")])
def test_without_sasl_it_is_plain_or_tls(context: SSLContext | None, protocol: str) -> None:
    def scene(app: WorkerApp, stage: Stage) -> Any:
        return made(app)._client

    assert with_app(scene, broker=Broker("a:1", ssl_context=context))._security_protocol == protocol


def test_the_loop_is_proved_alive_before_any_broker_answers() -> None:
    class Ear(Silence):
        def __init__(self) -> None:
            self.ticked = asyncio.Event()

        def loop_ticked(self, late_seconds: float) -> None:
            assert late_seconds == 0
            self.ticked.set()

    def look() -> int:
        raise AssertionError("nobody answers")

    async def main() -> int:
        ear, codes = Ear(), list[int]()
        worker = Worker(OPTIONS, cast("Any", None), ENCODERS, look, ear, crash_point=bool, exit_process=codes.append)
        run = asyncio.create_task(worker.run())
        await asyncio.wait_for(ear.ticked.wait(), 10)
        worker.ask_to_stop()
        return await run

    assert asyncio.run(main()) == 0


def test_a_stop_is_told_before_anything_is_waited_for_and_once() -> None:
    """Whoever asks `/readyz` sends no more work from the signal on, however long the last checkpoint takes."""

    class Ear(Silence):
        def __init__(self) -> None:
            self.said: list[str] = []

        def readiness(self, *, ready: bool, reason: str) -> None:
            assert not ready
            self.said.append(reason)

    def look() -> int:
        raise AssertionError("nobody answers")

    async def main() -> list[str]:
        ear, codes = Ear(), list[int]()
        worker = Worker(OPTIONS, cast("Any", None), ENCODERS, look, ear, crash_point=bool, exit_process=codes.append)
        run = asyncio.create_task(worker.run())
        await asyncio.sleep(0)
        worker.ask_to_stop()
        at_once = list(ear.said)
        worker.ask_to_stop()
        await run
        assert ear.said.count("stopping") == 1
        return at_once

    assert asyncio.run(main())[-1] == "stopping"
