"""Logs that are lost and made anew: a worker without its state says so, and a new log is read from its beginning."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from detector.domain.state import account_path, hot_key
from harness.process import HANGING_SECONDS, Worker
from harness.spine import Spine
from schemas.topics import USAGE


def events(path: Path, accounts: Sequence[str]) -> Path:
    """One event of now for each account."""
    at = int(time.time() * 1_000)
    usage = {"event_type": "usage.recorded", "occurred_at": at}
    lines = (json.dumps({**usage, "event_id": account, "account_id": account}) + "\n" for account in accounts)
    path.write_text("".join(lines))
    return path


def make_anew(spine: Spine, *topics: str) -> None:
    """Delete topics, and make them again."""
    admin = KafkaAdminClient(bootstrap_servers=spine.broker)
    try:
        admin.delete_topics(list(topics))
        while set(topics) & set(admin.list_topics()):
            time.sleep(0.1)
    finally:
        admin.close()
    spine.apply_topics()


def ended(worker: Worker) -> int:
    """The exit code of a worker that ends by itself."""
    end = time.monotonic() + HANGING_SECONDS
    while worker.runs():
        assert time.monotonic() < end, worker.said()
        time.sleep(0.1)
    return worker.stop()


def put_back(spine: Spine, snapshot: Path) -> None:
    """Reshard, as soon as the worker that ended without leaving its group is no member any more."""
    end = time.monotonic() + HANGING_SECONDS
    while (done := spine.reshard(snapshot, "same")).returncode:
        assert "has 1 member" in done.stderr, done.stderr
        assert time.monotonic() < end, done.stderr
        time.sleep(0.5)


def known(spine: Spine, accounts: Sequence[str]) -> set[str]:
    """Those of the accounts of which there is state."""
    state = spine.state()
    return {account for account in accounts if hot_key(account_path("default", account)) in state}


@pytest.mark.broker
def test_a_lost_state_is_told_and_brought_back_and_a_new_log_is_read_from_its_beginning(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    """`reshard` commits the offsets of the old log on the new one: they would hide its first events."""
    old, new = [[f"{name}-{number}" for number in range(count)] for name, count in (("old", 3), ("new", 6))]
    spine = Spine(kafka, prefix, tmp_path, partitions=1, live=True)
    spine.apply_topics()
    spine.emit(events(tmp_path / "old.ndjson", old))
    with spine.worker() as worker:
        spine.wait_until_applied(worker, len(old))
        assert worker.stop() == 0
    snapshot = spine.snapshot(tmp_path / "snapshot")
    make_anew(spine, f"{spine.app_id}-accounts-changelog")
    with spine.worker() as worker:
        assert ended(worker) == 78
        assert f"the group {spine.app_id} has come to offset 3 of {prefix}{USAGE}: the state was lost" in worker.said()
    make_anew(spine, prefix + USAGE)
    spine.emit(events(tmp_path / "new.ndjson", new))
    assert known(spine, [*old, *new]) == set()
    put_back(spine, snapshot)
    with spine.worker() as worker:
        worker.wait_for("the topic was made anew")
        end = time.monotonic() + HANGING_SECONDS
        while known(spine, new) != {*new}:
            assert time.monotonic() < end, worker.said()
            time.sleep(0.2)
        assert worker.stop() == 0
    assert known(spine, old) == {*old}
