"""Sends dead letters again: the very bytes, with key and headers, to the in-topic they were on; if they would be taken.

Whether is judged by the detector's own decoder, as the worker would judge them there and then. What an account has
applied before changes nothing when it comes again: its event ids are remembered.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from detector import codec
from detector.brokers import explained
from detector.dead_letters.letter import Letter
from detector.domain.record import Record, Reject
from detector.errors import CONFIG, DetectorError
from detector.files.broker import Access, describe
from detector.files.emit import CREATE, Plan, emit
from detector.files.log import Sent
from schemas.topics import CONTROL, IN_TOPICS

_TIMESTAMPS: Final = "message.timestamp.type"


@dataclass(frozen=True)
class Target:
    """The in-topics and their counts of partitions.

    `imports`: they carry the producer's time, so a record keeps its own; else it is recorded `now` (epoch ms).
    """

    partitions: Mapping[str, int]
    imports: bool
    now: int


@dataclass(frozen=True)
class Verdict:
    """What becomes of one letter: the record to send, or why it stays."""

    letter: Letter
    sent: Sent | None
    why: str = ""
    reason: str = ""
    """A word for counting why it stays."""


async def target(kafka: Access, prefix: str, *, imports: bool, now: int) -> Target:
    """Look at the in-topics. Raises DetectorError (78) where they keep other timestamps than `imports` says."""
    names = [prefix + topic for topic in IN_TOPICS]
    with explained(kafka.connection, "aiokafka"):
        found = await describe(kafka, names)
    for name, settings in found.configs.items():
        create = settings.get(_TIMESTAMPS) == CREATE
        if create != imports:
            other = "create" if create else "log_append"
            raise DetectorError(f"{name} has {settings.get(_TIMESTAMPS)} — give --record-time {other}", CONFIG)
    return Target(found.partitions, imports, now)


def judge(letter: Letter, where: Target) -> Verdict:
    """Say what would become of a letter if it were sent again now."""
    count = where.partitions.get(letter.topic)
    if not letter.whole:
        return Verdict(letter, None, f"parts of it were left out: take the original at {letter.original}", "left_out")
    if count is None:
        return Verdict(letter, None, f"{letter.topic} is none of these in-topics: check --topic-prefix", "other_topic")
    place = codec.partition_of(letter.key or b"", count)
    timestamp = letter.recorded_at if where.imports else where.now
    record = Record(letter.offset, timestamp, letter.key, letter.value, letter.headers)
    found = codec.decode(record, topic=letter.topic, partition=place, partitions=count)
    if isinstance(found, Reject):
        return Verdict(letter, None, f"{found.code} again: {found.detail}", found.code)
    return Verdict(letter, Sent(letter.topic, place, timestamp, letter.key, letter.value, letter.headers))


async def send(kafka: Access, prefix: str, where: Target, verdicts: Iterable[Verdict]) -> int:
    """Send what would be taken, each once; gives how many. Raises DetectorError as `emit` does."""
    plan = Plan(IN_TOPICS, CONTROL, live=not where.imports, prefix=prefix)
    records: Sequence[Sent] = [verdict.sent for verdict in verdicts if verdict.sent is not None]
    in_order = sorted(records, key=lambda record: record.timestamp)
    count, _ = await emit(kafka, plan, in_order)
    return count
