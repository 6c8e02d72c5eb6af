"""Puts the worker together and runs it in this process: Faust's app over our transport, watched and stopped."""

import asyncio
import gc
import logging
import os
import signal
import threading
from datetime import timedelta
from time import monotonic
from typing import Any, Final, cast

import faust
from aiokafka.errors import KafkaError
from faust.types import StreamT

from detector.errors import TEMPORARY, DetectorError
from detector.record_batches import read_tolerantly
from detector.streaming.batches import BatchMessage, BatchSchema
from detector.streaming.broker import Look, first_contact
from detector.streaming.ending import Ending, Exit, exit_code
from detector.streaming.engine import Engine
from detector.streaming.fold import Encoders, FoldFactory
from detector.streaming.guard import check_versions, drop_codecs
from detector.streaming.limit import DeadLetterLimit
from detector.streaming.observer import Observer, Silence
from detector.streaming.options import WorkerOptions
from detector.streaming.table import BatchTable, BatchTableManager
from detector.streaming.transport import register
from detector.streaming.writer import CrashPoint

_log = logging.getLogger(__name__)
_BEAT_SECONDS: Final = 0.1
_OBSERVE_SECONDS: Final = 1.0
_NEVER: Final = timedelta(days=3650)  # for timers of Faust that have nothing to do here


class WorkerApp(faust.App):
    """Faust's app with the engine that its consumer and table work for, and without files on disk."""

    engine: Engine

    def _create_directories(self) -> None:
        """Do nothing: state is in memory and in the changelog."""


def make_app(options: WorkerOptions, engine: Engine) -> WorkerApp:
    """Compose the app: one agent over all in-topics, one table for its changelog. Call it on the running loop."""
    scheme = register()
    drop_codecs()
    app = WorkerApp(
        options.app_id,
        broker=[f"{scheme}://{address}" for address in options.broker.addresses],
        broker_credentials=options.broker.faust_credentials(),
        loop=asyncio.get_running_loop(),
        autodiscover=False,
        web_enabled=False,
        store="memory://",
        value_serializer="raw",
        key_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=engine.partitions,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",  # "latest" loses events where a reset races with a start
        consumer_max_fetch_size=options.fetch_bytes,
        consumer_group_instance_id=options.group_instance_id,
        broker_session_timeout=options.session_timeout,
        broker_heartbeat_interval=options.heartbeat_interval,
        broker_commit_interval=_NEVER.total_seconds(),
        broker_max_poll_records=options.max_poll_records,
        stream_buffer_maxsize=65_536,  # messages: a small one empties the set of active partitions
        stream_recovery_delay=0,
        stream_wait_empty=False,
        producer_acks=-1,
        producer_request_timeout=30,
        TableManager=BatchTableManager,
    )
    app.engine = engine
    table = BatchTable(
        app,
        name=options.table,
        partitions=engine.partitions,
        schema=BatchSchema(),
        recovery_buffer_size=4,  # with 1 Faust goes on reading the changelogs for ever
    )
    table.engine = engine
    app.tables.add(table)
    source = app.topic(*options.topics, schema=BatchSchema(), acks=False)

    async def consume(stream: StreamT[Any]) -> None:
        async for event in cast("faust.Stream[Any]", stream).noack().events():
            message: Any = event.message
            if isinstance(message, BatchMessage):
                await engine.apply(message)

    app.agent(source, name="events")(consume)
    return app


