"""Every metric of the worker, in one place: the contract with whoever watches it (`detector_*`, seconds and bytes).

Labels come from closed sets that are touched at the start, partition numbers apart; never an account, a stakeholder, an
alert id or an exception's text. Renaming one is a breaking change.
"""

import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Final

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
from detector.domain.health import Forgotten
from detector.domain.tally import Tally
from detector.streaming.fold import Changes
from detector.streaming.observer import Silence

OTHER: Final = "other"
"""The label of a value outside its closed set: our mistake if ever seen, but the number of series stays bounded."""

FAMILIES: Final = ("outcomes", "adoption", "support", "relationship", "onboarding", "commercial")
SEVERITIES: Final = ("info", "watch", "warn", "high", "critical")
TRANSITIONS: Final = (
    "opened", "escalated", "eased", "revised", "acknowledged", "snoozed", "recovering", "resolved", "reopened",
)  # fmt: skip
SKIPPED: Final = ("duplicate", "unknown_type")
EVICTED: Final = ("stakeholder", "goal", "goal_point", "goal_ack", "log", "subject", "body", "mute")

HOUR: Final = 3_600
DAY: Final = 24 * HOUR
END_TO_END: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600)
PROCESSING: Final = (1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1)
CHECKPOINT: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
REBALANCE: Final = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
RECOVERY: Final = (1, 5, 15, 30, 60, 120, 300, 900, 3_600)
OPEN: Final = (HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY)
RECORD_BYTES: Final = (256, 1_024, 4_096, 16_384, 65_536)


