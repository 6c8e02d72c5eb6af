"""Snapshots of a changelog, and their way back, against a real broker: what they hold, and what is refused."""

import asyncio
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from detector.codec import partition_of
from detector.domain.record import Record
from detector.domain.state import PARTITION_KEY, PartitionRecord, decode_partition_record, encode_record
from detector.errors import CONFIG, IO, DetectorError
from detector.files.digest import Digest
from detector.files.reshard import Done, Target, reshard
from detector.files.snapshot import MANIFEST, Manifest, manifest_of, records_of, take
from tests.files.lines import TOPICS
from tests.files.test_emit_export import Broker, broker

__all__ = ("broker",)
COMPACT = {"cleanup.policy": "compact"}
ACCOUNTS = [f"a/tenant/account-{number}".encode() for number in range(40)]


def put(number: int, key: bytes, value: bytes | None) -> tuple[int, Record]:
    return number, Record(0, 0, key, value)


def home(key: bytes, partitions: int) -> int:
    return partition_of(key.rsplit(b"/", 1)[1], partitions)


def filled(broker: Broker, partitions: int = 2, *, positions: int = 0) -> dict[bytes, bytes]:
    """A changelog with every account where it belongs, written twice, and each partition's record."""
    broker.create({broker.changelog: partitions}, COMPACT)
    state = {key: b"state of " + key for key in ACCOUNTS}
    broker.send(broker.changelog, [put(home(key, partitions), key, b"older") for key in state], commit=True)
    broker.send(broker.changelog, [put(home(key, partitions), key, value) for key, value in state.items()], commit=True)
    stands = {f"{broker.prefix}{topic}": positions for topic in TOPICS}
    record = encode_record(PartitionRecord(positions=stands, clock=1_800_000_000_000, release=3))
    broker.send(broker.changelog, [put(number, PARTITION_KEY, record) for number in range(partitions)], commit=True)
    return state


def taken(broker: Broker, folder: Path) -> Manifest:
    return asyncio.run(taking(broker, folder))


async def taking(broker: Broker, folder: Path) -> Manifest:
    return await take(
        broker.access,
        folder,
        app_id=f"{broker.prefix}app",
        changelog=broker.changelog,
        topic_prefix=broker.prefix,
        build="1.2",
    )


def put_back(broker: Broker, folder: Path, app_id: str, *, same: bool = False, dry_run: bool = False) -> Done:
    target = Target(app_id, f"{app_id}-accounts-changelog", TOPICS, broker.prefix, same_topics=same)
    return asyncio.run(reshard(broker.access, folder, manifest_of(folder), target, dry_run=dry_run))


def refused(code: int, act: Callable[[], Any]) -> str:
    with pytest.raises(DetectorError) as caught:
        act()
    assert caught.value.exit_code == code
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_snapshot_holds_the_latest_committed_values_and_where_each_partition_stood(
    broker: Broker, tmp_path: Path
) -> None:
    state = filled(broker, positions=7)
    gone, aborted = ACCOUNTS[0], ACCOUNTS[1]
    broker.send(broker.changelog, [put(home(gone, 2), gone, None)], commit=True)
    broker.send(broker.changelog, [put(home(aborted, 2), aborted, b"never was")], commit=False)
    del state[gone]
    manifest = taken(broker, tmp_path / "s")
    assert manifest == manifest_of(tmp_path / "s")
    assert (manifest.app_id, manifest.topic_prefix, manifest.build) == (f"{broker.prefix}app", broker.prefix, "1.2")
    assert manifest.digest == str(Digest(state.items()))
    assert [set((part.positions or {}).values()) for part in manifest.partitions] == [{7}, {7}]
    assert [part.clock for part in manifest.partitions] == [1_800_000_000_000] * 2
    found = [dict(records_of(tmp_path / "s", part)) for part in manifest.partitions]
    assert found[0] | found[1] == state
    assert {home(key, 2) for key in found[1]} == {1}
    assert manifest.records == sum(part.records for part in manifest.partitions) == len(state)


def test_what_a_worker_is_writing_is_not_in_the_snapshot_and_does_not_hold_it_up(
    broker: Broker, tmp_path: Path
) -> None:
    state = filled(broker)

    async def scene() -> Manifest:
        name = f"{broker.prefix}writer"
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id=name) as producer:
            await producer.begin_transaction()
            await producer.send_and_wait(broker.changelog, b"not yet", ACCOUNTS[2], home(ACCOUNTS[2], 2))
            manifest = await taking(broker, tmp_path / "s")
            await producer.commit_transaction()
            return manifest

    assert asyncio.run(scene()).digest == str(Digest(state.items()))


