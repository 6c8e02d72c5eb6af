"""Where a replay's results go: JSON texts, one a line in a file or one an entry in a list."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path

from detector.files.ndjson import writing

Write = Callable[[bytes], object]


@dataclass(frozen=True)
class Outputs:
    """What is done with each JSON text, in the order published; None = it is not even made.

    `health` gets the last snapshot of each account when a partition has ended, `health_log` every one.
    """

    alerts: Write | None = None
    health: Write | None = None
    health_log: Write | None = None
    notices: Write | None = None
    dead_letters: Write | None = None


@dataclass(frozen=True)
class Collected:
    """All results of a replay in memory."""

    alerts: list[bytes] = field(default_factory=list)
    health: list[bytes] = field(default_factory=list)
    health_log: list[bytes] = field(default_factory=list)
    notices: list[bytes] = field(default_factory=list)
    dead_letters: list[bytes] = field(default_factory=list)

    def outputs(self) -> Outputs:
        """Give the outputs that fill this."""
        return Outputs(
            alerts=self.alerts.append,
            health=self.health.append,
            health_log=self.health_log.append,
            notices=self.notices.append,
            dead_letters=self.dead_letters.append,
        )


@contextmanager
def into_files(paths: Mapping[str, Path | None]) -> Iterator[Outputs]:
    """Open a file for each output that has a path (by the names of Outputs), gzipped if it ends in `.gz`.

    The files get their names when all is written, none when something fails. Raises DetectorError (74) for what
    cannot be written.
    """
    with ExitStack() as stack:
        writes: dict[str, Write] = {}
        for name, path in paths.items():
            if path is not None:
                writes[name] = _line_writer(stack.enter_context(writing(path)))
        yield Outputs(**writes)


def _line_writer(file: BufferedIOBase) -> Write:
    return lambda text: file.write(text + b"\n")
