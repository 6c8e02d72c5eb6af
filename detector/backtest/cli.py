"""The command `detector replay`."""

import gc
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detector.catalogue.choice import note_ignored, pack_option
from detector.files.instant import InstantParameter

if TYPE_CHECKING:
    from detector.backtest.replay import Summary

OUTPUT = click.Path(path_type=Path)


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--until", type=InstantParameter(), help="Move the clock here at the end: what is due by then, grace or not, fires."
)
@click.option("--alerts", type=OUTPUT, help="Write every transition of every alert here.")
@click.option("--health", type=OUTPUT, help="Write the last health snapshot of each account here.")
@click.option("--health-log", type=OUTPUT, help="Write every health snapshot here, in the order published.")
@click.option("--notices", type=OUTPUT, help="Write the notices here.")
@click.option("--dead-letters", type=OUTPUT, help="Write the lines that could not be used here.")
@pack_option
@click.option("--partitions", type=click.IntRange(1, 10_000), help="Of bare events (default 1); an export has its own.")
def replay(
    files: tuple[Path, ...], *, until: int | None, pack: Path | None, partitions: int | None, **outputs: Path | None
) -> None:
    """Run files of events, or an export, through the rules as a worker would, without Kafka.

    A FILE holds one event a line (its record time is `_record_time`, else `occurred_at`) or is an export; plain or
    gzipped. A replay of an export gives what its worker published, to the byte. Outputs are one JSON text a line, per
    partition in the order applied, gzipped if their name ends in `.gz`.
    """
    from detector.backtest.core import core_of
    from detector.backtest.outputs import into_files
    from detector.backtest.replay import replay as run
    from detector.catalogue.pack import load_plan, name_of
    from detector.domain.events import TOPIC_OF
    from detector.files.places import refuse_clashes
    from detector.files.progress import progress
    from detector.files.read import read_files
    from schemas.topics import CONTROL, IN_TOPICS

    rules = () if pack is None else pack.glob("*.yaml")
    refuse_clashes([*files, *rules], {f"--{name.replace('_', '-')}": path for name, path in outputs.items()})
    note_ignored(pack)
    plan = load_plan(pack)
    click.echo(f"pack: {name_of(pack)}, release {plan.release}", err=True)
    core = core_of(plan)
    with into_files(outputs) as where:
        with progress("lines read", None) as read:
            log = read_files(files, topic_of=TOPIC_OF, read=read).log(partitions)
        gc.freeze()  # what was read stays, and a thawed account is no garbage: collecting often finds nothing
        gc.set_threshold(50_000, 50, 1_000)
        begin = time.monotonic()
        with progress("records applied", len(log)) as applied:
            summary = run(log, core, where, topics=(*IN_TOPICS, CONTROL), until=until, applied=applied)
    _tell(summary, time.monotonic() - begin)
    if not any(outputs.values()):
        click.echo("note: nothing is written: name --alerts FILE", err=True)
    summary.unused.refuse_nothing_else(summary.records - summary.dead_letters)


def _tell(summary: "Summary", seconds: float) -> None:
    from detector.files.unused import counted

    rate = summary.records / max(seconds, 0.001)
    counts = (summary.alerts, "transition"), (summary.dead_letters, "dead letter"), (summary.bad_lines, "bad line")
    found = ", ".join(counted(count, noun) for count, noun in counts)
    if note := summary.unused.note():
        click.echo(f"note: {note}", err=True)
    click.echo(f"{counted(summary.records, 'record')} in {seconds:.1f} s ({rate:,.0f}/s): {found}", err=True)
