"""The commands as a person calls them, against one broker and one prefix, and what they left in the topics."""

import asyncio
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

HANGING_SECONDS: Final = 240.0
_ENVIRONMENT: Final = {key: value for key, value in os.environ.items() if not key.startswith("DETECTOR_")}


class Worker:
    """A `detector worker` in a process of its own."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self._log = log
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_ENVIRONMENT
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout, self._log.open("a") as log:
            for line in self.process.stdout:
                log.write(line)
                self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, words: str) -> None:
        """Wait until the worker has logged this."""
        end = time.monotonic() + HANGING_SECONDS
        while True:
            line = self._lines.get(timeout=max(0.1, end - time.monotonic()))
            assert line is not None, f"the worker ended before it said {words!r}:\n{self._log.read_text()[-3000:]}"
            if words in line:
                return

    def kill(self) -> None:
        """End it without a word (kill -9)."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


class Spine:
    """Topics under one prefix, in one of the two modes; `folder` takes files and logs."""

    def __init__(self, broker: str, prefix: str, folder: Path, *, live: bool = False, partitions: int = 4) -> None:
        self.broker, self.prefix, self.folder, self.live, self.partitions = broker, prefix, folder, live, partitions
        self.app_id = f"{prefix}app"
        self.changelog = f"{self.app_id}-accounts-changelog"
        self.where = ["--brokers", broker, "--topic-prefix", prefix]

    def run(self, *words: str) -> str:
        """Run a command; its standard output. A failure is the test's."""
        command = [sys.executable, "-m", "detector", *words]
        done = subprocess.run(command, capture_output=True, text=True, env=_ENVIRONMENT, timeout=HANGING_SECONDS, check=False)
        assert done.returncode == 0, f"{words}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    def apply_topics(self) -> None:
        """Create the topics."""
        mode = [] if self.live else ["--import"]
        self.run("topics", "apply", *self.where, "--app-id", self.app_id, "--partitions", str(self.partitions), *mode)

    def emit(self, file: Path, *, until: str | None = None) -> None:
        """Send a file."""
        mode = ["--live"] if self.live else []
        self.run("emit", *self.where, *mode, *(["--until", until] if until else []), str(file))

    @contextmanager
    def worker(self, *more: str) -> Iterator[Worker]:
        """A running worker; killed at the end if it still runs."""
        record_time = "log_append" if self.live else "create"
        arguments = [sys.executable, "-m", "detector", "worker", *self.where, "--app-id", self.app_id, "--http-port", "0"]
        arguments += ["--record-time", record_time, "--log-format", "json", "--session-timeout-seconds", "6", *more]
        worker = Worker(arguments, self.folder / f"worker-{self.prefix}{time.monotonic_ns()}.log")
        try:
            yield worker
        finally:
            if worker.process.poll() is None:
                worker.kill()

    def export(self, file: Path) -> Path:
        """Write the log as far as the worker came."""
        self.run("export", *self.where, "--app-id", self.app_id, str(file))
        return file

    # -- reading, as any reader would: committed records only

    def read(self, topic: str) -> list[Any]:
        """Every committed record of a topic, by partition and offset."""
        return asyncio.run(self._read(topic))

    async def _read(self, topic: str) -> list[Any]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker, isolation_level="read_committed", enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            places = [TopicPartition(topic, number) for number in range(self.partitions)]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            await consumer.seek_to_beginning(*places)
            records: list[Any] = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for batch in (await consumer.getmany(timeout_ms=200, max_records=50_000)).values():
                    records += batch
            return sorted(records, key=lambda record: (record.partition, record.offset))
        finally:
            await consumer.stop()

    def alerts(self) -> dict[int, list[bytes]]:
        """The alerts as published, by partition."""
        found: dict[int, list[bytes]] = {number: [] for number in range(self.partitions)}
        for record in self.read(f"{self.prefix}decay.alerts.v1"):
            found[record.partition].append(record.value)
        return found

    def state(self) -> dict[bytes, bytes]:
        """The committed state: the latest value of every key of the changelog (partition records are left out)."""
        state: dict[bytes, bytes] = {}
        for record in self.read(self.changelog):
            if record.key != b"p":
                state[record.key] = record.value
        return state

    def wait_until_applied(self, worker: Worker, total: int) -> None:
        """Wait until the changelog's partition records say that so many records were applied."""
        end = time.monotonic() + HANGING_SECONDS
        while asyncio.run(self._applied()) < total:
            assert worker.process.poll() is None, "the worker ended"
            assert time.monotonic() < end, "the worker hangs"
            time.sleep(0.3)

    async def _applied(self) -> int:
        """Committed group offsets, summed: the worker commits what it has applied, in its transactions."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.broker, group_id=self.app_id, enable_auto_commit=False)
        await consumer.start()
        try:
            topics = [f"{self.prefix}{name}.events.v1" for name in ("usage", "support", "crm")]
            places = [TopicPartition(topic, number) for topic in topics for number in range(self.partitions)]
            return sum([await consumer.committed(place) or 0 for place in places])
        finally:
            await consumer.stop()


def ndjson(path: Path) -> list[Any]:
    """The lines of a file as data."""
    with path.open("rb") as file:
        return [json.loads(line) for line in file]
