"""P12: while too few copies can be written nothing is committed, and nothing is lost when they are back."""

import time

from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work


def play(stage: Stage) -> None:
    """The changelog wants three copies while a node is down: no commit moves. Then two of three nodes are down."""
    down = stage.sized(short=15.0, full=120.0)
    with stage.brokers(3, proxied=True) as brokers:
        work = stage.work(brokers, stage.load())
        work.send()
        with work.crew(1, slow_ms=stage.sized(short=200, full=60)) as crew:
            crew.hands[0].hear("CHECKPOINT", times=3)
            _need(work, 3)
            brokers.kill(3)
            time.sleep(5)  # what was under way is done, or will never be
            before = work.settled_offsets()
            crew.tend_for(down)
            moved = work.settled_offsets() - before
            stage.figure("offsets moved", moved)
            assert moved == 0, f"{moved} offsets were committed without enough copies"
            assert work.behind(), "the load was done before"
            brokers.start(3)
            _need(work, 2)
            work.gets_on(crew, what="a commit with three nodes")
            assert work.behind(), "the load was done before two of three nodes were down"
            brokers.kill(2)
            brokers.kill(3)
            crew.tend_for(down)
            brokers.cluster.start()
            stage.figure("back after, s", work.gets_on(crew, what="a commit after two of three nodes were down"))
            stage.figure("settled after, s", work.settle(crew))
        stage.judge(work)


def _need(work: Work, copies: int) -> None:
    """Let the changelog want so many copies of each write."""
    settings = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}
    work.alter(f"{work.app_id}-accounts-changelog", settings | {"min.insync.replicas": str(copies)})


PROMISE = Promise("P12", "without enough copies nothing is committed, and nothing is lost", play)
