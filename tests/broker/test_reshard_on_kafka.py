"""Load, snapshot, 8 partitions instead of 4, more load: alerts and state are those of one run from the start."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from detector.domain.alerts import iso
from detector.domain.state import decode_account_record, encode_record
from detector.errors import CONFIG, DetectorError
from detector.files.broker import Access
from detector.files.digest import Digest
from detector.files.reshard import Done, Target, reshard
from detector.files.snapshot import manifest_of
from harness.load import Load
from harness.spine import Spine
from schemas.topics import IN_TOPICS
from tests.broker.test_worker_replay import START_MS, Replayed

PLACE = re.compile(rb'"partition":\d+,"offset":\d+')
FEW, MANY = 4, 8


def halves(folder: Path, load: Load) -> tuple[int, Path, Path, Path]:
    """The instant at which a load is cut, and it as files: whole, and before and after."""
    cut = (load.start_ms + load.end_ms) // 2
    whole, early, late = (folder / f"{name}.ndjson" for name in ("whole", "early", "late"))
    lines = load.write(whole).read_text().splitlines(keepends=True)
    early.write_text("".join(line for line in lines if json.loads(line)["_record_time"] < cut))
    late.write_text("".join(line for line in lines if json.loads(line)["_record_time"] >= cut))
    return cut, whole, early, late


def refusal(spine: Spine, snapshot: Path, *, same: bool = False) -> str:
    """Why a snapshot is not put back."""
    with pytest.raises(DetectorError) as refused:
        tried(spine, snapshot, same=same)
    assert refused.value.exit_code == CONFIG
    return str(refused.value)


def tried(spine: Spine, snapshot: Path, *, same: bool = False) -> Done:
    """What would be done, in this process."""
    changelog = f"{spine.app_id}-accounts-changelog"
    target = Target(spine.app_id, changelog, IN_TOPICS, spine.prefix, same_topics=same)
    access = Access({"bootstrap_servers": [spine.broker]})
    return asyncio.run(reshard(access, snapshot, manifest_of(snapshot), target, dry_run=True))


def _by_account(bodies: list[bytes], prefix: str) -> dict[str, list[bytes]]:
    """The alerts of each account, without the place of the record that decided them."""
    found: dict[str, list[bytes]] = {}
    for body in bodies:
        account = json.loads(body)["account_id"]
        found.setdefault(account, []).append(PLACE.sub(b"", body).replace(prefix.encode(), b""))
    return found


def _state(values: dict[bytes, bytes], *prefixes: str) -> dict[bytes, bytes]:
    """The state without places: a body is kept as it was published, and its digits are counted in the size."""
    found = {}
    for key, value in values.items():
        found[key] = value
        if key.startswith(b"a/"):
            record = decode_account_record(value)
            for episode in record.episodes:
                episode.body = PLACE.sub(b"", episode.body)
                for prefix in prefixes:
                    episode.body = episode.body.replace(prefix.encode(), b"")
            record.size = 0
            found[key] = encode_record(record)
    return found


@pytest.mark.broker
def test_the_state_goes_on_over_other_partitions(kafka: str, prefix: str, tmp_path: Path) -> None:
    goes_on_over_other_partitions(kafka, prefix, tmp_path, Load(1_200, 50, START_MS, 60))


def goes_on_over_other_partitions(broker: str, prefix: str, folder: Path, load: Load) -> None:
    """Half of a load on 4 partitions, a snapshot of it (one beside the worker too), the other half on 8."""
    cut, whole, early, late = halves(folder, load)
    first = Spine(broker, f"{prefix}a-", folder, partitions=FEW)
    second = Spine(broker, f"{prefix}b-", folder, partitions=MANY)
    calm = Spine(broker, f"{prefix}c-", folder, partitions=MANY)
    for spine in (first, second, calm):
        spine.apply_topics()
    first.emit(early, until=iso(cut))
    count = len(early.read_text().splitlines())
    with first.worker() as worker:
        first.wait_until_applied(worker, count + 3 * FEW)
        snapshot = first.snapshot(folder / "snapshot")
        assert "has 1 member — stop its workers first" in refusal(first, snapshot)
        assert worker.stop() == 0
    manifest, state = manifest_of(snapshot), first.state()
    assert manifest.digest == str(Digest(state.items()))
    assert [part.clock for part in manifest.partitions] == [cut] * FEW
    assert sum(sum((part.positions or {}).values()) for part in manifest.partitions) == count + 3 * FEW
    assert "holds state already — name an --app-id that has none" in refusal(first, snapshot, same=True)
    assert f"begin with '{first.prefix}' — give the same --topic-prefix" in refusal(second, snapshot, same=True)
    dry = tried(second, snapshot)
    assert str(dry.digest) == manifest.digest
    assert second.read(f"{second.app_id}-accounts-changelog") == []
    done = second.reshard(snapshot, "new")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"clock {iso(cut)}") == MANY
    assert f"written, read back and equal: {second.app_id}-accounts-changelog, digest {manifest.digest}" in done.stderr
    assert second.state() == state

    second.emit(late, until=iso(load.end_ms))
    with second.worker() as worker:
        second.wait_until_applied(worker, load.count - count + 3 * MANY)
        assert worker.stop() == 0
    calm.emit(whole, until=iso(load.end_ms))
    replayed = Replayed(calm.export(folder / "whole-export.ndjson"))
    told = _by_account(first.alerts(), first.prefix)
    for account, bodies in _by_account(second.alerts(), second.prefix).items():
        told.setdefault(account, []).extend(bodies)
    assert told == _by_account(replayed.alerts, calm.prefix)
    assert sum(map(len, told.values())) > load.count // 12
    prefixes = (first.prefix, second.prefix, calm.prefix)
    assert _state(second.state(), *prefixes) == _state(replayed.state, *prefixes)
