"""P11: whatever happens to brokers, nothing is lost and work goes on soon after they are back."""

import asyncio
from typing import TYPE_CHECKING, Final

from tests.faults.brokers import Brokers
from tests.faults.crew import Crew
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

BACK_SECONDS: Final = {"kill": 30.0, "freeze": 60.0, "stall": 30.0, "reset": 30.0}
"""So long after the fault the work must have gone on."""

SLOW_MS: Final = {"smoke": 300, "short": 300, "full": 60}
"""Between slices of work, so that there is work left after the last fault."""

EXITS: Final = 2
RSS_RATIO: Final = 1.5
FAULTS: Final = tuple(BACK_SECONDS)
ROLES: Final = ("leader", "coordinator", "controller")


def one_node(stage: Stage) -> None:
    """The only broker is killed and comes back."""
    down = stage.sized(smoke=3.0, short=15.0, full=120.0)
    with stage.brokers(proxied=True) as brokers:
        work = stage.work(brokers, stage.load())
        work.send()
        with work.crew(1, slow_ms=SLOW_MS[stage.scale]) as crew:
            for _ in stage.rounds(smoke=1, short=2, full=5):
                work.gets_on(crew)
                _suffer(stage, brokers, work, crew, "kill", 1, down)
            work.settle(crew)
            _judged(stage, work, crew)


def three_nodes(stage: Stage) -> None:
    """Each fault on the node that leads the changelog, has the group, or is the controller."""
    down = stage.sized(short=8.0, full=60.0)
    pairs = [(fault, role) for fault in FAULTS for role in ROLES]
    chosen = stage.sized(short=[*zip(FAULTS, stage.random.choices(ROLES, k=len(FAULTS)), strict=True)], full=pairs)
    with stage.brokers(3, proxied=True) as brokers:
        work = stage.work(brokers, stage.load())
        work.send()
        with work.crew(1, slow_ms=SLOW_MS[stage.scale]) as crew:
            for number in stage.rounds(short=len(chosen), full=len(chosen)):
                fault, role = chosen[number - 1]
                work.gets_on(crew)
                node = asyncio.run(_node(brokers, work, role))
                stage.say(f"{fault} of the {role}, node {node}")
                _suffer(stage, brokers, work, crew, fault, node, down)
            work.settle(crew)
            _judged(stage, work, crew)


async def _node(brokers: Brokers, work: Work, role: str) -> int:
    """The node that has the role."""
    if role == "leader":
        return await brokers.leader(f"{work.app_id}-accounts-changelog", 0)
    if role == "coordinator":
        return await brokers.coordinator(work.app_id)
    return await brokers.controller()


def _suffer(stage: Stage, brokers: Brokers, work: Work, crew: Crew, fault: str, node: int, down: float) -> None:
    """Do it, wait, undo it, and measure how long it takes until something is committed again."""
    begin: dict[str, Callable[[], object]] = {
        "kill": lambda: brokers.kill(node),
        "freeze": lambda: brokers.freeze(node),
        "stall": lambda: brokers.weather(node, fault="stall"),
        "reset": lambda: brokers.reset(node),
    }
    end: dict[str, Callable[[], object]] = {
        "kill": lambda: brokers.start(node),
        "freeze": lambda: brokers.thaw(node),
        "stall": lambda: brokers.weather(node),
        "reset": lambda: None,
    }
    begin[fault]()
    crew.tend_for(down if fault != "reset" else 0)
    end[fault]()
    back = work.gets_on(crew, what=f"a commit after the {fault}")
    stage.figure(f"back after {fault}, s", max(back, float(stage.figures.get(f"back after {fault}, s", "0"))))
    assert back <= BACK_SECONDS[fault], f"{back:.0f} s until something was committed after the {fault}"


def _judged(stage: Stage, work: Work, crew: Crew) -> None:
    stage.judge(work)
    ended = sum(count for code, count in crew.exits.items() if code)
    stage.figure("exits", ended)
    stage.figure("RSS peak, MiB", crew.rss_peak)
    rounds = max(1, stage.rounds_done)
    assert ended <= EXITS * rounds, f"{ended} exits in {rounds} outages"


PROMISES = (
    Promise("P11", "an outage of the only broker loses nothing", one_node, smoke=True),
    Promise("P11b", "kill, freeze, stall and reset of one of three brokers lose nothing", three_nodes),
)
