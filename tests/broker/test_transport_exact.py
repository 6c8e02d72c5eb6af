"""On a real Kafka: every event has its effect exactly once, whatever is killed."""

import asyncio
import contextlib
import signal
from pathlib import Path

import pytest

from tests.broker.counting_log import EXACT, CountingLog
from tests.broker.worker_process import WorkerProcess


def test_counts_and_alerts_are_exact_after_three_kills(kafka: str, prefix: str, tmp_path: Path) -> None:
    """A worker that is killed three times in the middle of its work, and stopped once, leaves an exact log."""
    log = CountingLog(kafka, prefix)
    asyncio.run(log.create())
    asyncio.run(log.emit(120_000, accounts=2_000, seed=3))
    arguments = ["--bootstrap", kafka, "--prefix", prefix, "--instance", "one", "--slow-ms", "40", "--urgency"]
    for _ in range(3):
        with WorkerProcess(*arguments, folder=tmp_path) as worker:
            worker.hear("CHECKPOINT", 9)
            assert worker.end(signal.SIGKILL) == -signal.SIGKILL
    with WorkerProcess(*arguments, folder=tmp_path) as worker:
        worker.hear("CHECKPOINT")
        assert worker.end(signal.SIGTERM) == 0
    with WorkerProcess(*arguments, folder=tmp_path) as worker:
        worker.hear("READY")
        asyncio.run(log.settled())
        assert worker.end() == 0
    assert asyncio.run(log.verdict()) == EXACT


@pytest.mark.parametrize("stopped_inside", ["", "offsets:6:stop"], ids=["anywhere", "between-offsets-and-commit"])
def test_a_zombie_writes_nothing(kafka: str, prefix: str, tmp_path: Path, stopped_inside: str) -> None:
    """A worker that sleeps past its session and wakes up after another took over its partitions leaves no trace."""
    log = CountingLog(kafka, prefix)
    asyncio.run(log.create())
    asyncio.run(log.emit(90_000, accounts=2_000, seed=4))
    arguments = ["--bootstrap", kafka, "--prefix", prefix, "--slow-ms", "40", "--urgency", "--session", "6"]
    with WorkerProcess(*arguments, folder=tmp_path) as heir, contextlib.ExitStack() as stack:
        heir.hear("READY")
        zombie = stack.enter_context(WorkerProcess(*arguments, "--die-at", stopped_inside, folder=tmp_path))
        zombie.hear("READY")
        zombie.hear("CHECKPOINT")
        if stopped_inside:
            zombie.hear("DYING")
        else:
            zombie.send(signal.SIGSTOP)
        heir.hear("ASSIGNED 0 1 2 3")
        heir.hear("CHECKPOINT")
        zombie.send(signal.SIGCONT)
        asyncio.run(log.emit(20_000, accounts=2_000, seed=5))
        if stopped_inside:
            zombie.hear("FAILED fenced")
            assert zombie.process.wait(30) == 75
        asyncio.run(log.settled())
        assert heir.end() == 0
    assert asyncio.run(log.verdict()) == EXACT


def test_counts_and_alerts_are_exact_after_a_crash_at_every_step(kafka: str, prefix: str, tmp_path: Path) -> None:
    """Wherever a checkpoint, a take-over or a recovery breaks off, nothing is lost and nothing is there twice."""
    log = CountingLog(kafka, prefix)
    asyncio.run(log.create())
    asyncio.run(log.emit(60_000, accounts=2_000, seed=6))
    arguments = ["--bootstrap", kafka, "--prefix", prefix, "--instance", "one", "--slow-ms", "5", "--urgency"]
    steps = ["apply:5", "snapshot:3", "begin:3", "alerts:3", "states:3", "offsets:3", "commit:3"]
    for step in [*steps, "take_over:1", "recovery:1"]:
        with WorkerProcess(*arguments, "--die-at", step, folder=tmp_path) as worker:
            worker.hear("DYING")
            assert worker.process.wait(30) == -signal.SIGKILL
    with WorkerProcess(*arguments, folder=tmp_path) as worker:
        worker.hear("READY")
        asyncio.run(log.settled())
        assert worker.end() == 0
    assert asyncio.run(log.verdict()) == EXACT
