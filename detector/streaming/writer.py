"""One partition's checkpoints as Kafka transactions: states, alerts, dead letters and offsets, all or nothing."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidTxnState
from aiokafka.partitioner import murmur2
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from detector.streaming.fold import Changes, Encoders, Outgoing
from detector.streaming.options import WorkerOptions

CrashPoint = Callable[[str], object]
"""Called after each step by name; the tests end the process there."""
ProducerFactory = Callable[[str], Any]
"""Makes a producer for a transactional id."""
_Record = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
_CLOSE_SECONDS = 2.0


class Written(NamedTuple):
    """What the broker said of a committed checkpoint."""

    changelog_offset: int | None
    """An offset of the changelog that the checkpoint reaches; None when it held no state."""
    broker_ms: int
    """The broker's time of the changelog records; 0 where the topic keeps the producer's."""


class Writer:
    """The only writer of one partition, from its start until another is started for the same partition."""

    def __init__(
        self,
        options: WorkerOptions,
        partition: int,
        encoders: Encoders,
        *,
        crash_point: CrashPoint,
        make_producer: ProducerFactory | None = None,
    ) -> None:
        self.options = options
        self.partition = partition
        self.crash_point = crash_point
        self.unanswered = 0
        """Records given to the producer that the broker has not acknowledged yet."""
        self._producer: Any = (make_producer or producer_factory(options))(options.transactional_id(partition))
        self._partitions: dict[str, int] = {}
        self._published: list[tuple[str, Callable[[Any], Outgoing], Callable[[Changes], Sequence[Any]]]] = [
            (options.alerts_topic, encoders.alert, lambda changes: changes.alerts),
            (options.health_topic, encoders.health, lambda changes: changes.health),
            (options.dead_letters_topic, encoders.dead_letter, lambda changes: changes.dead_letters),
        ]

    async def start(self) -> None:
        """Fence whoever wrote this partition before, abort what it left open, and be ready to write."""
        await self._producer.start()

    async def close(self) -> None:
        """Let the producer go; a broker that does not answer is waited for two seconds at most."""
        try:
            await asyncio.wait_for(self._producer.stop(), _CLOSE_SECONDS)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - it writes nothing any more, whatever it says
            return

    async def write(self, changes: Changes, reached: Mapping[str, int]) -> Written:
        """Commit the changes and the offset reached in each topic in one transaction.

        Raises when anything fails: nothing of it is visible then.
        """
        try:
            return await self._write(changes, reached)
        except Exception as error:
            reason = self._reason()
            if reason is not None and isinstance(error, InvalidTxnState):
                raise reason from error
            raise

    def _reason(self) -> BaseException | None:
        """What the transaction itself failed of: aiokafka sends on, and is told only that it is over.

        It is to be asked after every failure, or Python logs it as an exception that nobody heard.
        """
        manager = getattr(self._producer, "_txn_manager", None)
        return None if manager is None else _heard(manager.wait_for_transaction_end())

    async def _write(self, changes: Changes, reached: Mapping[str, int]) -> Written:
        producer, crash_point = self._producer, self.crash_point
        await producer.begin_transaction()
        crash_point("begin")
        published: list[asyncio.Future[Any]] = []
        for topic, encode, values in self._published:
            published += await self._publish(topic, map(encode, values(changes)))
        states = await self._send(self.options.changelog, self.partition, ((k, v, ()) for k, v in changes.states))
        await asyncio.gather(*published)
        crash_point("alerts")
        answers = await asyncio.gather(*states)
        self.unanswered = 0
        crash_point("states")
        offsets = {
            TopicPartition(topic, self.partition): OffsetAndMetadata(offset, "") for topic, offset in reached.items()
        }
        if offsets:
            await producer.send_offsets_to_transaction(offsets, self.options.app_id)
        crash_point("offsets")
        await producer.commit_transaction()
        crash_point("commit")
        if not answers:
            return Written(None, 0)
        return Written(answers[-1].offset, max(0, answers[-1].timestamp or 0))

    async def _publish(self, topic: str, records: Iterable[Outgoing]) -> list[asyncio.Future[Any]]:
        placed: defaultdict[int, list[_Record]] = defaultdict(list)
        for key, value, headers in records:
            # A dead letter may have no key: it goes where its own partition leads.
            place = self.partition if key is None else murmur2(key) & 0x7FFFFFFF
            number = place % await self._partition_count(topic)
            placed[number].append((key, value, headers))
        return [future for number, batch in placed.items() for future in await self._send(topic, number, batch)]

    async def _partition_count(self, topic: str) -> int:
        count = self._partitions.get(topic)
        if count is None:
            count = self._partitions[topic] = len(await self._producer.partitions_for(topic))
        return count

    async def _send(self, topic: str, partition: int, records: Iterable[_Record]) -> list[asyncio.Future[Any]]:
        producer = self._producer
        batches = [producer.create_batch()]
        for key, value, headers in records:
            if batches[-1].append(timestamp=None, key=key, value=value, headers=list(headers)) is None:
                batches.append(producer.create_batch())  # a first record always fits
                batches[-1].append(timestamp=None, key=key, value=value, headers=list(headers))
        batches = [batch for batch in batches if batch.record_count()]
        self.unanswered += sum(batch.record_count() for batch in batches)
        answers = []
        for batch in batches:
            answer = await producer.send_batch(batch, topic, partition=partition)
            answer.add_done_callback(_heard)  # after one has failed nobody asks the others
            answers.append(answer)
        return answers


def _heard(answer: asyncio.Future[Any]) -> BaseException | None:
    """What an answer failed of, if it is there and did."""
    return answer.exception() if answer.done() and not answer.cancelled() else None


def producer_factory(options: WorkerOptions) -> ProducerFactory:
    """Make transactional producers of aiokafka; batches travel at once, since a checkpoint waits for them."""

    def make(transactional_id: str) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **options.broker.client_settings(),
            transactional_id=transactional_id,
            transaction_timeout_ms=round(options.transaction_timeout * 1000),
            acks="all",
            linger_ms=0,
            compression_type=options.compression,
            max_batch_size=options.batch_bytes,
            max_request_size=8 * options.batch_bytes,
            request_timeout_ms=30_000,
        )

    return make
