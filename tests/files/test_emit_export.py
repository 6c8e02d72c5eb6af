"""Emit and export against a real broker: what is in the files is in the log, and back."""

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from detector.domain.record import Record
from detector.domain.state import PARTITION_KEY, PartitionRecord, decode_partition_record, encode_record
from detector.errors import CONFIG, TEMPORARY, DetectorError
from detector.files.broker import Access
from detector.files.emit import Plan, check_topics, emit, heartbeat, with_heartbeats
from detector.files.export import Exported, Source, export
from detector.files.log import Log
from detector.files.read import read_files
from detector.localkafka import Cluster
from tests.files.lines import BEGIN, TOPIC_OF, TOPICS, event, write
from tests.ops.worker_command import COMMAND, environment

PARTITIONS = 3
CONTROL = "decay.control.v1"
HANGING_SECONDS = 60
IMPORT = {"message.timestamp.type": "CreateTime", "retention.ms": "-1"}
LIVE = {"message.timestamp.type": "LogAppendTime"}


@dataclass(frozen=True)
class Broker:
    """A broker with topics of one test's own."""

    bootstrap: str
    prefix: str
    patience: float = 10.0

    @property
    def access(self) -> Access:
        return Access({"bootstrap_servers": [self.bootstrap]}, self.patience)

    @property
    def changelog(self) -> str:
        return f"{self.prefix}app-accounts-changelog"

    @property
    def plan(self) -> Plan:
        return Plan(TOPICS, CONTROL, prefix=self.prefix)

    @property
    def source(self) -> Source:
        return Source(TOPICS, CONTROL, self.changelog, PARTITION_KEY, decode_partition_record, self.prefix)

    def create(self, topics: Mapping[str, int], configs: Mapping[str, str]) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            new = [NewTopic(n, p, 1, topic_configs=dict(configs)) for n, p in topics.items()]
            admin.create_topics(new)
            admin.wait_for_topics(list(topics), timeout_ms=10_000)
        finally:
            admin.close()

    def create_in_topics(self, configs: Mapping[str, str] = IMPORT, partitions: int = PARTITIONS) -> None:
        self.create({self.prefix + topic: partitions for topic in TOPICS}, configs)

    def emit(self, log: Log, plan: Plan | None = None) -> int:
        how = plan or self.plan
        return asyncio.run(emit(self.access, how, with_heartbeats(log, how)))[0]

    def export(self, source: Source | None = None) -> tuple[Exported, bytes]:
        out = BytesIO()
        return asyncio.run(export(self.access, source or self.source, out)), out.getvalue()

    def check(self, plan: Plan | None = None, topics: tuple[str, ...] = TOPICS) -> tuple[int, list[str]]:
        return asyncio.run(check_topics(self.access, plan or self.plan, topics))

    def send(self, topic: str, records: list[tuple[int, Record]], *, commit: bool | None = None) -> None:
        """Send records to partitions as they are; `commit` = within a transaction that ends so."""
        asyncio.run(self._send(topic, records, commit=commit))

    async def _send(self, topic: str, records: list[tuple[int, Record]], *, commit: bool | None) -> None:
        name = None if commit is None else f"{self.prefix}{topic}"
        async with AIOKafkaProducer(bootstrap_servers=self.bootstrap, transactional_id=name) as producer:
            if commit is not None:
                await producer.begin_transaction()
            for partition, record in records:
                await producer.send_and_wait(
                    topic, record.value, record.key, partition, record.timestamp, list(record.headers)
                )
            if commit is not None:
                await (producer.commit_transaction() if commit else producer.abort_transaction())


@pytest.fixture
def broker(kafka: str, prefix: str) -> Broker:
    return Broker(kafka, prefix)


def some_events(count: int = 2_000) -> list[bytes]:
    kinds = "usage.recorded", "ticket.created", "goal.measured"
    return [
        event(kinds[n % 3], f"account-{n * 7 % 50}", BEGIN + n * 60_000, event_id=f"e{n}", note="ü" * (n % 40))
        for n in range(count)
    ]


def read(*paths: Path, partitions: int = PARTITIONS) -> Log:
    return read_files(paths, topic_of=TOPIC_OF).log(partitions)


def contents(log: Log, prefix: str = "") -> dict[tuple[str, int], list[Record]]:
    return {
        (topic.removeprefix(prefix), number): run.records(0, len(run))
        for number in range(log.partitions)
        for topic, run in log.runs(number).items()
    }


