"""A machine that does to a worker's core what may happen to it, in any order, against a pure pass over the same log.

Events are sent, sent again, sent late, sent as rubbish; time passes; records arrive in pieces; the work is cut in
slices; checkpoints are made; the process is killed, or its partitions go to another one. What was published at
checkpoints, and the state, must be what one undisturbed pass over the log gives.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from detector import codec
from detector.catalogue.pack import load_plan
from detector.domain.events import TOPIC_OF
from detector.domain.state import PARTITION_KEY
from detector.files.emit import heartbeat
from detector.settings import Settings
from detector.worker import partition
from schemas.events import MODELS
from schemas.example import of_event
from schemas.topics import IN_TOPICS
from tests.codec.corpus import json_cases
from tests.faults.expected import Outcome, dead_letters, outcome

PARTITIONS: Final = 2
ACCOUNTS: Final = tuple(f"account-{number}" for number in range(4))
BEGIN: Final = 1_772_442_000_000  # 2026-03-02T09:00:00Z, when the examples of the contract happened
HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR

_SETTINGS: Final = Settings(record_time="create")
_PLAN: Final = load_plan()
_RUBBISH: Final = tuple(case for _, _, case in json_cases())
_NAMES: Final = sorted(name for name in MODELS if name != "feed.heartbeat")

_WAITED_FOR: Final = (
    "incident.opened",
    "ticket.created",
    "question.asked",
    "ticket.escalated",
    "goal.set",
    "usage.recorded",
)
"""With these something becomes due: a restart must not forget it."""
_ALL: Final = 1_000_000

numbers = st.integers(0, PARTITIONS - 1)
topics = st.sampled_from(IN_TOPICS)
accounts = st.sampled_from(ACCOUNTS)
names = st.sampled_from(_WAITED_FOR) | st.sampled_from(_NAMES)
events = st.tuples(names, accounts, st.sampled_from((0, 0, 0, HOUR, 3 * DAY, 75 * DAY)))


@dataclass(frozen=True)
class Logged:
    """A record at its place in the log."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Hand:
    """One partition at work: its core, what is committed of it, and how far records were handed to it."""

    number: int
    store: dict[bytes, bytes] = field(default_factory=dict)
    core: Any = None
    offered: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        """As after a start or a take-over: from committed state, reading from where it stands."""
        self.core = partition(self.number, self.store, _SETTINGS, _PLAN, partitions=PARTITIONS)
        self.core.restore()
        self.offered = {topic: self.core.positions.get(topic, 0) for topic in IN_TOPICS}


class Life(RuleBasedStateMachine):
    """One app with two partitions."""

    def __init__(self) -> None:
        super().__init__()
        self.log: dict[str, list[list[Logged]]] = {topic: [[] for _ in range(PARTITIONS)] for topic in IN_TOPICS}
        self.now = BEGIN
        self.sent: list[tuple[str, bytes, bytes]] = []
        self.hands = [Hand(number) for number in range(PARTITIONS)]
        self.published = [Outcome() for _ in range(PARTITIONS)]

    @initialize()
    def start(self) -> None:
        for hand in self.hands:
            hand.begin()

    def append(self, topic: str, number: int, key: bytes | None, value: bytes | None) -> None:
        records = self.log[topic][number]
        records.append(Logged(number, len(records), self.now, key, value))

    # -- what may come

    @rule(
        told=st.lists(events, min_size=2, max_size=8),
        between=st.sampled_from((1, 60_000, HOUR, DAY)),
        closed=st.sampled_from((None, 0, 0, HOUR)),
    )
    def send(self, told: list[tuple[str, str, int]], between: int, *, closed: int | None) -> None:
        for name, account, late in told:
            self.now += between
            event = of_event(name) | {"account_id": account, "event_id": f"event-{len(self.sent)}"}
            key, value = account.encode(), json.dumps(event | {"occurred_at": self.now - late}).encode()
            self.sent.append((TOPIC_OF[name], key, value))
            self.append(TOPIC_OF[name], codec.partition_of(key, PARTITIONS), key, value)
        if closed is not None:
            self.close(closed)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        topic, key, value = data.draw(st.sampled_from(self.sent))
        self.append(topic, codec.partition_of(key, PARTITIONS), key, value)

    @rule(topic=topics, number=numbers, value=st.sampled_from(_RUBBISH), account=accounts)
    def send_rubbish(self, topic: str, number: int, value: bytes, account: str) -> None:
        self.append(topic, number, account.encode(), value)

    @rule(passed=st.sampled_from((0, HOUR, DAY, 8 * DAY)))
    def close(self, passed: int) -> None:
        """Time passes, and it is said on every partition that all was sent up to now: else the merge would wait."""
        self.now += passed
        for topic in IN_TOPICS:
            for number in range(PARTITIONS):
                end = heartbeat(topic, number, self.now)
                self.append(topic, number, end.key, end.value)
        self.now += 1  # nothing comes any more of a time up to which all was sent: that is what it says

    # -- what a worker does, and what is done to it

    @rule(number=numbers, count=st.integers(1, 40), limit=st.sampled_from((1, 7, 100)), durable=st.booleans())
    def work(self, number: int, count: int, limit: int, *, durable: bool) -> None:
        """Some more of each topic arrives, a slice of it is applied, and perhaps made durable."""
        hand = self.hands[number]
        for topic in IN_TOPICS:
            records, at = self.log[topic][number], hand.offered[topic]
            hand.core.offer(topic, records[at : at + count])
            hand.offered[topic] = min(len(records), at + count)
        hand.core.advance((), limit)
        if durable:
            self.checkpoint(number)

    @rule(number=numbers)
    def checkpoint(self, number: int) -> None:
        hand, published = self.hands[number], self.published[number]
        changes = hand.core.collect()
        if changes is None:
            return
        for key, state in changes.states:
            if state is None:
                hand.store.pop(key, None)
            else:
                hand.store[key] = state
        hand.core.committed()
        published.alerts += [codec.encode_alert(alert)[1] for alert in changes.alerts]
        published.health |= {key: value for key, value, _ in map(codec.encode_health, changes.health)}
        letters = dead_letters(map(codec.encode_dead_letter, changes.dead_letters))
        assert not letters.keys() & published.dead_letters.keys(), "a dead letter twice"
        published.dead_letters |= letters

    @rule(number=numbers)
    def kill(self, number: int) -> None:
        self.hands[number].begin()

    @rule(number=numbers)
    def rebalance(self, number: int) -> None:
        self.checkpoint(number)
        self.hands[number].begin()

    # -- the end

    def teardown(self) -> None:
        if self.hands[0].core is None:
            return  # it was never started
        self.close(DAY)
        for hand in self.hands:
            self.work(hand.number, _ALL, 100, durable=False)
            while hand.core.advance((), 100):
                self.checkpoint(hand.number)
            self.checkpoint(hand.number)
        log = {topic: [record for records in parts for record in records] for topic, parts in self.log.items()}
        wanted = outcome(log, "", PARTITIONS)
        found = self.published
        assert [body for one in found for body in one.alerts] == wanted.alerts
        assert {key: value for one in found for key, value in one.health.items()} == wanted.health
        assert {key: value for one in found for key, value in one.dead_letters.items()} == wanted.dead_letters
        states = {key: value for hand in self.hands for key, value in hand.store.items() if key != PARTITION_KEY}
        assert states == wanted.states
