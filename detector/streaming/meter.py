"""Moves the metrics as the worker tells what it does."""

import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry

from detector.codec import REJECT_CODES
from detector.domain.calendar import DAY_MS
from detector.domain.duplicates import DAYS as DEDUPE_DAYS
from detector.domain.health import Forgotten
from detector.domain.tally import Tally
from detector.streaming.fold import Changes
from detector.streaming.metrics import EVICTED, FAMILIES, GRADES, SEVERITIES, SUPPRESSED, TRANSITIONS, Metrics
from detector.streaming.observer import Silence

OTHER: Final = "other"
"""The label of a value outside its closed set: our mistake if ever seen, but the number of series stays bounded."""


class Meter(Metrics, Silence):
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
        super().__init__(registry or CollectorRegistry(), topics=topics, rules=rules)
        self._live, self._wall = live, wall
        self._states: dict[int, tuple[int, int]] = {}
        self._delays: dict[int, float] = {}
        self._grades: dict[int, Mapping[str, int]] = {}
        self._forgotten_ms = DEDUPE_DAYS * DAY_MS
        self._lags: set[tuple[str, int]] = set()
        self._clocks: set[int] = set()

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
        self._grades = {partition: kept for partition, kept in self._grades.items() if partition in partitions}
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

    def worked(self, topic: str, seconds: float) -> None:
        """Observe the mean work of a slice."""
        self.processing.labels(_in(topic, self._topics)).observe(seconds)

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

    def source(self, topic: str, *, idle: bool) -> None:
        """Show whether a topic has gone quiet."""
        self.source_idle.labels(_in(topic, self._topics)).set(idle)

    def dead_letter_limit(self, topic: str, *, tripped: bool) -> None:
        """Show whether a topic has gone bad."""
        self.dlq_limit.labels(_in(topic, self._topics)).set(tripped)

    def producer_buffered(self, messages: int) -> None:
        """Show what is on its way."""
        self.producer_buffer.set(messages)

    def standing(self, partition: int, grades: Mapping[str, int]) -> None:
        """Show how many accounts there are and how they stand."""
        self._grades[partition] = grades

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
            self.auth_failures.inc()

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
        for why, count in tally.suppressed.items():
            self.suppressed.labels(_in(why, SUPPRESSED)).inc(count)
        if tally.forgotten_ms is not None:
            self._forgotten_ms = min(self._forgotten_ms, tally.forgotten_ms)
            self.dedupe_age.set(self._forgotten_ms / 1_000)
        self.unknown_feedback.inc(tally.unknown_feedback)
        self.quarantined_records.inc(tally.quarantined)
        self.skipped.labels("duplicate").inc(tally.duplicates)
        # of an unknown type only the first few a day become dead letters
        self.skipped.labels("unknown_type").inc(max(0, sum(tally.rejected.values()) - dead_letters))

    def _sum_up(self) -> None:
        for grade in GRADES:
            self.accounts.labels(grade).set(sum(counts.get(grade, 0) for counts in self._grades.values()))
        self.state_accounts.set(sum(sum(counts.values()) for counts in self._grades.values()))
        self.state_records.set(sum(records for records, _ in self._states.values()))
        self.state_bytes.set(sum(size for _, size in self._states.values()))
        self.clock_delay.set(max(self._delays.values(), default=0.0))


def _in(value: str, known: Collection[str]) -> str:
    return value if value in known else OTHER


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
