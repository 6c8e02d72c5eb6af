"""The bad lines and dead letters of files, as they are told to a person: how many, why, and the first of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from detector.errors import IO, DetectorError
from detector.files.bad_line import BadLine


def counted(count: int, noun: str) -> str:
    """Write a number and what it counts: `1 line`, `2,000 lines`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


@dataclass
class Unused:
    """Bad lines and dead letters by their reject code, and the first of them in the order of `files`."""

    files: Sequence[Path] = field(default=(), compare=False)
    reasons: Counter[str] = field(default_factory=Counter)
    first: BadLine | None = None

    def add(self, bad: BadLine) -> None:
        """Count a line; they come in any order."""
        self.reasons[bad.reason] += 1
        if self.first is None or self._place(bad) < self._place(self.first):
            self.first = bad

    def _place(self, bad: BadLine) -> tuple[int, int]:
        return self.files.index(bad.file) if bad.file in self.files else len(self.files), bad.line

    def note(self) -> str:
        """Say in a line what came of them, the commonest reason first; empty where there is none."""
        if self.first is None:
            return ""
        why = ", ".join(f"{reason} {count:,}" for reason, count in self.reasons.most_common())
        first = f"{self.first.file}:{self.first.line}: {self.first.reason}: {self.first.detail}"
        return f"{counted(self.reasons.total(), 'line')} could not be used ({why}), the first is {first}"

    def refuse_nothing_else(self, used: int) -> None:
        """Raise DetectorError (74) where there were lines and not one of them was used."""
        if self.first is not None and used == 0:
            raise DetectorError(
                "no line of these files could be used — name files of events, one a line (docs/contract.md)", IO
            )
