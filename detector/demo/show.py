"""The show from beginning to end: Kafka, topics, events, a worker and its alerts, live alerts, the findings."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final

from rich.console import Console

from detector.demo.commands import HOME_KAFKA, next_steps
from detector.demo.live_alert import Heard, departures
from detector.demo.moments import stamp
from detector.demo.plain import PlainScreen
from detector.demo.stage import Scene, Stage
from detector.demo.stream import write_events
from detector.demo.summary import Findings
from detector.demo.terminal import TerminalScreen
from detector.demo.view import Screen, View
from detector.demo.watching import Progress, Snapshot, follow, reading

PARTITIONS: Final = 1
"""With more the alerts of one would run ahead of the other's, and the clock would jump."""
FETCHING: Final = "fetching Apache Kafka, this once: 42 MB, kept in the cache"
NEARLY: Final = 0.85
"""The share of the history after which the live worker is started, so that nobody waits for it."""


def show(given: Mapping[str, object], view: View, console: Console, rate: int) -> Findings:
    """Play it up to `view.until`, and give what the summary is made of.

    `given` are the settings of the way to one's own Kafka, as `Stage` takes them; `rate` is events/s at most, 0 for as
    fast as can be. Afterwards nothing is left, whatever happens. Raises DetectorError as what it starts,
    KeyboardInterrupt on Ctrl-C.
    """
    with Stage(given) as stage, _screen(console, view) as screen:
        return _Show(view, stage, screen, rate).play()


@contextmanager
def _screen(console: Console, view: View) -> Iterator[Screen]:
    if console.is_terminal and not console.is_dumb_terminal:
        with TerminalScreen(console, view) as screen:
            yield screen
    else:
        yield PlainScreen(console, view)


class _Show:
    def __init__(self, view: View, stage: Stage, screen: Screen, rate: int) -> None:
        self._view, self._stage, self._screen, self._rate = view, stage, screen, rate
        self._file = stage.folder / "events.ndjson"
        self._snapshots: dict[str, Snapshot] = {}
        self._deaths: list[str] = []

    def play(self) -> Findings:
        view, stage = self._view, self._stage
        written = _beside(lambda: write_events(self._file, view.until))
        self._step("starting Apache Kafka" if stage.embedded else "looking for Kafka")
        address = stage.start_kafka(lambda: self._step(FETCHING))
        history, live = stage.scenes(
            ("past", "create", PARTITIONS), ("live", "log_append", PARTITIONS), died=self._died
        )
        self._step(f"Kafka at {address}, topics made; writing the events")
        view.total = written.result()
        began = time.monotonic()
        self._step("a worker and the emitter of the events start")
        progress = asyncio.run(self._follow(history, live))
        history_seconds = time.monotonic() - began
        view.over, view.rate = True, 0.0
        history.worker().stop()
        self._step("live: sponsors leave now")
        heard = asyncio.run(self._live(live))
        live.worker().stop()
        self._step("the workers end")
        for scene in (history, live):
            scene.worker().finish()
        return Findings(
            view.total,
            progress.overall,
            self._rate,
            history_seconds,
            self._snapshots,
            heard,
            self._deaths,
            next_steps(stamp(view.until), HOME_KAFKA if stage.embedded else stage.way_in),
        )

    async def _follow(self, history: Scene, live: Scene) -> Progress:
        worker = history.worker()
        emitter = history.emit(self._file, stamp(self._view.until), self._rate)

        def moved(progress: Progress) -> None:
            if progress.applied > self._view.applied:
                self._view.step = "the worker reads what is emitted"
            self._view.applied, self._view.rate = min(progress.applied, self._view.total), progress.rate
            if progress.applied > NEARLY * self._view.total:
                live.worker()
            self._screen.changed()

        async with reading(self._stage.access, history) as reader:
            progress = await follow(reader, worker, emitter, heard=self._heard, moved=moved)
            self._snapshots = reader.snapshots()
        return progress

    def _heard(self, bodies: list[bytes]) -> None:
        self._view.hear(bodies)
        self._screen.changed()

    async def _live(self, scene: Scene) -> list[Heard]:
        def tell(line: str) -> None:
            self._view.live.append(line)
            self._screen.changed()

        return await departures(self._stage.access, scene, scene.worker(), tell)

    def _died(self, how: str) -> None:
        self._deaths.append(how)
        self._step(f"{how}; it is started once more")

    def _step(self, text: str) -> None:
        self._view.step = text
        self._screen.changed()


def _beside(work: Callable[[], int]) -> Future[int]:
    """Do it in a thread that nobody waits for when the show ends early."""
    done: Future[int] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            done.set_exception(error)

    threading.Thread(target=run, name="events", daemon=True).start()
    return done
