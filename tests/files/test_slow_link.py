"""Emitting over a slow link, with a clock that goes on only where the loop would wait."""

import asyncio
import selectors
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from detector.errors import TEMPORARY, DetectorError
from detector.files import emit as module
from detector.files.broker import Access
from detector.files.emit import BATCH_BYTES, SLICE_BYTES, Plan, emit
from detector.files.log import Sent

TOPICS = ("usage.events.v1", "support.events.v1")
PARTITIONS = 12
RECORD = 10_000  # bytes
Result = TypeVar("Result")


class Waits(selectors.SelectSelector):
    """Time passes by being waited for."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "it waits for ever"
        self.now += max(timeout, 0.0)
        return super().select(0)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    waits = Waits()
    loop = asyncio.SelectorEventLoop(waits)
    loop.time = lambda: waits.now  # type: ignore[method-assign]
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work)


class Batch:
    """Records up to BATCH_BYTES."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.first = -1

    def append(self, *, timestamp: int, value: bytes, **_: object) -> object | None:
        if self.sizes and self.size() + len(value) > BATCH_BYTES:
            return None
        if not self.sizes:
            self.first = timestamp
        self.sizes.append(len(value))
        return self

    def size(self) -> int:
        return sum(self.sizes)

    def record_count(self) -> int:
        return len(self.sizes)


class Link:
    """A producer that sends whatever waits as one request, at `speed` bytes/s, and is cut after so many records."""

    def __init__(self, speed: float, cut_after: float = float("inf")) -> None:
        self.speed, self.left = speed, cut_after
        self.waiting: list[tuple[Batch, asyncio.Future[None]]] = []
        self.order: dict[tuple[str, int], list[Batch]] = {}

    create_batch = staticmethod(Batch)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[None]:
        self.order.setdefault((topic, partition), []).append(batch)
        self.waiting.append((batch, asyncio.get_running_loop().create_future()))
        return self.waiting[-1][1]

    async def work(self) -> None:
        while True:
            request, self.waiting = self.waiting, []
            await asyncio.sleep(sum(batch.size() for batch, _ in request) / self.speed or 0.001)
            for batch, answer in request:
                self.left -= batch.record_count()
                if self.left >= 0:
                    answer.set_result(None)

    @asynccontextmanager
    async def started(self, *_: object, **__: object) -> AsyncIterator["Link"]:
        worker = asyncio.create_task(self.work())
        yield self
        worker.cancel()


def some(count: int) -> list[Sent]:
    """Half of the records lie in one partition, so that it needs several batches of a slice."""
    return [Sent(TOPICS[n % 2], n % PARTITIONS if n % 2 else 0, n, b"key", b"x" * RECORD) for n in range(count)]


def send(monkeypatch: pytest.MonkeyPatch, link: Link, count: int) -> tuple[int, float]:
    monkeypatch.setattr(module, "started", link.started)
    access = Access({"bootstrap_servers": ["kafka:9092"]}, patience=10)
    return run(emit(access, Plan(TOPICS, "decay.control.v1"), some(count)))


def test_a_slow_link_is_waited_for_as_long_as_something_is_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    link = Link(speed=125_000)  # 1 Mbit/s: a slice takes 34 s
    count = 2 * SLICE_BYTES // RECORD
    sent, seconds = send(monkeypatch, link, count)
    assert sent == count
    assert all(batches == sorted(batches, key=lambda batch: batch.first) for batches in link.order.values())
    assert seconds == pytest.approx(count * RECORD / 125_000, rel=0.01)


def test_a_link_that_is_cut_is_given_up_and_what_was_acknowledged_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DetectorError, match=r"^after (\d+) acknowledged records: no broker answers") as caught:
        send(monkeypatch, Link(speed=1_000_000, cut_after=700), 2_000)
    assert caught.value.exit_code == TEMPORARY
    assert 600 < int(str(caught.value).split()[1]) <= 700
