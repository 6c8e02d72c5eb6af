"""How far a command is: a bar on a terminal, a plain line now and then elsewhere; always on stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

EVERY: Final = 10.0
"""Seconds between two plain lines."""


@contextmanager
def progress(
    title: str, total: int | None, *, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int], None]]:
    """Give a function to call with how many more are done; `total` is None where it is not known."""
    out = stream or sys.stderr
    if out.isatty():
        with _bar(title, total, out) as advance:
            yield advance
    else:
        yield _lines(title, total, out, clock)


@contextmanager
def _bar(title: str, total: int | None, stream: TextIO) -> Iterator[Callable[[int], None]]:
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)


def _lines(title: str, total: int | None, stream: TextIO, clock: Callable[[], float]) -> Callable[[int], None]:
    done, said = 0, clock()

    def advance(count: int) -> None:
        nonlocal done, said
        done += count
        now = clock()
        if now - said >= EVERY:
            said = now
            share = f" of {total:,} ({done * 100 // total} %)" if total else ""
            stream.write(f"{title}: {done:,}{share}\n")
            stream.flush()

    return advance
