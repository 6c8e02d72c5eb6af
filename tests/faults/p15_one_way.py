"""P15: a network that loses one direction only is an outage like any other."""

from tests.faults.brokers import Brokers
from tests.faults.outage import Outage, judged, suffer
from tests.faults.promise import Promise
from tests.faults.stage import Stage


def play(stage: Stage) -> None:
    """First nothing reaches the worker, then nothing the broker; connections of that time are dead afterwards."""
    down = stage.sized(short=20.0, full=90.0)
    with stage.brokers(proxied=True) as brokers:
        work = stage.work(brokers, stage.load())
        work.send()
        with work.crew(1, slow_ms=stage.sized(short=200, full=60)) as crew:
            for number in stage.rounds(short=2, full=4):
                suffer(stage, work, crew, _lossy(brokers, "drop-s2c" if number % 2 else "drop-c2s"), down)
            work.settle(crew)
        judged(stage, work, crew)


def _lossy(brokers: Brokers, fault: str) -> Outage:
    def over() -> None:
        brokers.weather()
        brokers.reset()

    return Outage(fault, lambda: brokers.weather(fault=fault), over)


PROMISE = Promise("P15", "a network that loses one direction loses nothing else", play)
