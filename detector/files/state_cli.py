"""The commands `detector snapshot` and `detector reshard`."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from detector.settings.options import CONNECTION, settings_options

if TYPE_CHECKING:
    from detector.files.reshard import Seat
    from detector.settings import Settings

FOLDER: Final = click.Path(path_type=Path)


@click.command()
@click.argument("folder", type=FOLDER)
@settings_options(*CONNECTION, "app_id")
def snapshot(folder: Path, *, settings: "Settings") -> None:
    """Write the whole state of an app to a new FOLDER: a file a partition, and a manifest with digests.

    Workers may go on meanwhile: each partition is as it was at one of its checkpoints.
    """
    from detector.brokers import connection
    from detector.files.broker import Access
    from detector.files.progress import progress
    from detector.files.snapshot import take
    from detector.files.unused import counted
    from detector.version import build_version
    from schemas.topics import changelogs

    with progress("records", None) as written:
        done = asyncio.run(
            take(
                Access(connection(settings)),
                folder,
                app_id=settings.app_id,
                changelog=changelogs(settings.app_id)[0].name,
                topic_prefix=settings.topic_prefix,
                build=build_version(),
                written=written,
            )
        )
    found = f"{counted(done.records, 'record')} of {counted(len(done.partitions), 'partition')}"
    click.echo(f"{found} written to {folder}, digest {done.digest}", err=True)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--in-topics",
    type=click.Choice(["new", "same"]),
    required=True,
    help="new: read them from their beginning; same: those of the snapshot, read on where it stood.",
)
@click.option("--dry-run", is_flag=True, help="Check everything, say what would be written, write nothing.")
@settings_options(*CONNECTION, "app_id")
def reshard(folder: Path, *, in_topics: str, dry_run: bool, settings: "Settings") -> None:
    """Put a snapshot FOLDER into the empty changelog of an app, over as many partitions as its topics have.

    The topics must be there (`detector topics apply`), and no worker of the app may run. All is one transaction; then
    it is read back and compared by its digest.
    """
    from detector.brokers import connection
    from detector.files.broker import Access
    from detector.files.progress import progress
    from detector.files.reshard import Target
    from detector.files.reshard import reshard as move
    from detector.files.snapshot import manifest_of
    from detector.files.unused import counted
    from schemas.topics import IN_TOPICS, changelogs

    manifest = manifest_of(folder)
    target = Target(
        settings.app_id,
        changelogs(settings.app_id)[0].name,
        IN_TOPICS,
        settings.topic_prefix,
        same_topics=in_topics == "same",
    )
    with progress("records", manifest.records) as moved:
        kafka = Access(connection(settings))
        done = asyncio.run(move(kafka, folder, manifest, target, dry_run=dry_run, moved=moved))
    for number, seat in enumerate(done.seats):
        click.echo(_told(number, seat))
    for note in done.notes:
        click.echo(f"note: {note}", err=True)
    what = "would be written" if dry_run else "written, read back and equal"
    click.echo(f"{counted(done.digest.records, 'record')} {what}: {target.changelog}, digest {done.digest}", err=True)


def _told(number: int, seat: "Seat") -> str:
    from detector.files.instant import rfc3339

    offsets = " ".join(f"{topic}@{offset}" for topic, offset in seat.stands.positions.items())
    clock = rfc3339(seat.stands.clock) if seat.stands.clock else "not begun"
    sources = ",".join(map(str, seat.sources))
    return f"partition {number}: {seat.digest.records} records from {sources}; clock {clock}; {offsets}"
