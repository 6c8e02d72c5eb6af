"""Snapshots: the whole state of an application as files, a folder with a manifest and one file a partition.

A partition's file has a line for each record, sorted by key: `{"key_b64": …, "value_b64": …}`, gzipped. Where the
partition stands is in the manifest, which is written last: a folder without one is no snapshot.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from detector.brokers import explained
from detector.domain.state import PARTITION_KEY, PartitionRecord, decode_partition_record, unknown_of
from detector.domain.versions import StateError
from detector.errors import CONFIG, IO, DetectorError
from detector.files.broker import Access, describe, equal_partitions, started
from detector.files.changelog import latest
from detector.files.digest import Digest
from detector.files.ndjson import read_lines, writing
from detector.files.stretches import READING
from detector.record_batches import read_tolerantly

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"


class Part(msgspec.Struct, frozen=True):
    """One partition: where its changelog and its in-topics stood, and what its file holds.

    `positions` are the next offsets to apply by topic and `clock` is the partition's, epoch ms, both None where no
    worker has been; they are said for people, what counts is `record`. `records`, `size_bytes` (keys and values) and
    `digest` leave it out.
    """

    partition: int
    file: str
    changelog_offset: int
    records: int
    size_bytes: int
    digest: str
    positions: Mapping[str, int] | None
    clock: int | None
    record: bytes | None

    def stood(self) -> PartitionRecord | None:
        """Where the partition stood. Raises DetectorError (78) where a later release than this one says so."""
        if self.record is None:
            return None
        try:
            found = decode_partition_record(self.record)
        except StateError as error:
            raise DetectorError(f"partition {self.partition} of the snapshot: {error}", CONFIG) from None
        if unknown_of(found, self.record):
            what = f"partition {self.partition} of the snapshot was written by a later release"
            raise DetectorError(f"{what}, with fields that this one does not know: use that release", CONFIG)
        return found


class Manifest(msgspec.Struct, frozen=True):
    """What a snapshot holds; `digest` is that of all records but where the partitions stand (`digest.Digest`)."""

    format: int
    build: str
    app_id: str
    topic_prefix: str
    digest: str
    records: int
    partitions: tuple[Part, ...]


class _Line(msgspec.Struct):
    key_b64: bytes
    value_b64: bytes


async def take(
    kafka: Access,
    folder: Path,
    *,
    app_id: str,
    changelog: str,
    topic_prefix: str,
    build: str,
    written: Callable[[int], object] = bool,
) -> Manifest:
    """Write the state in `changelog` to a new folder; `written` hears how many more records are.

    Each partition is as of a checkpoint of its own: they know nothing of one another. Raises DetectorError: 74 for the
    folder, 78 for a changelog that is not there, 75 and 77 as `explained` does.
    """
    read_tolerantly()
    _make(folder)
    whole, parts = Digest(), list[Part]()
    with explained(kafka.connection, "aiokafka"):
        partitions = equal_partitions(await describe(kafka, [changelog]), [changelog])
        async with started(kafka, AIOKafkaConsumer, **READING) as consumer:
            for number in range(partitions):
                values, offset = await latest(consumer, TopicPartition(changelog, number), kafka.patience)
                record = values.pop(PARTITION_KEY, None)
                digest = Digest(values.items())
                whole.join(digest)
                name = f"partition-{number:05d}.ndjson.gz"
                with writing(folder / name) as file:
                    file.writelines(msgspec.json.encode(_Line(key, values[key])) + b"\n" for key in sorted(values))
                written(len(values))
                parts.append(_part(number, name, offset, digest, record))
    manifest = Manifest(FORMAT, build, app_id, topic_prefix, str(whole), whole.records, tuple(parts))
    with writing(folder / MANIFEST) as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    return manifest


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise DetectorError(f"{folder} is not empty — name a new folder", IO)
    except OSError as error:
        raise DetectorError(f"{folder} cannot be made: {error.strerror} — choose another place", IO) from None


def _part(number: int, name: str, offset: int, digest: Digest, record: bytes | None) -> Part:
    try:
        stood = None if record is None else decode_partition_record(record)
    except StateError:  # a copy of what is there is worth having all the same
        stood = None
    positions, clock = (None, None) if stood is None else (stood.positions, stood.clock)
    return Part(number, name, offset, digest.records, digest.size_bytes, str(digest), positions, clock, record)


def manifest_of(folder: Path) -> Manifest:
    """Read the manifest of a snapshot. Raises DetectorError (74) where there is none that this release can read."""
    text = b"".join(line for _, line in read_lines(folder / MANIFEST))
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DetectorError(f"{folder / MANIFEST} is no manifest of a snapshot ({error}) — copy it again", IO) from None
    if manifest.format != FORMAT:
        what = f"{folder} has format {manifest.format}, this release reads {FORMAT}"
        raise DetectorError(f"{what} — use the release {manifest.build}", IO)
    return manifest


def records_of(folder: Path, part: Part) -> Iterator[tuple[bytes, bytes]]:
    """Give the records of a partition. Raises DetectorError (74), at the end at the latest, where they are not all."""
    digest = Digest()
    for number, text in read_lines(folder / part.file):
        try:
            line = msgspec.json.decode(text, type=_Line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise DetectorError(f"{folder / part.file}:{number} is damaged — copy it again", IO) from None
        digest.add(line.key_b64, line.value_b64)
        yield line.key_b64, line.value_b64
    if str(digest) != part.digest:
        raise DetectorError(f"{folder / part.file} does not hold what the manifest says — copy it again", IO)
