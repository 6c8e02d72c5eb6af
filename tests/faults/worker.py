"""The worker as it is, with crash points: `python -m tests.faults.worker [--die-at …] [--slow-ms …] -- NAME=VALUE …`.

Behind `--` are settings. What the worker does is said on standard output, a line each.
"""

# ruff: noqa: E402 - the clock is shifted before anything else is imported

import argparse
import asyncio
import os
import signal
import sys
import time
from typing import Any

from tests.faults.shifted import shift

_parser = argparse.ArgumentParser()
_parser.add_argument("--die-at", default="", help="POINT:N, POINT:N:stop")
_parser.add_argument("--slow-ms", type=float, default=0, help="sleep at every slice of work")
_parser.add_argument("--clock-shift", type=float, default=0, help="seconds by which the wall clock is wrong")
_parser.add_argument("options", nargs="*", help="NAME=VALUE of the settings")
GIVEN = _parser.parse_args()
if GIVEN.clock_shift:
    shift(GIVEN.clock_shift)

from detector import codec
from detector.errors import DetectorError
from detector.settings import load
from detector.streaming.engine import Engine
from detector.streaming.fold import Changes
from detector.streaming.observer import Silence
from detector.worker import run


def say(*words: object) -> None:
    """One line to standard output, at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Spoken(Silence):
    """Says what the tests wait for."""

    ticks = 0

    def loop_ticked(self, late_seconds: float) -> None:
        """Say how many tasks the loop has and how many small objects live, every so often."""
        del late_seconds
        self.ticks += 1
        if self.ticks % 5 == 0 and self.ticks > 1:
            say("ALIVE", len(asyncio.all_tasks()), sys.getallocatedblocks())

    def readiness(self, *, ready: bool, reason: str) -> None:
        """Say it."""
        say("READY" if ready else "NOT", reason)

    def rebalance_ended(self, seconds: float, partitions: frozenset[int], generation: int) -> None:
        """Say it."""
        say("ASSIGNED", *sorted(partitions), "seconds", f"{seconds:.2f}", "generation", generation)

    def checkpointed(self, partition: int, changes: Changes, seconds: float) -> None:  # noqa: ARG002
        """Say it."""
        say("CHECKPOINT", partition, f"{seconds * 1e3:.1f} ms")

    def failed(self, reason: str) -> None:
        """Say it."""
        say("FAILED", reason)


class CrashPoints:
    """Ends or stops the process at the nth pass of a point; slows every slice of work down."""

    def __init__(self, die_at: str, slow_ms: float) -> None:
        """`die_at` is POINT:N, or POINT:N:stop for SIGSTOP; empty for never."""
        self._point, _, rest = die_at.partition(":")
        left, _, self._how = rest.partition(":")
        self._left = int(left or 0)
        self._slow_seconds = slow_ms / 1000

    def __call__(self, name: str) -> None:
        """A step was passed."""
        if name == "apply" and self._slow_seconds:
            time.sleep(self._slow_seconds)
        if name == self._point and self._left:
            self._left -= 1
            if not self._left:
                say("DYING", name)
                if self._how == "stop":
                    os.kill(os.getpid(), signal.SIGSTOP)
                else:
                    os._exit(137)


def main() -> None:
    """Run until SIGTERM."""
    point = CrashPoints(GIVEN.die_at, GIVEN.slow_ms)
    decode = codec.decode

    def decode_and_pass(*arguments: Any, **named: Any) -> Any:
        found = decode(*arguments, **named)
        point("decode")
        return found

    held = Engine.held
    told: list[Any] = []

    def held_and_said(engine: Engine, active: Any) -> Any:
        found = held(engine, active)
        if found and not told:
            told.append(found)
            say("HELD", len(found))
        return found

    setattr(Engine, "held", held_and_said)  # noqa: B010 - a method is no place to assign to, for mypy
    try:
        settings = load(dict(option.split("=", 1) for option in GIVEN.options))
        decoding = decode_and_pass if GIVEN.die_at.startswith("decode:") else decode
        code = run(settings, crash_point=point, decode=decoding, listeners=[Spoken()])
    except DetectorError as error:
        sys.stderr.write(f"detector: {error}\n")
        code = error.exit_code
    say("EXIT", code)
    sys.exit(code)


if __name__ == "__main__":
    main()
