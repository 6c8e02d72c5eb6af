"""The commands `detector emit` and `detector export`."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from detector.files.instant import InstantParameter
from detector.settings.options import CONNECTION, settings_options

if TYPE_CHECKING:
    from detector.files.log import Columns
    from detector.settings import Settings

INPUTS = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
DAY_MS: Final = 86_400_000
OUTPUT = click.Path(path_type=Path)


@click.command()
@INPUTS
@click.option(
    "--until", type=InstantParameter(), help="End every partition with a heartbeat of this time: all was sent up to it."
)
@click.option("--live", is_flag=True, help="Send to live topics, whose timestamps are the broker's.")
@click.option("--rate", type=click.FloatRange(min=0), default=0, help="Events per second at most; 0: no limit.")
@click.option("--dead-letters", type=OUTPUT, help="Write the lines that could not be used here.")
@settings_options(*CONNECTION)
def emit(
    files: tuple[Path, ...],
    *,
    until: int | None,
    live: bool,
    rate: float,
    dead_letters: Path | None,
    settings: "Settings",
) -> None:
    """Send events of files to Kafka, in the order of their record time.

    A FILE holds one event a line (its record time is `_record_time`, else `occurred_at`) or is an export; plain or
    gzipped. Without --live the topics must be import topics (`detector topics apply --import`).

    Sending a file again sends the same event ids. The detector counts none twice that it remembers: support and CRM
    events for 14 days, usage events among the account's last 64. So send a usage file once.
    """
    from detector.brokers import connection
    from detector.domain.events import TOPIC_OF
    from detector.files.broker import Access
    from detector.files.emit import Plan, check_topics, with_heartbeats
    from detector.files.emit import emit as send
    from detector.files.places import refuse_clashes
    from detector.files.progress import progress
    from detector.files.read import read_files
    from detector.files.unused import counted
    from schemas.topics import CONTROL, IN_TOPICS

    if live and until is not None:
        raise click.UsageError("--until says when records were, --live leaves that to the broker; give one of them")
    refuse_clashes(files, {"--dead-letters": dead_letters})
    kafka = Access(connection(settings))
    plan = Plan(IN_TOPICS, CONTROL, live=live, until=until, rate=rate, prefix=settings.topic_prefix)
    with progress("lines read", None) as read:
        reader = read_files(files, topic_of=TOPIC_OF, read=read)
    if until is not None:
        reader.columns.refuse_later(until)
    _put_aside(reader.columns, dead_letters)
    if live:
        _tell_history(reader.columns)
    partitions, notes = asyncio.run(check_topics(kafka, plan, reader.topics()))
    log = reader.log(partitions)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    done = 0

    def count_and_show(more: int) -> None:
        nonlocal done
        done += more
        sent(more)

    try:
        with progress("events sent", len(log)) as sent:
            count, seconds = asyncio.run(send(kafka, plan, with_heartbeats(log, plan), sent=count_and_show))
    except KeyboardInterrupt:
        click.echo(f"interrupted: {done:,} of {counted(len(log), 'record')} are there, maybe a few more", err=True)
        raise
    click.echo(f"{counted(count, 'record')} sent in {seconds:.1f} s ({count / max(seconds, 0.001):,.0f}/s)", err=True)


def _put_aside(read: "Columns", path: Path | None) -> None:
    from detector.files.ndjson import writing
    from detector.files.unused import Unused

    if path is not None:
        with writing(path) as file:
            file.writelines(line.encode() + b"\n" for line in read.bad)
    unused = Unused([file for _, file in read.files])
    for bad in read.bad:
        unused.add(bad)
    if note := unused.note():
        click.echo(f"note: {note}", err=True)
    unused.refuse_nothing_else(len(read.values))


def _tell_history(read: "Columns") -> None:
    from detector.files.instant import rfc3339
    from detector.files.unused import counted

    day_ago = time.time() * 1_000 - DAY_MS
    old = [at for at in read.timestamps if at < day_ago]
    if old:
        what = f"{counted(len(old), 'event')} {'is' if len(old) == 1 else 'are'} older than a day"
        why = f"the oldest of {rfc3339(min(old))}: as they come now, they are late"
        advice = "send history to import topics (`detector topics apply --import`), without --live"
        click.echo(f"note: {what}, {why}; {advice}", err=True)


@click.command()
@click.argument("out", type=OUTPUT)
@settings_options(*CONNECTION, "app_id")
def export(out: Path, *, settings: "Settings") -> None:
    """Write the in-topics to OUT as far as the worker has applied them, gzipped if it ends in `.gz`.

    A replay of OUT gives what the worker of this --app-id has published, to the byte. Where there was no worker, the
    whole log is written.
    """
    from detector.brokers import connection
    from detector.domain.state import PARTITION_KEY, decode_partition_record
    from detector.files.broker import Access
    from detector.files.export import Source
    from detector.files.export import export as write
    from detector.files.ndjson import writing
    from detector.files.progress import progress
    from detector.files.unused import counted
    from schemas.topics import CONTROL, IN_TOPICS, changelogs

    changelog = changelogs(settings.app_id)[0].name
    source = Source(IN_TOPICS, CONTROL, changelog, PARTITION_KEY, decode_partition_record, settings.topic_prefix)
    with writing(out) as file, progress("records", None) as written:
        done = asyncio.run(write(Access(connection(settings)), source, file, written=written))
    for note in done.notes:
        click.echo(f"note: {note}", err=True)
    found = f"{counted(done.records, 'record')} of {counted(done.partitions, 'partition')}"
    click.echo(f"{found} written to {out}", err=True)
