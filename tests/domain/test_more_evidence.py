"""A law of the whole: more evidence of risk never makes an account look better."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.domain.events import EVENT_TYPES
from detector.domain.verdict import SEVERITIES
from tests.domain.streams import rows
from tests.domain.test_laws import bounded
from tests.domain.world import DAY, MINUTE, Row, World, log_of

# Events that are evidence of risk and of nothing else, and the rules that they speak for.
LOW: dict[str, Any] = {"survey_type": "csat", "score": 0, "scale_min": 0, "scale_max": 10, "stakeholder_id": "a"}
WORSE: tuple[tuple[str, dict[str, Any], frozenset[str]], ...] = (
    ("incident.opened", {"incident_id": "worse", "severity": "major"}, frozenset({"incident.untold"})),
    ("stakeholder.left", {"stakeholder_id": "a"}, frozenset({"sponsor.left"})),
    ("ticket.escalated", {"ticket_id": "a"}, frozenset({"support.escalated", "interaction.negative"})),
    ("ticket.sla_breached", {"ticket_id": "a"}, frozenset({"support.poor_experience"})),
    ("ticket.reopened", {"ticket_id": "a"}, frozenset({"support.poor_experience", "support.canned"})),
    ("integration.removed", {"integration": "a"}, frozenset({"integration.removed"})),
    ("package.changed", {"package": "a", "enabled": False}, frozenset({"package.off"})),
    ("downgrade.requested", {}, frozenset({"downgrade.requested"})),
    ("payment.failed", {"invoice_id": "a"}, frozenset({"payment.failed"})),
    ("discount.requested", {}, frozenset({"price.objection"})),
    ("competitor.mentioned", {}, frozenset({"competitor.mentioned"})),
    ("assessment.recorded", {"verdict": "at_risk"}, frozenset({"assessment.at_risk"})),
    ("milestone.missed", {"milestone_id": "a"}, frozenset({"milestone.missed_quiet"})),
    ("onboarding.reopened", {"task_id": "a"}, frozenset({"onboarding.irritation"})),
    (
        "survey.responded",
        LOW,
        frozenset({"interaction.negative", "sentiment.snowball", "support.poor_experience", "survey.unanswered"}),
    ),
)


@pytest.mark.no_cover  # slow where branches are counted, and others reach the same ones
@settings(bounded, max_examples=80)
@given(rows(accounts=("acme",)), st.sampled_from(WORSE), st.sampled_from((0, MINUTE, DAY, 4 * DAY)))
def test_more_evidence_of_risk_lowers_no_severity(
    stream: list[Row], worse: tuple[str, dict[str, Any], frozenset[str]], later: int
) -> None:
    name, fields, rules = worse
    at = stream[-1][0] + MINUTE
    event = EVENT_TYPES[name](event_id="worse", account_id="acme", occurred_at=at, **fields)
    without = World(log_of(stream)).play(at + later)
    with_it = World(log_of([*stream, (at, "support", event)])).play(at + later)
    graver = severities(with_it)
    for alert, severity in severities(without).items():
        if alert[0] in rules:
            assert graver.get(alert, 0) >= severity, alert


def severities(world: World) -> dict[tuple[str, str | None], int]:
    """The severity step of each open alert, by rule and subject."""
    return {(rule, subject): SEVERITIES.index(severity) for _, rule, subject, severity in world.open()}
