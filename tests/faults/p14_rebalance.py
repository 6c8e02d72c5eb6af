"""P14: partitions change hands, in order, by a crash or from a zombie, and nobody sees it in what is published."""

import asyncio
import signal
import time
from collections.abc import Callable
from typing import Final

from tests.faults.crew import Crew, Hand
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import SESSION_SECONDS, Work

JOIN_SECONDS: Final = 20.0
CRASH_SECONDS: Final = SESSION_SECONDS + 5.0
RATE: Final = 80
"""Records a second, so that there is something to do when partitions change hands."""

FENCED: Final = 75


def joins_and_leaves(stage: Stage) -> None:
    """One worker, two, three, two, one, and again, in the middle of the load."""
    longest = 0.0
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        with work.sending(rate=RATE) as pace, work.crew(1) as crew:
            crew.hands[0].hear("CHECKPOINT")
            for number in stage.rounds(short=4, full=10):
                if number % 4 in (1, 2):
                    hand = crew.join()
                    longest = max(longest, hand.hear("CHECKPOINT") - hand.hear("NOT joining"))
                else:
                    crew.leave(crew.hands[0])
                work.gets_on(crew)
            pace.hurry()
            work.settle(crew)
        stage.judge(work)
    stage.figure("join to checkpoint, s", longest)
    assert longest <= JOIN_SECONDS, f"a joining worker made its first checkpoint after {longest:.0f} s"


def killed_member(stage: Stage) -> None:
    """kill -9 of one of two: the other goes on with all partitions."""
    longest = 0.0
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        with work.sending(rate=RATE) as pace, work.crew(2) as crew:
            for _ in stage.rounds(short=3, full=10):
                _both_work(crew)
                dead, heir = stage.random.sample(crew.hands, 2)
                crew.hands.remove(dead)
                dead.kill()
                crew.exits[-signal.SIGKILL] += 1
                at = time.monotonic()
                longest = max(longest, _whole(heir, work, at) - at)
                crew.join()
            pace.hurry()
            work.settle(crew)
        stage.judge(work)
    stage.figure("crash to all partitions, s", longest)
    assert longest <= CRASH_SECONDS, f"the heir had all partitions after {longest:.1f} s"


def sleeper(stage: Stage) -> None:
    """SIGSTOP past the session's end somewhere in its work; SIGCONT when another works on its partitions."""
    _zombies(stage, lambda _stage: "", rounds=(2, 6))


def sleeper_in_transaction(stage: Stage) -> None:
    """SIGSTOP between send and commit, and at the other steps of a checkpoint: each one must be fenced."""
    _zombies(stage, _inside, rounds=(3, 12))


def _inside(stage: Stage) -> str:
    return f"{stage.random.choice(('alerts', 'states', 'offsets'))}:{stage.random.randint(2, 4)}:stop"


def _zombies(stage: Stage, die_at: Callable[[Stage], str], *, rounds: tuple[int, int]) -> None:
    fenced = 0
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        with work.sending(rate=RATE) as pace, work.crew(1) as crew:
            for _ in stage.rounds(short=rounds[0], full=rounds[1]):
                (heir,) = crew.hands
                heir.hear("CHECKPOINT")
                point = die_at(stage)
                zombie = crew.join(die_at=point)
                zombie.hear("READY")
                if point:
                    zombie.hear("DYING")
                else:
                    zombie.hear("CHECKPOINT")
                    zombie.send(signal.SIGSTOP)
                at = time.monotonic()
                _whole(heir, work, at)
                heir.hear("CHECKPOINT", after=time.monotonic(), times=2)
                assert work.behind(), "the load was done before the zombie woke up"
                zombie.send(signal.SIGCONT)
                if point:
                    code = zombie.process.wait(60)
                    assert (code, zombie.count("FAILED fenced")) == (FENCED, 1), f"the zombie {zombie.last_words()}"
                    fenced += 1
                    crew.hands.remove(zombie)
                    crew.exits[code] += 1
                else:
                    fenced += _awake(crew, zombie, at)
            pace.hurry()
            work.settle(crew)
        stage.judge(work)
    stage.figure("fenced", fenced)


def _awake(crew: Crew, zombie: Hand, stopped_at: float) -> bool:
    """What the zombie does: it joins again, or it was in a checkpoint, is fenced (True), and ends with 75."""
    while zombie.runs and not zombie.heard("ASSIGNED", after=stopped_at):
        time.sleep(0.1)
    if zombie.runs:
        crew.leave(zombie)
        return False
    assert zombie.count("FAILED fenced"), zombie.last_words()
    crew.hands.remove(zombie)
    crew.exits[FENCED] += 1
    return True


def lost_coordinators(stage: Stage) -> None:
    """Three nodes; the one that coordinates the group, then the transactions, is killed while a worker joins."""
    with stage.brokers(3, proxied=True) as brokers:
        work = stage.work(brokers, stage.load(), session=6.0)
        with work.sending(rate=RATE) as pace, work.crew(2) as crew:
            _both_work(crew)
            for number in stage.rounds(short=2, full=8):
                what = "group" if number % 2 else "transactions"
                node = asyncio.run(
                    brokers.coordinator(work.app_id) if number % 2
                    else brokers.transaction_coordinator(f"{work.app_id}-accounts-0")
                )  # fmt: skip
                stage.say(f"node {node} coordinates the {what}")
                crew.join()
                brokers.kill(node)
                work.gets_on(crew)
                brokers.start(node)
                work.gets_on(crew)
                crew.tend()
                crew.leave(crew.hands[0])
            pace.hurry()
            work.settle(crew)
        stage.judge(work)
        stage.figure("exits with 75", crew.exits[FENCED])


def moving_leaders(stage: Stage) -> None:
    """Three nodes; each in turn is stopped in order, so that every leader moves, and comes back."""
    with stage.brokers(3, proxied=True) as brokers:
        work = stage.work(brokers, stage.load())
        with work.sending(rate=RATE) as pace, work.crew(2) as crew:
            _both_work(crew)
            for number in stage.rounds(short=3, full=9):
                node = brokers.cluster.nodes[number % 3]
                node.stop()
                work.gets_on(crew)
                brokers.start(number % 3 + 1)
                brokers.wait_in_sync([work.prefix])
            pace.hurry()
            work.settle(crew)
        stage.judge(work)
        stage.figure("exits with 75", crew.exits[FENCED])


def _both_work(crew: Crew) -> None:
    """Wait until each member of the crew has partitions and has written of them."""
    crew.tend()
    for hand in crew.hands:
        hand.hear("CHECKPOINT", after=hand.hear("ASSIGNED"))


def _whole(heir: Hand, work: Work, after: float) -> float:
    """When the heir had all partitions."""
    everything = " ".join(map(str, range(work.feed.partitions)))
    return heir.hear(f"ASSIGNED {everything} ", after=after)


PROMISES = (
    Promise("P14", "workers join and leave in mid-stream", joins_and_leaves),
    Promise("P14b", "one of two workers is killed", killed_member),
    Promise("P14c", "a zombie wakes up after its session", sleeper),
    Promise("P14d", "a zombie wakes up between send and commit and is fenced", sleeper_in_transaction),
    Promise("P14e", "the coordinators of group and transactions are killed", lost_coordinators),
    Promise("P14f", "leaders move from node to node", moving_leaders),
)