def test_what_is_emitted_is_exported_with_the_same_bytes_times_and_places(broker: Broker, tmp_path: Path) -> None:
    broker.create_in_topics()
    log = read(write(tmp_path / "e", *some_events()))
    assert broker.emit(log) == 2_000
    summary, text = broker.export()
    assert (summary.records, summary.partitions) == (2_000, PARTITIONS)
    (tmp_path / "x").write_bytes(text)
    back = read(tmp_path / "x")
    assert back.exported
    assert back.bad == []
    assert contents(back, broker.prefix) == contents(log)
    places = [
        (line["partition"], line["topic"], line["offset"]) for line in map(json.loads, text.splitlines()[:-PARTITIONS])
    ]
    assert places == sorted(places)


def test_an_export_emitted_again_and_exported_is_the_same_to_the_byte(
    broker: Broker, kafka: str, tmp_path: Path
) -> None:
    broker.create_in_topics()
    odd = [
        (0, Record(0, BEGIN, None, b"no key")),
        (1, Record(0, BEGIN, b"\xff", b"\xfe\x00", (("h", b"\x01"), ("h", b"")))),
        (2, Record(0, BEGIN - 5, b"null value", None)),
        (2, Record(1, BEGIN - 9, b"before the one above", b"x" * 300_000)),
    ]
    broker.send(broker.prefix + TOPICS[0], odd)
    _, text = broker.export()
    (tmp_path / "x").write_bytes(text)
    log = read(tmp_path / "x")
    assert contents(log, broker.prefix)[TOPICS[0], 1] == [
        Record(0, BEGIN, b"\xff", b"\xfe\x00", (("h", b"\x01"), ("h", b"")))
    ]
    second = Broker(kafka, broker.prefix + "2-")
    second.create_in_topics()
    second.emit(log)
    assert second.export()[1].replace(second.prefix.encode(), broker.prefix.encode()) == text


def test_until_ends_every_partition_of_every_in_topic_with_a_heartbeat_of_that_time(
    broker: Broker, tmp_path: Path
) -> None:
    broker.create_in_topics()
    until = BEGIN + 86_400_000
    log = read(write(tmp_path / "e", *some_events(10)))
    assert broker.emit(log, replace(broker.plan, until=until)) == 10 + PARTITIONS * len(TOPICS)
    (tmp_path / "x").write_bytes(broker.export()[1])
    for (topic, number), records in contents(read(tmp_path / "x"), broker.prefix).items():
        last = records[-1]
        assert (last.timestamp, last.key) == (until, b"_feed")
        assert last.value == heartbeat(topic, number, until).value
        body = json.loads(last.value or b"")
        assert (body["event_type"], body["account_id"], body["source"]) == ("feed.heartbeat", "_feed", "_clock")
        assert body["occurred_at"] == "2026-03-03T09:00:00.000Z"


def test_until_before_the_last_event_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    path = write(tmp_path / "e", event(at=BEGIN), event(at=BEGIN + 5), event(at=BEGIN + 1))
    with pytest.raises(DetectorError, match=r"2026-03-02T09:00:00.005Z, .*e:2") as caught:
        next(with_heartbeats(read(path), Plan(TOPICS, CONTROL, until=BEGIN + 4)))
    assert caught.value.exit_code == CONFIG


def test_live_leaves_the_timestamp_to_the_broker(broker: Broker, tmp_path: Path) -> None:
    broker.create_in_topics(LIVE)
    broker.emit(read(write(tmp_path / "e", event(at=BEGIN))), replace(broker.plan, live=True))
    line = json.loads(broker.export()[1].splitlines()[0])
    assert line["timestamp"] > BEGIN
    assert json.loads(line["value"])["occurred_at"] == BEGIN


def test_a_rate_limit_is_kept(broker: Broker, tmp_path: Path) -> None:
    broker.create_in_topics()
    plan = replace(broker.plan, rate=400)
    log = read(write(tmp_path / "e", *some_events(200)))
    count, seconds = asyncio.run(emit(broker.access, plan, with_heartbeats(log, plan)))
    assert count == 200
    assert seconds >= 180 / 400  # the last slice needs not be waited for


def test_interrupted_it_says_how_many_are_there(broker: Broker, tmp_path: Path) -> None:
    """A file of usage is to be sent once: whoever sends the rest must know where it ended."""
    broker.create_in_topics()
    file, where = (
        write(tmp_path / "e", *some_events()),
        ("--brokers", broker.bootstrap, "--topic-prefix", broker.prefix),
    )
    command = [*COMMAND, "emit", str(file), "--rate", "50", *where]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment()) as process:
        while not broker.export()[0].records:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=HANGING_SECONDS)[1]
    assert process.returncode == 130
    (told,) = [line for line in said.splitlines() if line.startswith("interrupted")]
    there = re.fullmatch(r"interrupted: ([0-9,]+) of 2,000 records are there, maybe a few more", told)
    assert there is not None, told
    assert 0 <= int(there[1]) <= broker.export()[0].records < 2_000


