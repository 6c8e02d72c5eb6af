"""The worker on a real Kafka and the replay of its log are one: the same alerts to the byte, the same state, no event lost."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.backtest.core import core_of
from detector.backtest.outputs import Collected
from detector.backtest.replay import Core, Seat, replay
from detector.catalogue.pack import load_plan
from detector.domain import hot
from detector.domain.alerts import iso
from detector.domain.events import TOPIC_OF
from detector.domain.state import PARTITION_KEY, decode_account_record, record_key, hot_key, account_path
from detector.files.read import read_files
from schemas.topics import CONTROL, IN_TOPICS
from benchmarks.load import DAY_MS, Load
from tests.broker.spine import Spine

START_MS = 1_767_571_200_000  # Monday 2026-01-05
pytestmark = pytest.mark.timeout(600)


class Replayed:
    """A replay of a file: its alerts by partition, and its final state as the changelog would hold it."""

    def __init__(self, file: Path) -> None:
        made = core_of(load_plan())
        self.alerts: dict[int, list[bytes]] = {}
        self.state: dict[bytes, bytes] = {}
        stores: list[dict[bytes, bytes]] = []
        collected = Collected()

        def build(seat: Seat) -> object:
            stores.append(seat.store)
            return made.build(seat)

        log = read_files([file], topic_of=TOPIC_OF).log(None)
        core = Core(build, made.alert, made.health)  # type: ignore[arg-type]
        self.summary = replay(log, core, collected.outputs(), topics=(*IN_TOPICS, CONTROL))
        self.text = collected.alerts
        for store in stores:
            self.state.update({key: value for key, value in store.items() if key != PARTITION_KEY})


def _all(alerts: dict[int, list[bytes]]) -> list[bytes]:
    return [body for number in sorted(alerts) for body in alerts[number]]


def _usage(state: dict[bytes, bytes], account: str) -> int:
    block = hot.opened(state[hot_key(account_path("default", account))])
    newest = hot.newest_day(block) or 0
    return hot.window_sum(block, newest, hot.DAYS) + sum(count for _, count in hot.week_counts(block))


@pytest.fixture(scope="module")
def load() -> Load:
    return Load(200_000, 5_000, START_MS, 120)


@pytest.fixture(scope="module")
def file(load: Load, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return load.write(tmp_path_factory.mktemp("load") / "load.ndjson")


@pytest.fixture(scope="module")
def emitted(kafka: str, load: Load, file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spine]:
    spine = Spine(kafka, f"exact-{time.time_ns()}-", tmp_path_factory.mktemp("spine"))
    spine.apply_topics()
    spine.emit(file, until=iso(load.end_ms))
    yield spine


@pytest.mark.broker
@pytest.mark.xdist_group("exact")
def test_killed_three_times_it_publishes_what_the_replay_does_and_counts_every_event(emitted: Spine, load: Load) -> None:
    """200,000 events of 120 days, 3 topics x 4 partitions, 5,000 accounts; kill -9 in mid-work, three times."""
    total = load.count + 3 * emitted.partitions
    for part in (1, 2, 3):
        with emitted.worker() as worker:
            emitted.wait_until_applied(worker, part * total // 4)
            worker.kill()
    with emitted.worker() as worker:
        emitted.wait_until_applied(worker, total)
        assert worker.stop() == 0
    replayed = Replayed(emitted.export(emitted.folder / "export.ndjson.gz"))
    assert _all(emitted.alerts()) == replayed.text
    assert len(set(replayed.text)) == len(replayed.text) > 1_000
    state = emitted.state()
    assert state == replayed.state
    assert {account: _usage(state, account) for account in load.usage} == dict(load.usage)


@pytest.mark.broker
@pytest.mark.xdist_group("exact")
def test_left_alone_it_publishes_the_same(emitted: Spine, load: Load, file: Path, tmp_path: Path) -> None:
    """A second run without kills, on topics of its own, publishes the same bodies but for the topics' prefix."""
    spine = Spine(emitted.broker, f"calm-{time.time_ns()}-", tmp_path)
    spine.apply_topics()
    spine.emit(file, until=iso(load.end_ms))
    with spine.worker() as worker:
        spine.wait_until_applied(worker, load.count + 3 * spine.partitions)
        assert worker.stop() == 0
    calm = [body.replace(spine.prefix.encode(), b"") for body in _all(spine.alerts())]
    assert calm == [body.replace(emitted.prefix.encode(), b"") for body in _all(emitted.alerts())]
    assert spine.state() == emitted.state() or _without_prefix(spine) == _without_prefix(emitted)


def _without_prefix(spine: Spine) -> dict[bytes, bytes]:
    return {key: value.replace(spine.prefix.encode(), b"") for key, value in spine.state().items() if key.startswith(b"h/")}


@pytest.mark.broker
@pytest.mark.xdist_group("exact")
def test_on_live_topics_accounts_without_an_inversion_equal_the_replay(kafka: str, prefix: str, tmp_path: Path) -> None:
    """LogAppendTime: at least 95% of the accounts have no inversion, and their live alerts are the replay's."""
    now = time.time_ns() // 1_000_000
    live = Load(20_000, 1_000, now - 60 * DAY_MS, 60, late_share=0.02)
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
    exact = [body for body in _all(spine.alerts()) if _account(body) not in inverted]
    assert exact == [body for body in replayed.text if _account(body) not in inverted]
    assert len(exact) > 100


def _account(body: bytes) -> str:
    return body.split(b'"account_id":"', 1)[1].split(b'"', 1)[0].decode()
