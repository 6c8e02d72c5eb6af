"""What every outage must keep to: work goes on soon after it, few workers end, and none of them grows meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.faults.crew import Crew
from tests.faults.stage import Stage
from tests.faults.work import Work

EXITS: Final = 2
"""So many workers may end in one outage."""

RSS_RATIO: Final = 1.5
"""So much of a worker's memory before the outage it may have in it and until work goes on."""


@dataclass(frozen=True)
class Outage:
    """How it begins and ends, and within how many seconds of its end something must be committed again."""

    name: str
    begin: Callable[[], object]
    end: Callable[[], object]
    back_seconds: float = 30.0


def suffer(stage: Stage, work: Work, crew: Crew, outage: Outage, seconds: float) -> None:
    """Wait for work, begin it, wait, end it, and measure what must be kept to; there must be work left after it."""
    work.gets_on(crew)
    crew.tend()
    before = max(hand.rss_mib() for hand in crew.hands)
    crew.rss_peak = 0.0
    outage.begin()
    crew.tend_for(seconds)
    outage.end()
    back = work.gets_on(crew, what=f"a commit after {outage.name}")
    ratio = crew.rss_peak / before
    _keep_most(stage, f"back after {outage.name}, s", back)
    _keep_most(stage, "RSS ratio", ratio)
    assert back <= outage.back_seconds, f"{back:.0f} s until something was committed after {outage.name}"
    assert ratio <= RSS_RATIO, f"{crew.rss_peak:.0f} MiB in {outage.name}, {before:.0f} before"


def judged(stage: Stage, work: Work, crew: Crew) -> None:
    """Compare with the replay, and count who ended."""
    stage.judge(work)
    ended = sum(count for code, count in crew.exits.items() if code)
    rounds = max(1, stage.rounds_done)
    stage.figure("exits", ended)
    assert ended <= EXITS * rounds, f"{ended} exits in {rounds} outages"


def _keep_most(stage: Stage, name: str, value: float) -> None:
    stage.figures[name] = f"{max(value, float(stage.figures.get(name, '0'))):.2f}"
