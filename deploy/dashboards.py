"""Grafana's two dashboards as data: rows of panels, each a question with the expressions that answer it.

`python -m deploy.generate` writes them as JSON for Grafana to load. Every expression names metrics of the contract:
`make check-deploy` proves it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

INTERVAL: Final = "$__rate_interval"
INSTALLATION: Final = 'installation="$installation"'
"""What every metric is asked with: a dashboard shows one installation at a time."""
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
WIDTH: Final = 24
HEIGHT: Final = 8


@dataclass(frozen=True)
class Panel:
    """One question; `asks` are (legend, expression). `unit` is Grafana's: s, short, ops, bytes, percentunit, none."""

    title: str
    unit: str
    asks: Sequence[tuple[str, str]]
    kind: str = "timeseries"
    says: str = ""
    """What to look for in it, and where to read on."""
    limit: float | None = None
    """Where it becomes red: the figure of the alert."""
    stacked: bool = False


@dataclass(frozen=True)
class Board:
    """A dashboard: its rows by title."""

    uid: str
    title: str
    rows: Mapping[str, Sequence[Panel]] = field(default_factory=dict)


def _rate(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}[{INTERVAL}]))"


def _quantile(share: float, metric: str) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({metric}_bucket[{INTERVAL}])))"


def _quantiles(metric: str) -> list[tuple[str, str]]:
    return [("p50", _quantile(0.5, metric)), ("p99", _quantile(0.99, metric))]


def _of_a_day(share: float) -> str:
    return f"histogram_quantile({share}, sum by (le) (increase(detector_alert_open_seconds_bucket[24h])))"


