"""A command of ours at work in a process of its own, and what it said last when it should not have ended."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from detector.errors import AUTH, CONFIG, INTERNAL, IO, TEMPORARY, DetectorError
from detector.localkafka.process import Process

STOP_SECONDS: Final = 15.0
_CODES: Final = frozenset({INTERNAL, IO, TEMPORARY, AUTH, CONFIG})
_TOLD: Final = "detector: "


class Ending(NamedTuple):
    """How a command ended: its exit code (negative: the signal), that in words, and the reason its log gives."""

    code: int
    how: str
    reason: str

    @property
    def passes(self) -> bool:
        """Whether another start may go better: it was killed or stopped from outside, or says so itself."""
        return self.code <= 0 or self.code == TEMPORARY


class Running:
    """`detector <words>`, with its log beside it; it cannot outlive this process.

    `name` is how people are told of it: "the worker". `environment` takes the place of our own.
    """

    def __init__(self, name: str, words: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name.replace(' ', '-')}.log"
        self._process = Process(
            [sys.executable, "-m", "detector", *words], folder=folder, log=self.log, environment=environment
        )

    def ending(self) -> Ending | None:
        """How it ended; None while it runs."""
        code = self._process.exit_code
        if code is None:
            return None
        how = f"ended with {code}" if code > 0 else f"was ended by signal {-code}" if code else "ended by itself"
        return Ending(code, f"{self.name} {how}", last_word(self.log.read_text("utf-8", errors="replace")))

    def ended(self) -> bool:
        """Whether it ended well; raises DetectorError when it ended otherwise."""
        ending = self.ending()
        if ending and ending.code:
            advice = "" if " — " in ending.reason else " — run the demo again"
            code = TEMPORARY if ending.passes else ending.code if ending.code in _CODES else INTERNAL
            raise DetectorError(f"{ending.how}, its last word: {ending.reason}{advice}", code)
        return ending is not None

    def stop(self) -> None:
        """Ask it to stop; `wait` says how it went."""
        self._process.signal(signal.SIGTERM)

    def wait(self, limit_seconds: float = STOP_SECONDS) -> int:
        """Give the exit code; what has not ended by then is killed."""
        return self._process.end(limit_seconds)

    def kill(self) -> None:
        """End it at once; nothing happens where it has ended."""
        if self._process.exit_code is None:
            self._process.signal(signal.SIGKILL)
            self._process.end(STOP_SECONDS)


def last_word(log: str) -> str:
    """What a log says last of why: a line for people, else the last one at level error, else the last of all."""
    lines = [line for line in log.splitlines() if line.strip()]
    for line in reversed(lines):
        if line.startswith(_TOLD):
            return line.removeprefix(_TOLD)[:300]
    events = [event for event in map(_event, lines) if event]
    grave = [event for event in events if event.get("level") in ("error", "critical")]
    for event in reversed(grave or events):
        return str(event.get("event", ""))[:300]
    return lines[-1][:300] if lines else "it said nothing"


def _event(line: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(line, type=dict[str, object])
    except msgspec.DecodeError:
        return {}


def environment(kept: Sequence[str] | None) -> dict[str, str]:
    """Our own environment for a child, without settings of the detector but those `kept`, by variable."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("DETECTOR_") or name in (kept or ())
    }
