"""What is kept of an account and of a partition, and how it is written: versioned msgpack, arrays in field order.

Facts here hold integers and short strings, never running floats, and do not depend on the order in which events
arrived: a field that is replaced carries the time of the event that set it, a log is sorted, a mark is a first and a
last time. All times are epoch milliseconds (UTC) unless a name says day (days since 1970-01-01) or date (proleptic
ordinal).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn, TypeAlias

import msgspec

from detector.domain.versions import MAJOR, WRITTEN, StateError, newer, newer_major, unknown_fields

Value: TypeAlias = Any  # str, int, float, bool, None or a list of them, as an event brought it
Stamped: TypeAlias = tuple[Value, int]  # (value, occurred_at of the event that set it)
Entry: TypeAlias = list[Any]  # a log's entry: [occurred_at, 8-byte hash of the event id, kept fields...]


class Person(msgspec.Struct, array_like=True, gc=False):
    """A stakeholder of the customer: the latest role and department, each with its time, and whether they are there.

    A role without a time was only carried by another event. `back_at` is when they were last there by their own
    record; `gone` are departures since, sorted: the first two and the last, so that one that is told again and again
    keeps its date. `named` is when they were first given each role: told again, a role is no newer.
    """

    role: str | None = None
    role_at: int = -1
    department: str | None = None
    department_at: int = -1
    back_at: int = -1
    gone: list[int] = []
    named: dict[str, int] = {}


class Goal(msgspec.Struct, array_like=True):
    """A customer's goal: its fields (the same id again replaces those given), its measures and who acknowledged it.

    `set_at` is when it was set first, `closed_at` when it was closed last; `again` are the times after those at which
    it was set, sorted, of many the first two and the last two. `points` are verified measures (occurred_at, event hash,
    value, grade), sorted; `acks` are (occurred_at, stakeholder, role); `setters` are (stakeholder, role) of those who
    set it, sorted.
    """

    set_at: int = -1
    fields: dict[str, Stamped] = {}
    points: list[tuple[int, bytes, float, str]] = []
    acks: list[tuple[int, str, str]] = []
    closed_at: int = -1
    closed_as: str | None = None
    setters: list[tuple[str, str]] = []
    again: list[int] = []

    @property
    def closed(self) -> bool:
        """Whether it was closed, and not set again since; of both at the same time the closing counts."""
        return self.closed_at >= 0 and not self.again

    @property
    def begun(self) -> int:
        """Since when something is expected of it: when it was set, or set again after it was closed; -1 for never."""
        return self.again[0] if self.closed_at >= 0 and self.again else self.set_at

    def begun_by(self, at: int) -> int | None:
        """`begun` as it was at an instant; where it was closed then, when it was set again; None where it never was."""
        if self.closed_at < 0 or at < self.closed_at:
            return self.set_at if self.set_at >= 0 else None
        return self.again[0] if self.again else None

    def note_set(self, *times: int) -> None:
        """Take in times at which it was set, or look anew at those known, now that it was closed."""
        known = sorted({self.set_at, *self.again, *times} - {-1})
        self.set_at = known[0] if known else -1
        later = known[1:] if self.closed_at < 0 else [at for at in known if at > self.closed_at]
        self.again = [*later[:2], *later[2:][-2:]]


class Sums(msgspec.Struct, array_like=True, gc=False):
    """Sums of one subject, such as a meter: (UTC day, sum), sorted; `first` is the first day on which there was any."""

    first: int
    days: list[tuple[int, int]]


class Episode(msgspec.Struct, array_like=True):
    """One alert of an account, from its opening until its cool-down is over.

    `level` is the severity step of the ladder (1 info to 5 critical), `severity` the same with the raises of R2.8.
    `status` is open, recovering or resolved; `since_off` is when OFF began to hold; `frozen` is the operator's own
    memory of the opening (a frozen baseline); `seen` what the last evidence showed, `body` the last body published;
    `latched` holds a new opening back until ON was false once. `answers` are what people said of it (acknowledged,
    acted, useful), sorted; `snooze`, while it is snoozed, until when, when that was asked for, and the severity that
    was published last. `private`: not for the customer's eyes. `version` is the rule's, in the last
    body.
    """

    rule: str
    kind: str | None
    subject: str | None
    alert_id: str
    opened_at: str
    opened: int
    since: int
    level: int
    severity: int
    revision: int = 1
    status: str = "open"
    since_off: int = -1
    ended: int = -1
    latched: bool = False
    frozen: list[Any] = []
    seen: str = ""
    body: bytes = b""
    resolution: str | None = None
    answers: list[str] = []
    snooze: tuple[int, int, int] | None = None
    private: bool = False
    version: int = 0


class Standing(msgspec.Struct, array_like=True):
    """The value index of an account and what was last shown of it, since it cannot be worked out of facts alone.

    `value` and `told` (the value in the last snapshot) are tenths of a point, -1 for none; `confidence` hundredths.
    `days` are (UTC day, value at its end) of the days on which the value changed, sorted; today's is the present one.
    As of UTC day `judged_on` `judged` are, in thousandths by family, the shares of rules that can judge the account,
    and `cold` the names of those that are armed and have not seen enough history.
    """

    value: int = -1
    confidence: int = 0
    grade: str = "insufficient_data"
    told: int = -1
    days: list[tuple[int, int]] = []
    judged_on: int = -1
    judged: list[int] = []
    cold: list[str] = []


class AccountRecord(msgspec.Struct, array_like=True):
    """Everything of an account but its usage, which is in the hot block.

    `profile` holds the fields of `account.updated` and the stage; `marks` a first and a last time per measure;
    `tracks` times per subject kind, id and event (`measures.code_of`); `logs` the kept entries per measure, sorted;
    `sums` sums by day per measure and subject;
    `recent` hashes of event ids by day (its number as text); `pending` what must hold longer before it opens; `wake`
    the next due time per rule; `notes` silences that are explained; `muted` until when an alert may not open, by its
    fingerprint. `asleep`: no rule is judged, since the customer has left; `awake` is the record time at which it was
    won back. `private` says of each milestone, by a hash of its id, whether it is; `erased` counts the people who were
    to be forgotten; `standing` is the value index; `release` is the pack's by which all rules were last judged; `told`
    what the stage and the owner were told to be, (time, value), sorted. `evicted` counts what was dropped, and `size`
    is never below the record's own size in bytes: see `limits`.
    """

    major: int = MAJOR
    minor: int = 0
    profile: dict[str, Stamped] = {}
    people: dict[str, Person] = {}
    goals: dict[str, Goal] = {}
    marks: dict[str, tuple[int, int]] = {}
    tracks: dict[str, dict[str, dict[str, tuple[int, ...]]]] = {}
    logs: dict[str, list[Entry]] = {}
    recent: dict[str, bytes] = {}
    episodes: list[Episode] = []
    pending: dict[str, list[Any]] = {}
    wake: dict[str, int] = {}
    notes: dict[str, tuple[str, int]] = {}
    spans: dict[str, list[tuple[int, int]]] = {}
    evicted: dict[str, int] = {}
    inversions: int = 0
    release: int = 0
    size: int = 0
    muted: dict[str, int] = {}
    asleep: bool = False
    awake: int = -1
    erased: int = 0
    private: dict[str, Stamped] = {}
    standing: Standing = msgspec.field(default_factory=Standing)
    told: dict[str, list[tuple[int, str | None]]] = {}
    sums: dict[str, dict[str, Sums]] = {}


class PartitionRecord(msgspec.Struct, array_like=True):
    """Where a partition stands: written in every checkpoint.

    `positions` are the next offsets to apply and `effective` the running maximum of record times, by topic; `clock`
    is the partition's clock; `unknown` counts dead letters of unknown types on `unknown_day`, by a hash of both names;
    `anew_until` is the last due time at which a daily evaluation may be the first under this release; `ended` are
    hashes of the events that ended an account of which nothing is kept, by day (its number as text).
    """

    major: int = MAJOR
    minor: int = 0
    positions: dict[str, int] = {}
    effective: dict[str, int] = {}
    clock: int = 0
    release: int = 0
    quiet_until: int | None = None
    topic_ids: dict[str, str] = {}
    unknown_day: int = 0
    unknown: dict[str, int] = {}
    closed: dict[str, int] = {}
    ended: dict[str, bytes] = {}
    anew_until: int = -1


FIELDS: Final[dict[type, tuple[int, ...]]] = {AccountRecord: (26,), PartitionRecord: (13,)}
"""How many fields the records have in each minor version, from 0 on."""

PARTITION_KEY: Final = b"p"
NONE_UNKNOWN: Final[Sequence[msgspec.Raw]] = ()
ASIDE: Final = b"q/"
"""Begins the key under which what could not be read is put aside; the key that it had follows."""

_ESCAPES: Final = str.maketrans({"%": "%25", "/": "%2F"})

_encode = msgspec.msgpack.Encoder(order="sorted").encode
_account = msgspec.msgpack.Decoder(AccountRecord).decode
_partition = msgspec.msgpack.Decoder(PartitionRecord).decode


def account_path(tenant_id: str, account_id: str) -> str:
    """`tenant/account` with `/` and `%` inside an id percent-encoded: the health key and the middle of a state key."""
    return f"{tenant_id.translate(_ESCAPES)}/{account_id.translate(_ESCAPES)}"


def split_path(path: str) -> tuple[str, str]:
    """The tenant and account id of an `account_path`."""
    tenant, _, account = path.partition("/")
    return _unescape(tenant), _unescape(account)


def _unescape(text: str) -> str:
    return text.replace("%2F", "/").replace("%25", "%")


def hot_key(path: str) -> bytes:
    """The changelog key of an account's hot block."""
    return b"h/" + path.encode()