@pytest.mark.parametrize("partitions", [1, 3, 4])
def test_it_comes_back_over_any_number_of_partitions(broker: Broker, tmp_path: Path, partitions: int) -> None:
    state = filled(broker)
    aside = {b"q/" + ACCOUNTS[3]: b"\xff", b"q/h/\xff": b"1", b"q/odd": b"2"}
    everything = state | aside
    broker.send(broker.changelog, [put(1, key, value) for key, value in aside.items()], commit=True)
    taken(broker, tmp_path / "s")
    app = f"{broker.prefix}new"
    broker.create_in_topics(partitions=partitions)
    broker.create({f"{app}-accounts-changelog": partitions}, COMPACT)
    dry = put_back(broker, tmp_path / "s", app, dry_run=True)
    done = put_back(broker, tmp_path / "s", app)
    assert str(done.digest) == str(dry.digest) == str(Digest(everything.items()))
    found = committed(broker, f"{app}-accounts-changelog", partitions)
    assert {key: value for part in found for key, value in part.items() if key != PARTITION_KEY} == everything
    for number, part in enumerate(found):
        assert {home(key, partitions) for key in part if key in ACCOUNTS} <= {number}
        stands = decode_partition_record(part[PARTITION_KEY])
        assert set(stands.positions.values()) == {0}
        assert (stands.clock, stands.release) == (1_800_000_000_000, 3)
    names = [TopicPartition(broker.prefix + topic, number) for topic in TOPICS for number in range(partitions)]
    assert asyncio.run(offsets(broker, app, names)) == [0] * len(names)


def committed(broker: Broker, topic: str, partitions: int) -> list[dict[bytes, bytes]]:
    """What a read_committed reader finds in each partition."""

    async def read() -> list[dict[bytes, bytes]]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=broker.bootstrap, isolation_level="read_committed", enable_auto_commit=False
        )
        await consumer.start()
        try:
            places = [TopicPartition(topic, number) for number in range(partitions)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            found: list[dict[bytes, bytes]] = [{} for _ in places]
            while any([await consumer.position(place) < ends[place] for place in places]):
                for place, batch in (await consumer.getmany(timeout_ms=100)).items():
                    found[place.partition].update({record.key: record.value for record in batch})
            return found
        finally:
            await consumer.stop()

    return asyncio.run(read())


async def offsets(broker: Broker, group: str, places: list[TopicPartition]) -> list[int | None]:
    async with AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=group, enable_auto_commit=False) as reader:
        return [await reader.committed(place) for place in places]


def test_with_the_same_topics_reading_goes_on_where_the_snapshot_stood(broker: Broker, tmp_path: Path) -> None:
    filled(broker, positions=2)
    taken(broker, tmp_path / "s")
    broker.create_in_topics(partitions=2)
    app = f"{broker.prefix}new"
    broker.create({f"{app}-accounts-changelog": 2}, COMPACT)
    again = refused(CONFIG, lambda: put_back(broker, tmp_path / "s", app, same=True))
    assert "ends at offset 0, the snapshot stood at 2: it is another topic — name the right --topic-prefix" in again
    for topic in TOPICS:
        broker.send(broker.prefix + topic, [(number, Record(0, 0, b"k", b"v")) for number in (0, 1, 0, 1, 0, 1)])
    done = put_back(broker, tmp_path / "s", app, same=True)
    assert [set(seat.stands.positions.values()) for seat in done.seats] == [{2}, {2}]
    names = [TopicPartition(broker.prefix + topic, number) for topic in TOPICS for number in range(2)]
    assert asyncio.run(offsets(broker, app, names)) == [2] * 6
    assert "holds state already" in refused(CONFIG, lambda: put_back(broker, tmp_path / "s", app, same=True))


