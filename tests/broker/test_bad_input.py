"""On a real Kafka: however a record is wrapped, compressed or weighed down, it is used or told, and no worker ends."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from detector.codec import partition_of
from detector.domain.state import account_path, hot_key
from harness.process import Worker
from harness.spine import Spine
from schemas.topics import DEAD_LETTERS, USAGE

PARTITIONS: Final = 4
MIB: Final = 1 << 20
CODECS: Final = (None, "gzip", "snappy", "lz4", "zstd")
_ZSTD: Final = 4
_MAGIC, _CRC, _ATTRIBUTES, _CODEC, _COUNT = 16, 17, 21, 22, 57


def event(account: str, **fields: object) -> bytes:
    """A good event of now."""
    at = int(time.time() * 1_000)
    whole = {"event_id": f"{account}-{at}", "event_type": "usage.recorded", "account_id": account, "occurred_at": at}
    return json.dumps(whole | fields).encode()


def worked_through(spine: Spine, count: int) -> dict[bytes, Any]:
    """Let a worker apply so many records and stop; gives the dead letters by their key."""
    with spine.worker() as worker:
        spine.wait_until_applied(worker, count)
        assert worker.stop() == 0
    return {letter.key: letter for letter in spine.read(spine.prefix + DEAD_LETTERS)}


@pytest.mark.broker
def test_events_in_every_wrapping_are_used_and_headers_without_end_do_no_harm(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    spine = Spine(kafka, prefix, tmp_path, partitions=PARTITIONS, live=True)
    spine.apply_topics()
    frame = b"\0\0\0\x01\x2a"
    binary = [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_type", b"usage.recorded"), ("ce_source", b"/a")]
    structured = [("content-type", b"application/cloudevents+json")]
    thousand = [(f"header-{number}", b"x") for number in range(1_000)]
    huge = [("huge", b"x" * MIB)]
    wrapped = {"specversion": "1.0", "id": "1", "type": "usage.recorded", "source": "/a"}
    sent: list[tuple[str, bytes, Sequence[tuple[str, bytes]]]] = [
        ("framed", frame + event("framed"), ()),
        ("binary", json.dumps({"account_id": "binary", "occurred_at": int(time.time() * 1_000)}).encode(), binary),
        ("structured", json.dumps(wrapped | {"data": json.loads(event("structured"))}).encode(), structured),
        ("thousand", event("thousand"), thousand),
        ("huge", event("huge"), huge),
        ("bad-framed", frame, ()),
        ("bad-binary", event("bad-binary"), [("ce_specversion", b"2.0")]),
        ("bad-structured", json.dumps(wrapped).encode(), structured),
        ("bad-thousand", b"{", thousand),
        ("bad-huge", b"{", huge),
    ]
    producer = KafkaProducer(bootstrap_servers=kafka, compression_type="gzip", max_request_size=8 * MIB)
    for name, value, headers in sent:
        place = partition_of(name.encode(), PARTITIONS)
        producer.send(prefix + USAGE, key=name.encode(), value=value, headers=list(headers), partition=place)
        producer.flush()
    producer.close()
    letters = worked_through(spine, len(sent))
    reasons = {key.decode(): dict(letter.headers)["dlq.reason"].decode() for key, letter in letters.items()}
    assert reasons == {
        "bad-framed": "bad_json",
        "bad-binary": "unsupported_version",
        "bad-structured": "schema",
        "bad-thousand": "bad_json",
        "bad-huge": "bad_json",
    }
    assert list(letters[b"bad-thousand"].headers[:-7]) == thousand
    assert letters[b"bad-huge"].headers[:-7] == ()
    assert "1 headers of 1048590 bytes" in dict(letters[b"bad-huge"].headers)["dlq.detail"].decode()
    accounts = {key for key in spine.state() if key.startswith(b"h/")}
    assert accounts == {hot_key(account_path("default", name)) for name, _, _ in sent if not name.startswith("bad-")}


def damaged(how: Callable[[bytearray], None], *, sealed: bool = True) -> Callable[[Any], None]:
    """Change the bytes of a record batch; `sealed`: its checksum is right again."""

    def damage(batch: Any) -> None:
        data = bytearray(batch._build())
        how(data)
        if sealed:
            data[_CRC:_ATTRIBUTES] = calc_crc32c(bytes(data[_ATTRIBUTES:])).to_bytes(4, "big")
        batch._buffer = bytes(data)

    return damage


def setting(at: int, value: int) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        data[at] = value

    return change


DAMAGES: Final = {
    "magic of the first format": damaged(setting(_MAGIC, 0)),
    "magic of the second format": damaged(setting(_MAGIC, 1)),
    "magic of no format": damaged(setting(_MAGIC, 9)),
    "gzip that is none": damaged(setting(_CODEC, 1)),
    "a codec that there is not": damaged(setting(_CODEC, 7)),
    "a checksum that is wrong": damaged(setting(_CRC, 0), sealed=False),
    "a count that is too high": damaged(setting(_COUNT + 3, 200)),
}


@pytest.mark.broker
def test_records_of_every_codec_are_used_or_told_and_damaged_batches_get_no_further_than_the_broker(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    """The emitter chooses its codec: an event is applied, and what is none keeps its very bytes.

    Batches of wrong magic, codec, checksum or count the broker refuses, so that no reader ever meets them.
    """
    spine = Spine(kafka, prefix, tmp_path, partitions=PARTITIONS, live=True)
    spine.apply_topics()
    noise = b'{"' + bytes(range(32, 127)) * 40

    async def send(codec: str | None) -> None:
        async with AIOKafkaProducer(bootstrap_servers=kafka, compression_type=codec, linger_ms=50) as producer:
            good = f"good-{codec}"
            for name, value in ((good, event(good, plan="x" * 2_000)), (f"bad-{codec}", noise)):
                place = partition_of(name.encode(), PARTITIONS)
                await producer.send_and_wait(prefix + USAGE, value, key=name.encode(), partition=place)

    async def send_damaged(damage: Callable[[Any], None]) -> str:
        async with AIOKafkaProducer(bootstrap_servers=kafka, request_timeout_ms=2_000) as producer:
            batch = producer.create_batch()
            batch.append(timestamp=None, key=b"acme", value=event("acme"))
            damage(batch)
            batch.close()
            place = partition_of(b"acme", PARTITIONS)
            try:
                await (await producer.send_batch(batch, prefix + USAGE, partition=place))
            except KafkaError as error:
                return type(error).__name__
            return "taken"

    async def send_all() -> list[str]:
        verdicts = await asyncio.gather(*map(send_damaged, DAMAGES.values()))
        await asyncio.gather(*map(send, CODECS))
        return verdicts

    verdicts = dict(zip(DAMAGES, asyncio.run(send_all()), strict=True))
    assert "taken" not in verdicts.values(), verdicts
    letters = worked_through(spine, 2 * len(CODECS))
    assert {key.decode(): letter.value for key, letter in letters.items()} == {f"bad-{c}": noise for c in CODECS}
    accounts = {key for key in spine.state() if key.startswith(b"h/")}
    assert accounts == {hot_key(account_path("default", f"good-{codec}")) for codec in CODECS}


def memory_mib(worker: Worker, name: str = "VmHWM") -> float:
    """The most that a process has ever had in memory; VmRSS: what it has now."""
    status = Path(f"/proc/{worker._process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{name}:")) / 1_024


async def send_bomb(broker: str, topic: str) -> None:
    """Send a record of 40 MiB that takes two kilobytes; of much more the broker itself would run out of memory."""
    builder = DefaultRecordBatchBuilder(
        2, _ZSTD, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0, batch_size=80 * MIB
    )
    builder.append(0, timestamp=int(time.time() * 1_000), key=b"bomb", value=bytes(40 * MIB), headers=[])
    async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
        batch = producer.create_batch()
        batch.append(timestamp=None, key=b"bomb", value=b"")
        batch._buffer = bytes(builder.build())
        batch.close()
        await (await producer.send_batch(batch, topic, partition=partition_of(b"bomb", PARTITIONS)))


@pytest.mark.broker
def test_records_of_one_and_ten_megabytes_are_too_large_and_take_little_memory(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    """The in-topic lets them through: its limit was raised. The worker keeps running, within 50 MiB more.

    So it does where two kilobytes stand for forty megabytes.
    """
    spine = Spine(kafka, prefix, tmp_path, partitions=PARTITIONS, live=True)
    spine.apply_topics()
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    wanted = {"max.message.bytes": str(16 * MIB)}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, prefix + USAGE, configs=wanted)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=kafka, max_request_size=16 * MIB)

    def send(name: str, value: bytes) -> None:
        producer.send(
            prefix + USAGE, key=name.encode(), value=value, partition=partition_of(name.encode(), PARTITIONS)
        ).get(60)

    send("warm", event("warm"))
    with spine.worker() as worker:
        spine.wait_until_applied(worker, 1)
        before = memory_mib(worker)
        send("one", b'{"a":"' + b"x" * MIB + b'"}')
        send("ten", b'{"a":"' + b"x" * 10 * MIB + b'"}')
        asyncio.run(send_bomb(kafka, prefix + USAGE))
        send("after", event("after"))
        spine.wait_until_applied(worker, 5)
        assert memory_mib(worker) - before <= 50
        assert worker.stop() == 0
    producer.close()
    letters = {letter.key: letter for letter in spine.read(prefix + DEAD_LETTERS)}
    assert {key: dict(letter.headers)["dlq.reason"] for key, letter in letters.items()} == {
        b"one": b"too_large",
        b"ten": b"too_large",
        None: b"too_large",
    }
    accounts = {key for key in spine.state() if key.startswith(b"h/")}
    assert accounts == {hot_key(account_path("default", name)) for name in ("warm", "after")}
