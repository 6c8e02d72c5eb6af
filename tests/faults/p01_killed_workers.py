"""P1: a worker that is killed again and again neither loses nor doubles anything."""

import time

from tests.faults.promise import Promise
from tests.faults.stage import Stage


def play(stage: Stage) -> None:
    """SIGKILL at seeded moments of its work, until the load is done."""
    kills = stage.sized(smoke=2, short=8, full=40)
    least, most = stage.sized(smoke=(0.5, 2.0), short=(0.5, 4.0), full=(3.0, 15.0))
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        work.send()
        with work.crew(1, slow_ms=stage.sized(smoke=300, short=100, full=5)) as crew:
            done = 0
            for _ in stage.rounds(short=kills, full=kills):
                crew.tend()
                (hand,) = crew.hands
                hand.hear("READY")
                time.sleep(stage.random.uniform(least, most))
                done += work.behind() > 0
                crew.kill(hand)
            stage.figure("kills at work", done)
            work.settle(crew)
        stage.judge(work)
    assert done, "the load was done before the first kill"


PROMISE = Promise("P1", "nothing lost or doubled when workers are killed", play, smoke=True)
