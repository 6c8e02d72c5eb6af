"""A worker in a process of its own: what it says, and the signals that end, stop or wake it."""

import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_HANGING_SECONDS: Final = 60.0


class WorkerProcess:
    """A counting worker; leaving the context kills it."""

    def __init__(self, *arguments: str, folder: Path) -> None:
        self.said: list[str] = []
        self.log = folder / f"worker-{time.monotonic_ns()}.log"
        self._lines: queue.Queue[str | None] = queue.Queue()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.broker.counting_worker", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            for line in self.process.stdout:
                self._lines.put(line.strip())
        self._lines.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()

    def hear(self, beginning: str, times: int = 1) -> str:
        """Wait until the worker has said so many more lines that begin like this; returns the last."""
        end = time.monotonic() + _HANGING_SECONDS
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"never said {beginning!r}: {self.said[-9:]}\n{self.log.read_text()[-4000:]}")
            self.said.append(line)
            if line.startswith(beginning):
                times -= 1
                if times == 0:
                    return line

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        self.send(number)
        return self.process.wait(_HANGING_SECONDS)
