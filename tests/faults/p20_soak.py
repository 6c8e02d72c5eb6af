"""P20: hours of work with workers coming, going and dying leave nothing behind: memory, files and tasks stay flat."""

import time
from dataclasses import dataclass
from statistics import median

from tests.faults.crew import Crew, Hand
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface

MIB = 1 << 20
SLOPE_MIB_AN_HOUR = 5
LONG_HOURS = 1
"""In less, what the allocator does not give back after a take-over says nothing; what lives is counted then."""

BYTES_AN_OBJECT = 8
"""Of state in memory, at the least."""

MORE = 0.05


@dataclass(frozen=True)
class Glance:
    """What one worker has at a moment: memory beyond its state, files, tasks of its loop, small objects, state."""

    at: float
    bytes: float
    files: float
    tasks: float
    objects: float
    state: float


def play(stage: Stage) -> None:
    """One worker stays, a second comes and is killed or stopped every so often, while the feed goes on."""
    rate, seconds = stage.sized(short=(100, 180), full=(60, 6 * 3_600))
    pause = stage.sized(short=20, full=60)
    surface = Surface()
    with stage.broker() as broker:
        work = stage.work(broker, stage.feed(rate * seconds, stage.sized(short=60, full=2_000)))
        glances: list[Glance] = []
        with work.crew(1, http_port=surface.port) as crew:
            (stays,) = crew.hands
            with work.sending(rate=rate):
                stays.hear("READY")
                began = time.monotonic()
                while (passed := time.monotonic() - began) < seconds:
                    _visit(stage, crew, pause)
                    crew.wait(lambda: surface.ask("/readyz")[0] == 200, what="readiness")
                    glances.append(_glance(surface, stays))
                    stage.rounds_done += 1
                    stage.say(f"{passed:.0f} of {seconds} s: {glances[-1]}")
            work.settle(crew)
        _flat(stage, glances)
        stage.judge(work)


def _visit(stage: Stage, crew: Crew, pause: float) -> None:
    """A second worker comes, does its share, and is stopped or killed."""
    guest = crew.join(http_port=0)
    guest.hear("READY")
    time.sleep(stage.random.uniform(pause / 2, pause))
    if stage.random.random() < 0.5:
        crew.leave(guest)
    else:
        crew.kill(guest)
        crew.hands.remove(guest)
    time.sleep(pause / 2)


def _glance(surface: Surface, hand: Hand) -> Glance:
    shown = surface.values()
    alive = next(line for _, line in reversed(hand.said) if line.startswith("ALIVE")).split()
    rss = shown["process_resident_memory_bytes"] - shown["detector_state_bytes"]
    state = shown["detector_state_bytes"]
    return Glance(time.monotonic(), rss, shown["process_open_fds"], float(alive[1]), float(alive[2]), state)


def _flat(stage: Stage, glances: list[Glance]) -> None:
    early, late = glances[len(glances) // 4 : len(glances) // 2], glances[-(len(glances) // 4) :]
    hours = (median(one.at for one in late) - median(one.at for one in early)) / 3_600

    def before_and_after(name: str) -> tuple[float, float]:
        return median(getattr(one, name) for one in early), median(getattr(one, name) for one in late)

    for name in ("files", "tasks", "objects"):
        before, after = before_and_after(name)
        filled = before_and_after("state")[1] - before_and_after("state")[0] if name == "objects" else 0
        stage.figure(name, f"{before:.0f} to {after:.0f}")
        allowed = before * (1 + MORE) + 2 + filled / BYTES_AN_OBJECT
        assert after <= allowed, f"{name} grew from {before:.0f} to {after:.0f}, to {allowed:.0f} is allowed"
    before, after = before_and_after("bytes")
    stage.figure("RSS beyond state MiB", f"{before / MIB:.0f} to {after / MIB:.0f}")
    slope = (after - before) / MIB / hours
    stage.figure("MiB an hour", slope)
    assert hours < LONG_HOURS or slope <= SLOPE_MIB_AN_HOUR, f"memory grows by {slope:.1f} MiB an hour"


PROMISE = Promise("P20", "hours of work leave memory, files and tasks flat", play)
