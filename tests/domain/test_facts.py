"""Facts: what an event leaves does not depend on when it arrives, nor on how often it is told."""

from itertools import permutations
from typing import Any

import pytest

from detector.domain.events import (
    AccountUpdated,
    ContentSent,
    Event,
    GoalAcknowledged,
    GoalClosed,
    GoalMeasured,
    OnboardingCompleted,
    OnboardingStarted,
    OwnerAssigned,
    StageEntered,
    StakeholderLeft,
    StakeholderUpdated,
    TicketCreated,
    TouchLogged,
    UsageRecorded,
)
from detector.domain.state import AccountRecord, encode_record
from tests.domain.world import DAY, HOUR, T0, Story, World, log_of


def facts_of(world: World) -> bytes:
    """The facts of the account: its record without what the path leaves (alerts, deadlines, ids, counts)."""
    record = world.record()
    facts = AccountRecord(
        profile=record.profile,
        people=record.people,
        goals=record.goals,
        marks=record.marks,
        tracks=record.tracks,
        logs=record.logs,
    )
    return encode_record(facts)


def in_every_order(*events: Event) -> set[bytes]:
    rows = [[(T0 + 30 * DAY, "crm", event) for event in order] for order in permutations(events)]
    return {facts_of(World(log_of(row)).play()) for row in rows}


def event(cls: type[Event], at: int, **fields: Any) -> Event:
    return cls(
        event_id=f"{cls.__name__}-{at}-{sorted(map(str, fields.items()))}",
        account_id="acme",
        occurred_at=T0 + at,
        **fields,
    )


@pytest.mark.parametrize(
    "events",
    [
        # the latest value of a field wins; of two at the same time one of them, always the same
        (event(StageEntered, 0, stage="value"), event(StageEntered, DAY, stage="renewal"),
         event(StageEntered, DAY, stage="adoption")),
        (event(OwnerAssigned, 0, owner_id="o1"), event(OwnerAssigned, 0, owner_id="o2"),
         event(OwnerAssigned, 0, owner_id=None)),
        (event(AccountUpdated, 0, arr_minor=5), event(AccountUpdated, DAY, arr_minor=None),
         event(AccountUpdated, DAY, segment="smb")),
        # a person who leaves and comes back, told in any order
        (
            event(StakeholderUpdated, 0, stakeholder_id="p", role="sponsor"),
            event(StakeholderLeft, DAY, stakeholder_id="p"),
            event(StakeholderUpdated, 2 * DAY, stakeholder_id="p", role="champion", department="it"),
            event(StakeholderLeft, 3 * DAY, stakeholder_id="p", role="end_user"),
        ),
        (
            event(StakeholderLeft, DAY, stakeholder_id="p", role="admin"),
            event(StakeholderLeft, 2 * DAY, stakeholder_id="p", role="sponsor"),
        ),
        # a log keeps the role that the event carries; what is known of the person may come later
        (
            event(TouchLogged, 0, direction="inbound", kind="call", stakeholder_id="p", role="buyer"),
            event(StakeholderUpdated, DAY, stakeholder_id="p", role="sponsor"),
        ),
        (
            event(GoalMeasured, 0, goal_id="g", value=1.0, evidence="measured"),
            event(GoalMeasured, 0, goal_id="g", value=2.0, evidence="measured"),
            event(GoalClosed, DAY, goal_id="g", closed_as="partial"),
            event(GoalClosed, DAY, goal_id="g", closed_as="abandoned"),
            event(GoalAcknowledged, DAY, goal_id="g", stakeholder_id="p"),
        ),
    ],
)  # fmt: skip
def test_facts_do_not_depend_on_the_order_of_arrival(events: tuple[Event, ...]) -> None:
    assert len(in_every_order(*events)) == 1


def test_an_event_that_is_folded_again_after_its_id_was_forgotten_leaves_nothing_more() -> None:
    events = [
        event(TouchLogged, 0, direction="inbound", kind="call"),
        event(GoalMeasured, 1, goal_id="g", value=1.0, evidence="measured"),
        event(GoalAcknowledged, 2, goal_id="g", stakeholder_id="p"),
        event(TicketCreated, 3, ticket_id="t", priority="low", category="question", feature="f"),
        event(StakeholderLeft, 4, stakeholder_id="p"),
    ]
    first = [(e.occurred_at, "crm", e) for e in events]
    another = (
        T0 + 29 * DAY,
        "crm",
        event(ContentSent, 29 * DAY, topic="news"),
    )  # of which nothing is kept but its id
    later = [(T0 + 30 * DAY + n, "crm", again) for n, again in enumerate(events)]
    once, twice = World(log_of([*first, another])).play(), World(log_of([*first, another, *later])).play()
    assert facts_of(twice) == facts_of(once)
    assert twice.changes[0].tally.duplicates == 0


