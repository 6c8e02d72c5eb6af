"""One event is enough, at once: what must have held when it came, what proves late that it did not, when it is over."""

from typing import Any

import pytest

from detector.domain.events import AccountUpdated, StakeholderUpdated, TicketReopened, TicketReplied
from detector.domain.operators.once import Once
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, Story

CANNED = next(rule for rule in PLAN.rules if rule.id == "support.canned").operator


def reply(story: Story, at: int, canned: bool, ticket: str = "t1", **fields: Any) -> Story:
    return story(at, TicketReplied, ticket_id=ticket, author="agent", canned=canned, **fields)


def reopened(story: Story, at: int, ticket: str = "t1") -> Story:
    return story(at, TicketReopened, ticket_id=ticket)


def old() -> Story:
    return Story()(-60 * DAY, AccountUpdated, segment="smb")


def told(story: Story, until: int = 30 * DAY) -> list[tuple[str, str, str | None]]:
    alerts = story.world(until=until).of("support.canned")
    return [(alert.detected_at[5:16], alert.transition, alert.resolution) for alert in alerts]


def test_a_written_reply_that_is_told_late_proves_that_it_never_held() -> None:
    """R2.11: it resolves as superseded at once, and nothing cools down."""
    story = reopened(reply(old(), 0, canned=True), DAY)
    reply(story, HOUR, canned=False, late=2 * DAY)
    assert told(story) == [("01-06T00:00", "opened", None), ("01-07T01:00", "resolved", "superseded")]


def test_once_it_was_canned_a_second_reopening_after_a_written_reply_is_no_news() -> None:
    story = reopened(reply(old(), 0, canned=True), DAY)
    reopened(reply(story, 2 * DAY, canned=False), 3 * DAY)
    assert told(story) == [("01-06T00:00", "opened", None), ("01-20T00:00", "resolved", "recovered")]


def test_a_second_canned_reply_lets_it_last_on_from_there() -> None:
    story = reopened(reply(old(), 0, canned=True), DAY)
    reopened(reply(story, 2 * DAY, canned=True), 3 * DAY)
    assert told(story) == [
        ("01-06T00:00", "opened", None),
        ("01-08T00:00", "revised", None),
        ("01-22T00:00", "resolved", "righted_itself"),
    ]


def test_of_very_many_replies_the_old_ones_are_forgotten_and_the_alert_runs_its_time() -> None:
    story = reopened(reply(old(), 0, canned=True), DAY)
    for number in range(64):
        reply(story, 2 * DAY + number * MINUTE, canned=False, ticket="t2")
    assert told(story)[-1] == ("01-20T00:00", "resolved", "recovered")


def test_an_alert_ends_when_its_subject_is_kept_no_more() -> None:
    world = reopened(reply(old(), 0, canned=True), DAY).world(until=2 * DAY)
    account = world.partition._accounts["default", "acme"]
    del account.record.tracks["ticket"]["t1"]
    account.record.wake["support.canned"] = account.record.wake["support.canned"] - 10 * DAY
    assert isinstance(CANNED, Once)
    world.partition.run_to(world.partition.clock + 40 * DAY)
    world.collect()
    assert [(alert.transition, alert.resolution) for alert in world.of("support.canned")] == [
        ("opened", None),
        ("resolved", "superseded"),
    ]


@pytest.mark.parametrize("rule_id", ["support.canned", "support.escalated", "integration.removed", "package.off"])
def test_it_listens_to_its_events_and_to_what_clears_it(rule_id: str) -> None:
    operator = next(rule for rule in PLAN.rules if rule.id == rule_id).operator
    assert isinstance(operator, Once)
    classes = {cls for cls, _ in operator.wakes}
    assert classes >= set(operator.source.matcher.alternatives)
    if operator.seen is not None:
        assert classes >= set(operator.seen.classes)


def test_what_clears_is_said_in_words_with_the_number_of_days() -> None:
    story = old()(0, StakeholderUpdated, stakeholder_id="p1", role="admin")
    alert = reopened(reply(story, 0, canned=True), DAY).world(until=2 * DAY).of("support.canned")[0]
    assert alert.clears_when.text == "14 days without another one"
    assert alert.explanation.startswith("Ticket t1 was reopened on 2026-01-06 00:00 UTC, after a canned reply.")