OPERATIONS: Final = Board(
    "detector-operations",
    "Value decay: operations",
    {
        "Promise": [
            Panel(
                "Workers ready", "none", [("ready", "sum(detector_ready)"), ("up", 'sum(up{job="detector"})')], "stat"
            ),
            Panel(
                "From event to alert",
                "s",
                _quantiles("detector_end_to_end_latency_seconds"),
                says="From the record's time in Kafka to the alert's commit.",
                limit=30,
            ),
            Panel(
                "Unusable records",
                "percentunit",
                [
                    (
                        "{{topic}}",
                        f"{_rate('detector_dlq_total', 'topic')} / {_rate('detector_events_consumed_total', 'topic')}",
                    )
                ],
                limit=0.01,
            ),
            Panel(
                "Why they are unusable", "ops", [("{{reason}}", _rate("detector_dlq_total", "reason"))], stacked=True
            ),
            Panel("Dead-letter limit", "none", [("{{topic}}", "max by (topic) (detector_dlq_limit_tripped)")], limit=1),
            Panel(
                "Events applied", "ops", [("{{topic}}", _rate("detector_events_applied_total", "topic"))], stacked=True
            ),
            Panel(
                "Without effect, late, out of order, lost",
                "ops",
                [
                    ("{{reason}}", _rate("detector_events_skipped_total", "reason")),
                    ("late", f"sum(rate(detector_late_events_total[{INTERVAL}]))"),
                    ("out of order", f"sum(rate(detector_account_inversions_total[{INTERVAL}]))"),
                    ("lost", f"sum(rate(detector_records_lost_total[{INTERVAL}]))"),
                ],
            ),
        ],
        "Lag and clock": [
            Panel(
                "Lag in time, the worst partition",
                "s",
                [("{{topic}}", "max by (topic) (detector_consumer_lag_seconds)")],
                limit=120,
            ),
            Panel("Lag in records", "short", [("{{topic}}", "sum by (topic) (detector_consumer_lag_records)")]),
            Panel(
                "Lag by partition", "short", [("{{partition}}", "sum by (partition) (detector_consumer_lag_records)")]
            ),
            Panel(
                "Clock behind the broker",
                "s",
                [("{{instance}}", "max by (instance) (detector_clock_delay_seconds)")],
                says="While it stands back, silence is noticed late.",
                limit=120,
            ),
            Panel(
                "Clock of each partition",
                "dateTimeAsIso",
                [("{{partition}}", "max by (partition) (detector_clock_timestamp_seconds) * 1000")],
            ),
            Panel(
                "Topics on which nothing comes",
                "none",
                [("{{topic}}", "min by (topic) (detector_source_idle)")],
                limit=1,
            ),
        ],
        "Rebalances, recovery, checkpoints": [
            Panel(
                "Rebalances in 10 minutes",
                "none",
                [("{{instance}}", "max by (instance) (increase(detector_rebalances_total[10m]))")],
                limit=3,
            ),
            Panel(
                "Partitions by worker",
                "none",
                [("{{instance}}", "max by (instance) (detector_assigned_partitions)")],
                stacked=True,
            ),
            Panel(
                "Generation of the group", "none", [("{{instance}}", "max by (instance) (detector_group_generation)")]
            ),
            Panel("Rebalances take", "s", _quantiles("detector_rebalance_duration_seconds")),
            Panel(
                "State still to read back",
                "short",
                [("{{instance}}", "sum by (instance) (detector_recovery_remaining_records)")],
            ),
            Panel(
                "Recovery",
                "s",
                [
                    ("takes, p99", _quantile(0.99, "detector_recovery_duration_seconds")),
                    ("workers in it", "sum(detector_recovery_in_progress)"),
                ],
            ),
            Panel("Checkpoints take", "s", _quantiles("detector_checkpoint_seconds")),
            Panel(
                "Since the last checkpoint",
                "s",
                [("{{partition}}", "time() - max by (partition) (detector_last_checkpoint_timestamp_seconds)")],
                limit=60,
            ),
        ],
        "State and process": [
            Panel("Accounts", "short", [("{{instance}}", "max by (instance) (detector_state_accounts)")], stacked=True),
            Panel(
                "Bytes of state", "bytes", [("{{instance}}", "max by (instance) (detector_state_bytes)")], stacked=True
            ),
            Panel("Bytes of a record written", "bytes", _quantiles("detector_state_record_bytes")),
            Panel(
                "State records, those put aside, entries dropped",
                "short",
                [
                    ("records", "sum(detector_state_records)"),
                    ("put aside", "sum(increase(detector_state_records_quarantined_total[1h]))"),
                    ("{{reason}} dropped", "sum by (reason) (increase(detector_state_evictions_total[1h]))"),
                ],
            ),
            Panel(
                "Repeats are recognised for", "s", [("{{instance}}", "min by (instance) (detector_dedupe_age_seconds)")]
            ),
            Panel(
                "Memory",
                "bytes",
                [("{{instance}}", 'max by (instance) (process_resident_memory_bytes{job="detector"})')],
            ),
            Panel(
                "CPU",
                "percentunit",
                [
                    (
                        "{{instance}}",
                        f'sum by (instance) (rate(process_cpu_seconds_total{{job="detector"}}[{INTERVAL}]))',
                    )
                ],
                limit=1,
            ),
            Panel(
                "Event loop late by",
                "s",
                [("{{instance}}", "max by (instance) (detector_event_loop_lag_seconds)")],
                limit=1,
            ),
            Panel("Work for one event", "s", _quantiles("detector_event_processing_seconds")),
            Panel("Open files", "none", [("{{instance}}", 'max by (instance) (process_open_fds{job="detector"})')]),
        ],
        "Brokers": [
            Panel("Connected workers", "none", [("{{instance}}", "max by (instance) (detector_broker_connected)")]),
            Panel(
                "Sent, not acknowledged",
                "short",
                [("{{instance}}", "max by (instance) (detector_producer_buffer_messages)")],
            ),
            Panel(
                "Refused credentials or rights",
                "none",
                [("{{instance}}", "max by (instance) (increase(detector_auth_failures_total[1h]))")],
                limit=1,
            ),
            Panel(
                "Builds and settings that run",
                "none",
                [
                    ("{{version}}", "count by (version) (detector_build_info)"),
                    ("settings {{hash}}", "count by (hash) (detector_config_hash_info)"),
                ],
            ),
        ],
    },
)

