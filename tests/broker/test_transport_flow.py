"""On a real Kafka: what the merge waits for, what it must not wait for, and how time passes where nothing happens."""

import asyncio
import socket
from pathlib import Path

from tests.broker.counting_log import EXACT, CountingLog
from tests.broker.worker_process import WorkerProcess


def test_a_busy_topic_is_merged_with_quiet_ones_within_a_small_bound(kafka: str, prefix: str, tmp_path: Path) -> None:
    """Far more records than may be in memory, all on one topic, another nearly empty, the third empty: no deadlock."""
    log = CountingLog(kafka, prefix)
    asyncio.run(log.create())
    asyncio.run(log.emit(60_000, accounts=500, seed=1, topics=["usage"]))
    asyncio.run(log.emit(40, accounts=500, seed=2, topics=["tickets"]))
    arguments = ["--bootstrap", kafka, "--prefix", prefix, "--merging", "--in-flight", "2000"]
    with WorkerProcess(*arguments, folder=tmp_path) as worker:
        worker.hear("READY")
        asyncio.run(log.settled())
        assert worker.end() == 0
    assert asyncio.run(log.verdict()) == EXACT


def test_an_idle_partition_lives_in_the_brokers_time(kafka: str, prefix: str, tmp_path: Path) -> None:
    """Where nothing arrives the clock is what the broker said with the last partition record, less five seconds."""
    log = CountingLog(kafka, prefix)
    asyncio.run(log.create())
    with WorkerProcess("--bootstrap", kafka, "--prefix", prefix, folder=tmp_path) as worker:
        worker.hear("CHECKPOINT 0")
        while True:
            _, _, clock, broker = worker.hear("CLOCK 0").split()
            if int(clock):
                break
        assert int(broker) - int(clock) in range(5_000, 7_500)
        assert worker.end() == 0


def test_a_worker_without_its_topics_says_what_to_do(kafka: str, prefix: str, tmp_path: Path) -> None:
    """A missing topic ends the start with 78 and one line, before the group is joined."""
    with WorkerProcess("--bootstrap", kafka, "--prefix", prefix, folder=tmp_path) as worker:
        worker.hear("EXIT 78")
    (line,) = [line for line in worker.log.read_text().splitlines() if line.startswith("detector: ")]
    assert f"{prefix}usage" in line
    assert "run `detector topics apply`" in line


def test_a_worker_whose_broker_is_away_waits_and_can_be_stopped(prefix: str, tmp_path: Path) -> None:
    """Nothing is wrong with the worker: it stays up, and stops with 0 when asked to."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"127.0.0.1:{taken.getsockname()[1]}"
    with WorkerProcess("--bootstrap", nowhere, "--prefix", prefix, folder=tmp_path) as worker:
        worker.hear("NOT waiting_for_broker", 2)
        assert worker.end() == 0
    assert worker.log.read_text().count("does not answer: waiting for it") == 1
