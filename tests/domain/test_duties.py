"""What is owed, in the corners that the timelines of the rules do not reach."""

from detector.domain.events import (
    AccountUpdated,
    IncidentNotified,
    IncidentOpened,
    OwnerAssigned,
    TicketCreated,
    TicketReplied,
    TicketResolved,
)
from detector.domain.facts import MAX_TOLD
from tests.domain.world import DAY, HOUR, MINUTE, Story


def old() -> Story:
    """An account that is no longer in onboarding."""
    return Story()(-60 * DAY, AccountUpdated, stage="value")


def test_a_reply_just_after_the_limit_opens_the_alert_at_the_limit() -> None:
    """R2.11: the deadline fires after the grace, stamped with its time, though the reply is known by then."""
    story = old()(0, TicketCreated, ticket_id="t", priority="urgent", category="defect")
    story(HOUR + MINUTE, TicketReplied, ticket_id="t", author="agent")
    alerts = story.world(until=20 * DAY).of("support.slow_response")
    assert [(a.detected_at[5:16], a.transition) for a in alerts] == [
        ("01-05T01:00", "opened"),
        ("01-19T01:01", "resolved"),
    ]


def test_a_ticket_that_was_settled_too_late_and_without_a_word_is_not_said_to_have_got_a_reply() -> None:
    story = old()(0, TicketCreated, ticket_id="t", priority="urgent", category="defect")
    story(3 * HOUR, TicketResolved, ticket_id="t")
    said = story.world(until=20 * DAY).of("support.slow_response")[-1].explanation
    assert said == "Ticket t was answered or resolved on 2026-01-05 03:00 UTC, after 180 minutes."


def test_an_incident_of_which_only_word_is_known_makes_no_ticket_urgent() -> None:
    story = old()(0, IncidentNotified, incident_id="i", phase="first")
    story(HOUR, TicketCreated, ticket_id="t", priority="high", category="defect")
    story(HOUR * 4, TicketReplied, ticket_id="t", author="agent")
    assert story.world(until=2 * DAY).of("incident.slow_ticket") == []
    story(HOUR // 2, IncidentOpened, incident_id="j", severity="minor")
    assert [a.transition for a in story.world(until=2 * DAY).of("incident.slow_ticket")] == ["opened", "revised"]


def test_an_owner_that_is_told_again_and_again_has_changed_once() -> None:
    story = old()(0, OwnerAssigned, owner_id="a")(DAY, OwnerAssigned, owner_id="b")
    for day in range(2, 12):
        story(day * DAY, AccountUpdated, owner_id="b")
    world = story.world(until=20 * DAY)
    assert [a.detected_at[5:10] for a in world.of("owner.unintroduced")] == ["01-20"]
    assert len(world.record().told["owner_id"]) == MAX_TOLD


def test_owners_that_change_all_the_time_push_out_the_first() -> None:
    story = old()
    for day in range(MAX_TOLD + 2):
        story(day * DAY, OwnerAssigned, owner_id=f"o{day}")
    assert story.world().record().told["owner_id"][0][1] == "o2"
