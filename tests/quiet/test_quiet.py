"""Healthy accounts hear little: a quarter of twenty of them, as `make quiet` measures a year of five hundred."""

from collections import Counter

from benchmarks.quiet import SEED, Quiet, Told, measure, table
from detector.catalogue.pack import load_plan
from detector.domain.verdict import HIGH, SEVERITIES
from harness.healthy.fleet import live

PLAN = load_plan()
SEVERE = SEVERITIES[HIGH:]
# See the findings of docs/quiet.md: a report at the month's end, and the index, which follows whatever else is false.
KNOWN = frozenset({"data.exported", "index.falling"})


def severe(told: Told) -> bool:
    """Whether it is severe by itself, not because the renewal is near (R2.8)."""
    days = told.days_to_renewal
    return (
        told.polarity == "risk"
        and told.severity in SEVERE
        and told.rule_id not in KNOWN
        and not (days is not None and 0 <= days <= 90)
    )


def test_no_severe_alert_of_a_healthy_account() -> None:
    said: list[Told] = []
    quiet = measure(PLAN, 20, 90, heard=said.append)
    assert Counter(told.rule_id for told in said if severe(told)) == Counter()
    assert quiet.dead_letters == 0


def test_the_same_seed_gives_the_same_year() -> None:
    assert live(3, SEED, 365) == live(3, SEED, 365)
    assert live(3, SEED, 365) != live(3, SEED + 1, 365)


def test_the_table_counts_each_alert_once_by_its_worst_severity() -> None:
    quiet = Quiet(accounts=10, years=5.0)
    for severity, transition in (("watch", "opened"), ("high", "escalated"), ("warn", "eased")):
        quiet.take(Told("acme", "1", "usage.drop", "risk", severity, transition, "", ""))
    quiet.take(Told("acme", "2", "usage.drop", "risk", "watch", "opened", "", ""))
    quiet.take(Told("beta", "3", "licence.full", "good", "info", "opened", "", ""))
    lines = list(table(quiet, PLAN))
    assert "| `usage.drop` | 2 | 0.40 | 10% | 0 | 1 | 0 | 1 | 0 |" in lines
    assert "| all rules | 2 | 0.40 | 10% | 0 | 1 | 0 | 1 | 0 |" in lines
    assert lines[-1] == "Good news, which is no false alert, per account and year: `licence.full` 0.20."
