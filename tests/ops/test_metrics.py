"""The metrics: every one moves when what it counts happens, and their number is bounded whatever the accounts do."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from detector.domain.record import DeadLetter, Record, Reject
from detector.domain.tally import Tally, new_tally
from detector.streaming.meter import Meter
from detector.streaming.metrics import contract
from detector.streaming.observer import Observer
from schemas.refusal import REASONS

TOPICS = ("usage", "support", "crm")
RULES = ("usage.dark", "incident.untold")
NOW = 1_800_000_000.0


@dataclass
class Resolved:
    """What metrics look at of an alert."""

    transition: str = "resolved"
    opened_at: str = "2026-03-02T09:00:00.000Z"
    detected_at: str = "2026-03-02T11:00:00.000Z"
    account_id: str = "acme"


@dataclass
class Done:
    """Changes that became durable."""

    states: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)
    alerts: list[Any] = field(default_factory=list)
    health: list[Any] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    tally: Tally = field(default_factory=new_tally)


def make(*, live: bool = True, rules: tuple[str, ...] = RULES) -> tuple[Meter, CollectorRegistry]:
    registry = CollectorRegistry()
    return Meter(registry, topics=TOPICS, rules=rules, live=live, wall=lambda: NOW), registry


def dead(topic: str, code: str) -> DeadLetter:
    return DeadLetter(topic, 0, Record(1, 2, b"k", b"v"), Reject(code, "detail"))


def everything_happens(observer: Observer, partition: int = 0, suffix: str = "") -> None:
    """One of each call, about an account `suffix`."""
    tally = Tally(
        consumed=Counter({"usage": 4}),
        applied=Counter({"usage": 2}),
        late=Counter({"usage": 1}),
        rejected=Counter({("usage", "bad_json"): 1, ("usage", "unknown_type"): 3}),
        transitions=Counter({("support", "high", "opened"): 1}),
        opened=Counter({"incident.untold": 1}),
        evicted=Counter({"stakeholder": 1, f"measure{suffix}": 1}),
        duplicates=1,
        inversions=1,
        unknown_feedback=1,
        quarantined=2,
        forgotten_ms=7_000,
        suppressed=Counter({"snoozed": 2, f"whim{suffix}": 1}),
        decided=[int((NOW - 3) * 1_000)],
    )
    observer.broker(connected=True)
    observer.readiness(ready=True, reason="ready")
    observer.loop_ticked(0.5)
    observer.rebalance_started()
    observer.recovery_started({partition: 7})
    observer.recovery_progress(partition, 5)
    observer.recovery_ended(2.0)
    observer.rebalance_ended(1.5, frozenset({partition}), 3)
    observer.fetched("usage", partition, 4)
    observer.lost("usage", partition, 3)
    observer.applied(partition, 4, 0.0004)
    observer.worked("usage", 0.0001)
    observer.lag("usage", partition, 9, 12.0)
    observer.clock(partition, int(NOW - 60) * 1_000, int(NOW) * 1_000)
    observer.source("usage", idle=True)
    observer.producer_buffered(6)
    observer.dead_letter_limit("usage", tripped=True)
    observer.standing(partition, {"green": 3, "insufficient_data": 2})
    observer.state(partition, 10, 1_000)
    letters = [dead("usage", "bad_json"), dead(f"nowhere{suffix}", f"nonsense{suffix}")]
    done = Done([(b"k", b"x" * 300), (b"l", None)], {}, [Resolved(account_id=suffix)], [{}], letters, tally)
    observer.checkpointed(partition, done, 0.03)
    observer.failed("authorization")


def values(registry: CollectorRegistry) -> dict[str, float]:
    found = {}
    for family in registry.collect():
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_every_metric_moves_when_what_it_counts_happens() -> None:
    told, registry = make()
    before = values(registry)
    everything_happens(told)
    told.recovery_started({0: 7})
    told.describe({"version": "1", "faust": "2", "aiokafka": "3"}, "abc", 1_800_000_000.0)
    told.exposition(ready=True)
    after = values(registry)
    moved = {name.partition("{")[0] for name in after if after[name] != before.get(name)}
    names = {
        re.sub(r"_(bucket|sum|count)$", "", sample.name)
        for family in registry.collect()
        for sample in family.samples
        if sample.name.startswith("detector_")
    }
    still = {name for name in names if not any(m == name or m.startswith(f"{name}_") for m in moved)}
    assert still == set()


@pytest.mark.parametrize(
    ("sample", "value"),
    [
        ("detector_events_consumed_total{topic=usage}", 4),
        ("detector_events_applied_total{topic=usage}", 2),
        ("detector_events_skipped_total{reason=duplicate}", 1),
        ("detector_events_skipped_total{reason=unknown_type}", 2),
        ("detector_late_events_total{topic=usage}", 1),
        ("detector_dlq_total{reason=bad_json,topic=usage}", 1),
        ("detector_dlq_total{reason=other,topic=other}", 1),
        ("detector_alerts_total{family=support,severity=high,transition=opened}", 1),
        ("detector_rule_alerts_total{rule=incident.untold}", 1),
        ("detector_rule_alerts_total{rule=usage.dark}", 0),
        ("detector_account_inversions_total{}", 1),
        ("detector_state_evictions_total{reason=other}", 1),
        ("detector_end_to_end_latency_seconds_sum{}", 3.0),
        ("detector_event_processing_seconds_sum{topic=usage}", 0.0001),
        ("detector_alerts_suppressed_total{reason=snoozed}", 2),
        ("detector_alerts_suppressed_total{reason=other}", 1),
        ("detector_dedupe_age_seconds{}", 7),
        ("detector_source_idle{topic=usage}", 1),
        ("detector_source_idle{topic=crm}", 0),
        ("detector_producer_buffer_messages{}", 6),
        ("detector_dlq_limit_tripped{topic=usage}", 1),
        ("detector_state_records_quarantined_total{}", 2),
        ("detector_accounts{grade=green}", 3),
        ("detector_state_accounts{}", 5),
        ("detector_alert_open_seconds_sum{}", 7_200),
        ("detector_consumer_lag_records{partition=0,topic=usage}", 9),
        ("detector_consumer_lag_seconds{partition=0,topic=usage}", 12),
        ("detector_clock_timestamp_seconds{partition=0}", NOW - 60),
        ("detector_clock_delay_seconds{}", 60),
        ("detector_last_checkpoint_timestamp_seconds{partition=0}", NOW),
        ("detector_checkpoint_seconds_count{}", 1),
        ("detector_state_records{}", 10),
        ("detector_state_bytes{}", 1_000),
        ("detector_state_record_bytes_sum{}", 300),
        ("detector_rebalances_total{}", 1),
        ("detector_assigned_partitions{}", 1),
        ("detector_group_generation{}", 3),
        ("detector_recovery_remaining_records{partition=0}", 0),
        ("detector_recovery_in_progress{}", 0),
        ("detector_event_loop_lag_seconds{}", 0.5),
        ("detector_broker_connected{}", 1),
        ("detector_auth_failures_total{}", 1),
    ],
)
def test_what_happened_is_the_number_that_is_shown(sample: str, value: float) -> None:
    told, registry = make()
    everything_happens(told)
    assert values(registry)[sample] == pytest.approx(value)


def test_a_hundred_thousand_accounts_make_no_more_series_than_a_hundred() -> None:
    told, registry = make()
    for number in range(100):
        everything_happens(told, suffix=str(number))
    few = set(values(registry))
    for number in range(100, 1_000):
        everything_happens(told, suffix=str(number))
    assert set(values(registry)) == few
    assert not [name for name in few if "acme" in name or "nowhere" in name]


def test_the_number_of_series_stays_under_its_limit() -> None:
    told, registry = make(rules=tuple(f"family.rule{number}" for number in range(100)))
    alone = len(values(registry))
    partitions = frozenset(range(24))
    for partition in partitions:
        told.rebalance_ended(1.0, partitions, 1)
        for topic in TOPICS:
            told.lag(topic, partition, 1, 1.0)
        told.clock(partition, 1, 1)
        told.recovery_progress(partition, 1)
        told.checkpointed(partition, Done(), 0.1)
    assert alone <= 1_000
    assert len(values(registry)) - alone <= 12 * len(partitions)


def test_every_label_value_is_there_from_the_start() -> None:
    _, registry = make()
    shown = values(registry)
    for topic in TOPICS:
        assert shown[f"detector_events_consumed_total{{topic={topic}}}"] == 0
        for reason in REASONS:
            assert shown[f"detector_dlq_total{{reason={reason},topic={topic}}}"] == 0
    assert len([name for name in shown if name.startswith("detector_alerts_total")]) == 6 * 5 * 9
    assert shown["detector_rule_alerts_total{rule=usage.dark}"] == 0


def test_a_partition_that_left_shows_nothing_more() -> None:
    told, registry = make()
    everything_happens(told, partition=0)
    everything_happens(told, partition=1)
    shown = values(registry)
    assert not [name for name in shown if "partition=0" in name]
    assert [name for name in shown if "partition=1" in name]
    assert shown["detector_state_records{}"] == 10
    told.rebalance_ended(1.0, frozenset(), 4)
    assert values(registry)["detector_clock_delay_seconds{}"] == 0


def test_on_imports_no_latency_and_no_delay_is_claimed() -> None:
    told, registry = make(live=False)
    everything_happens(told)
    assert values(registry)["detector_end_to_end_latency_seconds_count{}"] == 0
    assert values(registry)["detector_clock_delay_seconds{}"] == 0


def test_names_keep_the_rules_of_prometheus_and_every_help_is_a_sentence() -> None:
    _, registry = make()
    for family in registry.collect():
        if family.name.startswith("detector_"):
            assert re.fullmatch(r"detector_[a-z_]+", family.name)
            assert family.documentation[0].isupper() or family.documentation[0] == "1"
            assert family.documentation.endswith(".")


def test_the_exposition_is_text_with_the_process_beside_our_own() -> None:
    told, _ = make()
    text = told.exposition(ready=True).decode()
    assert "# TYPE detector_alerts_total counter" in text
    assert "process_cpu_seconds_total" in text
    assert "python_gc_collections_total" in text
    assert "_created" not in text


def test_while_the_loop_hangs_its_lag_grows() -> None:
    told, _ = make()
    told.loop_ticked(0.25)
    assert "detector_event_loop_lag_seconds 0.25" in told.exposition(ready=True).decode()
    assert "detector_event_loop_lag_seconds 40.0" in told.exposition(ready=False, hanging=40.0).decode()


def test_ready_is_what_the_probe_says_at_that_moment() -> None:
    told, _ = make()
    assert "detector_ready 1.0" in told.exposition(ready=True).decode()
    assert "detector_ready 0.0" in told.exposition(ready=False).decode()


def test_the_contract_is_what_is_exported() -> None:
    """Whoever writes rules and dashboards against the list finds each name, kind and label in the exposition."""
    told, registry = make()
    told.describe({"version": "1", "faust": "2", "aiokafka": "3"}, "abc")
    everything_happens(told)
    exported = {}
    for family in registry.collect():
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        exported[family.name + suffix] = (family.type, labels, family.documentation)
    assert {one.name: (one.kind, set(one.labels), one.help) for one in contract()} == exported


def test_the_page_for_operators_has_the_contract_in_its_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    for one in contract():
        if one.name.startswith("detector_"):
            assert f"| `{one.name}` | {one.kind} | {', '.join(one.labels)} | {one.help} |" in page
