"""A worker process for the broker tests: it counts. Run as `python -m tests.broker.counting_worker`."""

import argparse
import logging
import os
import signal
import sys
import time

from detector.errors import DetectorError
from detector.streaming.app import run_worker
from detector.streaming.fold import Changes, Fold
from detector.streaming.observer import Silence
from detector.streaming.options import Broker, WorkerOptions
from detector.topic_check import look
from schemas.topics import TimestampType, Topic
from tests.streaming.counting import ENCODERS, CountingFold


class Spoken(Silence):
    """Says what the tests wait for, one line each."""

    def readiness(self, *, ready: bool, reason: str) -> None:
        """Say it."""
        say("READY" if ready else "NOT", reason)

    def rebalance_ended(self, seconds: float, partitions: frozenset[int], generation: int) -> None:
        """Say it."""
        say("ASSIGNED", *sorted(partitions), "seconds", f"{seconds:.2f}", "generation", generation)

    def applied(self, partition: int, records: int, seconds: float) -> None:
        """Count and say it."""
        Tally.applied += records
        Tally.seconds += seconds
        if not Tally.began:
            Tally.began = time.monotonic()
            Tally.cpu = time.process_time()
            say("FIRST", partition)
        if Tally.expected and Tally.applied >= Tally.expected:
            Tally.expected = 0
            took, cpu = time.monotonic() - Tally.began, time.process_time() - Tally.cpu
            say("DONE", Tally.applied, f"{Tally.applied / took:.0f}/s", f"{cpu / Tally.applied * 1e6:.2f} us/event",
                f"fold {Tally.seconds / Tally.applied * 1e6:.2f} us/event")  # fmt: skip

    def checkpointed(self, partition: int, changes: Changes, seconds: float) -> None:  # noqa: ARG002
        """Say it."""
        say("CHECKPOINT", partition, f"{seconds * 1e3:.1f} ms")

    def clock(self, partition: int, clock_ms: int, broker_ms: int) -> None:
        """Say it."""
        say("CLOCK", partition, clock_ms, broker_ms)

    def failed(self, reason: str) -> None:
        """Say it."""
        say("FAILED", reason)


class Tally:
    """What was applied by this process."""

    applied = 0
    expected = 0
    began = 0.0
    cpu = 0.0
    seconds = 0.0


def say(*words: object) -> None:
    """One line to standard output, at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--prefix", required=True, help="begins every topic, and the app")
    parser.add_argument("--session", type=float, default=6)
    parser.add_argument("--instance", help="static member: a restart takes its place at once")
    parser.add_argument("--record-time", choices=["log_append", "create"], default="log_append")
    parser.add_argument("--slow-ms", type=float, default=0)
    parser.add_argument("--die-at", default="", help="POINT:N = SIGKILL itself at the Nth pass; POINT:N:stop = SIGSTOP")
    parser.add_argument("--expect", type=int, default=0)
    parser.add_argument("--urgency", action="store_true")
    parser.add_argument("--merging", action="store_true")
    parser.add_argument("--in-flight", type=int, default=10_000)
    parser.add_argument("--hard-stop", type=float, default=30)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    Tally.expected = given.expect
    point, _, rest = given.die_at.partition(":")
    left, _, how = rest.partition(":")
    passes = {point: int(left or 0)}

    def crash_point(name: str) -> None:
        if name == "apply" and given.slow_ms:
            time.sleep(given.slow_ms / 1000)
        if passes.get(name):
            passes[name] -= 1
            if not passes[name]:
                say("DYING", name)
                os.kill(os.getpid(), signal.SIGSTOP if how == "stop" else signal.SIGKILL)

    topics = tuple(f"{given.prefix}{name}" for name in ("usage", "tickets", "crm"))

    def fold_factory(number: int, store: dict[bytes, bytes], _partitions: int) -> Fold:
        return CountingFold(number, store, topics, merging=given.merging, urgency=given.urgency)

    options = WorkerOptions(
        app_id=f"{given.prefix}app",
        broker=Broker(given.bootstrap),
        topics=topics,
        alerts_topic=f"{given.prefix}alerts",
        health_topic=f"{given.prefix}health",
        dead_letters_topic=f"{given.prefix}dead",
        record_time=given.record_time,
        group_instance_id=given.instance,
        session_timeout=given.session,
        heartbeat_interval=given.session / 4,
        in_flight_records=given.in_flight,
        checkpoint_interval=0.5,
        idle_interval=1.0,
        hard_stop_seconds=given.hard_stop,
    )

    def find() -> int:
        stamps: TimestampType = "CreateTime" if given.record_time == "create" else "LogAppendTime"
        read = [Topic(name=name, role="in", key="account", carries="numbers", timestamps=stamps) for name in topics]
        read.append(Topic(name=options.changelog, role="changelog", key="account", carries="counts", compact=True))
        published = [options.alerts_topic, options.health_topic, options.dead_letters_topic]
        return look({"bootstrap_servers": given.bootstrap}, read, published, record_time=given.record_time)

    try:
        code = run_worker(options, fold_factory, ENCODERS, find, Spoken(), crash_point=crash_point)
    except DetectorError as error:
        sys.stderr.write(f"detector: {error}\n")
        code = error.exit_code
    say("EXIT", code)
    sys.exit(code)


if __name__ == "__main__":
    main()
