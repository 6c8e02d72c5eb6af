"""P15: a network that loses one direction only is an outage like any other."""

from tests.faults.promise import Promise
from tests.faults.stage import Stage

BACK_SECONDS = 30.0


def play(stage: Stage) -> None:
    """First nothing reaches the worker, then nothing the broker; connections of that time are dead afterwards."""
    down = stage.sized(short=20.0, full=90.0)
    with stage.brokers(proxied=True) as brokers:
        work = stage.work(brokers, stage.load())
        work.send()
        with work.crew(1, slow_ms=20) as crew:
            for number in stage.rounds(short=2, full=4):
                work.gets_on(crew)
                fault = "drop-s2c" if number % 2 else "drop-c2s"
                brokers.weather(fault=fault)
                crew.tend_for(down)
                brokers.weather()
                brokers.reset()
                back = work.gets_on(crew)
                stage.figure(f"back after {fault}, s", back)
                assert back <= BACK_SECONDS, f"{back:.0f} s until something was committed after {fault}"
            work.settle(crew)
        stage.judge(work)
        stage.figure("exits", sum(count for code, count in crew.exits.items() if code))


PROMISE = Promise("P15", "a network that loses one direction loses nothing else", play)
