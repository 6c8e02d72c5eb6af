"""A TCP proxy that can be told to be slow, to say nothing, to lose one direction, or to hang up."""

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Literal, Self

Fault = Literal["pass", "stall", "drop-c2s", "drop-s2c"]
Direction = Literal["c2s", "s2c"]

_CHUNK: Final = 1 << 16
_GLANCE: Final = 0.02
_LINGER_NOT: Final = struct.pack("ii", 1, 0)


@dataclass
class Weather:
    """What happens to bytes: `latency` seconds each way, at most `throttle` bytes a second (0: no limit), a fault.

    `stall` takes nothing more and loses nothing; a dropped direction swallows what comes.
    """

    fault: Fault = "pass"
    latency: float = 0.0
    throttle: float = 0.0


class Proxy:
    """Listens on `port` of 127.0.0.1 and passes on to `target`, another; `weather` may be changed at will.

    It runs in a thread of its own; a context manager that closes everything.
    """

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self.weather = Weather()
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{port}", daemon=True)
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def reset(self) -> None:
        """Hang up on everybody with a TCP reset; who connects again is served by the weather."""
        asyncio.run_coroutine_threadsafe(self._reset(), self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._reset()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _reset(self) -> None:
        for writer in [*self._writers]:
            peer: socket.socket | None = writer.get_extra_info("socket")
            if peer is not None:
                with contextlib.suppress(OSError):
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, back}
        self._writers |= pair
        try:
            await asyncio.gather(self._pump(reader, back, "c2s"), self._pump(there, writer, "s2c"))
        except asyncio.CancelledError:
            return  # the end of it all; asyncio would complain of a cancelled connection
        finally:
            self._writers -= pair

    async def _unstalled(self) -> None:
        while self.weather.fault == "stall":  # noqa: ASYNC110 - a fault has no event
            await asyncio.sleep(_GLANCE)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction) -> None:
        try:
            while True:
                await self._unstalled()
                data = await reader.read(_CHUNK)
                weather = self.weather
                if not data:
                    break
                if weather.latency:
                    await asyncio.sleep(weather.latency)
                if weather.throttle:
                    await asyncio.sleep(len(data) / weather.throttle)
                await self._unstalled()
                if self.weather.fault != f"drop-{way}":
                    writer.write(data)
                    await writer.drain()
        except OSError:
            writer.transport.abort()
        finally:
            writer.close()
