"""Bytes to events and findings to bytes: the one file that knows both the contract and the domain.

`decode` reads a record in one of two ways. The fast one is msgspec's typed decoder, for plain text of types that it
can vouch for; whatever it will not take is read, and if need be explained, by the contract's own reader. So what the
fast way takes the models take too, with equal values.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache, reduce
from operator import or_
from types import MappingProxyType
from typing import Any, Final
from zlib import crc32

import msgspec
from aiokafka.partitioner import murmur2

from detector.domain.alerts import Alert
from detector.domain.calendar import DAY_MS, MINUTE_MS
from detector.domain.events import EVENT_TYPES, VOUCHED, WINDOWED, Event, FeedHeartbeat, SchedulePoint
from detector.domain.health import Forgotten, Health
from detector.domain.record import RECORD_TIMES_END, DeadLetter, RawRecord, Reject, Unread
from schemas import outcomes
from schemas.cloudevents import may_wrap
from schemas.envelope import SCHEMA_VERSION
from schemas.reading import FRAME, LARGEST_VALUE, read
from schemas.refusal import REASONS, Reason, Refused, escaped
from schemas.strict_json import DEEPEST

Headers = list[tuple[str, bytes]]

REJECT_CODES: Final = REASONS
"""Every reject code: the reasons that a dead letter can have."""

EARLIEST_MS: Final = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1000
AHEAD_MS: Final = 5 * 60_000
"""How far business time may be ahead of record time."""
LATE_MS: Final = 70 * 86_400_000
"""How far behind its record time what is counted in windows may be."""
LARGEST_LETTER: Final = 1 << 20
"""Bytes of key, value and headers that a dead letter carries; its topic takes twice as many, after compression."""

_EACH_HEADER: Final = 10  # bytes that two lengths take at most
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LONGEST_NAME: Final = 128  # characters of a source or a type in a reject
_OURS: Final = frozenset({None, SCHEMA_VERSION, "1", 1})
_COUNTED: Final = frozenset(EVENT_TYPES[name] for name in WINDOWED)
_KEPT: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {name: frozenset(event.__struct_fields__) for name, event in EVENT_TYPES.items()}
)

_OF_LIBRDKAFKA: Final = "librdkafka's default put it there: set partitioner=murmur2_random"
_OF_OTHERS: Final = "name no partition yourself, and set the Java client's partitioner (murmur2 of the key)"

# What the typed decoder does not see: characters that no id may have, as themselves or as escapes; and letters
# as escapes, with which the name of a field that it skips, and the models judge, could be spelt.
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029]")
_ESCAPED: Final = re.compile(rb"\\(?:u00[0-9]|u202[89]|[bfnrt])")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_typed: Final = msgspec.json.Decoder(reduce(or_, VOUCHED)).decode
_encode: Final = msgspec.json.Encoder().encode


def decode(record: RawRecord, *, topic: str, partition: int, partitions: int) -> Event | Reject:
    """Give the event that a record of an in-topic holds, or the reason why it holds none; never raises.

    "Now" is the record's own timestamp; one from 2100 on is refused before anything is read. The record was found in
    `partition` of `partitions`; any event type is taken from any `topic`.
    """
    del topic
    try:
        if record.timestamp >= RECORD_TIMES_END:
            return _reject("timestamp_out_of_range", "the record's own time is past the year 2099")
        event = None if record.headers and _told_by(record.headers) else _fast(record.value)
        if event is None:
            event = _slow(record)
        return _out_of_place(event, record, partition, partitions) or _out_of_time(event, record.timestamp) or event
    except Refused as refused:
        return _reject(refused.reason, refused.detail, refused.source, refused.event_type)
    except Exception as error:  # noqa: BLE001 - no input may end the worker, not even one that meets a fault of ours
        return _reject("internal", f"{type(error).__name__} in the decoder")


def _told_by(headers: Sequence[tuple[str, bytes]]) -> bool:
    """Say whether the headers may speak of a CloudEvent.

    Raises:
        Refused: when a name is not UTF-8; such bytes come as surrogates.
    """
    if not all(name.isascii() for name, _ in headers) and any(_SURROGATE.search(name) for name, _ in headers):
        raise Refused("bad_utf8", "the name of a header is not UTF-8")
    return may_wrap(headers)


# -- reading ----------------------------------------------------------------------------------------------------------


def _fast(value: bytes | None) -> Event | None:
    """Give the event where the typed decoder can vouch for it; None where the models must judge."""
    if value is None or len(value) > LARGEST_VALUE:
        return None
    if value.startswith(b"\0"):
        value = value[FRAME:]
    if b"@" in value or b'"labels"' in value or value.count(b"{") + value.count(b"[") > DEEPEST:
        return None
    if b"\\" in value and _ESCAPED.search(value):
        return None
    try:
        if b"\x7f" in value if value.isascii() else _UNPRINTABLE.search(value.decode()):
            return None
        event: Event = _typed(value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    occurred_at: object = event.occurred_at
    if isinstance(occurred_at, datetime):
        event.occurred_at = (occurred_at - _EPOCH) // _MILLISECOND
    return _folded(event) if event.schema_version in _OURS else None


def _slow(record: RawRecord) -> Event:
    """Give the event as the models read it.

    Raises:
        Refused: when it is none.
    """
    if isinstance(record.value, Unread):
        raise Refused("too_large", record.value.decode())
    model = read(record.value, record.headers)
    given = {name: _plain(getattr(model, name)) for name in model.model_fields_set & _KEPT[model.event_type]}
    if isinstance(model, outcomes.DealClosed):
        given["promised"] = bool(model.promised_value and model.promised_value.strip())
    return _folded(EVENT_TYPES[model.event_type](**given))


def _plain(value: Any) -> Any:
    if isinstance(value, outcomes.SchedulePoint):
        return SchedulePoint(at=value.at, expected=value.expected)
    return tuple(map(_plain, value)) if isinstance(value, list) else value


def _folded(event: Event) -> Event:
    """Give the event with the names folded that are compared without regard to case."""
    if event.feature is not None:
        event.feature = event.feature.casefold()
    if event.department is not None:
        event.department = event.department.casefold()
    if event.product is not None:
        event.product = event.product.casefold()
    return event


# -- place and time ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1 << 17)
def partition_of(key: bytes, partitions: int) -> int:
    """Give the partition, 0 to `partitions` - 1, on which the Java client puts a record with this key."""
    place: int = (murmur2(key) & 0x7FFFFFFF) % partitions
    return place


def _out_of_place(event: Event, record: RawRecord, partition: int, partitions: int) -> Reject | None:
    key = record.key
    if key == event.account_id.encode() and partition_of(key, partitions) == partition:
        return None
    if event.__class__ is FeedHeartbeat:  # on any or every partition, under any key
        return None
    if not key:
        return _reject("bad_key", "the record has no key", event.source, event.event_type)
    try:
        key.decode()
    except UnicodeDecodeError:
        return _reject("bad_key", "the key is not UTF-8", event.source, event.event_type)
    if key != event.account_id.encode():
        return _reject("key_mismatch", "the key is not the event's account_id", event.source, event.event_type)
    found = f"in partition {partition}, its key belongs into {partition_of(key, partitions)} of {partitions}"
    librdkafkas = crc32(key) % partitions == partition
    advice = _OF_LIBRDKAFKA if librdkafkas else _OF_OTHERS
    return _reject("misrouted", f"{found}; {advice}", event.source, event.event_type)


def _out_of_time(event: Event, now: int) -> Reject | None:
    age = now - event.occurred_at
    if age < -AHEAD_MS or event.occurred_at < EARLIEST_MS:
        early = event.occurred_at < EARLIEST_MS
        found = "before the year 2000" if early else f"{_span(-age)} ahead of the record's time"
        return _reject("timestamp_out_of_range", f"occurred_at: {found}", event.source, event.event_type)
    if age > LATE_MS and event.__class__ in _COUNTED:
        return _reject("too_late", f"occurred {_span(age)} before its record's time", event.source, event.event_type)
    return None


def _span(ms: int) -> str:
    """A time as a person reads it: days, or minutes where it is less than one."""
    return f"{ms / DAY_MS:,.1f} days" if ms >= DAY_MS else f"{ms / MINUTE_MS:,.1f} minutes"


def _reject(reason: Reason, detail: str, source: str = "unknown", event_type: str = "") -> Reject:
    return Reject(reason, escaped(detail), escaped(source, _LONGEST_NAME), escaped(event_type, _LONGEST_NAME))


# -- writing ----------------------------------------------------------------------------------------------------------


def encode_alert(alert: Alert) -> tuple[bytes, bytes, Headers]:
    """Give key, value and headers of a transition: the body as plain JSON, CloudEvents 1.0 in binary mode."""
    headers = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": f"{alert.alert_id}.{alert.revision}",
        "ce_source": "/value-decay-detector",
        "ce_type": f"decay.alert.{alert.transition}",
        "ce_time": alert.detected_at,
        "ce_subject": alert.account_id,
    }
    return alert.account_id.encode(), _encode(alert), [(name, text.encode()) for name, text in headers.items()]


def encode_health(health: Health | Forgotten) -> tuple[bytes, bytes | None, Headers]:
    """Give key, value and headers of a snapshot; the key is tenant_id/account_id, `/` and `%` inside an id encoded.

    Of an account that is forgotten the value is null: a tombstone.
    """
    key = "/".join(each.replace("%", "%25").replace("/", "%2F") for each in (health.tenant_id, health.account_id))
    if isinstance(health, Forgotten):
        return key.encode(), None, []
    return key.encode(), _encode(health), [("content-type", b"application/json")]


def encode_dead_letter(dead: DeadLetter) -> tuple[bytes | None, bytes | None, Headers]:
    r"""Give key, value and headers as they came, and added to the headers what was wrong and where it was found.

    Of a header's name, which must be UTF-8, other bytes are written as `\xff`. Of a record above `LARGEST_LETTER` the
    value is left out, and if need be the headers and the key too: `dlq.detail` says so, with their bytes.
    """
    record = dead.record
    came = [(_writable(name), value) for name, value in record.headers]
    key, value, came, left_out = _small_enough(record.key, record.value, came)
    added = {
        "dlq.reason": dead.reject.code,
        "dlq.detail": escaped(left_out + dead.reject.detail) if left_out else dead.reject.detail,
        "dlq.topic": dead.topic,
        "dlq.partition": str(dead.partition),
        "dlq.offset": str(record.offset),
        "dlq.timestamp": str(record.timestamp),
        "dlq.version": SCHEMA_VERSION,
    }
    return key, value, [*came, *((name, text.encode()) for name, text in added.items())]


def _small_enough(
    key: bytes | None, value: bytes | None, headers: Headers
) -> tuple[bytes | None, bytes | None, Headers, str]:
    """Give what the topic of dead letters takes of a record, and a text of what it does not take."""
    if isinstance(value, Unread):
        return None, None, [], _left_out(["all of it"])
    headers_size = sum(len(name.encode()) + len(text or b"") + _EACH_HEADER for name, text in headers)
    size = len(key or b"") + len(value or b"") + headers_size
    left_out = []
    if size > LARGEST_LETTER and value is not None:
        size -= len(value)
        left_out.append(f"the value of {len(value)} bytes")
        value = None
    if size > LARGEST_LETTER and headers:
        size -= headers_size
        left_out.append(f"{len(headers)} headers of {headers_size} bytes")
        headers = []
    if size > LARGEST_LETTER and key is not None:
        left_out.append(f"the key of {len(key)} bytes")
        key = None
    return key, value, headers, _left_out(left_out) if left_out else ""


def _left_out(parts: Sequence[str]) -> str:
    return f"left out, see the original at dlq.offset: {', '.join(parts)}; "


def _writable(name: str) -> str:
    return name if name.isascii() else name.encode(errors="surrogateescape").decode(errors="backslashreplace")
