"""The registry of topics: names, partitions, retention, clean-up, timestamps, sizes. Everything else is made from it.

A change that breaks readers is a new topic (`.v2`), never a new shape on the old one.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal

USAGE: Final = "usage.events.v1"
SUPPORT: Final = "support.events.v1"
CRM: Final = "crm.events.v1"
ALERTS: Final = "decay.alerts.v1"
HEALTH: Final = "decay.account-health.v1"
NOTICES: Final = "decay.notices.v1"
DEAD_LETTERS: Final = "decay.dead-letter.v1"
FLEET: Final = "decay.fleet.v1"
CONTROL: Final = "decay.control.v1"

IN_TOPICS: Final = (USAGE, SUPPORT, CRM)
"""What emitters write to, in the order of the contract; any event type is accepted on any of them."""

PARTITIONS: Final = 24
"""The default for every topic but the fleet's. It cannot be changed later: accounts would move to other partitions."""

FOREVER_MS: Final = 2**63 - 1
"""The largest number of milliseconds Kafka takes: about 292 million years."""

Role = Literal["in", "control", "out", "fleet", "changelog"]
TimestampType = Literal["LogAppendTime", "CreateTime"]

_SEGMENT: Final = timedelta(days=7)
_SEGMENT_BYTES: Final = 1 << 30
_MESSAGE_BYTES: Final = 1 << 20
_NEWER: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic as it must be. `settings` gives the same in Kafka's words."""

    name: str
    role: Role
    key: str
    """What the record's key is."""
    carries: str
    partitions: int = PARTITIONS
    retention: timedelta | None = None
    """How long records are kept; None: without end, or compacted."""
    compact: bool = False
    """Whether only the last record of a key is kept."""
    timestamps: TimestampType = "LogAppendTime"
    """Whose time a record carries: the broker's as it was appended, or the one that the producer gave it."""
    max_message_bytes: int = _MESSAGE_BYTES
    """The largest record batch, as it is stored."""

    def settings(self, *, replicas: int = 1) -> dict[str, str]:
        """The topic's settings by Kafka's names, always all of them, so that one variant can be made of another.

        With three `replicas` or more, two must have a record before it counts as written.
        """
        create = self.timestamps == "CreateTime"
        return {
            "cleanup.policy": "compact" if self.compact else "delete",
            "retention.ms": str(-1 if self.retention is None else _milliseconds(self.retention)),
            "retention.bytes": "-1",
            "segment.ms": str(FOREVER_MS if create else _milliseconds(_SEGMENT)),
            "segment.bytes": str(_SEGMENT_BYTES),
            "message.timestamp.type": self.timestamps,
            "message.timestamp.before.max.ms": str(FOREVER_MS),
            "message.timestamp.after.max.ms": str(FOREVER_MS if create else _milliseconds(_NEWER)),
            "max.message.bytes": str(self.max_message_bytes),
            "min.insync.replicas": "2" if replicas >= 3 else "1",
            **(_COMPACTION if self.compact else {}),
        }


_COMPACTION: Final = {
    "min.cleanable.dirty.ratio": "0.1",
    "segment.bytes": str(64 << 20),
    "max.compaction.lag.ms": str(10 * 60_000),
    "delete.retention.ms": str(24 * 3_600_000),
}
"""What bounds a take-over: little that is stale is left in the log for the new owner to read."""

_TOPICS: Final = (
    Topic(
        name=USAGE,
        role="in",
        key="account_id",
        carries="what people do in the product",
        retention=timedelta(days=75),
    ),
    Topic(
        name=SUPPORT,
        role="in",
        key="account_id",
        carries="tickets, surveys, incidents",
        retention=timedelta(days=90),
    ),
    Topic(
        name=CRM,
        role="in",
        key="account_id",
        carries="accounts, people, touches, goals, onboarding, money, outcomes, feedback on alerts",
        retention=timedelta(days=90),
    ),
    Topic(
        name=ALERTS,
        role="out",
        key="account_id",
        carries="every transition of every alert",
        retention=timedelta(days=90),
    ),
    Topic(
        name=HEALTH,
        role="out",
        key="tenant_id/account_id, each percent-encoded",
        carries="the latest snapshot of each account",
        compact=True,
    ),
    Topic(
        name=NOTICES,
        role="out",
        key="subject",
        carries="findings about more than one account, and a sign of life of each partition",
        retention=timedelta(days=90),
    ),
    Topic(
        name=DEAD_LETTERS,
        role="out",
        key="the original key",
        carries="original bytes of what could not be used, and why",
        retention=timedelta(days=14),
        max_message_bytes=2 * _MESSAGE_BYTES,
    ),
    Topic(
        name=FLEET,
        role="fleet",
        key="internal",
        carries="aggregates of each partition, to the fleet agent",
        partitions=1,
        retention=timedelta(days=30),
    ),
    Topic(
        name=CONTROL,
        role="control",
        key="internal",
        carries="the fleet agent's answers, to every partition",
        retention=timedelta(days=90),
    ),
)


def topics(
    *, partitions: int = PARTITIONS, prefix: str = "", imports: bool = False, app_id: str | None = None
) -> tuple[Topic, ...]:
    """Every topic of one environment: `prefix` begins each name but those of changelogs, which begin with `app_id`.

    `imports` gives the variant for history that is sent later: in-topics and control carry the producer's time and
    delete nothing. Without `app_id` there are no changelogs.
    """
    own = (_variant(topic, partitions=partitions, prefix=prefix, imports=imports) for topic in _TOPICS)
    return (*own, *(changelogs(app_id, partitions=partitions) if app_id else ()))


def changelogs(app_id: str, *, partitions: int = PARTITIONS) -> tuple[Topic, ...]:
    """The state of the app with this id: one record an account, partitioned as the in-topics; and the fleet agent's."""
    accounts = Topic(
        name=f"{app_id}-accounts-changelog",
        role="changelog",
        key="internal",
        carries="the state of each account and partition",
        partitions=partitions,
        compact=True,
    )
    fleet = replace(accounts, name=f"{app_id}-fleet-changelog", carries="the fleet agent's state", partitions=1)
    return (accounts, fleet)


def _variant(topic: Topic, *, partitions: int, prefix: str, imports: bool) -> Topic:
    changed = replace(
        topic, name=prefix + topic.name, partitions=topic.partitions if topic.role == "fleet" else partitions
    )
    if imports and topic.role in {"in", "control"}:
        return replace(changed, retention=None, timestamps="CreateTime")
    return changed


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