def tune_collector() -> None:
    """Take what was recovered out of the garbage collector's sight: the default costs a third of the throughput."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)


class Worker:
    """One run of the worker, from the wait for the broker to the exit code."""

    def __init__(
        self,
        options: WorkerOptions,
        fold_factory: FoldFactory,
        encoders: Encoders,
        look: Look,
        observer: Observer,
        *,
        crash_point: CrashPoint,
        exit_process: Exit,
        limit: DeadLetterLimit | None = None,
    ) -> None:
        self.options = options
        self.look = look
        self.fold_factory = fold_factory
        self.encoders = encoders
        self.observer = observer
        self.crash_point = crash_point
        self.limit = limit
        self.ending = Ending(observer, exit_process)
        self.stopping = asyncio.Event()
        self._engine: Engine | None = None

    def ask_to_stop(self) -> None:
        """Stop in order; whatever hangs is ended after `hard_stop_seconds`."""
        if not self.stopping.is_set():
            _log.info("stopping: the last checkpoint, then out of the group")
            self.observer.readiness(ready=False, reason="stopping")
            self.ending.watch(self.options.hard_stop_seconds)  # never called off: threads may outlive the event loop
            self.stopping.set()

    async def run(self) -> int:
        """Run until asked to stop (0; 75 at the limit of dead letters) or until something ends the worker.

        Raises DetectorError as the start does.
        """
        heart = asyncio.create_task(self._heart())
        try:
            self.ending.outcome = await self._run()
            return self.ending.outcome
        finally:
            heart.cancel()

    async def _run(self) -> int:
        self.observer.readiness(ready=False, reason="waiting_for_broker")
        contact = asyncio.ensure_future(first_contact(self.options.broker, self.look, self.observer))
        if not await self._unless_stopped(contact):
            return 0
        engine = Engine(
            self.options,
            contact.result(),
            self.fold_factory,
            self.encoders,
            observer=self.observer,
            ending=self.ending,
            crash_point=self.crash_point,
            after_recovery=tune_collector,
            limit=self.limit,
        )
        self.observer.readiness(ready=False, reason="joining")
        app = make_app(self.options, engine)
        app.finalize()
        self._engine = engine
        try:
            if await self._unless_stopped(app.start()):
                await self._unless_stopped(app._crashed.wait())  # noqa: SLF001 - mode has no public way to wait for it
            crash = app.crash_reason
        except Exception as error:  # noqa: BLE001 - told to a person below
            crash = error
        if crash is not None and not self.stopping.is_set():
            self.ending.abandon("the worker", crash)
            return self.ending.code or 0
        await engine.stop()
        self.ending.outcome = self.ending.code or (TEMPORARY if engine.halted else 0)
        if engine.halted:
            _log.warning("the dead-letter limit was reached, not all is read: the worker ends with %d", TEMPORARY)
        await self._leave_group(app)
        return self.ending.code or self.ending.outcome

    async def _unless_stopped(self, work: Any) -> bool:
        """Await the work and say True, or give it up and say False as soon as a stop is asked for."""
        task = asyncio.ensure_future(work)
        stop = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=1)
            return False
        task.result()
        return not self.stopping.is_set()

    async def _heart(self) -> None:
        """Prove that the loop runs, from the start on, and let the engine do what is due once there is one."""
        self.observer.loop_ticked(0.0)
        due = observed = monotonic()
        while True:
            due += _BEAT_SECONDS
            await asyncio.sleep(max(0.0, due - monotonic()))
            engine = self._engine
            try:
                if engine is not None:
                    engine.beat()
                if monotonic() - observed >= _OBSERVE_SECONDS:
                    observed = monotonic()
                    self.observer.loop_ticked(max(0.0, observed - due))
                    if engine is not None:
                        engine.observe()
            except Exception as error:  # noqa: BLE001 - without a heart nothing would ever be committed
                self.ending.abandon("the worker's heart", error)
                return
            due = max(due, monotonic() - _BEAT_SECONDS)

    async def _leave_group(self, app: WorkerApp) -> None:
        """Stop Faust, so that the others need not wait for the session to end; it is not waited for at any price."""
        try:
            await asyncio.wait_for(app.stop(), self.options.stop_seconds)
        except Exception as error:  # noqa: BLE001 - everything is durable: the exit code stays 0
            _log.warning("the consumer group was not left in order: %r", error)


def run_worker(
    options: WorkerOptions,
    fold_factory: FoldFactory,
    encoders: Encoders,
    look: Look,
    observer: Observer | None = None,
    *,
    crash_point: CrashPoint = lambda _name: None,
    exit_process: Exit = os._exit,
    limit: DeadLetterLimit | None = None,
) -> int:
    """Run a worker until SIGTERM or SIGINT and return the exit code; every failure after the start ends the process.

    Where `limit` has tripped, which whoever decodes feeds, nothing is read any more and a stop gives 75.
    The process must end then: it is ended `hard_stop_seconds` after a stop was asked for, whatever it does.
    Raises DetectorError for what a person must put right: 77 and 78.
    """
    check_versions()
    read_tolerantly()

    async def main() -> int:
        worker = Worker(
            options,
            fold_factory,
            encoders,
            look,
            observer or Silence(),
            crash_point=crash_point,
            exit_process=exit_process,
            limit=limit,
        )
        loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, worker.ask_to_stop)
        return await worker.run()

    try:
        return asyncio.run(main())
    except (OSError, KafkaError) as error:
        raise DetectorError(
            f"Kafka at {options.broker.bootstrap}: {error!r} — start it again", exit_code(error)
        ) from error
