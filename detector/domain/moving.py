"""Where a partition stands whose accounts came from partitions of another count.

An account's partition is a hash of its id modulo the count, so the accounts of a new partition come from those old ones
that leave the same remainder by what divides both counts: from one alone where the new count is a multiple of the old.
"""

from collections.abc import Mapping
from math import gcd

from detector.domain.duplicates import MOST
from detector.domain.state import PartitionRecord

_ID = 8


def sources_of(number: int, partitions: int, old_partitions: int) -> tuple[int, ...]:
    """The old partitions from which the new partition `number` of `partitions` may have accounts."""
    step = gcd(partitions, old_partitions)
    return tuple(range(number % step, old_partitions, step))


def joined(
    records: Mapping[int, PartitionRecord],
    positions: Mapping[str, int],
    own: PartitionRecord | None = None,
) -> PartitionRecord:
    """The partition record of a new partition, of those of the old ones that it has accounts from.

    `positions` are the next offsets of its in-topics. `own` is the old record of the same number where its in-topics
    stay what they were; else they are new logs, of which nothing is known.

    Its clock is that of the old partition that was farthest behind: deadlines of its accounts are still due, and those
    of the others are not called twice (`Partition`). Where releases differ the oldest counts, so that whoever was not
    judged anew is.
    """
    parts = list(records.values())
    topics = positions.keys()
    before = own or PartitionRecord()
    return PartitionRecord(
        minor=max((part.minor for part in parts), default=0),
        positions=dict(positions),
        effective={topic: at for topic, at in before.effective.items() if topic in topics},
        closed={topic: at for topic, at in before.closed.items() if topic in topics},
        topic_ids=dict(before.topic_ids),
        unknown_day=before.unknown_day,
        unknown=dict(before.unknown),
        clock=min((part.clock for part in parts), default=0),
        release=min((part.release for part in parts), default=0),
        quiet_until=max((part.quiet_until for part in parts if part.quiet_until is not None), default=None),
        anew_until=max((part.anew_until for part in parts), default=-1),
        ended=_latest(parts),
    )


def _latest(parts: list[PartitionRecord]) -> dict[str, bytes]:
    """The hashes of the events that ended accounts, by day: the latest, as many as one partition keeps."""
    by_day: dict[str, bytes] = {}
    for part in parts:
        for day, hashes in part.ended.items():
            by_day[day] = by_day.get(day, b"") + hashes
    kept: dict[str, bytes] = {}
    room = MOST * _ID
    for day in sorted(by_day, key=int, reverse=True):
        kept[day] = by_day[day][:room]
        room -= len(kept[day])
    return {day: hashes for day, hashes in kept.items() if hashes}
