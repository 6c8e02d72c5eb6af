"""What a play is handed: its size, its seed, its brokers and its folder; and where it reports."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal, TypeVar

from tests.faults.brokers import Brokers
from tests.faults.checker import Verdict
from tests.faults.feed import Feed
from tests.faults.work import Work

Settings = Mapping[str, object] | None
Scale = Literal["smoke", "short", "full"]
T = TypeVar("T")


@dataclass
class Stage:
    """One play of one promise.

    `shared` is the address of a broker that other tests use too; plays that hurt brokers ask for their own.
    """

    number: str
    seed: int
    scale: Scale
    folder: Path
    shared: str | None = None
    random: Random = field(init=False)
    rounds_done: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    figures: dict[str, str] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.random = Random(f"{self.seed} {self.number}")

    def sized(self, *, short: T, full: T, smoke: T | None = None) -> T:
        """The one of these that fits the scale; smoke is as short where it is not said."""
        if self.scale == "full":
            return full
        return smoke if self.scale == "smoke" and smoke is not None else short

    def rounds(self, *, short: int, full: int, smoke: int | None = None) -> Iterator[int]:
        """Count the rounds, from 1, and say where it stands."""
        count = self.sized(short=short, full=full, smoke=smoke)
        for number in range(1, count + 1):
            self.say(f"round {number} of {count}")
            yield number
            self.rounds_done = number

    @contextmanager
    def brokers(
        self, nodes: int = 1, *, proxied: bool = False, settings: Mapping[str, object] | None = None
    ) -> Iterator[Brokers]:
        """Nodes of its own, which may be hurt; see `Brokers`."""
        folder = self.folder / f"kafka-{time.monotonic_ns()}"
        folder.mkdir()
        with Brokers(nodes, folder, proxied=proxied, settings=settings) as brokers:
            yield brokers

    @contextmanager
    def broker(self) -> Iterator[str]:
        """The address of a broker that is not hurt."""
        if self.shared is not None:
            yield self.shared
            return
        with self.brokers() as brokers:
            yield brokers.direct

    def feed(self, events: int, accounts: int, **how: Any) -> Feed:
        """A load of this play's seed."""
        return Feed(events, accounts, self.seed, **how)

    def load(self) -> Feed:
        """The load of this scale, the same for every play of a seed: so it is replayed only once a run."""
        events, accounts, days, partitions = self.sized(
            smoke=(2_500, 100, 20, 4), short=(10_000, 200, 30, 4), full=(200_000, 5_000, 60, 8)
        )
        return self.feed(events, accounts, days=days, partitions=partitions)

    def work(self, where: str | Brokers, feed: Feed, **how: Any) -> Work:
        """Topics for the feed; workers go through the proxies where there are any."""
        if isinstance(where, Brokers):
            return Work(where.direct, self.folder, feed, front=where.front, replicas=where.nodes, **how)
        return Work(where, self.folder, feed, **how)

    def judge(self, work: Work) -> Verdict:
        """Compare with the replay, keep the verdict for the table, and fail where it is not exact."""
        return self.hold(work.verdict(), f"{work.feed.count:,} records")

    def hold(self, verdict: Verdict, what: str) -> Verdict:
        """Keep what a play found itself for the table, and fail where it is not exact."""
        self.verdicts.append(verdict)
        self.say(f"{what}: {verdict}")
        assert verdict.exact, str(verdict)
        return verdict

    def figure(self, name: str, value: object) -> None:
        """Keep a figure for the table."""
        self.figures[name] = f"{value:.1f}" if isinstance(value, float) else str(value)

    def say(self, words: str) -> None:
        """Tell whoever watches how it goes."""
        print(f"  {self.number:5} {time.monotonic() - self._began:6.0f} s  {words}", flush=True)  # noqa: T201
