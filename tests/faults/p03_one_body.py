"""P3: an alert's id and revision stand for one body, however the work was done."""

from collections import defaultdict

import msgspec

from tests.faults.checker import Revision
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work

RATE = 80
"""Records a second until the last kill."""
SLOW_MS = 100
"""Between slices of the work of those who are killed, so that there is some left."""


def play(stage: Stage) -> None:
    """The same load three times: left alone, with kills, with two workers."""
    bodies: defaultdict[Revision, set[bytes]] = defaultdict(set)
    decode = msgspec.json.Decoder(Revision).decode
    with stage.broker() as broker:
        for number in stage.rounds(short=3, full=3):
            work = stage.work(broker, stage.load())
            if number == 2:
                worked_off_with_kills(work, stage.sized(smoke=1, short=3, full=10))
            else:
                work.send()
                with work.crew(2 if number == 3 else 1) as crew:
                    work.settle(crew)
            stage.judge(work)
            prefix = work.prefix.encode()
            for body in work.alerts():
                bodies[decode(body)].add(body.replace(prefix, b""))
    two = sum(len(found) > 1 for found in bodies.values())
    assert not two, f"{two} of {len(bodies)} revisions have two bodies"
    stage.figure("revisions", len(bodies))


def worked_off_with_kills(work: Work, kills: int) -> None:
    """One worker works off the feed while it comes, killed after two checkpoints each time, with work left."""
    with work.sending(rate=RATE) as pace, work.crew(1, slow_ms=SLOW_MS) as crew:
        for _ in range(kills):
            crew.tend()
            crew.hands[0].hear("CHECKPOINT", times=2)
            assert work.behind(), "the load was done before a kill"
            crew.kill(crew.hands[0])
        pace.hurry()
        work.settle(crew)


PROMISE = Promise("P3", "one body for each alert and revision, however it came about", play, smoke=True)
