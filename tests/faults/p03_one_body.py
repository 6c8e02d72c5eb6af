"""P3: an alert's id and revision stand for one body, however the work was done."""

from collections import defaultdict

import msgspec

from tests.faults.checker import Revision
from tests.faults.promise import Promise
from tests.faults.stage import Stage

SLOW_MS = 100
"""Between slices of the work of those who are killed, so that there is some left."""


def play(stage: Stage) -> None:
    """The same load three times: left alone, with kills, with two workers."""
    bodies: defaultdict[Revision, set[bytes]] = defaultdict(set)
    decode = msgspec.json.Decoder(Revision).decode
    with stage.broker() as broker:
        for number in stage.rounds(short=3, full=3):
            work = stage.work(broker, stage.load())
            work.send()
            slow = {"slow_ms": SLOW_MS} if number == 2 else {}
            with work.crew(2 if number == 3 else 1, **slow) as crew:
                for _ in range(stage.sized(smoke=1, short=3, full=10) if number == 2 else 0):
                    crew.tend()
                    crew.hands[0].hear("CHECKPOINT", times=2)
                    crew.kill(crew.hands[0])
                work.settle(crew)
            stage.judge(work)
            prefix = work.prefix.encode()
            for body in work.alerts():
                bodies[decode(body)].add(body.replace(prefix, b""))
    two = sum(len(found) > 1 for found in bodies.values())
    assert not two, f"{two} of {len(bodies)} revisions have two bodies"
    stage.figure("revisions", len(bodies))


PROMISE = Promise("P3", "one body for each alert and revision, however it came about", play, smoke=True)
