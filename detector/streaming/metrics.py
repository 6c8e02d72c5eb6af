"""Every metric of the worker, in one place: the contract with whoever watches it (`detector_*`, seconds and bytes).

Labels come from closed sets that are touched at the start, partition numbers apart; never an account, a stakeholder, an
alert id or an exception's text. Renaming one is a breaking change.
"""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from detector.codec import REJECT_CODES
from detector.domain.duplicates import DAYS as DEDUPE_DAYS
from detector.domain.tally import Evicted, HeldBack

FAMILIES: Final = ("outcomes", "adoption", "support", "relationship", "onboarding", "commercial")
SEVERITIES: Final = ("info", "watch", "warn", "high", "critical")
TRANSITIONS: Final = (
    "opened", "escalated", "eased", "revised", "acknowledged", "snoozed", "recovering", "resolved", "reopened",
)  # fmt: skip
GRADES: Final = ("green", "unproven", "watch", "at_risk", "critical", "insufficient_data")
SKIPPED: Final = ("duplicate", "unknown_type")
SUPPRESSED: Final = get_args(HeldBack)
EVICTED: Final = get_args(Evicted)

_SUFFIXES: Final = {"counter": "_total", "info": "_info"}

HOUR: Final = 3_600
DAY: Final = 24 * HOUR
END_TO_END: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600)
PROCESSING: Final = (1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1)
CHECKPOINT: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
REBALANCE: Final = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
RECOVERY: Final = (1, 5, 15, 30, 60, 120, 300, 900, 3_600)
OPEN: Final = (HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY)
RECORD_BYTES: Final = (256, 1_024, 4_096, 16_384, 65_536)


class Described(NamedTuple):
    """What a reader of the metrics may rely on: `kind` is counter, gauge, histogram or info; `name` is whole."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


def contract() -> tuple[Described, ...]:
    """Every metric that a worker exports, for whoever writes rules and dashboards; those of the process come last."""
    of_process = CollectorRegistry()
    ProcessCollector(registry=of_process)
    GCCollector(registry=of_process)
    others = []
    for family in of_process.collect():
        labels = dict.fromkeys(label for sample in family.samples for label in sample.labels)
        name = family.name + _SUFFIXES.get(family.type, "")
        others.append(Described(name, family.type, tuple(labels), family.documentation))
    return (*Metrics(CollectorRegistry(), topics=(), rules=()).described, *others)


class _Maker:
    """Makes metrics of one registry, and keeps what a reader may rely on."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.made: list[Described] = []

    def _named(self, name: str, kind: str, text: str, labels: tuple[str, ...]) -> str:
        self.made.append(Described(f"detector_{name}{_SUFFIXES.get(kind, '')}", kind, labels, text))
        return f"detector_{name}"

    def info(self, name: str, text: str, *labels: str) -> Info:
        return Info(self._named(name, "info", text, labels), text, registry=self._registry)

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(self._named(name, "counter", text, labels), text, labels, registry=self._registry)

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(self._named(name, "gauge", text, labels), text, labels, registry=self._registry)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        name = self._named(name, "histogram", text, labels)
        return Histogram(name, text, labels, buckets=buckets, registry=self._registry)


