"""L1 to L3: the probes: an outage asks for no restart, a hang does, and nobody is ready before its state is there."""

import time
from typing import Any

from detector.errors import INTERNAL
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface

HANG_SECONDS = 150
"""So soon a hang must be seen from outside."""


def through_an_outage(stage: Stage) -> None:
    """The broker is frozen while there is work left, and thaws."""
    surface = Surface()
    outage = stage.sized(short=45, full=600)
    with stage.brokers() as brokers:
        work = stage.work(brokers, stage.feed(8_000, 200))
        work.send()
        with work.crew(1, slow_ms=20, http_port=surface.port) as crew:
            crew.hands[0].hear("READY")
            crew.wait(lambda: work.committed() > 0, what="the first checkpoint")
            brokers.freeze(1)
            began = time.monotonic()
            with surface.watching():
                crew.wait(lambda: time.monotonic() - began > outage, limit=outage + 60)
                stage.figure("exits with 75", crew.exits[75])
                brokers.thaw(1)
                took = crew.wait(lambda: surface.ask("/readyz")[0] == 200, what="readiness")
            stage.figure("ready again s", took)
            work.settle(crew)
        stage.judge(work)
    stage.say(str(dict(surface.seen)))
    assert not [said for said in surface.seen if said.startswith("/livez 503")], dict(surface.seen)
    assert surface.seen["/livez 200 waiting_for_broker"] > outage, dict(surface.seen)
    assert surface.seen["/readyz 503 waiting_for_broker"] > outage, dict(surface.seen)


def at_a_hang(stage: Stage) -> None:
    """The event loop does not come back from the first slice of work."""
    surface = Surface()
    with stage.broker() as broker:
        work = stage.work(broker, stage.feed(2_000, 50))
        work.send()
        hand = work.hire(slow_ms=1e6, http_port=surface.port)
        try:
            began = hand.hear("READY")
            with surface.watching():
                code = hand.process.wait(2 * HANG_SECONDS)
        finally:
            hand.kill()
        seen = surface.turned["/livez 503 event_loop_hangs"] - began
        stage.figure("livez 503 after s", seen)
        stage.figure("ended after s", time.monotonic() - began)
        assert seen <= HANG_SECONDS
        assert surface.seen["/readyz 503 event_loop_hangs"]
        assert code == INTERNAL, f"ended with {code}: {hand.last_words()}"
        assert "time.sleep" in hand.log.read_text() or "worker.py" in hand.log.read_text()
        with work.crew(1) as crew:
            work.settle(crew)
        stage.judge(work)


def at_cold_starts(stage: Stage) -> None:
    """Killed and started again and again: at the first 200 of `/readyz` all of the state is in memory."""
    surface = Surface()
    with stage.broker() as broker:
        work = stage.work(broker, stage.feed(*stage.sized(short=(10_000, 3_000), full=(200_000, 40_000)), days=0.5))
        work.send()
        with work.crew(1) as crew:
            work.settle(crew)
        records = len(work.states()) + work.feed.partitions
        slowest = 0.0
        for _ in stage.rounds(short=8, full=100):
            hand = work.hire(http_port=surface.port)
            try:
                shown, seconds = _first_ready(surface)
            finally:
                hand.kill()
            slowest = max(slowest, seconds)
            assert shown["detector_state_records"] == records, f"ready with {shown['detector_state_records']:.0f}"
            assert shown["detector_recovery_remaining_records"] == 0
            assert shown["detector_recovery_in_progress"] == 0
        stage.figure("state records", records)
        stage.figure("slowest start s", slowest)


def _first_ready(surface: Surface) -> tuple[Any, float]:
    began = time.monotonic()
    while time.monotonic() - began < HANG_SECONDS:
        try:
            if surface.ask("/readyz")[0] == 200:
                return surface.values(), time.monotonic() - began
        except OSError:
            time.sleep(0.05)
    raise AssertionError("never ready")


PROMISES = (
    Promise("L1", "an outage asks for no restart: livez 200, readyz 503", through_an_outage),
    Promise("L2", "a hang is seen by livez, and the worker ends by itself with 70", at_a_hang),
    Promise("L3", "nobody is ready before the last state record is applied", at_cold_starts),
)
