"""`python -m benchmarks.sizes`: how large the records of accounts are, for the demo's fleet and the healthy one."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import msgspec

from detector.backtest.core import core_of
from detector.backtest.replay import CHUNK, Partition, Seat
from detector.catalogue.pack import load_plan
from detector.demo import diary, stream, university
from detector.domain.events import TOPIC_OF
from detector.files.bare import BareReader
from detector.files.log import Log
from harness.healthy.fleet import logs
from schemas.topics import IN_TOPICS

SEED: Final = 2026
UNTIL: Final = datetime(2026, 7, 1, tzinfo=UTC)
SHARES: Final = (0.5, 0.9, 0.99, 1.0)
RECORDS: Final = {b"h/": "hot block", b"a/": "account record"}


def sizes_of_fleets() -> Iterator[str]:
    """The distribution of both records in bytes, as the fleets end, and the largest that was ever written."""
    yield f"{'bytes':48}" + "".join(f"{name:>10}" for name in ("p50", "p90", "p99", "max", "ever"))
    demo = {"demo's company": diary.TENANT, "demo's university course": university.TENANT}
    yield from _sizes(stream.PACK, [_log(stream.events(UNTIL))], demo)
    yield from _sizes(None, logs(100, 365, SEED), {"healthy accounts, a year": "default"})


def _log(events: Iterable[dict[str, object]]) -> Log:
    reader = BareReader(TOPIC_OF)
    reader.columns.open_file(Path("demo"))
    reader.read((number, msgspec.json.encode(event)) for number, event in enumerate(events, 1))
    return reader.log(1)


def _sizes(pack: Path | None, of: Iterable[Log], fleets: dict[str, str]) -> Iterator[str]:
    """The lines of each fleet, given by its tenant, after a replay of the logs."""
    core = core_of(load_plan(pack))
    store: dict[bytes, bytes] = {}
    ever: dict[bytes, int] = {}
    for log in of:
        partition = core.build(Seat(0, 1, IN_TOPICS, store, positions_known=False, quiet_until=None))
        for topic, run in log.runs(0).items():
            partition.offer(topic, run.records(0, len(run)))
        while partition.advance(IN_TOPICS, CHUNK // 10):
            _collect(partition, store, ever)
        _collect(partition, store, ever)
        store.pop(b"p")
    for fleet, tenant in fleets.items():
        for kind, what in RECORDS.items():
            keys = [key for key in store if key.startswith(kind + tenant.encode() + b"/")]
            sizes = sorted(len(store[key]) for key in keys)
            ranks = [sizes[min(len(sizes) - 1, int(share * len(sizes)))] for share in SHARES]
            columns = "".join(f"{size:>10,}" for size in (*ranks, max(ever[key] for key in keys)))
            yield f"{f'{fleet}: {what} ({len(sizes)})':48}{columns}"


def _collect(partition: Partition, store: dict[bytes, bytes], ever: dict[bytes, int]) -> None:
    changes = partition.collect()
    if changes is not None:
        for key, state in changes.states:
            if state is None:
                store.pop(key, None)
            else:
                store[key] = state
                ever[key] = max(ever.get(key, 0), len(state))
        partition.committed()


@click.command()
def main() -> None:
    """Print the sizes."""
    for line in sizes_of_fleets():
        click.echo(line)


if __name__ == "__main__":
    main()