BUSINESS: Final = Board(
    "detector-business",
    "Value decay: customers",
    {
        "Alerts": [
            Panel(
                "Opened by family, an hour",
                "short",
                [("{{family}}", 'sum by (family) (increase(detector_alerts_total{transition="opened"}[1h]))')],
                stacked=True,
            ),
            Panel(
                "Opened by severity, an hour",
                "short",
                [("{{severity}}", 'sum by (severity) (increase(detector_alerts_total{transition="opened"}[1h]))')],
                stacked=True,
            ),
            Panel(
                "Rules that open most, a day",
                "short",
                [("{{rule}}", "topk(10, sum by (rule) (increase(detector_rule_alerts_total[24h])))")],
                "bargauge",
            ),
            Panel(
                "Transitions, an hour",
                "short",
                [("{{transition}}", "sum by (transition) (increase(detector_alerts_total[1h]))")],
                stacked=True,
            ),
            Panel(
                "Held back, an hour",
                "short",
                [("{{reason}}", "sum by (reason) (increase(detector_alerts_suppressed_total[1h]))")],
                says="Judged, and not published: snoozed, muted, a holiday.",
            ),
            Panel(
                "Feedback on alerts that are not known",
                "short",
                [("a day", "sum(increase(detector_feedback_unknown_total[24h]))")],
            ),
        ],
        "Customers": [
            Panel("Accounts by grade", "short", [("{{grade}}", "sum by (grade) (detector_accounts)")], stacked=True),
            Panel(
                "Unproven",
                "percentunit",
                [("share", 'sum(detector_accounts{grade="unproven"}) / sum(detector_accounts)')],
                says="Green in everything, without proof that the customer's goals are reached.",
            ),
            Panel(
                "At risk or critical",
                "percentunit",
                [("share", 'sum(detector_accounts{grade=~"at_risk|critical"}) / sum(detector_accounts)')],
            ),
            Panel("Grades now", "short", [("{{grade}}", "sum by (grade) (detector_accounts)")], "bargauge"),
            Panel(
                "Health snapshots published",
                "ops",
                [("snapshots", f"sum(rate(detector_health_snapshots_total[{INTERVAL}]))")],
            ),
        ],
        "Time to resolve": [
            Panel(
                "Alerts are open for",
                "s",
                [
                    (
                        "median of a day",
                        _of_a_day(0.5),
                    ),
                    (
                        "nine of ten",
                        _of_a_day(0.9),
                    ),
                ],
            ),
            Panel(
                "Resolved within",
                "short",
                [("{{le}}", "sum by (le) (increase(detector_alert_open_seconds_bucket[24h]))")],
                "bargauge",
            ),
            Panel(
                "Opened and resolved, a day",
                "short",
                [
                    (
                        "{{transition}}",
                        'sum by (transition) (increase(detector_alerts_total{transition=~"opened|resolved"}[24h]))',
                    ),
                ],
            ),
        ],
    },
)


def boards() -> dict[str, dict[str, Any]]:
    """Both dashboards as Grafana loads them, by the name of their file."""
    return {"operations": _board(OPERATIONS), "business": _board(BUSINESS)}


def _board(board: Board) -> dict[str, Any]:
    return {
        "uid": board.uid,
        "title": board.title,
        "tags": ["value-decay-detector"],
        "timezone": "utc",
        "schemaVersion": 41,
        "version": 1,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "annotations": {"list": []},
        "links": [],
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                    "current": {"text": "Prometheus", "value": "prometheus"},
                },
                {
                    "name": "installation",
                    "label": "Installation",
                    "type": "query",
                    "datasource": SOURCE,
                    "query": {"query": "label_values(detector_ready, installation)", "refId": "installation"},
                    "refresh": 1,
                    "sort": 1,
                },
            ]
        },
        "panels": list(_panels(board)),
    }


def _panels(board: Board) -> Iterator[dict[str, Any]]:
    number, top = 1, 0
    for title, panels in board.rows.items():
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1},
        }
        number, top = number + 1, top + 1
        for place, panel in enumerate(panels):
            x, y = place % 3 * HEIGHT, top + place // 3 * HEIGHT
            yield _panel(panel, number, {"x": x, "y": y, "w": HEIGHT, "h": HEIGHT})
            number += 1
        top += -(-len(panels) // 3) * HEIGHT


def _of_the_installation(expression: str) -> str:
    """The same, every metric in it asked of the chosen installation only."""
    selected = re.sub(r"\b((?:detector|process)_\w+|up)\b(?:\{(.*?)\})?", r"\1{\2," + INSTALLATION + "}", expression)
    return selected.replace("{,", "{")


def _panel(panel: Panel, number: int, place: Mapping[str, int]) -> dict[str, Any]:
    instant = panel.kind != "timeseries"
    steps = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})  # type: ignore[dict-item]
    custom = {"stacking": {"mode": "normal" if panel.stacked else "none"}, "fillOpacity": 30 if panel.stacked else 5}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        **({"description": panel.says} if panel.says else {}),
        "datasource": SOURCE,
        "gridPos": dict(place),
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
                **({} if instant else {"custom": custom}),
            },
            "overrides": [],
        },
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}} if instant else {"tooltip": {"mode": "multi"}},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": _of_the_installation(expression),
                "legendFormat": legend,
                "instant": instant,
                "range": not instant,
            }
            for index, (legend, expression) in enumerate(panel.asks)
        ],
    }
