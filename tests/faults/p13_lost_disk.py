"""P13: a broker that comes back with an empty disk costs nothing, as the two others have it all."""

from tests.faults.promise import Promise
from tests.faults.stage import Stage


def play(stage: Stage) -> None:
    """Kill a node in the middle of the load, wipe its disk, start it again, and then the next."""
    with stage.brokers(3, proxied=True) as brokers:
        work = stage.work(brokers, stage.load())
        work.send()
        with work.crew(1, slow_ms=20) as crew:
            for number in stage.rounds(short=2, full=6):
                work.gets_on(crew)
                node = 1 + number % 3
                brokers.kill(node)
                brokers.wipe(node)
                brokers.start(node)
                stage.say(f"node {node} is back with an empty disk")
                brokers.wait_in_sync([work.prefix])
            stage.figure("settled after, s", work.settle(crew))
        stage.judge(work)


PROMISE = Promise("P13", "a broker that loses its disk costs nothing", play)