def test_emitting_the_same_file_again_sends_the_same_bytes(broker: Broker, tmp_path: Path) -> None:
    broker.create_in_topics()
    log = read(write(tmp_path / "e", *some_events(100)))
    broker.emit(log)
    broker.emit(log)
    (tmp_path / "x").write_bytes(broker.export()[1])
    for place, records in contents(read(tmp_path / "x"), broker.prefix).items():
        once = [(record.timestamp, record.value) for record in contents(log)[place]]
        assert [(record.timestamp, record.value) for record in records] == once + once


def test_the_check_gives_the_partitions_and_has_nothing_to_say_of_good_import_topics(broker: Broker) -> None:
    broker.create_in_topics()
    assert broker.check() == (PARTITIONS, [])


def test_the_check_tells_of_records_that_are_there_and_of_bounded_retention(broker: Broker, tmp_path: Path) -> None:
    broker.create_in_topics({"message.timestamp.type": "CreateTime", "retention.ms": "315360000000"})
    broker.emit(read(write(tmp_path / "e", event())))
    _, notes = broker.check()
    assert len(notes) == 2
    assert "retention is bounded" in notes[0]
    assert notes[1].startswith(f"{broker.prefix}{TOPICS[0]}: there are records already")


@pytest.mark.parametrize(
    ("configs", "live", "words"),
    [
        (LIVE, False, "has LogAppendTime, this needs CreateTime — .*--import"),
        (IMPORT, True, "has CreateTime, this needs LogAppendTime — .*without --live"),
    ],
)
def test_topics_of_the_other_timestamp_type_are_refused(
    broker: Broker, configs: Mapping[str, str], live: bool, words: str
) -> None:
    broker.create_in_topics(configs)
    with pytest.raises(DetectorError, match=words) as caught:
        broker.check(replace(broker.plan, live=live))
    assert caught.value.exit_code == CONFIG


@pytest.mark.parametrize(
    ("configs", "words"),
    [
        ({"message.timestamp.before.max.ms": "3600000"}, "refuses records this far from now — create import topics"),
        ({"max.message.bytes": "500"}, "refuses a record of this size — raise its max.message.bytes"),
    ],
)
def test_what_a_topic_has_against_a_record_is_told(
    broker: Broker, tmp_path: Path, configs: Mapping[str, str], words: str
) -> None:
    broker.create_in_topics({**IMPORT, **configs})
    with pytest.raises(DetectorError, match=words) as caught:
        broker.emit(read(write(tmp_path / "e", event(note="x" * 1_000))))
    assert caught.value.exit_code == CONFIG


def test_state_of_a_newer_release_is_told(broker: Broker) -> None:
    broker.create_in_topics()
    broker.create({broker.changelog: PARTITIONS}, {"cleanup.policy": "compact"})
    newer = encode_record(PartitionRecord(major=99))
    broker.send(broker.changelog, [(0, Record(0, BEGIN, PARTITION_KEY, newer))])
    with pytest.raises(DetectorError, match=r"accounts-changelog/0: .* — export with the release") as caught:
        broker.export()
    assert caught.value.exit_code == CONFIG


def test_missing_and_unequal_topics_are_refused(broker: Broker) -> None:
    with pytest.raises(DetectorError, match=r"there is no topic .*detector topics apply") as caught:
        broker.check()
    assert caught.value.exit_code == CONFIG
    broker.create_in_topics()
    broker.create({broker.prefix + CONTROL: PARTITIONS + 1}, IMPORT)
    with pytest.raises(DetectorError, match="differ in partitions") as caught:
        broker.check(topics=(*TOPICS, CONTROL))
    assert caught.value.exit_code == CONFIG


def test_a_broker_that_is_down_is_one_line_after_a_bounded_wait(tmp_path: Path) -> None:
    nobody = Broker("127.0.0.1:1", "", patience=0.3)
    log = read(write(tmp_path / "e", event()))
    for attempt in (nobody.check, nobody.export, lambda: nobody.emit(log)):
        with pytest.raises(DetectorError, match=r"no broker answers at 127.0.0.1:1 — start it") as caught:
            attempt()
        assert caught.value.exit_code == TEMPORARY


def checkpoint(broker: Broker, partition: int, positions: dict[str, int], clock: int) -> None:
    applied = {broker.prefix + topic: offset for topic, offset in positions.items()}
    record = PartitionRecord(positions=applied, clock=clock, quiet_until=BEGIN)
    states = [
        (partition, Record(0, BEGIN, b"a/default/acme", b"state")),
        (partition, Record(0, BEGIN, PARTITION_KEY, encode_record(record))),
    ]
    broker.send(broker.changelog, states, commit=True)


