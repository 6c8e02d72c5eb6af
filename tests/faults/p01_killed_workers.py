"""P1: a worker that is killed again and again neither loses nor doubles anything."""

import time

from tests.faults.promise import Promise
from tests.faults.stage import Stage


def play(stage: Stage) -> None:
    """SIGKILL at seeded moments of its work, while the load comes in; each time there must be something left of it."""
    kills = stage.sized(smoke=2, short=8, full=40)
    least, most = stage.sized(smoke=(0.5, 2.0), short=(0.5, 4.0), full=(3.0, 15.0))
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        with (
            work.sending(rate=stage.sized(smoke=50, short=80, full=250)) as pace,
            work.crew(1, slow_ms=stage.sized(smoke=300, short=100, full=5)) as crew,
        ):
            at_work = 0
            for _ in stage.rounds(short=kills, full=kills):
                crew.tend()
                (hand,) = crew.hands
                hand.hear("READY")
                time.sleep(stage.random.uniform(least, most))
                at_work += work.behind() > 0
                crew.kill(hand)
            stage.figure("kills at work", at_work)
            pace.hurry()
            work.settle(crew)
        stage.judge(work)
    assert at_work == kills, f"{at_work} of {kills} kills were at work: the load was done before"


PROMISE = Promise("P1", "nothing lost or doubled when workers are killed", play, smoke=True)
