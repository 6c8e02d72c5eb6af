"""P2: wherever a step breaks off nothing is lost, nothing is there twice, and every account's state is the replay's."""

from typing import Final

from tests.faults.promise import Promise
from tests.faults.stage import Stage

POINTS: Final = (
    "decode",
    "apply",
    "snapshot",
    "begin",
    "alerts",
    "states",
    "offsets",
    "commit",
    "recovery",
    "take_over",
)


def play(stage: Stage) -> None:
    """A worker that ends itself at each point in turn, in the middle of one load."""
    with stage.broker() as broker:
        for _ in stage.rounds(short=1, full=5):
            work = stage.work(broker, stage.load())
            work.send()
            for point in stage.random.sample(POINTS, len(POINTS)):
                passes = {"decode": 400, "recovery": 1, "take_over": 1}.get(point, 4)
                with work.crew(1, slow_ms=5, die_at=f"{point}:{stage.random.randint(1, passes)}") as crew:
                    (hand,) = crew.hands
                    hand.hear("DYING")
                    assert hand.process.wait(10) == 137, f"it has not ended at {point}"
            with work.crew(1) as crew:
                crew.hands[0].hear("READY")
                assert work.behind(), "the load was done before the last crash"
                work.settle(crew)
            stage.judge(work)
    stage.figure("points", len(POINTS))


PROMISE = Promise("P2", "consistent after a crash at each step", play)
