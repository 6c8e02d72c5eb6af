"""What comes in one millisecond comes to the same, in whatever order it is read."""

from itertools import permutations

import pytest

from detector.domain.events import IntegrationAdded, IntegrationRemoved, TicketEscalated, TouchLogged
from tests.domain.world import DAY, T0, Row, World, log_of, only

AT = T0 + DAY
ESCALATED = TicketEscalated(event_id="e", account_id="acme", occurred_at=AT, ticket_id="t")
PRAISE = TouchLogged(
    event_id="p", account_id="acme", occurred_at=AT, direction="inbound", kind="email", sentiment=0.9
)  # fmt: skip
OFF = IntegrationRemoved(event_id="r", account_id="acme", occurred_at=AT, integration="crm")
ON = IntegrationAdded(event_id="a", account_id="acme", occurred_at=AT, integration="crm")


@pytest.mark.parametrize(
    ("rule_id", "events"), [("support.escalated", (ESCALATED, PRAISE)), ("integration.removed", (OFF, ON))]
)
def test_what_opens_counts_before_what_clears(rule_id: str, events: tuple[TouchLogged, TouchLogged]) -> None:
    said = []
    for order in permutations(events):
        rows: list[Row] = [(AT, "crm", event) for event in order]
        world = World(log_of(rows), only(rule_id)).play(AT + 8 * DAY)
        said.append([(alert.detected_at, alert.transition) for alert in world.alerts])
    assert said[0] == said[1] == [("2026-01-06T00:00:00.000Z", "opened")]


def test_what_clears_a_moment_later_clears() -> None:
    later = TouchLogged(
        event_id="l", account_id="acme", occurred_at=AT + 1, direction="inbound", kind="email", sentiment=0.9
    )  # fmt: skip
    rows: list[Row] = [(AT, "crm", ESCALATED), (AT + 1, "crm", later)]
    world = World(log_of(rows), only("support.escalated")).play(AT + 9 * DAY)
    assert [alert.transition for alert in world.alerts] == ["opened", "recovering", "resolved"]
