"""One Kafka partition number: merges its in-topics in record-time order, keeps its clock, and applies event by event.

Pure and synchronous. Records are offered as they are fetched and applied in the order (effective time, topic,
offset), where effective time is the running maximum of a topic's record times; one from 2100 on counts for nothing.
Before a record, every deadline fires whose due time plus grace lies before it: so absence is noticed at the same place
in a replay. All times are epoch milliseconds.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Literal, final

import msgspec

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.alerts import Alert, RecordTrigger
from detector.domain.calendar import DAY_MS
from detector.domain.detect import USAGE, Begins, Detect
from detector.domain.duplicates import duplicate, reach, remembered
from detector.domain.events import AccountErased, AccountMerged, Event, FeedHeartbeat, StakeholderErased, UsageRecorded
from detector.domain.features import feature_hash
from detector.domain.grades import NONE, grade_in
from detector.domain.health import Forgotten, Health
from detector.domain.plan import Plan
from detector.domain.record import RECORD_TIMES_END, DeadLetter, RawRecord, Reject
from detector.domain.schedule import Schedule
from detector.domain.sound import account_is_sound
from detector.domain.state import (
    ASIDE,
    NONE_UNKNOWN,
    PARTITION_KEY,
    PartitionRecord,
    account_path,
    decode_partition_record,
    encode_record,
    hot_key,
    made_anew,
    path_of,
    record_key,
    split_path,
    unknown_of,
)
from detector.domain.tally import Tally, new_tally
from detector.domain.verdict import GRACE_MS
from detector.domain.versions import WRITTEN, StateError

RecordTime = Literal["log_append", "create"]
Decode = Callable[[RawRecord, str], Event | Reject]

CLOCK_SOURCE: Final = "_clock"  # of the heartbeat with which `emit --until T` closes an import
BEHIND_BROKER_MS: Final = 5_000
UNKNOWN_NAMES: Final = 256
LETTERS_BYTES: Final = 16 << 20  # dead letters that may wait for a checkpoint
_LETTER: Final = 512  # bytes of a dead letter beside its key, value and headers
UNKNOWN_KEPT: Final = 10  # dead letters a day of one unknown type of one source (events.md 3)
LATE_MS: Final = DAY_MS
MAX_THAWED: Final = 20_000
MOST_ASIDE: Final = 64 << 10  # bytes of what could not be read: as much as a record may have
_LAST: Final = "\U0010ffff"


@final
class Changes(msgspec.Struct):
    """Everything that came of a partition since the last snapshot; it becomes durable as a whole or not at all."""

    states: list[tuple[bytes, bytes | None]]
    positions: dict[str, int]
    alerts: list[Alert]
    health: list[Health | Forgotten]
    dead_letters: list[DeadLetter]
    tally: Tally


@final
class _Queue:
    """Records of one topic that were offered and not yet applied, with the topic's effective time so far."""

    __slots__ = ("at", "batches", "effective", "length")

    def __init__(self, effective: int) -> None:
        self.batches: deque[Sequence[RawRecord]] = deque()
        self.at = 0
        self.length = 0
        self.effective = effective

    def head(self) -> int:
        """Effective time of the next record; only where there is one."""
        timestamp = self.batches[0][self.at].timestamp
        return timestamp if self.effective < timestamp < RECORD_TIMES_END else self.effective


