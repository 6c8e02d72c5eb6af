"""Workers in processes of their own, and somebody who starts one again when it ended as it may."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from detector.errors import TEMPORARY

HANGING_SECONDS: Final = 120.0
"""Nothing that is waited for takes so long unless it hangs."""

STOP_SECONDS: Final = 30.0
"""The worker's own limit for a stop in order."""


WORKER: Final = "tests.faults.worker"
"""The entry point of a worker."""


class Hand:
    """One worker process: what it says, and the signals that end, stop or wake it."""

    def __init__(self, arguments: list[str], log: Path, module: str = WORKER) -> None:
        self.log = log
        self.said: list[tuple[float, str]] = []
        """Monotonic seconds and what was said then."""
        self._news = threading.Condition()
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, stderr=errors, text=True
            )
        self.started_at = time.monotonic()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            for line in self.process.stdout:
                with self._news:
                    self.said.append((time.monotonic(), line.strip()))
                    self._news.notify_all()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def count(self, beginning: str) -> int:
        """How often it has said a line that begins like this."""
        return sum(line.startswith(beginning) for _, line in self.said)

    def heard(self, beginning: str, *, after: float = 0) -> bool:
        """Whether it has said a line that begins like this later than `after`."""
        return any(at > after and line.startswith(beginning) for at, line in self.said)

    def hear(self, beginning: str, *, times: int = 1, after: float = 0, limit: float = HANGING_SECONDS) -> float:
        """Wait until it has said so many lines that begin like this later than `after`; when it said the last one.

        Raises AssertionError when it ends before or is silent for `limit` seconds.
        """
        end = time.monotonic() + limit
        while True:
            with self._news:
                found = [at for at, line in self.said if at > after and line.startswith(beginning)]
                if len(found) >= times:
                    return found[times - 1]
                self._news.wait(0.2)
            left = end - time.monotonic()
            if left < 0 or (not self.runs and left < limit - 1):
                raise AssertionError(f"a worker never said {beginning!r}: {self.last_words()}")

    def last_words(self) -> str:
        """What it said and logged last."""
        return f"{[line for _, line in self.said[-6:]]} … {self.log.read_text()[-1500:]}"

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> tuple[int, float]:
        """SIGTERM; its exit code and the seconds it took."""
        began = time.monotonic()
        self.send(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS + 10)
        return code, time.monotonic() - began

    def rss_mib(self) -> float:
        """Its resident memory; 0 once it has ended."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def rss_for(self, seconds: float) -> float:
        """The most of it in so many seconds, MiB."""
        end, peak = time.monotonic() + seconds, 0.0
        while time.monotonic() < end:
            peak = max(peak, self.rss_mib())
            time.sleep(0.2)
        return peak

    def cpu_seconds(self) -> float:
        """The CPU time it has taken. Raises OSError once it has ended."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Crew:
    """`size` workers of one app, and whoever joins. Who ended by a kill or with 75 is replaced by `tend`.

    Other ends are failures. As a context manager it kills whoever still runs.
    """

    def __init__(self, hire: Callable[..., Hand], size: int = 0, *, slow: bool = False) -> None:
        self._hire = hire
        self._size = size
        self.slow = slow
        self.hands: list[Hand] = [hire() for _ in range(size)]
        self.gone: list[Hand] = []
        self.exits: Counter[int] = Counter()
        """Exit codes of workers that ended, minus the signal where one ended them."""
        self.rss_peak = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for hand in self.hands:
            if hand.runs:
                hand.kill()

    def join(self, **points: object) -> Hand:
        """One more worker; `points` are `die_at` and `slow_ms` of its entry point."""
        hand = self._hire(**points)
        self.hands.append(hand)
        return hand

    def leave(self, hand: Hand) -> float:
        """Stop one in order, which must end with 0; the seconds it took."""
        self.hands.remove(hand)
        code, seconds = hand.stop()
        self.exits[code] += 1
        self.gone.append(hand)
        assert code == 0, f"a stop ended with {code}: {hand.last_words()}"
        return seconds

    def kill(self, hand: Hand) -> None:
        """SIGKILL; `tend` starts another."""
        hand.kill()

    def tend(self) -> int:
        """Replace those who ended, and give how many there were. Raises AssertionError for an end that may not be."""
        ended = [hand for hand in self.hands if not hand.runs]
        self.rss_peak = max([self.rss_peak, *(hand.rss_mib() for hand in self.hands)])
        for hand in ended:
            code = hand.process.wait()
            self.hands.remove(hand)
            self.gone.append(hand)
            self.exits[code] += 1
            killed = code in (-signal.SIGKILL, 128 + signal.SIGKILL)
            assert killed or code == TEMPORARY, f"a worker ended with {code}: {hand.last_words()}"
            self.hands.append(self._hire())
        return len(ended)

    def wait(self, until: Callable[[], bool], *, limit: float = HANGING_SECONDS, what: str = "it") -> float:
        """Tend until something holds; the seconds that took. Raises AssertionError at the limit."""
        began = time.monotonic()
        while not until():
            assert time.monotonic() - began < limit, f"{what} did not come within {limit:.0f} s: {self._words()}"
            self.tend()
            time.sleep(0.2)
        return time.monotonic() - began

    def relieve(self, **points: object) -> None:
        """Stop everybody in order and let others go on, who are not slow and do not die."""
        self.tend()
        for hand in self.hands:
            hand.hear("NOT joining")
        self.stop()
        self.hands = [self._hire(**{"slow_ms": 0, "die_at": ""} | points) for _ in range(max(1, self._size))]

    def tend_for(self, seconds: float) -> None:
        """Tend for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.tend()
            time.sleep(0.2)

    def stop(self) -> float:
        """Stop everybody in order, at once; each must end with 0. The seconds the slowest took."""
        for hand in self.hands:
            hand.hear("NOT")  # one that has only just been started does not hear a signal yet
        began = time.monotonic()
        for hand in self.hands:
            hand.send(signal.SIGTERM)
        for hand in self.hands:
            code = hand.process.wait(STOP_SECONDS + 10)
            self.exits[code] += 1
            assert code == 0, f"a stop ended with {code}: {hand.last_words()}"
        self.gone += self.hands
        self.hands = []
        return time.monotonic() - began

    @property
    def everybody(self) -> list[Hand]:
        """Those who work and those who ended."""
        return [*self.gone, *self.hands]

    def _words(self) -> str:
        return " | ".join(hand.last_words() for hand in self.hands)
