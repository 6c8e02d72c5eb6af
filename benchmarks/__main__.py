"""`make bench`: events a second of one worker at 10,000 accounts, where the time goes, and how large accounts become.

Each round measures the same events in the same minute: decoding alone, decoding and the domain in this process, and a
whole worker on a Kafka of its own; with the built-in pack and with the spine, the eight rules that the detector began
with. Figures are medians over the rounds; compare their ratios, not machines.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

import click

from benchmarks.sizes import sizes_of_fleets
from detector import codec
from detector.catalogue.pack import load_plan
from detector.domain.events import TOPIC_OF, Event
from detector.domain.partition import Partition
from detector.domain.record import RawRecord, Record, Reject
from detector.files.log import Log
from detector.files.read import read_files
from detector.localkafka import Cluster
from harness.load import Load
from harness.spine import Spine
from schemas.topics import IN_TOPICS

START_MS: Final = 1_767_571_200_000
PARTITIONS: Final = 4
PACKS: Final[dict[str, Path | None]] = {"spine": Path(__file__).parent / "spine_pack", "whole pack": None}
COMPARED: Final = ("decode + domain", "worker on Kafka", "worker's processor")
"""Both packs are timed by these; the last is processor time of the worker, which others on the machine disturb less."""
WAITED_FOR: Final = 0.95
"""Share of the events: on import topics the merge waits for every topic's next record, so the last ones stay behind."""


def _decoder(number: int) -> Callable[[RawRecord, str], Event | Reject]:
    def decode(record: RawRecord, topic: str) -> Event | Reject:
        return codec.decode(record, topic=topic, partition=number, partitions=PARTITIONS)

    return decode


def _records(log: Log) -> list[dict[str, list[Record]]]:
    runs = (log.runs(number).items() for number in range(PARTITIONS))
    return [{topic: run.records(0, len(run)) for topic, run in topics} for topics in runs]


def _decode_alone(records: list[dict[str, list[Record]]]) -> float:
    began = time.perf_counter()
    for number, topics in enumerate(records):
        decode = _decoder(number)
        for topic, batch in topics.items():
            for record in batch:
                decode(record, topic)
    return time.perf_counter() - began


def _domain(records: list[dict[str, list[Record]]], pack: Path | None) -> float:
    """Decode, merge, fold, judge and serialise state, a snapshot every 4,000 records."""
    plan = load_plan(pack)
    began = time.perf_counter()
    for number, topics in enumerate(records):
        store: dict[bytes, bytes] = {}
        partition = Partition(number, plan=plan, topics=IN_TOPICS, decode=_decoder(number), store=store)
        for topic, batch in topics.items():
            partition.offer(topic, batch)
        while partition.advance(IN_TOPICS, 4_000):
            changes = partition.collect()
            if changes is not None:
                store.update({key: value for key, value in changes.states if value is not None})
                partition.committed()
    return time.perf_counter() - began


def _worker(broker: str, file: Path, load: Load, folder: Path, prefix: str, pack: Path | None) -> tuple[float, float]:
    """Seconds for all events of a worker that finds everything in its topics: by the clock, and of processors."""
    spine = Spine(broker, prefix, folder, partitions=PARTITIONS, pack=pack)
    spine.apply_topics()
    spine.emit(file)
    with spine.worker() as worker:
        worker.wait_for("reading partitions")
        began, worked = time.perf_counter(), worker.cpu_seconds()
        spine.wait_until_applied(worker, int(load.count * WAITED_FOR))
        seconds, worked = time.perf_counter() - began, worker.cpu_seconds() - worked
        worker.kill()
    return seconds / WAITED_FOR, worked / WAITED_FOR


@click.command()
@click.option("--events", default=300_000, show_default=True)
@click.option("--accounts", default=10_000, show_default=True)
@click.option("--days", default=10.0, show_default=True, help="record time that the events are spread over")
@click.option("--usage", default=0.9, show_default=True, help="share of usage.recorded; the others wake rules")
@click.option("--rounds", default=5, show_default=True)
def main(events: int, accounts: int, days: float, usage: float, rounds: int) -> None:
    """Measure one worker and its parts on the same events."""
    load = Load(events, accounts, START_MS, days, usage_share=usage, late_share=0.01)
    rows: dict[str, list[float]] = {"decode": []}
    for pack in PACKS:
        rows |= {f"{what}, {pack}": [] for what in COMPARED}
    with tempfile.TemporaryDirectory(prefix="detector-bench-") as name, Cluster() as cluster:
        folder = Path(name)
        file = load.write(folder / "load.ndjson")
        records = _records(read_files([file], topic_of=TOPIC_OF).log(PARTITIONS))
        shape = f"{events:,} events, {accounts:,} accounts, {days:g} days, {usage:.0%} usage"
        click.echo(f"{shape}, {os.cpu_count()} cores")
        for round_ in range(rounds):
            rows["decode"].append(_decode_alone(records))
            for number, (pack, path) in enumerate(PACKS.items()):
                rows[f"decode + domain, {pack}"].append(_domain(records, path))
                prefix = f"bench{round_}-{number}-"
                by_clock, of_processors = _worker(cluster.bootstrap, file, load, folder, prefix, path)
                rows[f"worker on Kafka, {pack}"].append(by_clock)
                rows[f"worker's processor, {pack}"].append(of_processors)
            click.echo("  ".join(f"{name}: {events / seconds[-1]:,.0f}/s" for name, seconds in rows.items()))
    click.echo("")
    for name, seconds in rows.items():
        middle = median(seconds)
        click.echo(f"{name:32} {events / middle:>10,.0f} events/s {middle / events * 1e6:>8.1f} us/event")
    for what in COMPARED:
        spine, whole = (rows[f"{what}, {pack}"] for pack in PACKS)
        share = median(one / other for one, other in zip(spine, whole, strict=True))
        click.echo(f"{what}: the whole pack runs at {share:.0%} of the spine's events a second (median of the rounds)")
    click.echo("")
    for line in sizes_of_fleets():
        click.echo(line)


if __name__ == "__main__":
    main()
