"""The worker on a real Kafka and the replay of its log are one: equal alerts to the byte, equal state, nothing lost."""

import dataclasses
import time
from pathlib import Path

import pytest

from detector.backtest.core import core_of
from detector.backtest.outputs import Collected
from detector.backtest.replay import Partition, Seat, replay
from detector.catalogue.pack import load_plan
from detector.domain import hot
from detector.domain.alerts import iso
from detector.domain.events import TOPIC_OF
from detector.domain.state import PARTITION_KEY, account_path, decode_account_record, hot_key, record_key
from detector.files.read import read_files
from harness.load import DAY_MS, Load
from harness.spine import Spine
from schemas.topics import CONTROL, IN_TOPICS

START_MS = 1_767_571_200_000  # Monday 2026-01-05
pytestmark = pytest.mark.timeout(600)


class Replayed:
    """A replay of a file: its alerts in order, and its final state as the changelog would hold it."""

    def __init__(self, file: Path) -> None:
        core, stores, collected = core_of(load_plan()), [], Collected()

        def build(seat: Seat) -> Partition:
            stores.append(seat.store)
            return core.build(seat)

        log = read_files([file], topic_of=TOPIC_OF).log(None)
        replay(log, dataclasses.replace(core, build=build), collected.outputs(), topics=(*IN_TOPICS, CONTROL))
        self.alerts = collected.alerts
        self.state = {key: value for store in stores for key, value in store.items() if key != PARTITION_KEY}


def _usage(state: dict[bytes, bytes], account: str) -> int:
    block = hot.opened(state[hot_key(account_path("default", account))])
    newest = hot.newest_day(block) or 0
    return hot.window_sum(block, newest, hot.DAYS) + sum(count for _, count in hot.week_counts(block))


@pytest.mark.broker
@pytest.mark.xdist_group("exact")
def test_killed_three_times_it_publishes_what_the_replay_does_and_counts_every_event(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    """12,000 events of 120 days, 3 topics x 4 partitions, 300 accounts; kill -9 in mid-work, three times.

    That a worker that is left alone publishes the same is P3's (`tests/faults`), which is among the tests too.
    """
    load = Load(12_000, 300, START_MS, 120)
    spine = Spine(kafka, prefix, tmp_path)
    spine.apply_topics()
    spine.emit(load.write(tmp_path / "load.ndjson"), until=iso(load.end_ms))
    total = load.count + 3 * spine.partitions
    for part in (1, 2, 3):
        with spine.worker() as worker:
            spine.wait_until_applied(worker, part * total // 4)
            worker.kill()
    with spine.worker() as worker:
        spine.wait_until_applied(worker, total)
        assert worker.stop() == 0
    replayed = Replayed(spine.export(tmp_path / "export.ndjson.gz"))
    assert spine.alerts() == replayed.alerts
    assert len(set(replayed.alerts)) == len(replayed.alerts) > 500
    state = spine.state()
    assert state == replayed.state
    assert {account: _usage(state, account) for account in load.usage} == dict(load.usage)


@pytest.mark.broker
@pytest.mark.xdist_group("exact")
def test_on_live_topics_accounts_without_an_inversion_equal_the_replay(kafka: str, prefix: str, tmp_path: Path) -> None:
    """LogAppendTime: at least 95% of the accounts have no inversion, and their live alerts are the replay's."""
    now = time.time_ns() // 1_000_000
    live = Load(8_000, 400, now - 60 * DAY_MS, 60, late_share=0.02)
    spine = Spine(kafka, prefix, tmp_path, live=True)
    spine.apply_topics()
    with spine.worker() as worker:
        spine.emit(live.write(tmp_path / "live.ndjson"))
        spine.wait_until_applied(worker, live.count)
        assert worker.stop() == 0
    replayed = Replayed(spine.export(tmp_path / "export.ndjson"))
    state = spine.state()
    accounts = [f"account-{number:05d}" for number in range(live.accounts)]
    inverted = {
        account
        for account in accounts
        if (data := state.get(record_key(account_path("default", account)))) is not None
        and decode_account_record(data).inversions
    }
    assert len(inverted) <= 0.05 * live.accounts
    exact = [body for body in spine.alerts() if _account(body) not in inverted]
    assert exact == [body for body in replayed.alerts if _account(body) not in inverted]
    assert len(exact) > 100


def _account(body: bytes) -> str:
    return body.split(b'"account_id":"', 1)[1].split(b'"', 1)[0].decode()