class Metrics(Silence):
    """Counts what the worker tells it, in a registry of its own unless one is passed in.

    `topics` are the in-topics and `rules` the ids of the plan. `live`: the in-topics carry the broker's time, so that
    the age of an alert's event means something; on imports it does not, and no latency is observed. `wall` gives the
    time of day in epoch seconds; it is used for ages only.
    """

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        *,
        topics: Collection[str],
        rules: Collection[str],
        live: bool,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._registry = registry = registry or CollectorRegistry()
        self._topics, self._rules = frozenset(topics), frozenset(rules)
        self._live, self._wall = live, wall
        self._states: dict[int, tuple[int, int]] = {}
        self._delays: dict[int, float] = {}
        self._lags: set[tuple[str, int]] = set()
        self._clocks: set[int] = set()
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for every counter says nothing new
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self._define(registry)
        self._touch()

    def _define(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"detector_{name}_total", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"detector_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"detector_{name}", text, buckets=buckets, registry=registry)

        self.build = Info("detector_build", "Versions that run here.", registry=registry)
        self.config_hash = Info("detector_config_hash", "Equal for workers with equal settings.", registry=registry)

        self.consumed = counter("events_consumed", "Records of in-topics that arrived.", "topic")
        self.lost_records = counter("records_lost", "Offsets that the log dropped before they were read.", "topic")
        self.applied_events = counter("events_applied", "Events applied and durable.", "topic")
        self.skipped = counter("events_skipped", "Records without effect, by why.", "reason")
        self.late = counter("late_events", "Applied events that occurred over a day before their record time.", "topic")
        self.inversions = counter("account_inversions", "Records older than the last one of their own account.")
        self.evictions = counter("state_evictions", "Entries dropped because an account's state is full.", "reason")
        self.dlq = counter("dlq", "Records that could not be used, by where they came from and why.", "topic", "reason")
        self.alerts = counter("alerts", "Published transitions of alerts.", "family", "severity", "transition")
        self.rule_alerts = counter("rule_alerts", "Alerts opened, by rule.", "rule")
        self.unknown_feedback = counter("feedback_unknown", "Feedback on alerts that are not known here, or no more.")
        self.health_snapshots = counter("health_snapshots", "Published health snapshots.")
        self.end_to_end = histogram(
            "end_to_end_latency_seconds",
            "From the Kafka timestamp of the deciding event to the alert's commit.",
            END_TO_END,
        )
        self.processing = histogram(
            "event_processing_seconds", "Work for one event, the mean of each chunk applied.", PROCESSING
        )
        self.alert_open = histogram("alert_open_seconds", "How long an alert was open, when it resolves.", OPEN)

        self.lag_records = gauge("consumer_lag_records", "Records not yet applied.", "topic", "partition")
        self.lag_seconds = gauge("consumer_lag_seconds", "Age of what is not yet applied.", "topic", "partition")
        self.clock_timestamp = gauge("clock_timestamp_seconds", "The partition's clock (record time).", "partition")
        self.clock_delay = gauge("clock_delay_seconds", "Broker time less clock, of the partition farthest behind.")

        self.last_checkpoint = gauge(
            "last_checkpoint_timestamp_seconds", "When the partition's last transaction was committed.", "partition"
        )
        self.checkpoint = histogram("checkpoint_seconds", "One transaction, from snapshot to commit.", CHECKPOINT)
        self.state_records = gauge("state_records", "State records in memory, of all partitions.")
        self.state_bytes = gauge("state_bytes", "Bytes of the state records in memory, of all partitions.")
        self.state_record_bytes = histogram("state_record_bytes", "Bytes of a state record written.", RECORD_BYTES)

        self.rebalances = counter("rebalances", "Rebalances that this worker went through.")
        self.rebalance_duration = histogram("rebalance_duration_seconds", "From revoked to reading again.", REBALANCE)
        self.assigned_partitions = gauge("assigned_partitions", "Partition numbers that this worker owns.")
        self.group_generation = gauge("group_generation", "Generation of the consumer group.")
        self.recovery_remaining = gauge(
            "recovery_remaining_records", "State records still to be read back (an upper bound).", "partition"
        )
        self.recovery_duration = histogram("recovery_duration_seconds", "Reading the state back.", RECOVERY)
        self.recovery_in_progress = gauge("recovery_in_progress", "1 while state is read back.")

        self.loop_lag = gauge("event_loop_lag_seconds", "How late the event loop's last tick was.")
        self.broker_connected = gauge("broker_connected", "1 when the broker answered last time.")
        self.is_ready = gauge("ready", "1 when events are applied, as /readyz says.")
        self.auth_failures = counter("auth_failures", "Times the broker refused our credentials or rights.")

    def _touch(self) -> None:
        for topic in self._topics:
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

    def describe(self, versions: Mapping[str, str], config_hash: str) -> None:
        """Say what runs here: package -> version, and the digest of its settings."""
        self.build.info(dict(versions))
        self.config_hash.info({"hash": config_hash})

    def exposition(self) -> bytes:
        """Everything as Prometheus reads it (text format 0.0.4)."""
        return generate_latest(self._registry)

    def refused(self) -> None:
        """Hear that the broker refused our credentials or rights."""
        self.auth_failures.inc()

    # -- the observer ----------------------------------------------------------------------------------------------

    def readiness(self, *, ready: bool, reason: str) -> None:
        """Show what `/readyz` says; the reason is for the log."""
        del reason
        self.is_ready.set(ready)

    def loop_ticked(self, late_seconds: float) -> None:
        """Show how late the loop is."""
        self.loop_lag.set(late_seconds)

    def broker(self, *, connected: bool) -> None:
        """Show whether the broker answers."""
        self.broker_connected.set(connected)

    def rebalance_started(self) -> None:
        """Count it."""
        self.rebalances.inc()

    def rebalance_ended(self, seconds: float, partitions: frozenset[int], generation: int) -> None:
        """Show what is owned, and forget the numbers of what left: another worker shows them now."""
        self.rebalance_duration.observe(seconds)
        self.assigned_partitions.set(len(partitions))
        self.group_generation.set(generation)
        for topic, partition in [place for place in self._lags if place[1] not in partitions]:
            self._lags.discard((topic, partition))
            self.lag_records.remove(topic, str(partition))
            self.lag_seconds.remove(topic, str(partition))
        for partition in self._clocks - partitions:
            for gauge in (self.clock_timestamp, self.last_checkpoint, self.recovery_remaining):
                gauge.remove(str(partition))
        self._clocks &= partitions
        self._states = {partition: kept for partition, kept in self._states.items() if partition in partitions}
        self._delays = {partition: kept for partition, kept in self._delays.items() if partition in partitions}
        self._sum_up()

    def recovery_started(self, remaining: dict[int, int]) -> None:
        """Show how much state is to be read."""
        self.recovery_in_progress.set(1)
        for partition, records in remaining.items():
            self.recovery_progress(partition, records)

    def recovery_progress(self, partition: int, remaining: int) -> None:
        """Show how much is left."""
        self._clocks.add(partition)
        self.recovery_remaining.labels(partition).set(remaining)

    def recovery_ended(self, seconds: float) -> None:
        """Show that all state is there."""
        self.recovery_in_progress.set(0)
        self.recovery_duration.observe(seconds)
        for partition in self._clocks:
            self.recovery_remaining.labels(partition).set(0)

    def fetched(self, topic: str, partition: int, records: int) -> None:
        """Count what arrived."""
        del partition
        self.consumed.labels(_in(topic, self._topics)).inc(records)

    def lost(self, topic: str, partition: int, offsets: int) -> None:
        """Count what is gone."""
        del partition
        self.lost_records.labels(_in(topic, self._topics)).inc(offsets)

    def applied(self, partition: int, records: int, seconds: float) -> None:
        """Observe the mean work of a chunk."""
        del partition
        if records:
            self.processing.observe(seconds / records)

    def lag(self, topic: str, partition: int, records: int, seconds: float) -> None:
        """Show what is left to do."""
        self._lags.add((topic, partition))
        self.lag_records.labels(topic, partition).set(records)
        self.lag_seconds.labels(topic, partition).set(seconds)

    def clock(self, partition: int, clock_ms: int, broker_ms: int) -> None:
        """Show the clock, and how far the slowest is behind the broker."""
        self._clocks.add(partition)
        self.clock_timestamp.labels(partition).set(clock_ms / 1_000)
        if broker_ms and self._live:
            self._delays[partition] = max(0, broker_ms - clock_ms) / 1_000
            self._sum_up()

    def state(self, partition: int, records: int, size_bytes: int) -> None:
        """Show what is kept in memory."""
        self._states[partition] = (records, size_bytes)
        self._sum_up()

    def checkpointed(self, partition: int, changes: Changes, seconds: float) -> None:
        """Count what became durable, once it is."""
        now = self._wall()
        self._clocks.add(partition)
        self.last_checkpoint.labels(partition).set(now)
        self.checkpoint.observe(seconds)
        for _, state in changes.states:
            if state is not None:
                self.state_record_bytes.observe(len(state))
        self.health_snapshots.inc(sum(not isinstance(health, Forgotten) for health in changes.health))
        for alert in changes.alerts:
            if alert.transition == "resolved":
                self.alert_open.observe(_seconds(alert.detected_at) - _seconds(alert.opened_at))
        for dead in changes.dead_letters:
            self.dlq.labels(_in(dead.topic, self._topics), _in(dead.reject.code, REJECT_CODES)).inc()
        self._count(changes.tally, len(changes.dead_letters))
        if self._live:
            for decided_ms in changes.tally.decided:
                self.end_to_end.observe(max(0.0, now - decided_ms / 1_000))

    def failed(self, reason: str) -> None:
        """Count a refusal; every other end is told by the log and the exit code."""
        if reason == "authorization":
            self.refused()

    def _count(self, tally: Tally, dead_letters: int) -> None:
        for topic, count in tally.applied.items():
            self.applied_events.labels(_in(topic, self._topics)).inc(count)
        for topic, count in tally.late.items():
            self.late.labels(_in(topic, self._topics)).inc(count)
        for (family, severity, transition), count in tally.transitions.items():
            self.alerts.labels(_in(family, FAMILIES), _in(severity, SEVERITIES), _in(transition, TRANSITIONS)).inc(
                count
            )
        for rule, count in tally.opened.items():
            self.rule_alerts.labels(_in(rule, self._rules)).inc(count)
        for what, count in tally.evicted.items():
            self.evictions.labels(_in(what, EVICTED)).inc(count)
        self.inversions.inc(tally.inversions)
        self.unknown_feedback.inc(tally.unknown_feedback)
        self.skipped.labels("duplicate").inc(tally.duplicates)
        # of an unknown type only the first few a day become dead letters
        self.skipped.labels("unknown_type").inc(max(0, sum(tally.rejected.values()) - dead_letters))

    def _sum_up(self) -> None:
        self.state_records.set(sum(records for records, _ in self._states.values()))
        self.state_bytes.set(sum(size for _, size in self._states.values()))
        self.clock_delay.set(max(self._delays.values(), default=0.0))


def _in(value: str, known: Collection[str]) -> str:
    return value if value in known else OTHER


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
