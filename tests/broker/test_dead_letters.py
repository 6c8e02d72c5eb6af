"""What cannot be used ends as a dead letter with its original bytes, once, and the stream goes on."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer

from detector.codec import partition_of
from detector.domain.alerts import iso
from detector.domain.state import account_path, hot_key
from harness.spine import Spine
from schemas.topics import DEAD_LETTERS, USAGE

NOW_MS: Final = 1_767_571_200_000
DAY_MS: Final = 86_400_000
PARTITIONS: Final = 4


def _event(**fields: Any) -> bytes:
    event = {"event_id": "e", "event_type": "usage.recorded", "account_id": "acme", "occurred_at": NOW_MS, **fields}
    return json.dumps(event).encode()


# reason -> (key, value); the partition is the key's own unless the reason is about that
BAD: Final[dict[str, tuple[bytes | None, bytes | None]]] = {
    "too_large": (b"acme", _event(labels={"a": "x" * 300_000})),
    "bad_utf8": (b"acme", b'{"event_id":"\xff"}'),
    "bad_json": (b"acme", b'{"event_id": NaN}'),
    "not_object": (b"acme", b"[1,2]"),
    "null_value": (b"acme", None),
    "bad_key": (None, _event()),
    "key_mismatch": (b"other", _event()),
    "misrouted": (b"acme", _event()),
    "unknown_type": (b"acme", _event(event_type="usage.dreamt")),
    "schema": (b"acme", _event(count="many")),
    "timestamp_out_of_range": (b"acme", _event(occurred_at=NOW_MS + DAY_MS)),
    "too_late": (b"acme", _event(occurred_at=NOW_MS - 71 * DAY_MS)),
    "unsupported_version": (b"acme", _event(schema_version="99.0")),
}


def _partition(reason: str, key: bytes | None) -> int:
    home = partition_of(key, PARTITIONS) if key is not None else 1
    return (home + 1) % PARTITIONS if reason == "misrouted" else home


async def _send(broker: str, topic: str) -> None:
    """A good event before and after every bad one, all at the same record time."""
    producer = AIOKafkaProducer(bootstrap_servers=broker, max_request_size=4 << 20)
    await producer.start()
    try:
        for number, (reason, (key, value)) in enumerate(BAD.items()):
            good = _event(event_id=f"good-{number}", count=1)
            headers = [("trace", b"\x00\xff")]
            home, place = partition_of(b"acme", PARTITIONS), _partition(reason, key)
            await producer.send_and_wait(topic, good, key=b"acme", partition=home, timestamp_ms=NOW_MS)
            await producer.send_and_wait(topic, value, key=key, partition=place, timestamp_ms=NOW_MS, headers=headers)
    finally:
        await producer.stop()


@pytest.mark.broker
def test_every_reject_code_ends_as_a_dead_letter_with_its_bytes_while_the_stream_goes_on(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    spine = Spine(kafka, prefix, tmp_path, partitions=PARTITIONS)
    spine.apply_topics()
    asyncio.run(_send(kafka, prefix + USAGE))
    file = tmp_path / "last.ndjson"
    last = {"event_id": "last", "event_type": "usage.recorded", "account_id": "acme", "occurred_at": NOW_MS + 1}
    file.write_text(json.dumps(last) + "\n")
    spine.emit(file, until=iso(NOW_MS + DAY_MS))
    with spine.worker() as worker:
        spine.wait_until_applied(worker, 2 * len(BAD) + 1 + 3 * PARTITIONS)
        assert worker.stop() == 0
    letters = spine.read(prefix + DEAD_LETTERS)
    found = {dict(letter.headers)["dlq.reason"].decode(): letter for letter in letters}
    assert sorted(found) == sorted(BAD)
    assert len(letters) == len(BAD)
    for reason, (key, value) in BAD.items():
        headers = dict(found[reason].headers)
        assert (found[reason].key, found[reason].value) == (key, value), reason
        assert headers["trace"] == b"\x00\xff"
        assert headers["dlq.topic"].decode() == prefix + USAGE
        assert int(headers["dlq.partition"]) == _partition(reason, key)
        assert headers["dlq.detail"].decode().isprintable()
    assert [key for key in spine.state() if key.startswith(b"h/")] == [hot_key(account_path("default", "acme"))]
