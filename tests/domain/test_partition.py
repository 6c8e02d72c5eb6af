"""A partition: the clock, deadlines, the daily minute, duplicates, what it reports."""

from typing import Any

from detector.domain.events import (
    AccountUpdated,
    DocsViewed,
    IncidentOpened,
    SeatsChanged,
    TicketCreated,
    TouchLogged,
    UsageActiveUsers,
    UsageRecorded,
)
from detector.domain.schedule import minute_of
from detector.domain.state import account_path
from tests.domain.world import DAY, HOUR, MINUTE, T0, Log, Story, World, log_of


def touch(story: Story, at: int, **fields: Any) -> Story:
    return story(at, TouchLogged, **{"direction": "inbound", "kind": "call", **fields})


def test_a_transition_after_a_checkpoint_is_urgent_and_counted() -> None:
    story = Story()(HOUR, IncidentOpened, incident_id="i1", severity="major")
    story(2 * HOUR, IncidentOpened, incident_id="i2", severity="major")
    story(4 * HOUR, IncidentOpened, incident_id="i3", severity="major")
    world = World(story.log())
    world.offer_rest()
    world.partition.advance({"crm"}, 2)
    world.collect()
    world.partition.advance({"crm"})
    assert world.partition.urgent
    world.collect()
    assert [sum(changes.tally.transitions.values()) for changes in world.changes] == [1, 1]
    assert [changes.tally.opened["incident.untold"] for changes in world.changes] == [1, 1]


def test_an_account_that_has_only_been_talked_with_goes_dark_too() -> None:
    """Its first event, of whatever type, begins every wait that an account owes."""
    world = touch(Story(), 9 * HOUR).world(until=50 * DAY)
    assert world.said("usage.dark")[0] == (
        "2026-02-19T09:00:00.000Z",
        "opened",
        "warn",
        None,
    )  # 30 d of onboarding, 15 d


def test_an_account_is_seen_in_health_from_its_first_event_on() -> None:
    world = Story()(HOUR, UsageRecorded).world()
    assert [(snapshot.account_id, snapshot.as_of) for snapshot in world.health] == [
        ("acme", "2026-01-05T01:00:00.000Z")
    ]


def test_a_new_account_waits_for_its_next_minute_not_for_one_that_is_past() -> None:
    minute = minute_of(account_path("default", "acme")) * MINUTE
    story = Story("other")(minute - 8 * HOUR if minute > 8 * HOUR else 0, UsageRecorded)
    rows = touch(Story(), minute + HOUR).rows
    world = World(log_of([*story.rows, *rows])).play(T0 + minute + 2 * HOUR)
    assert [snapshot.as_of for snapshot in world.health if snapshot.account_id == "acme"] == [world.health[-1].as_of]


def test_an_id_is_known_for_14_days_of_record_time_however_late_the_event_was() -> None:
    story = touch(Story(), 0, event_id="late", late=60 * DAY)
    touch(story, 61 * DAY, event_id="new")
    touch(story, 0, event_id="late", late=62 * DAY)
    touch(story, 80 * DAY, event_id="newer")
    touch(story, 0, event_id="late", late=81 * DAY)
    world = story.world()
    assert world.changes[0].tally.duplicates == 1
    assert sum(world.changes[0].tally.applied.values()) == 4


def test_at_most_512_ids_are_kept_and_usage_has_its_own_64() -> None:
    story = Story()
    for number in range(600):
        touch(story, HOUR + number, event_id=f"t{number}")
    for number in range(70):
        story(2 * HOUR + number, DocsViewed, event_id=f"d{number}")
    for again in ("t0", "t89", "t599", "d5", "d7"):  # the first of each kind is new again, and pushes one out
        touch(story, 3 * HOUR, event_id=again) if again[0] == "t" else story(3 * HOUR, DocsViewed, event_id=again)
    world = story.world()
    assert world.changes[0].tally.duplicates == 3
    assert sum(map(len, world.record().recent.values())) == 512 * 8


def test_a_duplicate_is_no_inversion_and_moves_nothing() -> None:
    rows = touch(touch(Story(), HOUR, event_id="one"), 2 * HOUR).rows
    one = World(log_of(rows)).play()
    two = World(log_of([*rows, (T0 + 3 * HOUR, "crm", rows[0][2])])).play()
    assert {key: value for key, value in one.store.items() if key != b"p"} == {
        key: value for key, value in two.store.items() if key != b"p"
    }
    assert two.changes[0].tally.inversions == 0


def test_a_record_at_the_very_end_of_the_grace_that_comes_after_the_deadline_is_an_inversion() -> None:
    incident = Story(topic="support")(0, IncidentOpened, incident_id="i1", severity="major").rows
    due = T0 + 30 * MINUTE
    event = TicketCreated(
        event_id="x", account_id="acme", occurred_at=due, ticket_id="t", priority="low", category="question"
    )
    for at, inversions in ((due + 2 * MINUTE, 1), (due + 2 * MINUTE + 1, 0)):
        world = World(log_of([*incident, (at, "crm", event)], topics=("crm", "support")))
        world.partition.offer("support", world.log.records["support"])
        world.partition.advance({"crm", "support"})
        world.partition.run_to(due + 2 * MINUTE + 1)
        world.partition.offer("crm", world.log.records["crm"])
        world.partition.advance({"crm", "support"})
        world.collect()
        assert world.changes[0].tally.inversions == inversions
        assert world.record().inversions == inversions


def test_nothing_to_write_is_no_snapshot_unless_it_is_forced() -> None:
    world = World(Log({"crm": []}))
    assert world.collect() is None
    assert world.partition.collect(force=True) is not None


def test_a_partition_has_begun_once_a_checkpoint_of_it_was_kept() -> None:
    """Offsets of a group without it mean that state was lost."""
    world = Story()(0, AccountUpdated, stage="value").world()
    assert world.partition.begun
    assert not World(Log({"crm": []})).partition.begun


def test_a_record_that_is_as_it_was_is_not_written_again() -> None:
    """Where seats were bought every day is looked at; most days change nothing of it."""
    story = Story()(0, AccountUpdated, stage="value")(0, SeatsChanged, purchased=10)
    story(0, UsageActiveUsers, active_users=10, period_days=28)
    world = story.world(until=30 * DAY)
    before = len(world.changes)
    for day in range(30, 60):
        world.partition.run_to(T0 + (day + 1) * DAY)
        world.collect()
    written = [key for changes in world.changes[before:] for key, _ in changes.states]
    assert written.count(b"h/default/acme") == 30
    assert 0 < written.count(b"a/default/acme") < 10
