"""P20: hours of work with workers coming, going and dying leave nothing behind: memory, files and tasks stay flat."""

import time
from dataclasses import dataclass
from statistics import median

from tests.faults.crew import Hand
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface

MIB = 1 << 20
SLOPE_MIB_AN_HOUR = 5
WOBBLE_MIB = 24
"""What the short round may take more: in so short a time memory is not given back, and accounts still fill up."""

MORE = 0.05


@dataclass(frozen=True)
class Glance:
    """What one worker has at a moment: memory beyond its state, files, tasks of its loop."""

    at: float
    bytes: float
    files: float
    tasks: float


def play(stage: Stage) -> None:
    """One worker stays, a second comes and is killed or stopped every so often, while the feed goes on."""
    rate, seconds = stage.sized(short=(150, 180), full=(60, 6 * 3_600))
    pause = stage.sized(short=20, full=60)
    surface = Surface()
    with stage.broker() as broker:
        work = stage.work(broker, stage.feed(rate * seconds, stage.sized(short=60, full=2_000)))
        glances: list[Glance] = []
        with work.crew(1, http_port=surface.port) as crew, work.sending(rate=rate):
            (stays,) = crew.hands
            stays.hear("READY")
            began = time.monotonic()
            while (passed := time.monotonic() - began) < seconds:
                guest = crew.join(http_port=0)
                guest.hear("READY")
                time.sleep(stage.random.uniform(pause / 2, pause))
                if stage.random.random() < 0.5:
                    crew.leave(guest)
                else:
                    crew.kill(guest)
                    crew.hands.remove(guest)
                time.sleep(pause / 2)
                crew.wait(lambda: surface.ask("/readyz")[0] == 200, what="readiness")
                glances.append(_glance(surface, stays))
                stage.rounds_done += 1
                stage.say(f"{passed:.0f} of {seconds} s: {glances[-1]}")
        with work.crew(1) as crew:
            work.settle(crew)
        _flat(stage, glances)
        stage.judge(work)


def _glance(surface: Surface, hand: Hand) -> Glance:
    shown = surface.values()
    tasks = float(next(line for _, line in reversed(hand.said) if line.startswith("TASKS")).split()[1])
    rss = shown["process_resident_memory_bytes"] - shown["detector_state_bytes"]
    return Glance(time.monotonic(), rss, shown["process_open_fds"], tasks)


def _flat(stage: Stage, glances: list[Glance]) -> None:
    early, late = glances[len(glances) // 4 : len(glances) // 2], glances[-(len(glances) // 4) :]
    hours = (late[-1].at - early[0].at) / 3_600
    grown = (median(one.bytes for one in late) - median(one.bytes for one in early)) / MIB
    stage.figure("RSS beyond state MiB", median(one.bytes for one in late) / MIB)
    stage.figure("grown by MiB", grown)
    stage.figure("files", late[-1].files)
    stage.figure("tasks", late[-1].tasks)
    assert grown <= max(WOBBLE_MIB, SLOPE_MIB_AN_HOUR * hours), f"memory grew by {grown:.0f} MiB in {hours:.2f} h"
    for name in ("files", "tasks"):
        before = median(getattr(one, name) for one in early)
        after = median(getattr(one, name) for one in late)
        assert after <= before * (1 + MORE) + 2, f"{name} grew from {before:.0f} to {after:.0f}"


PROMISE = Promise("P20", "hours of work leave memory, files and tasks flat", play)
