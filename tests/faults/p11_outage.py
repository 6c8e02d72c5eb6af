"""P11: whatever happens to brokers, nothing is lost and work goes on soon after they are back."""

import asyncio
from typing import Final

from tests.faults.brokers import Brokers
from tests.faults.outage import Outage, judged, suffer
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work

SLOW_MS: Final = {"smoke": 300, "short": 300, "full": 60}
"""Between slices of work, so that there is work left after the last fault."""

FAULTS: Final = ("kill", "freeze", "stall", "reset")
ROLES: Final = ("leader", "coordinator", "controller")


def one_node(stage: Stage) -> None:
    """The only broker is killed and comes back."""
    down = stage.sized(smoke=3.0, short=15.0, full=120.0)
    with stage.brokers(proxied=True) as brokers:
        work = stage.work(brokers, stage.load())
        work.send()
        with work.crew(1, slow_ms=SLOW_MS[stage.scale]) as crew:
            for _ in stage.rounds(smoke=1, short=2, full=5):
                suffer(stage, work, crew, _outage(brokers, "kill", 1), down)
            work.settle(crew)
        judged(stage, work, crew)


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
                suffer(stage, work, crew, _outage(brokers, fault, node), down if fault != "reset" else 0)
            work.settle(crew)
        judged(stage, work, crew)


async def _node(brokers: Brokers, work: Work, role: str) -> int:
    """The node that has the role."""
    if role == "leader":
        return await brokers.leader(f"{work.app_id}-accounts-changelog", 0)
    if role == "coordinator":
        return await brokers.coordinator(work.app_id)
    return await brokers.controller()


def _outage(brokers: Brokers, fault: str, node: int) -> Outage:
    """A fault of one node; a frozen one has kept its connections, whose requests time out first."""
    if fault == "kill":
        return Outage(fault, lambda: brokers.kill(node), lambda: brokers.start(node))
    if fault == "freeze":
        return Outage(fault, lambda: brokers.freeze(node), lambda: brokers.thaw(node), back_seconds=60.0)
    if fault == "stall":
        return Outage(fault, lambda: brokers.weather(node, fault="stall"), lambda: brokers.weather(node))
    return Outage(fault, lambda: brokers.reset(node), lambda: None)


PROMISES = (
    Promise("P11", "an outage of the only broker loses nothing", one_node, smoke=True),
    Promise("P11b", "kill, freeze, stall and reset of one of three brokers lose nothing", three_nodes),
)