@final
class Partition:
    """The state of one partition number over all in-topics.

    `store` is its committed state, key to value, read through and kept current by the caller. `topics` are the
    in-topics and control; in `create` mode the merge waits for a head of each of `waits_for` (default: all topics).
    `topic_ids` are those of today: a topic that had another one is read from its beginning.
    With `bare` alerts name no partition or offset, as in a replay of bare files. State is written in the minor version
    `minor` at least.
    """

    def __init__(
        self,
        number: int,
        *,
        plan: Plan,
        topics: tuple[str, ...],
        decode: Decode,
        store: dict[bytes, bytes],
        record_time: RecordTime = "log_append",
        waits_for: Collection[str] | None = None,
        bare: bool = False,
        minor: int = WRITTEN,
        topic_ids: Mapping[str, str] | None = None,
    ) -> None:
        self.number = number
        self.urgent = False
        self.full = False
        self.clock = 0
        self.positions: dict[str, int] = {}
        self._plan = plan
        self._decode = decode
        self._store = store
        self._record_time = record_time
        self._waits_for = frozenset(topics if waits_for is None else waits_for)
        self._bare = bare
        self._minor = minor
        self._topic_ids = dict(topic_ids or {})
        self._read_minor, self._unknown_fields = 0, NONE_UNKNOWN
        self._detect = Detect(plan)
        self._schedule = Schedule()
        self._queues = {topic: _Queue(-1) for topic in sorted(topics)}
        self._closed: dict[str, int] = {}
        self._unknown_day = 0
        self._unknown: dict[str, int] = {}
        self._accounts: dict[tuple[str, str], Account] = {}
        self._dirty: dict[Account, None] = {}
        self._gone: dict[str, bool] = {}  # paths whose stored state is void, and whether its tombstones were collected
        self._aside: dict[bytes, bytes | None] = {}
        self._ended: dict[str, bytes] = {}
        self._anew_until = -1
        self._moved = False
        self.accounts: Counter[str] = self._detect.grades
        self._health: list[Health | Forgotten] = []
        self._dead_letters: list[DeadLetter] = []
        self._letters_bytes = 0
        self._tally = new_tally()

    @property
    def begun(self) -> bool:
        """Whether the committed state says where the partition stands, as every checkpoint does."""
        return PARTITION_KEY in self._store

    # -- state ------------------------------------------------------------------------------------------------------

    def restore(self) -> None:
        """Rebuild positions, clock and deadlines from the store; reads hot blocks as they are and thaws nothing.

        An account whose state cannot be read is put aside. Raises StateError for a partition record that this release
        cannot read, for state of a later version, and for such as was written under a later release of the pack: its
        rules have judged already.
        """
        data = self._store.get(PARTITION_KEY)
        if data is not None:
            record = self._read(data)
            if record.release > self._plan.release:
                raise StateError(
                    f"the state was written with release {record.release} of the pack, this is {self._plan.release}:"
                    " start with the newer pack",
                    newer=True,
                )
            self.clock = record.clock
            anew = made_anew(data, self._topic_ids)
            self._topic_ids = record.topic_ids | self._topic_ids
            self.positions = {topic: at for topic, at in record.positions.items() if topic not in anew}
            self._anew_until = record.anew_until if record.release == self._plan.release else self.clock + DAY_MS
            self._closed = {topic: at for topic, at in record.closed.items() if topic not in anew}
            self._ended = dict(record.ended)
            self._unknown_day = record.unknown_day
            self._unknown = {_unnamed(name): count for name, count in record.unknown.items()}
            for topic, effective in record.effective.items():
                if topic in self._queues:
                    self._queues[topic].effective = effective
        self._schedule.start(self.clock)
        for key, value in self._store.items():
            if key.startswith(b"h/"):
                path = path_of(key)
                if path is None:
                    self._put_aside(key)
                    continue
                stored = self._store.get(record_key(path))
                if account_is_sound(value, stored):
                    who = split_path(path)
                    self._schedule.add(who, path, self.clock)
                    self._schedule.wake(who, hot.next_wake(value))
                    self.accounts[NONE if stored is None else grade_in(stored)] += 1
                else:
                    self._void(path)
            elif key.startswith(b"a/") and b"h/" + key[2:] not in self._store and not account_is_sound(None, value):
                self._put_aside(key)

    def _read(self, data: bytes) -> PartitionRecord:
        try:
            record = decode_partition_record(data)
        except StateError as error:
            if error.newer:
                raise
            what = f"where partition {self.number} stood cannot be read"
            raise StateError(f"{what}: bring its changelog back from a snapshot") from error
        self._read_minor, self._unknown_fields = record.minor, unknown_of(record, data)
        return record

    def _put_aside(self, *keys: bytes) -> None:
        """Keep what could not be read under another key, for people; whoever it was about begins anew."""
        for key in keys:
            value = self._store.get(key)
            if value is not None:
                self._aside[ASIDE + key], self._aside[key] = value[:MOST_ASIDE], None
        self._tally.quarantined += 1
        self._moved = True

    def _void(self, path: str) -> None:
        """Put an account's state aside: it is as though it had never been seen."""
        self._put_aside(hot_key(path), record_key(path))
        self._gone[path] = False

    def _unreadable(self, account: Account) -> bool:
        """Whether the record of an account that is to be thawed cannot be read; its state is put aside then."""
        if account.is_readable():
            return False
        who = (account.tenant_id, account.account_id)
        self.accounts[grade_in(self._store[record_key(account.path)])] -= 1
        self._void(account.path)
        self._schedule.remove(who, account.path)
        self._dirty.pop(account, None)
        del self._accounts[who]
        return True

    def _forget_aside(self, path: str) -> None:
        """Forget what was put aside of an account."""
        for key in (ASIDE + hot_key(path), ASIDE + record_key(path)):
            if key in self._store or key in self._aside:
                self._aside[key] = None

    def collect(self, *, force: bool = False) -> Changes | None:
        """A snapshot of everything since the last one; None when there is nothing to write, never None with `force`."""
        if not (force or self._moved or self._dirty):
            return None
        states: list[tuple[bytes, bytes | None]] = list(self._aside.items())  # before what an account begins anew with
        for account in self._dirty:
            path = account.path
            hot.set_last_record(account.hot, account.last)
            states.append((hot_key(path), bytes(account.hot)))
            if account.record_dirty:
                self._reaches(reach(account.record.recent, account.last))
                key, record = record_key(path), account.stored(self._minor)
                if record != self._store.get(key):  # a daily evaluation mostly leaves it as it was
                    states.append((key, record))
                account.record_dirty = False
        alive = {account.path for account in self._dirty}
        for path, collected in self._gone.items():
            if not (collected or path in alive):
                states += [(hot_key(path), None), (record_key(path), None)]
            self._gone[path] = True
        record = encode_record(self._partition_record(), self._minor, self._unknown_fields)
        states.append((PARTITION_KEY, record))
        changes = Changes(
            states, dict(self.positions), self._detect.alerts, self._health, self._dead_letters, self._tally
        )
        self._detect.alerts, self._health, self._dead_letters, self._tally = [], [], [], new_tally()
        self._detect.noted = 0
        self._letters_bytes = 0
        self._aside, self._dirty, self._moved, self.urgent = {}, {}, False, False
        return changes

    def _reaches(self, age: int | None) -> None:
        known = self._tally.forgotten_ms
        if age is not None and (known is None or age < known):
            self._tally.forgotten_ms = age

    def committed(self) -> None:
        """The last changes are durable and in the store: accounts that rest may be dropped from memory."""
        self._gone = {path: collected for path, collected in self._gone.items() if not collected}
        self.full = self._letters_bytes >= LETTERS_BYTES
        if len(self._accounts) > MAX_THAWED:
            dirty = self._dirty
            self._accounts = {key: account for key, account in self._accounts.items() if account in dirty}

    def _partition_record(self) -> PartitionRecord:
        return PartitionRecord(
            minor=self._read_minor,
            positions=dict(self.positions),
            effective={topic: queue.effective for topic, queue in self._queues.items()},
            clock=self.clock,
            release=self._plan.release,
            topic_ids=dict(self._topic_ids),
            unknown_day=self._unknown_day,
            unknown=dict(self._unknown),
            closed=dict(self._closed),
            ended=dict(self._ended),
            anew_until=self._anew_until,
        )

    # -- records ----------------------------------------------------------------------------------------------------

    def offer(self, topic: str, records: Sequence[RawRecord]) -> None:
        """Take fetched records, in offset order; those that were applied before are skipped."""
        position = self.positions.get(topic, 0)
        if records and records[0].offset < position:
            records = [record for record in records if record.offset >= position]
        if records:
            queue = self._queues[topic]
            queue.batches.append(records)
            queue.length += len(records)

    def queued(self, topic: str) -> int:
        """How many records of a topic were offered and not yet applied."""
        return self._queues[topic].length

    def advance(self, ended: Collection[str], limit: int = 0) -> int:
        """Merge and apply what can be; topics in `ended` hold nobody back. Returns the work done.

        Work is a record applied or an account called by a deadline: about `limit` of them at most, if above 0. With a
        limit it ends after the dead letter that makes the partition `full`, too.
        """
        applied = 0
        while not limit or (applied < limit and not (applied and self.full)):
            chosen = min(((queue.head(), topic) for topic, queue in self._queues.items() if queue.length), default=None)
            if chosen is None:
                break
            bound = self._bound(chosen[1], ended)
            if chosen >= bound:
                break
            applied += self._run(chosen[1], bound, limit - applied if limit else 0)
        return applied

    def _bound(self, chosen: str, ended: Collection[str]) -> tuple[int, str]:
        """The (effective time, topic) before which no record of another topic can come any more."""
        bound = (hot.NEVER, _LAST)
        for topic, queue in self._queues.items():
            if topic == chosen:
                continue
            if queue.length:
                bound = min(bound, (queue.head(), topic))
            elif topic not in ended and topic in self._waits_for:
                bound = min(bound, max((queue.effective, topic), (self._closed.get(topic, -1), _LAST)))
        return bound

    def _run(self, topic: str, bound: tuple[int, str], limit: int) -> int:
        """Apply records of one topic in a row, until one lies at or behind the bound; returns the work done."""
        queue = self._queues[topic]
        bound_time = bound[0] if topic < bound[1] else bound[0] - 1  # the last effective time that may be applied
        decode, usage = self._decode, self._usage
        applied = calls = 0
        while queue.length and (not limit or (applied + calls < limit and not (applied and self.full))):
            records = queue.batches[0]
            begin = at = queue.at
            end = len(records) if not limit else min(len(records), at + limit - applied - calls)
            effective = queue.effective
            while at < end:
                record = records[at]
                timestamp = record.timestamp
                now = timestamp if effective < timestamp < RECORD_TIMES_END else effective
                if now > bound_time:
                    break
                if now > self._schedule.next_fire:
                    calls += self._fire(now, max(1, limit - applied - calls - (at - begin)) if limit else 0)
                    if now > self._schedule.next_fire:
                        break  # the limit was reached: the rest of the deadlines come first, and this record next time
                effective = now
                at += 1
                event = decode(record, topic)
                if event.__class__ is UsageRecorded:
                    usage(event, topic, record, now)
                else:
                    self._other(event, topic, record, now)
                    end = at if self.full and limit else end
            if at > begin:
                queue.effective = effective
                self.clock = max(self.clock, effective)
                self.positions[topic] = records[at - 1].offset + 1
                queue.length -= at - begin
                applied += at - begin
            if at < len(records):
                queue.at = at
                if at < end or at == begin:
                    break
            else:
                queue.batches.popleft()
                queue.at = 0
        if applied:
            self._tally.consumed[topic] += applied
        self._moved = True
        return applied + calls

    def _account(self, event: Event, now: int) -> Account:
        """The account of an event, opened or made."""
        who = (event.tenant_id, event.account_id)
        account = self._accounts.get(who)
        return self._open(who, now) if account is None else account

    def _took(self, event: Event, account: Account, topic: str, now: int) -> Begins:
        """Note that an event changed something: its account is dirty, and in order or not.

        Where no event of the account is earlier, what counts from its first event has to begin, perhaps anew.
        """
        self._tally.applied[topic] += 1
        if event.occurred_at < now - LATE_MS:
            self._tally.late[topic] += 1
        if now < account.last:
            self._tally.inversions += 1
            account.record.inversions += 1
            account.record_dirty = True
        else:
            account.last = now
        self._dirty[account] = None
        known = account.first_event
        if event.occurred_at >= known:
            return ""
        account.first_event = event.occurred_at
        hot.mark_seen(account.hot, event.occurred_at)
        return "new" if known == hot.NEVER else "anew"

    def _open(self, who: tuple[str, str], now: int) -> Account:
        path = account_path(*who)
        block = None if path in self._gone else self._store.get(hot_key(path))
        if block is None:
            account = Account(*who, path, hot.new(), None)
            account.record.release = self._plan.release
            hot.set_first_record(account.hot, now)
            self._schedule.add(who, path, now)
            self._tally.new_accounts += 1
            self.accounts[account.record.standing.grade] += 1
            account.record_dirty = True
        else:
            account = Account(*who, path, hot.opened(block), self._store.get(record_key(path)))
            account.last = hot.last_record(account.hot)
            first = hot.first_seen(account.hot)
            account.first_event = hot.NEVER if first is None else first
        self._accounts[who] = account
        return account

    def _usage(self, event: UsageRecorded, topic: str, record: RawRecord, now: int) -> None:
        """The hot path: a `usage.recorded` touches the hot block only, unless a rule waits for usage."""
        account = self._account(event, now)
        block = account.hot
        if hot.seen(block, hot.hash8(event.event_id)):
            self._tally.duplicates += 1
            return
        waited_for = hot.wake_mask(block) & USAGE or hot.first_usage(block) is None
        if (
            account.frozen
            and (waited_for or event.occurred_at < account.first_event or now < account.last)  # it will be thawed
            and self._unreadable(account)
        ):
            account = self._account(event, now)
            block, waited_for = account.hot, True
            hot.seen(block, hot.hash8(event.event_id))
        begins = self._took(event, account, topic, now)
        who, what, at = event.stakeholder_id, event.feature, event.occurred_at
        hot.add_usage(
            block,
            at // DAY_MS,
            event.count,
            None if who is None else hot.member_hash(who),
            at,
            hot.RECORDED,
            None if what is None else feature_hash(what),
        )
        if waited_for or begins:
            self._detect.usage(event, account, now, self._trigger(event, topic, record), begins)
            self._came(account, record.timestamp)

    def _other(self, event: Event | Reject, topic: str, record: RawRecord, now: int) -> None:
        if isinstance(event, Reject):
            self._reject(event, topic, record)
            return
        if event.__class__ is FeedHeartbeat:
            self._tally.applied[topic] += 1
            if event.source == CLOCK_SOURCE:
                self._closed[topic] = max(now, self._closed.get(topic, -1))
            return
        if isinstance(event, AccountErased | AccountMerged):
            self._end(event, topic, record, now)
            return
        account = self._account(event, now)
        if account.frozen and self._unreadable(account):
            account = self._account(event, now)
        if event.__class__ is StakeholderErased:
            self._forget_aside(account.path)
        event_hash = hot.hash8(event.event_id)
        if duplicate(event, event_hash, account, now):
            self._tally.duplicates += 1
            return
        begins = self._took(event, account, topic, now)
        self._detect.event(event, event_hash, account, now, self._trigger(event, topic, record), begins)
        self._came(account, record.timestamp)

    def _end(self, event: AccountErased | AccountMerged, topic: str, record: RawRecord, now: int) -> None:
        """An account is erased, or went into another one: its alerts end and nothing of it is kept (R2.12).

        Its tombstones are written though nothing be known of it: an earlier state may have left a snapshot.
        """
        who = (event.tenant_id, event.account_id)
        path = account_path(*who)
        if remembered(self._ended, hot.hash8(f"{path} {event.event_id}"), now):
            self._tally.duplicates += 1
            return
        self._tally.applied[topic] += 1
        if who in self._accounts or (path not in self._gone and hot_key(path) in self._store):
            account = self._account(event, now)
            if not (account.frozen and self._unreadable(account)):
                self._detect.ended(event, account, now, self._trigger(event, topic, record))
                self._note(record.timestamp)
                self._schedule.remove(who, path)
                self.accounts[account.record.standing.grade] -= 1
                self._dirty.pop(account, None)
                del self._accounts[who]
        self._forget_aside(path)
        self._gone[path] = False
        self._health.append(Forgotten(*who))
        self.urgent = True

    def _trigger(self, event: Event, topic: str, record: RawRecord) -> RecordTrigger:
        if self._bare:
            return RecordTrigger(topic, None, None, event.event_id)
        return RecordTrigger(topic, self.number, record.offset, event.event_id)

    def _reject(self, reject: Reject, topic: str, record: RawRecord) -> None:
        """A record that is no event: a dead letter, but of an unknown type only the first ten a day."""
        self._tally.rejected[topic, reject.code] += 1
        if reject.code == "unknown_type":
            day = record.timestamp // DAY_MS
            if day > self._unknown_day:
                self._unknown_day, self._unknown = day, {}
            name = _unnamed(f"{reject.source}|{reject.event_type}")
            if name not in self._unknown and len(self._unknown) >= UNKNOWN_NAMES:
                name = ""  # so many invented types share one count: the partition record stays small
            seen = self._unknown[name] = self._unknown.get(name, 0) + 1
            if seen > UNKNOWN_KEPT:
                return
        self._dead_letters.append(DeadLetter(topic, self.number, record, reject))
        size = sum(len(name) + len(value or b"") for name, value in record.headers)
        self._letters_bytes += size + len(record.key or b"") + len(record.value or b"") + _LETTER
        if self._letters_bytes >= LETTERS_BYTES:
            self.full = self.urgent = True

    # -- time -------------------------------------------------------------------------------------------------------

    def tick(self, broker_time_ms: int) -> None:
        """Nothing arrives: the clock follows the broker's, 5 s behind (only where brokers stamp the records)."""
        if self._record_time == "log_append":
            self.run_to(broker_time_ms - BEHIND_BROKER_MS)

    def run_to(self, clock: int, grace_passed: bool = False) -> None:
        """Move the clock on to `clock` and fire what is due before it; with `grace_passed` all that is due up to it."""
        if clock > self.clock or grace_passed:
            before = self.clock
            self._fire(clock + GRACE_MS + 1 if grace_passed else clock)
            self.clock = max(before, clock)
            self._moved = True

    def _fire(self, before: int, limit: int = 0) -> int:
        """Fire the deadlines whose due time plus grace lies before this, in the order (due, tenant, account).

        Returns how many accounts were called; with a `limit` it stops at the first due time at which there are so many.
        """
        schedule = self._schedule
        called = 0
        while schedule.next_fire < before and (not limit or called < limit):
            due, calls = schedule.pop()
            for who, daily in calls:
                self._call(who, due, daily=daily)
            self.clock = max(self.clock, due + GRACE_MS + 1)  # so that a restart here calls nobody twice
            called += len(calls)
        self._moved = True
        return called

    def _call(self, who: tuple[str, str], due: int, *, daily: bool) -> None:
        account = self._accounts.get(who)
        block = self._store.get(hot_key(account_path(*who)), b"") if account is None else account.hot
        waits = hot.next_wake(block) > due
        last = hot.last_record(block) if account is None else account.last
        # Beyond the grace this account has been called: in a partition whose clock was farther on than this one's.
        daily = daily and hot.first_record(block) <= due and last <= due + GRACE_MS
        anew = due <= self._anew_until
        if waits and (not daily or (not anew and self._detect.idle(who[0], block, due))):
            self._schedule.wake(who, hot.next_wake(block))
            return
        if account is None:
            account = self._open(who, due)
        if account.frozen and self._unreadable(account):
            return
        self._detect.time(account, due, daily=daily)
        account.last = max(account.last, due + GRACE_MS + 1)  # what is recorded up to the grace's end comes before it
        self._dirty[account] = None
        self._came(account, None)

    def _came(self, account: Account, decided_at: int | None) -> None:
        """What came of a step: schedule the account's next deadline, note transitions, write the snapshot."""
        detect = self._detect
        self._schedule.wake((account.tenant_id, account.account_id), hot.next_wake(account.hot))
        if account.lost:
            self._tally.evicted.update(account.lost)
            account.lost = {}
        if detect.suppressed:
            self._tally.suppressed.update(detect.suppressed)
            detect.suppressed.clear()
        self._tally.unknown_feedback += detect.unknown_feedback
        detect.unknown_feedback = 0
        if not detect.touched:
            return
        self._health.append(detect.health(account))
        self._note(decided_at)

    def _note(self, decided_at: int | None) -> None:
        """Count the transitions of a step."""
        detect = self._detect
        for alert in detect.alerts[detect.noted :]:
            self.urgent = True
            self._tally.transitions[alert.family, alert.severity, alert.transition] += 1
            if alert.transition == "opened":
                self._tally.opened[alert.rule_id] += 1
            if decided_at is not None:
                self._tally.decided.append(decided_at)
        detect.noted = len(detect.alerts)


def _unnamed(name: str) -> str:
    """Stand-in for `source|type` in state, where a name of somebody's choice is not kept; another stays as it is."""
    return hot.hash8(name).hex() if "|" in name else name
