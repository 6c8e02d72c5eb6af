"""How much is needed for a load: `python -m deploy.sizing --accounts 200000 --events 3000`.

The measured figures stand here and nowhere else: after `make bench`, change them and run `python -m deploy.generate`,
which writes the tables of the guide.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

import click

EVENTS_PER_SECOND: Final = 8_600
"""That one worker applies with the whole pack."""
EVENTS_FROM: Final = "`make bench`, five rounds of 150,000 events of 5,000 accounts, two cores"
BYTES_PER_ACCOUNT: Final = 20_000
"""Both records of a typical account."""
BYTES_PER_RICH_ACCOUNT: Final = 34_000
"""The same of one in a hundred."""
BYTES_FROM: Final = "`make bench`, the demo's company: hot block and account record, p50"
BYTES_BESIDE: Final = 350
"""In memory for each account beside its records, at most (promise P17)."""
BYTES_AT_REST: Final = 300 << 20
"""Of a worker without accounts, at most (promise P17)."""
BUSY: Final = 0.4
"""Share of a core that the peak may take: the rest catches up after a stop and carries a neighbour's partitions."""
PARTITIONS: Final = 24


@dataclass(frozen=True)
class Size:
    """What to run: workers, memory of each in bytes, and the state in the log in bytes."""

    workers: int
    memory: int
    state: int


def size(accounts: int, events_per_second: int, *, bytes_per_account: int = BYTES_PER_ACCOUNT) -> Size:
    """The workers for so many accounts and events at the peak; any one of them may fail (N + 1)."""
    carrying = max(1, ceil(events_per_second / (EVENTS_PER_SECOND * BUSY)))
    share = accounts / carrying
    memory = BYTES_AT_REST + share * (bytes_per_account + BYTES_BESIDE)
    return Size(carrying + 1, ceil(memory * 1.25 / (256 << 20)) * (256 << 20), accounts * bytes_per_account)


def table() -> str:
    """The guide's table."""
    rows = [
        "| accounts | events a second at the peak | workers | memory of each | state |",
        "| --- | --- | --- | --- | --- |",
    ]
    for accounts, events in ((5_000, 50), (50_000, 500), (200_000, 2_000), (200_000, 10_000), (1_000_000, 10_000)):
        needed = size(accounts, events)
        rows.append(
            f"| {accounts:,} | {events:,} | {needed.workers} | {needed.memory / (1 << 30):.2f} GiB |"
            f" {needed.state / 1e9:.1f} GB |"
        )
    return "\n".join(rows)


def measured() -> str:
    """The guide's list of what the table is made of."""
    return "\n".join(
        (
            "| figure | | from |",
            "| --- | --- | --- |",
            f"| events a second, one worker, one core, whole pack | {EVENTS_PER_SECOND:,} | {EVENTS_FROM} |",
            f"| bytes of a typical account | {BYTES_PER_ACCOUNT:,} | {BYTES_FROM} |",
            f"| bytes of a rich one | {BYTES_PER_RICH_ACCOUNT:,} | the same, p99 |",
            f"| bytes in memory beside its records, for each account | {BYTES_BESIDE} | at most, promise P17 |",
            f"| MiB of a worker without accounts | {BYTES_AT_REST >> 20} | at most, promise P17 |",
        )
    )


@click.command()
@click.option("--accounts", required=True, type=int)
@click.option("--events", required=True, type=int, help="a second, at the peak")
@click.option("--bytes-per-account", default=BYTES_PER_ACCOUNT, show_default=True)
def main(accounts: int, events: int, bytes_per_account: int) -> None:
    """Say what to run for a load."""
    needed = size(accounts, events, bytes_per_account=bytes_per_account)
    if needed.workers > PARTITIONS:
        click.echo(f"more workers than the {PARTITIONS} partitions of the default: make the topics with more")
    click.echo(f"{needed.workers} workers (one of them to spare), {needed.memory / (1 << 30):.2f} GiB each,")
    click.echo(f"{needed.state / 1e9:.1f} GB of state in the log (times its copies)")


if __name__ == "__main__":
    main()
