"""The command `detector demo`."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detector.files.instant import EPOCH, InstantParameter
from detector.settings.options import CONNECTION, raw_options

if TYPE_CHECKING:
    from rich.console import Console

WAYS_IN = tuple(name for name in CONNECTION if name not in ("environment", "topic_prefix"))
PLAIN_WIDTH = 110
WATCHED = 8_000
"""Events/s that a person can follow."""


@click.command()
@click.option("--until", type=InstantParameter(), help="End of its history, a midnight of UTC; default the last.")
@click.option(
    "--rate", type=click.IntRange(min=0), help=f"Events/s at most, 0: no limit; default {WATCHED:,} on a terminal."
)
@click.option("--events", type=click.Path(path_type=Path), help="Only write its events to this file.")
@click.option("--pictures", type=click.Path(path_type=Path, file_okay=False), help="Draw what was shown as SVG here.")
@raw_options(*WAYS_IN)
def demo(until: int | None, rate: int | None, events: Path | None, pictures: Path | None, **given: Any) -> None:
    """Show it all on a Kafka of its own, in 80 seconds.

    Six months of a made-up company and a real university course run through a worker; then an alert is timed live.
    With --brokers it plays on your Kafka, in topics of its own that are deleted in the end. Ctrl-C ends it at any time.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, as_interrupt)  # nothing is left
    if given["brokers"] is None and any(value is not None for value in given.values()):
        raise click.UsageError("these options say how to get to a Kafka of yours; name it with --brokers")
    end = _end(until)
    if events is not None:
        from detector.demo.stream import write_events

        click.echo(f"{write_events(events, end):,} events written to {events}")
        return
    view = None
    try:
        from detector.demo.show import show
        from detector.demo.summary import by_yourself, interrupted, summary
        from detector.demo.view import View

        console, view = _console(), View(end)
        if rate is None:
            rate = WATCHED if console.is_terminal else 0
        found = show(given, view, console, rate)
        last_words, steps = summary(view, found), by_yourself(found.steps)
        console.print(last_words)
        console.print(steps, soft_wrap=True)
    except KeyboardInterrupt:
        click.echo(interrupted(view) if view else "Stopped before it began.")
        return
    if pictures is not None:
        from detector.demo.pictures import draw

        draw(pictures, view, last_words, steps)


def as_interrupt(_number: int, _frame: object) -> None:
    """Take a signal as Ctrl-C, which an event loop hears between two steps, where one may be ended in order."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a shell
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


def _end(until: int | None) -> datetime:
    from detector.demo.moments import midnight

    if until is None:
        return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return midnight(EPOCH + timedelta(milliseconds=until))
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _console() -> "Console":
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH, color_system=None)
