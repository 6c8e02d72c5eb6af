"""L4: clients of the web surface that send a byte now and then, hundreds of them, hold up no record and no probe."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.faults.latency import LEAST_SECONDS, p99, watched
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface

CLIENTS: Final = 200
RATE: Final = 400.0
MOST_TIMES: Final = 2

_BYTE_SECONDS: Final = 0.5
_BEGUN: Final = b"GET /metrics HTTP/1.1\r\nX-"
_START_SECONDS: Final = 30.0
_MOST_OF: Final = 0.9  # one that was cut off comes again at once


def play(stage: Stage) -> None:
    """Half of a load undisturbed, the other half at the same rate while the slow clients are there."""
    surface = Surface()
    events = stage.sized(short=20_000, full=200_000)
    feed = stage.feed(events, 1_000, days=10)
    half = len(feed.records) // 2
    with stage.broker() as broker:
        work = stage.work(broker, feed)
        with work.crew(1, http_port=surface.port) as crew:
            crew.hands[0].hear("READY")
            with watched(work) as looks:
                work.send(records=feed.records[:half], end=False, rate=RATE)
            calm = p99(looks)
            with slow_clients(surface.port) as slow, surface.watching():
                with watched(work) as looks:
                    work.send(records=feed.records[half:], rate=RATE)
                metrics, there = surface.ask("/metrics")[0], slow.there
            dawdled = p99(looks)
            work.settle(crew)
        stage.judge(work)
        stage.figure("connections of slow clients", slow.made)
        stage.figure("cut off", slow.cut)
        stage.figure("p99 alone (s)", f"{calm:.2f}")
        stage.figure("p99 with them (s)", f"{dawdled:.2f}")
        assert there > _MOST_OF * CLIENTS, f"only {there} slow clients were there in the end"
        assert slow.cut, "nobody was cut off: it was over before the server's patience"
        assert metrics == 200, f"/metrics says {metrics}"
        assert surface.seen, "no probe was asked"
        assert all(" 200 " in said for said in surface.seen), dict(surface.seen)
        assert dawdled <= MOST_TIMES * max(calm, LEAST_SECONDS), f"records wait {dawdled:.1f} s, {calm:.1f} s without"


class SlowClients:
    """Connections that were `made`, how many of them the server `cut`, and how many clients are `there`."""

    def __init__(self) -> None:
        self.made = self.cut = self.there = 0

    async def dawdle(self, port: int) -> None:
        """One client: whenever it is cut off it comes again."""
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            self.made += 1
            self.there += 1
            try:
                writer.write(_BEGUN)
                while not reader.at_eof():
                    writer.write(b"-")
                    await writer.drain()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(reader.read(1), _BYTE_SECONDS)
            except ConnectionError:
                pass
            finally:
                self.there -= 1
                writer.close()
            self.cut += 1


@contextmanager
def slow_clients(port: int, count: int = CLIENTS) -> Iterator[SlowClients]:
    """Have so many of them there while the block runs; all are connected when it begins.

    A client that could not come again is raised at the end.
    """
    slow, over, there = SlowClients(), threading.Event(), threading.Event()
    failed: list[BaseException] = []

    async def run() -> None:
        clients = [asyncio.create_task(slow.dawdle(port)) for _ in range(count)]
        while not over.is_set():
            await asyncio.sleep(0.05)
            if slow.there >= count:
                there.set()
        failed.extend(error for client in clients if client.done() and (error := client.exception()))
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    try:
        assert there.wait(_START_SECONDS), f"only {slow.made} of {count} slow clients came through"
        yield slow
    finally:
        over.set()
        thread.join()
    if failed:
        raise failed[0]


PROMISE = Promise("L4", "200 slow clients of the web surface hold up no record", play)
