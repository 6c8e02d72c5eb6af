"""On a real Kafka: records and logs that once ended a worker at every start, and a broker that freezes."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from kafka import KafkaProducer

from detector.codec import partition_of
from detector.localkafka import Cluster
from harness.spine import Spine
from schemas.topics import DEAD_LETTERS, USAGE
from tests.broker.counting_log import PARTITIONS, CountingLog
from tests.broker.worker_process import WorkerProcess


class Unnamed(str):
    """A header's name that is not UTF-8; no client of Java's would write it, and Kafka takes it."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Give bytes that are none."""
        del encoding, errors
        return b"name\xff"


def test_records_that_no_client_reads_or_sends_become_dead_letters(kafka: str, prefix: str, tmp_path: Path) -> None:
    """A header's name that is not UTF-8, and five megabytes that were five kilobytes on their way."""
    spine = Spine(kafka, prefix, tmp_path, live=True)
    spine.apply_topics()
    large = b'{"a":"' + b"x" * (5 << 20) + b'"}'

    def event(name: str) -> bytes:
        fields = {"event_id": name, "event_type": "usage.recorded", "account_id": "acme"}
        return json.dumps(fields | {"occurred_at": time.time_ns() // 1_000_000}).encode()

    producer = KafkaProducer(bootstrap_servers=kafka, compression_type="gzip", max_request_size=8 << 20)
    for value, headers in ((event("a"), []), (event("b"), [(Unnamed(), b"1")]), (large, []), (event("c"), [])):
        producer.send(
            prefix + USAGE, key=b"acme", value=value, headers=headers, partition=partition_of(b"acme", spine.partitions)
        )
        producer.flush()
    producer.close()
    with spine.worker() as worker:
        spine.wait_until_applied(worker, 4)
        assert worker.stop() == 0
    unnamed, too_large = spine.read(prefix + DEAD_LETTERS)
    told = dict(unnamed.headers)
    assert (told["dlq.reason"], told["name\\xff"], json.loads(unnamed.value)["event_id"]) == (b"bad_utf8", b"1", "b")
    told = dict(too_large.headers)
    assert (told["dlq.reason"], told["dlq.offset"], too_large.key, too_large.value) == (
        b"too_large",
        b"2",
        b"acme",
        None,
    )
    assert f"the value of {len(large)} bytes" in told["dlq.detail"].decode()
    lines = [json.loads(line) for line in spine.export(tmp_path / "log.ndjson").read_text().splitlines()]
    assert [line["offset"] for line in lines if "offset" in line] == [0, 1, 2, 3]
    assert [name for name in lines[1] if name.startswith("headers")] == ["headers_b64"]


@pytest.mark.parametrize("running", [True, False])
def test_a_topic_that_was_made_anew_ends_the_worker(kafka: str, prefix: str, tmp_path: Path, running: bool) -> None:
    """Its offsets begin at 0 again: what comes would be skipped as applied already, and nobody would see."""
    log = CountingLog(kafka, prefix)
    asyncio.run(log.create())
    asyncio.run(log.emit(900, accounts=50, seed=1))

    async def make_anew() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.delete_topics(log.topics[:1])
        settings = {"message.timestamp.type": "LogAppendTime"}
        while True:
            await asyncio.sleep(0.1)
            (answer,) = (
                await admin.create_topics([NewTopic(log.topics[0], PARTITIONS, 1, topic_configs=settings)])
            ).topic_errors
            if answer[1] == 0:
                break
        await admin.close()

    with WorkerProcess("--bootstrap", kafka, "--prefix", prefix, folder=tmp_path) as worker:
        worker.hear("READY")
        asyncio.run(log.settled())
        if not running:
            assert worker.end() == 0
        asyncio.run(make_anew())
        asyncio.run(log.emit(90, accounts=50, seed=2))
        if running:
            assert worker.process.wait(60) == 78
    if not running:
        with WorkerProcess("--bootstrap", kafka, "--prefix", prefix, folder=tmp_path) as worker:
            assert worker.process.wait(60) == 78
    said = worker.log.read_text()
    assert f"topic {prefix}usage was made anew or cut: " in said or (running and "or a topic was deleted" in said)


@pytest.mark.broker
def test_a_stop_ends_also_where_the_broker_is_frozen(prefix: str, tmp_path: Path) -> None:
    """Faust waits for its thread without limit, and that for the broker; everything is durable, so the code is 0."""
    with Cluster() as cluster:
        log = CountingLog(cluster.bootstrap, prefix)
        asyncio.run(log.create(in_topics={"message.timestamp.type": "CreateTime"}))
        arguments = ["--bootstrap", cluster.bootstrap, "--prefix", prefix, "--record-time", "create"]
        with WorkerProcess(*arguments, "--hard-stop", "5", folder=tmp_path) as worker:
            worker.hear("READY")
            assert cluster.nodes[0].pid is not None
            os.kill(cluster.nodes[0].pid, signal.SIGSTOP)
            try:
                assert worker.end() == 0
            finally:
                os.kill(cluster.nodes[0].pid, signal.SIGCONT)
        assert "has not stopped within 5 s: it is ended with 0" in worker.log.read_text()
        assert "Traceback" not in worker.log.read_text()
