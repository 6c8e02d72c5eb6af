"""Looks at the topics once the broker answers, before the worker joins its group: a wrong one must stop the start."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from detector.brokers import Connection
from detector.errors import CONFIG, DetectorError
from detector.topics import MISSING, PARTITIONS, TIMESTAMPS, Difference, check
from schemas.topics import Topic

_LOOKS: Final = 5  # a topic made just now is not known to every broker yet
_PAUSE_SECONDS: Final = 0.3


def look(connection: Connection, read: Sequence[Topic], published: Sequence[str], *, record_time: str) -> int:
    """Give the number of partitions that the topics share which are read; blocks up to 10 s for a broker that is away.

    `read` are the in-topics and the changelog, `published` must only be there. Raises DetectorError: 75 when no broker
    answers, 77 when it refuses, 78 for what must be put right.
    """
    asked = [replace(topic, partitions=1) for topic in read]  # so every other count comes back as a difference
    for left in reversed(range(_LOOKS)):
        found = check(connection, asked, only_there=published, waits=True)
        if not left or all(one.setting != MISSING for one in found):
            break
        time.sleep(_PAUSE_SECONDS)
    return shared_partitions(found, tuple(topic.name for topic in read), record_time)


def shared_partitions(found: tuple[Difference, ...], read: tuple[str, ...], record_time: str) -> int:
    """Give the one number of partitions of the topics that are read, from their differences to ones with one partition.

    Raises DetectorError (78) where a topic is missing, counts differ or the timestamps are not those of `record_time`.
    """
    missing = [one.topic for one in found if one.setting == MISSING]
    if missing:
        raise DetectorError(
            f"topics are missing or may not be read: {', '.join(missing)} — run `detector topics apply`", CONFIG
        )
    counts = dict.fromkeys(read, 1) | {one.topic: int(one.found) for one in found if one.setting == PARTITIONS}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{topic} has {count}" for topic, count in counts.items())
        raise DetectorError(f"these topics need the same number of partitions: {listed} — make them anew", CONFIG)
    for one in found:
        if one.setting == TIMESTAMPS:
            other = "create" if record_time == "log_append" else "log_append"
            raise DetectorError(
                f"{one.topic} has {one.found or 'unreadable timestamps'}, record_time={record_time} needs {one.wanted}"
                f" — set record_time={other}, or a topic_prefix of other topics",
                CONFIG,
            )
    return counts[read[0]]