def record_key(path: str) -> bytes:
    """The changelog key of an account's record."""
    return b"a/" + path.encode()


def path_of(key: bytes) -> str | None:
    """The path in the changelog key of a hot block or a record; None where there is none."""
    try:
        path = key[2:].decode()
    except UnicodeDecodeError:
        return None
    return path if path.count("/") == 1 else None


def encode_record(
    record: AccountRecord | PartitionRecord, minor: int = WRITTEN, unknown: Sequence[msgspec.Raw] = NONE_UNKNOWN
) -> bytes:
    """The bytes of a record; equal records give equal bytes.

    It is written in a minor version, but never in a lower one than it was read in; `unknown` are its fields of a later
    minor version (`unknown_of`).
    """
    record.minor = max(minor, record.minor)
    known = FIELDS[record.__class__]
    if record.minor < len(known) - 1:
        return _encode(msgspec.structs.astuple(record)[: known[record.minor]])
    return _encode([*msgspec.structs.astuple(record), *unknown]) if unknown else _encode(record)


def unknown_of(record: AccountRecord | PartitionRecord, data: bytes) -> Sequence[msgspec.Raw]:
    """The fields of a later minor version that the bytes of a record hold, as they stand there."""
    return unknown_fields(data, FIELDS[record.__class__][-1])


