"""The commands in processes of their own, without the settings of whoever calls: one that ends, and a worker."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

HANGING_SECONDS: Final = 240.0
"""Nothing here takes so long unless it hangs."""

_COMMAND: Final = (sys.executable, "-m", "detector")
_ENDING_SECONDS: Final = 60.0


def attempt(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever that is."""
    return subprocess.run(
        [*_COMMAND, *words], capture_output=True, text=True, env=_environment(), timeout=HANGING_SECONDS, check=False
    )


def run(*words: str) -> str:
    """Run a command to its end and give its standard output. Raises AssertionError when it fails."""
    done = attempt(*words)
    if done.returncode:
        raise AssertionError(f"{words}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


@contextmanager
def working(arguments: Sequence[str], log: Path) -> Iterator["Worker"]:
    """A running `detector worker`; killed at the end if it still runs."""
    worker = Worker(arguments, log)
    try:
        yield worker
    finally:
        if worker.runs():
            worker.kill()


class Worker:
    """A `detector worker`; what it logs goes to `log` as it comes."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self._log = log
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [*_COMMAND, "worker", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_environment(),
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout, self._log.open("a") as log:
            for line in self._process.stdout:
                log.write(line)
                log.flush()
                self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, words: str) -> None:
        """Wait until the worker has logged this. Raises AssertionError when it ends or hangs before."""
        end = time.monotonic() + HANGING_SECONDS
        line: str | None = ""
        while line is not None and words not in line:
            try:
                line = self._lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"the worker has not said {words!r}:\n{self.said()}") from None
        if line is None:
            raise AssertionError(f"the worker ended before it said {words!r}:\n{self.said()}")

    def said(self) -> str:
        """The end of its log."""
        return self._log.read_text()[-3000:]

    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def cpu_seconds(self) -> float:
        """Seconds of processor time that it used so far, its own and the system's (Linux: proc(5), fields 14, 15)."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """End it without a word (kill -9)."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(_ENDING_SECONDS)


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("DETECTOR_")}