class Metrics:
    """All metrics, in a registry: `topics` are the in-topics and `rules` the ids of the plan."""

    def __init__(self, registry: CollectorRegistry, *, topics: Collection[str], rules: Collection[str]) -> None:
        self._registry, self._topics, self._rules = registry, frozenset(topics), frozenset(rules)
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for every counter says nothing new
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        make = _Maker(registry)
        self.build = make.info("build", "Versions that run here.", "version", "faust", "aiokafka")
        self.config_hash = make.info("config_hash", "Equal for workers with equal settings.", "hash")
        self._define_events(make)
        self._define_state(make)
        self._define_work(make)
        self.described = tuple(make.made)
        self._touch()

    def _define_events(self, make: _Maker) -> None:
        self.consumed = make.counter("events_consumed", "Records of in-topics that arrived.", "topic")
        self.lost_records = make.counter("records_lost", "Offsets that the log dropped before they were read.", "topic")
        self.applied_events = make.counter("events_applied", "Events applied and durable.", "topic")
        self.skipped = make.counter("events_skipped", "Records without effect, by why.", "reason")
        self.late = make.counter(
            "late_events", "Applied events that occurred over a day before their record time.", "topic"
        )
        self.inversions = make.counter("account_inversions", "Records older than the last one of their own account.")
        self.dedupe_age = make.gauge(
            "dedupe_age_seconds",
            "The least time for which a repeated event was recognised since the start: 14 days, or less if busy.",
        )
        self.evictions = make.counter(
            "state_evictions", "Entries dropped because an account's state is full.", "reason"
        )
        self.dlq = make.counter(
            "dlq", "Records that could not be used, by where they came from and why.", "topic", "reason"
        )
        self.dlq_limit = make.gauge("dlq_limit_tripped", "1 while too many records of a topic are unusable.", "topic")
        self.quarantined_records = make.counter("state_records_quarantined", "State records that could not be read.")
        self.alerts = make.counter("alerts", "Published transitions of alerts.", "family", "severity", "transition")
        self.rule_alerts = make.counter("rule_alerts", "Alerts opened, by rule.", "rule")
        self.suppressed = make.counter(
            "alerts_suppressed", "Judgements that would have been published but for this.", "reason"
        )
        self.unknown_feedback = make.counter(
            "feedback_unknown", "Feedback on alerts that are not known here, or no more."
        )
        self.health_snapshots = make.counter("health_snapshots", "Published health snapshots.")
        self.end_to_end = make.histogram(
            "end_to_end_latency_seconds",
            "From the Kafka timestamp of the deciding event to the alert's commit.",
            END_TO_END,
        )
        self.processing = make.histogram(
            "event_processing_seconds", "Work for one event, the mean of each slice applied.", PROCESSING, "topic"
        )
        self.alert_open = make.histogram("alert_open_seconds", "How long an alert was open, when it resolves.", OPEN)

    def _define_state(self, make: _Maker) -> None:
        self.lag_records = make.gauge("consumer_lag_records", "Records not yet applied.", "topic", "partition")
        self.lag_seconds = make.gauge("consumer_lag_seconds", "Age of what is not yet applied.", "topic", "partition")
        self.clock_timestamp = make.gauge(
            "clock_timestamp_seconds", "The partition's clock (record time).", "partition"
        )
        self.clock_delay = make.gauge(
            "clock_delay_seconds", "Broker time less clock, of the partition farthest behind."
        )
        self.source_idle = make.gauge(
            "source_idle", "1 while nothing has come for a while on any partition here.", "topic"
        )

        self.last_checkpoint = make.gauge(
            "last_checkpoint_timestamp_seconds", "When the partition's last transaction was committed.", "partition"
        )
        self.checkpoint = make.histogram("checkpoint_seconds", "One transaction, from snapshot to commit.", CHECKPOINT)
        self.producer_buffer = make.gauge("producer_buffer_messages", "Records sent and not yet acknowledged.")
        self.accounts = make.gauge("accounts", "Accounts in memory, by the grade of their value index.", "grade")
        self.state_accounts = make.gauge("state_accounts", "Accounts in memory, of all partitions.")
        self.state_records = make.gauge("state_records", "State records in memory, of all partitions.")
        self.state_bytes = make.gauge("state_bytes", "Bytes of the state records in memory, of all partitions.")
        self.state_record_bytes = make.histogram("state_record_bytes", "Bytes of a state record written.", RECORD_BYTES)

    def _define_work(self, make: _Maker) -> None:
        self.rebalances = make.counter("rebalances", "Rebalances that this worker went through.")
        self.rebalance_duration = make.histogram(
            "rebalance_duration_seconds", "From revoked to reading again.", REBALANCE
        )
        self.assigned_partitions = make.gauge("assigned_partitions", "Partition numbers that this worker owns.")
        self.group_generation = make.gauge("group_generation", "Generation of the consumer group.")
        self.recovery_remaining = make.gauge(
            "recovery_remaining_records", "State records still to be read back (an upper bound).", "partition"
        )
        self.recovery_duration = make.histogram("recovery_duration_seconds", "Reading the state back.", RECOVERY)
        self.recovery_in_progress = make.gauge("recovery_in_progress", "1 while state is read back.")

        self.loop_lag = make.gauge("event_loop_lag_seconds", "How late the event loop's last tick was, or is.")
        self.broker_connected = make.gauge("broker_connected", "1 when the broker answered last time.")
        self.is_ready = make.gauge("ready", "1 when events are applied, as /readyz says.")
        self.tls_ca_expiry = make.gauge(
            "tls_ca_expiry_timestamp_seconds", "When the last authority of tls_ca_file runs out; 0 without the file."
        )
        self.auth_failures = make.counter("auth_failures", "Times the broker refused our credentials or rights.")

    def _touch(self) -> None:
        self.dedupe_age.set(DEDUPE_DAYS * DAY)
        for grade in GRADES:
            self.accounts.labels(grade)
        for why in SUPPRESSED:
            self.suppressed.labels(why)
        for what in EVICTED:
            self.evictions.labels(what)
        for topic in self._topics:
            self.processing.labels(topic)
            self.dlq_limit.labels(topic)
            self.source_idle.labels(topic)
            self.consumed.labels(topic)
            self.lost_records.labels(topic)
            self.applied_events.labels(topic)
            for reason in REJECT_CODES:
                self.dlq.labels(topic, reason)
            self.late.labels(topic)
        for why in SKIPPED:
            self.skipped.labels(why)
        for family in FAMILIES:
            for severity in SEVERITIES:
                for transition in TRANSITIONS:
                    self.alerts.labels(family, severity, transition)
        for rule in self._rules:
            self.rule_alerts.labels(rule)

    def describe(self, versions: Mapping[str, str], config_hash: str, trust_ends: float = 0.0) -> None:
        """Say what runs here: package -> version, the digest of its settings, when its trust in the brokers ends.

        `trust_ends` is Unix seconds; 0 where no file of ours says whom to trust.
        """
        self.build.info(dict(versions))
        self.config_hash.info({"hash": config_hash})
        self.tls_ca_expiry.set(trust_ends)

    def exposition(self, *, ready: bool, hanging: float = 0.0) -> bytes:
        """Everything as Prometheus reads it (text format 0.0.4).

        `ready` is what `/readyz` says, `hanging` for how many seconds the event loop should have ticked and has not.
        """
        self.is_ready.set(ready)
        if hanging:
            self.loop_lag.set(hanging)
        return generate_latest(self._registry)
