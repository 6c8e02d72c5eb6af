"""P32: the state goes on over another number of partitions, and from a snapshot when a changelog is lost."""

import time

from detector.domain.alerts import iso
from harness.load import Load
from harness.spine import Spine
from tests.broker.test_reshard_on_kafka import FEW, goes_on_over_other_partitions, halves
from tests.broker.test_worker_replay import START_MS, Replayed
from tests.faults.checker import Verdict, compare
from tests.faults.expected import Outcome
from tests.faults.promise import Promise
from tests.faults.stage import Stage


def _load(stage: Stage) -> Load:
    events, accounts = stage.sized(short=(4_000, 160), full=(60_000, 2_000))
    return Load(events, accounts, START_MS, 80, seed=stage.seed)


def _prefix() -> str:
    return f"p32-{time.time_ns()}-"


def play(stage: Stage) -> None:
    """Half of a load on 4 partitions, a snapshot, the other half on 8: alerts and state of one run from the start."""
    with stage.broker() as broker:
        goes_on_over_other_partitions(broker, _prefix(), stage.folder, _load(stage))
    stage.hold(Verdict(), "alerts and state, compared there")


def play_backup(stage: Stage) -> None:
    """A snapshot, more events, the changelog lost: the snapshot is put back, the log is read on from there."""
    load, prefix = _load(stage), _prefix()
    cut, _, early, late = halves(stage.folder, load)
    count = len(early.read_text().splitlines())
    with stage.broker() as broker:
        lost = Spine(broker, prefix, stage.folder, partitions=FEW)
        lost.apply_topics()
        lost.emit(early, until=iso(cut))
        with lost.worker() as worker:
            lost.wait_until_applied(worker, count + 3 * FEW)
            assert worker.stop() == 0
        snapshot = lost.snapshot(stage.folder / "snapshot")
        lost.emit(late, until=iso(load.end_ms))
        back = Spine(broker, prefix, stage.folder, partitions=FEW, app_id=f"{prefix}back")
        back.apply_topics()
        done = back.reshard(snapshot, "same")
        assert done.returncode == 0, done.stderr
        with back.worker() as worker:
            back.wait_until_applied(worker, load.count + 6 * FEW)
            assert worker.stop() == 0
        replayed = Replayed(back.export(stage.folder / "export.ndjson"))
        expected = Outcome(replayed.alerts, replayed.state)
        verdict = compare(expected, alerts=back.alerts(), states=back.state(), health={}, letters=[], behind=0)
        stage.hold(verdict, f"{load.count:,} events")
        stage.figure("alerts", len(replayed.alerts))


PROMISES = (
    Promise("P32", "the state goes on over another number of partitions as though it had always been there", play),
    Promise("P32b", "a lost changelog is brought back from a snapshot, and nothing is lost or doubled", play_backup),
)