def test_only_what_the_worker_has_applied_is_exported_with_its_clock(broker: Broker, tmp_path: Path) -> None:
    broker.create_in_topics()
    broker.create({broker.changelog: PARTITIONS}, {"cleanup.policy": "compact"})
    log = read(write(tmp_path / "e", *some_events(300)))
    broker.emit(log)
    checkpoint(broker, 0, {TOPICS[0]: 2}, BEGIN + 1)
    checkpoint(broker, 0, {TOPICS[0]: 5, TOPICS[1]: 3}, BEGIN + 2)  # the latest holds
    checkpoint(broker, 2, dict.fromkeys(TOPICS, 10_000), BEGIN + 3)
    (tmp_path / "x").write_bytes(broker.export()[1])
    back = read(tmp_path / "x")
    found, everything = contents(back, broker.prefix), contents(log)
    assert found.pop((TOPICS[0], 0)) == everything[TOPICS[0], 0][:5]
    assert found.pop((TOPICS[1], 0)) == everything[TOPICS[1], 0][:3]
    assert found == {(topic, 2): everything[topic, 2] for topic in TOPICS}  # partition 1 has no worker yet
    assert [(end.clock, end.quiet_until) for end in back.ends] == [(BEGIN + 2, BEGIN), (None, None), (BEGIN + 3, BEGIN)]


def test_the_partition_record_is_found_however_far_from_the_end_it_stands(broker: Broker) -> None:
    broker.create_in_topics()
    broker.create({broker.changelog: PARTITIONS}, {"cleanup.policy": "compact"})
    checkpoint(broker, 1, {}, BEGIN + 1)
    states = [Record(0, BEGIN, b"a/default/%d" % n, b"state") for n in range(6_000)]

    async def fill() -> None:
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=50) as producer:
            sends = [await producer.send(broker.changelog, r.value, r.key, 1) for r in states]
            await asyncio.gather(*sends)

    asyncio.run(fill())
    ends = [json.loads(line) for line in broker.export()[1].splitlines()[-PARTITIONS:]]
    assert [end["clock"] for end in ends] == [None, BEGIN + 1, None]


def test_aborted_records_are_not_exported(broker: Broker, tmp_path: Path) -> None:
    broker.create_in_topics()
    broker.create({broker.prefix + CONTROL: PARTITIONS}, IMPORT)
    control = broker.prefix + CONTROL
    broker.send(control, [(1, Record(0, BEGIN, b"a", b"aborted"))], commit=False)
    broker.send(control, [(1, Record(0, BEGIN, b"a", b"committed"))], commit=True)
    broker.send(control, [(1, Record(0, BEGIN, b"a", b"aborted"))], commit=False)
    (tmp_path / "x").write_bytes(broker.export()[1])
    (record,) = contents(read(tmp_path / "x"), broker.prefix)[CONTROL, 1]
    assert (record.offset, record.value) == (2, b"committed")


def test_a_log_whose_beginning_is_gone_is_exported_and_said_to_be(broker: Broker, tmp_path: Path) -> None:
    broker.create_in_topics()
    log = read(write(tmp_path / "e", *some_events(300)))
    broker.emit(log)
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.delete_records({TopicPartition(broker.prefix + TOPICS[0], 1): 4})
    admin.close()
    summary, text = broker.export()
    assert any(note.startswith(f"{broker.prefix}{TOPICS[0]}/1: older records are gone") for note in summary.notes)
    (tmp_path / "x").write_bytes(text)
    assert contents(read(tmp_path / "x"), broker.prefix)[TOPICS[0], 1] == contents(log)[TOPICS[0], 1][4:]


def test_a_changelog_of_another_worker_is_refused(broker: Broker) -> None:
    broker.create_in_topics()
    broker.create({broker.changelog: PARTITIONS + 2}, {"cleanup.policy": "compact"})
    with pytest.raises(DetectorError, match="is --app-id that of their worker") as caught:
        broker.export()
    assert caught.value.exit_code == CONFIG


def test_an_export_without_topics_is_refused(broker: Broker) -> None:
    with pytest.raises(DetectorError, match="there is no topic"):
        broker.export()


@pytest.mark.broker
def test_a_broker_that_dies_meanwhile_is_one_line_after_a_bounded_wait(tmp_path: Path) -> None:
    with Cluster() as cluster:
        broker = Broker(cluster.bootstrap, "", patience=1)
        broker.create_in_topics()
        plan = replace(broker.plan, rate=2_000)
        log = read(write(tmp_path / "e", *some_events(2_000)))
        heard: list[int] = []

        def sent(count: int) -> None:
            if not heard:
                cluster.kill()
            heard.append(count)

        with pytest.raises(DetectorError, match="no broker answers at") as caught:
            asyncio.run(emit(broker.access, plan, with_heartbeats(log, plan), sent=sent))
        assert caught.value.exit_code == TEMPORARY
        assert 0 < sum(heard) < 2_000
