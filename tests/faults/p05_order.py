"""P5: in which order the topics are read does not matter in the end, and in catching up not at all."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from detector import codec
from detector.catalogue.pack import load_plan
from detector.domain.verdict import GRACE_MS
from detector.files.log import Sent
from detector.settings import Settings
from detector.worker import partition
from harness.load import DAY_MS, FEATURES
from schemas.topics import IN_TOPICS
from tests.domain.kept import facts_of
from tests.faults.expected import by_account
from tests.faults.feed import Feed
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work


class Told(msgspec.Struct):
    """What of an alert says whose it is, and whether it is open."""

    fingerprint: str
    account_id: str
    rule_id: str
    severity: str
    status: str
    subject: dict[str, Any]


_told: Final = msgspec.json.Decoder(Told).decode


def orders(stage: Stage) -> None:
    """The same events, told in other orders within the grace: the same facts, and a day later the same open alerts."""
    events, accounts = stage.sized(short=(4_000, 150), full=(20_000, 500))
    feed = stage.feed(events, accounts, days=30, bad=0)
    facts: list[dict[bytes, bytes]] = []
    alerts: list[set[tuple[str, ...]]] = []
    with stage.broker() as broker:
        for number in stage.rounds(short=4, full=21):
            work = stage.work(broker, feed)
            work.send(records=feed.records if number == 1 else delayed(stage, feed))
            with work.crew(1) as crew:
                work.settle(crew)
            stage.judge(work)
            facts.append(kept(work, feed))
            alerts.append(opened(work.alerts()))
    for number in range(1, len(facts)):
        assert facts[number] == facts[0], f"order {number} left other facts"
        assert alerts[number] == alerts[0], f"order {number} left other alerts open: {alerts[number] ^ alerts[0]}"
    stage.figure("accounts with equal facts", len(facts[0]))
    stage.figure("alerts open in the end", len(alerts[0]))


def delayed(stage: Stage, feed: Feed) -> list[Sent]:
    """Every account's records in each topic later by a time below the grace: in order there, and in no other way."""
    late: dict[tuple[str, bytes | None], int] = {}
    moved = []
    for record in feed.records:
        delay = late.setdefault((record.topic, record.key), stage.random.randrange(GRACE_MS))
        moved.append(replace(record, timestamp=record.timestamp + delay))
    return sorted(moved, key=lambda record: record.timestamp)


def kept(work: Work, feed: Feed) -> dict[bytes, bytes]:
    """The facts that the changelog holds of each account."""
    states = work.states()
    days = feed.load.start_ms // DAY_MS - 70, feed.load.end_ms // DAY_MS + 1
    return {
        key: facts_of(value, states[b"h/" + key[2:]], days, FEATURES)
        for key, value in states.items()
        if key.startswith(b"a/")
    }


def opened(bodies: Iterable[bytes]) -> set[tuple[str, ...]]:
    """(account, rule, subject, severity) of what is open by the last body of each alert."""
    last = {alert.fingerprint: alert for alert in map(_told, bodies)}
    return {
        (one.account_id, one.rule_id, str(one.subject.get("id")), one.severity)
        for one in last.values()
        if one.status != "resolved"
    }


def catching_up(stage: Stage) -> None:
    """A backlog, of which a fetch brings days of one topic and minutes of another: as though it was read by time."""
    with stage.broker() as broker:
        work = stage.work(broker, stage.load())
        work.send()
        with work.crew(1) as crew:
            work.settle(crew)
        stage.judge(work)
        alerts, log = by_account(work.alerts()), work.log()
        per_topic = sorted(map(len, log.values()))
        expected = by_account(one_by_one(work, log))
        different = sum(alerts.get(account) != expected.get(account) for account in alerts.keys() | expected.keys())
        stage.figure("alerts", sum(map(len, alerts.values())))
        stage.figure("records of the smallest and largest topic", [per_topic[0], per_topic[-1]])
        assert not different, f"{different} of {len(expected)} accounts have other alerts than read one by one"


def one_by_one(work: Work, log: dict[str, Any]) -> list[bytes]:
    """The alerts where each record is given to the core alone, in the order of time: nothing is left to align."""
    settings = Settings(topic_prefix=work.prefix, record_time="create")
    plan, found = load_plan(), list[bytes]()
    ended = frozenset(work.prefix + topic for topic in IN_TOPICS)
    for number in range(work.feed.partitions):
        store: dict[bytes, bytes] = {}
        core: Any = partition(number, store, settings, plan, partitions=work.feed.partitions)
        core.restore()
        records = [(r.timestamp, topic, r.offset, r) for topic, rs in log.items() for r in rs if r.partition == number]
        for _, topic, _, record in sorted(records, key=lambda one: one[:3]):
            core.offer(topic, [record])
            while core.advance(ended, 1):
                pass
        changes = core.collect()
        found += [codec.encode_alert(alert)[1] for alert in changes.alerts] if changes is not None else []
    return found


PROMISES = (
    Promise("P5", "another order of the topics within the grace ends in the same facts and open alerts", orders),
    Promise("P5b", "catching up, topics that are read at different speeds give the alerts of their times", catching_up),
)
