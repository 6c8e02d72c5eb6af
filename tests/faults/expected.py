"""What must come of a log: the pure core over its records, without Kafka, Faust or transactions."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from detector import codec
from detector.catalogue.pack import load_plan
from detector.domain.state import PARTITION_KEY
from detector.settings import Settings
from detector.worker import partition
from schemas.topics import IN_TOPICS

Place = tuple[str, int, int]
"""Topic, partition and offset."""

_STEP: Final = 5_000
_known: dict[bytes, tuple[bytes, "Outcome"]] = {}


@dataclass
class Outcome:
    """What is to be found in the topics in the end."""

    alerts: list[bytes] = field(default_factory=list)
    """Bodies, by partition of the log and in order."""
    states: dict[bytes, bytes] = field(default_factory=dict)
    health: dict[bytes, bytes | None] = field(default_factory=dict)
    dead_letters: dict[Place, tuple[bytes, bytes | None, bytes | None]] = field(default_factory=dict)
    """Place of the original -> reason, key, value."""

    def renamed(self, old: bytes, new: bytes) -> "Outcome":
        """The same with another prefix of the same length in all topics' names."""

        def swap(data: bytes) -> bytes:
            return data.replace(old, new)

        return Outcome(
            [swap(body) for body in self.alerts],
            {key: swap(value) for key, value in self.states.items()},
            {key: value and swap(value) for key, value in self.health.items()},
            {
                (topic.replace(old.decode(), new.decode()), number, offset): letter
                for (topic, number, offset), letter in self.dead_letters.items()
            },
        )


def outcome(log: Mapping[str, Sequence[Any]], prefix: str, partitions: int) -> Outcome:
    """Replay a log (topic -> its records, by partition and offset); the same log is replayed once.

    Prefixes of all logs have the same length.
    """
    digest = _digest(log, prefix, partitions)
    if digest not in _known:
        _known[digest] = prefix.encode(), replayed(log, prefix, partitions)
    old, found = _known[digest]
    return found if old == prefix.encode() else found.renamed(old, prefix.encode())


def _digest(log: Mapping[str, Sequence[Any]], prefix: str, partitions: int) -> bytes:
    digest = hashlib.sha256(b"%d %d" % (partitions, len(prefix)))
    for topic in sorted(log):
        digest.update(topic.removeprefix(prefix).encode())
        for record in log[topic]:
            place = (record.partition, record.offset, record.timestamp, record.key, record.value, record.headers)
            digest.update(repr(place).encode())
    return digest.digest()


def replayed(
    log: Mapping[str, Sequence[Any]],
    prefix: str,
    partitions: int,
    *,
    stores: defaultdict[int, dict[bytes, bytes]] | None = None,
    topic_ids: Mapping[str, str] | None = None,
) -> Outcome:
    """Replay a log over the state in `stores` (partition -> key -> value), which it goes on to change."""
    settings = Settings(topic_prefix=prefix, record_time="create")
    plan, found, stores = load_plan(), Outcome(), defaultdict(dict) if stores is None else stores
    for number in range(partitions):
        store = stores[number]
        core: Any = partition(number, store, settings, plan, partitions=partitions, topic_ids=topic_ids)
        core.restore()
        for topic in IN_TOPICS:
            core.offer(prefix + topic, [record for record in log[prefix + topic] if record.partition == number])
        ended = frozenset(prefix + topic for topic in IN_TOPICS)
        while core.advance(ended, _STEP):
            _take(core, store, found)
        _take(core, store, found)
        found.states |= {key: value for key, value in store.items() if key != PARTITION_KEY}
    return found


def _take(core: Any, store: dict[bytes, bytes], found: Outcome) -> None:
    changes = core.collect()
    if changes is None:
        return
    for key, state in changes.states:
        if state is None:
            store.pop(key, None)
        else:
            store[key] = state
    core.committed()
    found.alerts += [codec.encode_alert(alert)[1] for alert in changes.alerts]
    found.health |= {key: value for key, value, _ in map(codec.encode_health, changes.health)}
    found.dead_letters |= dead_letters(map(codec.encode_dead_letter, changes.dead_letters))


def dead_letters(
    letters: Iterable[tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]],
) -> dict[Place, tuple[bytes, bytes | None, bytes | None]]:
    """Dead letters (key, value, headers) by the place of what they are made of."""
    found = {}
    for key, value, headers in letters:
        told = dict(headers)
        place = told["dlq.topic"].decode(), int(told["dlq.partition"]), int(told["dlq.offset"])
        found[place] = told["dlq.reason"], key, value
    return found


def by_account(bodies: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    """Alert bodies by account, in order."""
    found: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for body in bodies:
        found[body.split(b'"account_id":"', 1)[1].split(b'"', 1)[0]].append(body)
    return found