def test_a_vendor_s_own_word_is_no_measure() -> None:
    world = Story()(0, GoalMeasured, goal_id="g", value=1.0, evidence="vendor_asserted").world()
    assert world.record().goals == {}


def test_points_and_acknowledgements_of_a_goal_are_capped_and_counted() -> None:
    story = Story()
    for number in range(30):
        story(number, GoalMeasured, goal_id="g", value=float(number), evidence="measured")
        story(number, GoalAcknowledged, goal_id="g", stakeholder_id=f"p{number}")
    record = story.world().record()
    goal = record.goals["g"]
    assert [point[2] for point in goal.points] == [float(number) for number in range(6, 30)]
    assert len(goal.acks) == 24
    assert record.evicted == {"goal_point": 6, "goal_ack": 6}


def test_a_departure_that_is_told_every_night_keeps_its_date() -> None:
    """A nightly copy of the CRM says `active: false` again and again; the talk with the successor still counts."""
    story = Story()(0, StakeholderUpdated, stakeholder_id="s1", role="sponsor")
    story(0, StakeholderUpdated, stakeholder_id="s2", role="sponsor")
    for night in range(10, 40):
        story(night * DAY, StakeholderUpdated, stakeholder_id="s1", role="sponsor", active=False)
    story(12 * DAY + HOUR, TouchLogged, direction="inbound", kind="call", stakeholder_id="s2")
    world = story.world(until=40 * DAY)
    assert [said[1] for said in world.said("sponsor.left")] == ["opened", "recovering", "resolved"]


def test_a_stage_that_is_told_every_night_was_entered_once() -> None:
    story = Story()(0, OnboardingStarted)
    for night in range(10, 60):
        story(night * DAY, AccountUpdated, stage="adoption")
    world = story.world(until=60 * DAY)
    assert world.said("usage.dark")[0] == ("2026-01-30T00:00:00.000Z", "opened", "warn", None)  # 10 d + 15 d


def test_a_departure_of_somebody_whose_role_only_the_event_says_is_seen() -> None:
    world = Story()(0, StakeholderLeft, stakeholder_id="s1", role="sponsor").world()
    assert world.said("sponsor.left") == [("2026-01-05T00:00:00.000Z", "opened", "critical", "s1")]


def test_the_calendar_is_the_account_s_own() -> None:
    story = Story()(0, AccountUpdated, time_zone="Asia/Tokyo", working_days=("sat", "sun"), holidays=())
    story(HOUR, UsageRecorded)
    story(2 * HOUR, AccountUpdated, time_zone="Europe/Berlin")
    story(3 * HOUR, AccountUpdated, working_days=None)
    record = story.world().record()
    assert {name: record.profile[name][0] for name in ("time_zone", "working_days", "holidays")} == {
        "time_zone": "Europe/Berlin",
        "working_days": None,
        "holidays": [],
    }


def test_onboarding_is_over_when_it_is_completed_late_or_not_at_all() -> None:
    completed = Story()(0, OnboardingStarted)(20 * DAY, OnboardingCompleted)
    assert completed.world(until=60 * DAY).said("usage.dark")[0][0] == "2026-02-09T00:00:00.000Z"  # 20 d + 15 d
    never = Story()(0, OnboardingStarted)
    assert never.world(until=200 * DAY).said("usage.dark")[0][0] == "2026-07-19T00:00:00.000Z"  # 180 d + 15 d


def test_an_owner_who_is_told_again_of_the_same_moment_was_told_once() -> None:
    again = [(T0 + at, "crm", event(OwnerAssigned, 0, owner_id="a", source=f"s{at}")) for at in (0, HOUR, 2 * HOUR)]
    told = World(log_of(again)).play().record().told["owner_id"]
    assert told == [(T0, "a")]