def test_topics_that_were_given_more_partitions_must_have_been_read_to_their_end(
    broker: Broker, tmp_path: Path
) -> None:
    filled(broker, positions=2)
    taken(broker, tmp_path / "s")
    broker.create_in_topics(partitions=4)
    app = f"{broker.prefix}new"
    broker.create({f"{app}-accounts-changelog": 4}, COMPACT)
    for topic in TOPICS:
        broker.send(broker.prefix + topic, [(number, Record(0, 0, b"k", b"v")) for number in (0, 1, 0, 1)])
    done = put_back(broker, tmp_path / "s", app, same=True, dry_run=True)
    assert [set(seat.stands.positions.values()) for seat in done.seats] == [{2}, {2}, {0}, {0}]
    broker.send(broker.prefix + TOPICS[0], [(1, Record(0, 0, b"k", b"v"))])
    said = refused(CONFIG, lambda: put_back(broker, tmp_path / "s", app, same=True))
    assert f"{broker.prefix}{TOPICS[0]}/1 has 1 records that were not applied" in said


def test_a_snapshot_that_is_not_whole_is_refused_and_nothing_of_it_is_left(broker: Broker, tmp_path: Path) -> None:
    filled(broker)
    folder = tmp_path / "s"
    taken(broker, folder)
    app = f"{broker.prefix}new"
    broker.create_in_topics(partitions=2)
    broker.create({f"{app}-accounts-changelog": 2}, COMPACT)
    second = folder / "partition-00001.ndjson.gz"
    whole, manifest = second.read_bytes(), json.loads((folder / MANIFEST).read_text())
    lines = gzip.decompress(whole).splitlines(keepends=True)
    for damage, said in (
        (b"".join(lines[:-1]), "does not hold what the manifest says"),
        (b"".join([*lines, lines[0]]), "does not hold what the manifest says"),
        (b"".join([*lines[:-1], b"no line\n"]), f":{len(lines)} is damaged"),
    ):
        second.write_bytes(gzip.compress(damage))
        assert said in refused(IO, lambda: put_back(broker, folder, app))
        assert committed(broker, f"{app}-accounts-changelog", 2) == [{}, {}]
    second.write_bytes(whole)
    (folder / MANIFEST).write_text(json.dumps({**manifest, "digest": f"{1:064x}"}))
    assert "does not hold what its manifest says" in refused(IO, lambda: put_back(broker, folder, app))
    (folder / MANIFEST).write_text(json.dumps({**manifest, "format": 2}))
    assert "has format 2, this release reads 1 — use the release 1.2" in refused(IO, lambda: manifest_of(folder))
    (folder / MANIFEST).write_text("{}")
    assert "is no manifest of a snapshot" in refused(IO, lambda: manifest_of(folder))
    assert "there is no file" in refused(IO, lambda: manifest_of(tmp_path))
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert put_back(broker, folder, app).digest.records == len(ACCOUNTS)
    assert "is not empty — name a new folder" in refused(IO, lambda: taken(broker, folder))


def test_what_this_release_does_not_know_it_does_not_move(broker: Broker, tmp_path: Path) -> None:
    filled(broker, 1)
    app = f"{broker.prefix}new"
    broker.create_in_topics(partitions=2)
    broker.create({f"{app}-accounts-changelog": 2}, COMPACT)
    fields = msgspec.msgpack.decode(encode_record(PartitionRecord()))
    for number, (key, value, said) in enumerate(
        (
            (b"z/later", b"1", "records of a kind that this release does not know (b'z/later')"),
            (PARTITION_KEY, msgspec.msgpack.encode([1, 5, *fields[2:], "new"]), "was written by a later release"),
            (PARTITION_KEY, msgspec.msgpack.encode([2]), "has version 2, this release reads 1"),
        )
    ):
        broker.send(broker.changelog, [put(0, key, value)], commit=True)
        taken(broker, tmp_path / str(number))
        assert said in refused(CONFIG, lambda: put_back(broker, tmp_path / str(number), app))  # noqa: B023
        if key != PARTITION_KEY:
            broker.send(broker.changelog, [put(0, key, None)], commit=True)


def test_digests_of_parts_add_up_to_that_of_the_whole_and_tell_every_change() -> None:
    records = [(b"a", b"1"), (b"b", b"2"), (b"", b"ab1")]
    whole, part = Digest(records), Digest(records[:1])
    part.join(Digest(reversed(records[1:])))
    assert (str(part), part.records, part.size_bytes) == (str(whole), 3, 7)
    for other in (records[:2], [*records, records[0]], [(b"a", b"1"), (b"b", b"2"), (b"a", b"b1")]):
        assert str(Digest(other)) != str(whole)