def decode_account_record(data: bytes) -> AccountRecord:
    """An account record from its bytes; raises StateError for what is no such record or of a newer major version."""
    try:
        record = _account(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        _raise_unreadable(data, error)
    if record.major != MAJOR:
        _raise_unreadable(data, None)
    return record


def decode_partition_record(data: bytes) -> PartitionRecord:
    """A partition record from its bytes; raises StateError as `decode_account_record` does."""
    try:
        record = _partition(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        _raise_unreadable(data, error)
    if record.major != MAJOR:
        _raise_unreadable(data, None)
    return record


def made_anew(data: bytes | None, topic_ids: Mapping[str, str]) -> frozenset[str]:
    """The topics that have another id now than where the partition record `data` was written: other logs, that is.

    Raises StateError as `decode_partition_record` does.
    """
    known = decode_partition_record(data).topic_ids if data is not None else {}
    return frozenset(topic for topic, at in topic_ids.items() if known.get(topic, at) != at)


def _raise_unreadable(data: bytes, cause: Exception | None) -> NoReturn:
    major = newer_major(data)
    if major is not None:
        raise newer("the stored record", major) from cause
    raise StateError("the stored record is not readable") from cause


def span_name(rule_id: str, subject: str | None) -> str:
    """What the days of a rule's ended episodes are kept by, for each of its subjects."""
    return rule_id if subject is None else f"{rule_id}|{subject}"


def put(fields: dict[str, Stamped], name: str, value: Value, at: int) -> bool:
    """Set a field unless a later event did; of two at the same time the greater (as text) wins. True if it changed."""
    old = fields.get(name)
    if old is not None and (old[1], str(old[0])) >= (at, str(value)):
        return False
    fields[name] = (value, at)
    return old is None or old[0] != value
