"""A person who is to be forgotten: the id goes everywhere, what was counted stays (rules.md R2.12)."""

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain import hot
from detector.domain.alerts import fingerprint_of, iso
from detector.domain.erasure import names
from detector.domain.events import (
    AlertFeedback,
    Event,
    GoalAcknowledged,
    GoalMeasured,
    GoalSet,
    StakeholderErased,
    StakeholderLeft,
    StakeholderUpdated,
    TicketCreated,
    TouchLogged,
    UsageRecorded,
)
from detector.domain.state import decode_account_record, encode_record
from tests.domain.streams import TYPES, rows
from tests.domain.test_laws import bounded
from tests.domain.world import DAY, HOUR, T0, Row, Story, World, log_of, only

LEFT = "sponsor.left"
FEW = only(LEFT, "goal.achieved_unseen")


def told(world: World) -> bytes:
    """Everything that was published and is kept."""
    return b"".join((*world.alert_bytes, *world.health_bytes, *world.store.values()))


def sponsors(*names_: str) -> Story:
    story = Story()
    for name in names_:
        story(0, StakeholderUpdated, stakeholder_id=name, role="sponsor")
    return story


def erased(story: Story, at: int, who: str = "ada-1", **more: Any) -> Story:
    return story(at, StakeholderErased, stakeholder_id=who, **more)


def after(world: World, at: int) -> bytes:
    """What was published after a time."""
    alerts = [alert for alert in world.alerts if alert.detected_at >= iso(T0 + at)]
    health = [snapshot for snapshot in world.health if snapshot.as_of >= iso(T0 + at)]
    return msgspec.json.encode([alerts, health]) + b"".join(world.store.values())


def test_alerts_about_the_person_end_and_do_not_say_whom_they_were_about() -> None:
    story = sponsors("ada-1", "bob-2")(DAY, StakeholderLeft, stakeholder_id="ada-1")
    world = erased(story, 2 * DAY).world(plan=FEW, until=30 * DAY)
    opened, ended = world.of(LEFT)
    assert (ended.transition, ended.resolution, ended.revision) == ("resolved", "superseded", 2)
    assert (ended.alert_id, ended.fingerprint) == (opened.alert_id, opened.fingerprint)
    assert (ended.subject.kind, ended.subject.id) == ("stakeholder", "erased")
    assert ended.explanation == "The person whom it was about is to be forgotten."
    assert b"ada-1" in told(world)  # what was published before stays in the topic, as long as that keeps it
    assert b"ada-1" not in after(world, 2 * DAY)


def test_another_s_alert_that_names_the_person_is_told_anew_without_the_name() -> None:
    """And what they did still counts: the talk with them goes on standing in for the sponsor who left."""
    story = sponsors("ada-1", "bob-2")(DAY, StakeholderLeft, stakeholder_id="bob-2")
    story(2 * DAY, TouchLogged, direction="inbound", kind="call", stakeholder_id="ada-1")
    world = erased(story, 3 * DAY).world(plan=FEW, until=5 * DAY)
    opened, recovering, revised = world.of(LEFT)
    assert "ada-1 was spoken with" in recovering.explanation
    assert (opened.transition, recovering.transition, revised.transition) == ("opened", "recovering", "revised")
    assert (revised.status, revised.revision, revised.previous_severity) == ("recovering", 3, "critical")
    assert "erased#1 was spoken with" in revised.explanation
    assert b"ada-1" not in after(world, 3 * DAY)
    assert bytes(world.health[-1].open_alerts[0]) == msgspec.json.encode(revised)


def test_a_snoozed_alert_too_is_told_anew_without_the_name_and_stays_snoozed() -> None:
    story = sponsors("ada-1", "bob-2")(DAY, StakeholderLeft, stakeholder_id="bob-2")
    story(2 * DAY, TouchLogged, direction="inbound", kind="call", stakeholder_id="ada-1")
    name = fingerprint_of("default", "acme", LEFT, "stakeholder", "bob-2")
    story(2 * DAY + HOUR, AlertFeedback, alert_id=name, disposition="snoozed")
    world = erased(story, 3 * DAY).world(plan=FEW, until=5 * DAY)
    assert [(a.transition, a.suppressed_by) for a in world.of(LEFT)[2:]] == [
        ("snoozed", ("snooze",)),
        ("revised", ("snooze",)),
    ]


def test_an_alert_that_does_not_name_the_person_is_not_told_anew() -> None:
    story = sponsors("ada-1", "bob-2")(DAY, StakeholderLeft, stakeholder_id="bob-2")
    world = erased(story, 2 * DAY).world(plan=FEW, until=3 * DAY)
    assert [alert.transition for alert in world.of(LEFT)] == ["opened"]


def test_counts_stay_and_different_people_stay_different() -> None:
    story = Story()
    for number, who in enumerate(("ada-1", "bob-2", "ada-1")):
        story(DAY + number, TicketCreated, ticket_id=f"t{number}", priority="low", category="question",
              feature="export", stakeholder_id=who)  # fmt: skip
        story(DAY + number, UsageRecorded, stakeholder_id=who)
    story(DAY, GoalAcknowledged, goal_id="g", stakeholder_id="ada-1")
    before = erased(Story(), 0).rows  # nobody knows them
    for row in reversed(before):
        story.rows.insert(0, (row[0], row[1], msgspec.structs.replace(row[2], event_id="first")))
    erased(erased(story, 2 * DAY), 2 * DAY, "bob-2")
    world = story.world(plan=FEW, until=3 * DAY)
    people = {entry[at] for log in world.record().logs.values() for entry in log for at in range(2, len(entry))}
    assert {"erased#2", "erased#3"} <= people
    assert people.isdisjoint({"ada-1", "bob-2"})
    assert world.record().goals["g"].acks == [(T0 + DAY, "erased#2", "")]
    block = world.block()
    assert hot.distinct_members(block, T0 // DAY) == 2
    assert hot.window_sum(block, T0 // DAY + 1, 7) == 3


def test_the_role_that_was_known_goes_on_counting() -> None:
    """A sponsor who acknowledged a goal and was erased since: the goal is still acknowledged by a sponsor."""
    story = sponsors("ada-1")(0, GoalSet, goal_id="g", kind="risk", direction="up", baseline=0.0, target=1.0)
    story(HOUR, GoalMeasured, goal_id="g", value=2.0, evidence="measured")
    story(2 * HOUR, GoalAcknowledged, goal_id="g", stakeholder_id="ada-1")
    world = erased(story, DAY).world(plan=FEW, until=30 * DAY)
    assert world.record().goals["g"].acks == [(T0 + 2 * HOUR, "erased#1", "sponsor")]
    assert world.of("goal.achieved_unseen") == []
    assert world.record().people == {}


def test_a_log_of_an_older_pack_is_searched_too() -> None:
    world = sponsors("ada-1").world(plan=FEW)
    (key,) = [key for key in world.store if key.startswith(b"a/")]
    record = decode_account_record(world.store[key])
    record.logs["of old"] = [[T0, b"12345678", "ada-1", "ada-1", 7]]
    world.store[key] = encode_record(record)
    event = StakeholderErased(event_id="x", account_id="acme", occurred_at=T0 + DAY, stakeholder_id="ada-1")
    later = World(log_of([(T0 + DAY, "support", event)]), store=world.store).play()
    assert later.record().logs["of old"] == [[T0, b"12345678", "erased#1", "erased#1", 7]]


def test_what_was_said_and_what_was_about_to_be_said_of_the_person_is_forgotten() -> None:
    story = sponsors("ada-1")(DAY, StakeholderLeft, stakeholder_id="ada-1")
    name = fingerprint_of("default", "acme", LEFT, "stakeholder", "ada-1")
    story(DAY + HOUR, AlertFeedback, alert_id=name, disposition="noise")
    assert story.world(plan=FEW).record().muted != {}
    record = erased(story, DAY + 2 * HOUR).world(plan=FEW).record()
    assert (record.muted, record.episodes) == ({}, [])


def test_who_comes_back_is_somebody_new() -> None:
    story = erased(sponsors("ada-1")(DAY, StakeholderLeft, stakeholder_id="ada-1"), 2 * DAY)
    story(3 * DAY, StakeholderUpdated, stakeholder_id="ada-1", role="sponsor")
    story(4 * DAY, StakeholderLeft, stakeholder_id="ada-1")
    assert [alert.transition for alert in story.world(plan=FEW, until=5 * DAY).of(LEFT)] == [
        "opened",
        "resolved",
        "opened",
    ]


@pytest.mark.parametrize(
    ("text", "named"), [("ada-1 was there", True), ("for ada-12", False), ("goal ada-1.", True), ("xada-1", False)]
)
def test_a_name_is_a_word_of_its_own(text: str, named: bool) -> None:
    body = {"explanation": text, "clears_when": {"text": ""}, "evidence": []}
    assert names(msgspec.json.encode(body), "ada-1") is named
    row = {"observed": text, "expected": None}
    told_ = {"explanation": "", "clears_when": {"text": ""}, "evidence": [row]}
    assert names(msgspec.json.encode(told_), "ada-1") is named
    assert not names(b"", "ada-1")


WHO = "zz-person-zz"


@bounded
@given(rows(types=TYPES), st.integers(0, 2**32))
def test_nothing_that_is_kept_or_told_later_holds_the_id(stream: list[Row], seed: int) -> None:
    """Whatever events named the person: neither the record nor the hot block, and no later alert or snapshot."""
    random, named = Random(seed), list[Row]()
    for at, topic, event in stream:
        assert isinstance(event, Event)
        says = "stakeholder_id" in event.__struct_fields__ and random.random() < 0.5
        named.append((at, topic, msgspec.structs.replace(event, stakeholder_id=WHO) if says else event))
    end = named[-1][0] + HOUR
    accounts = ("acme", "beta")
    for number, account in enumerate(accounts):
        event = StakeholderErased(event_id=f"x{number}", account_id=account, occurred_at=end, stakeholder_id=WHO)
        named.append((end, "crm", event))
    world = World(log_of(named))
    world.play()
    world.partition.run_to(end + 60 * DAY)
    world.collect()
    assert not any(WHO.encode() in value for value in world.store.values())
    assert not any(hot.member_hash(WHO) in value for key, value in world.store.items() if key.startswith(b"h/"))
    late = [alert for alert in world.alerts if alert.detected_at >= iso(end)]
    later = [snapshot for snapshot in world.health if snapshot.as_of >= iso(end)]
    assert WHO.encode() not in msgspec.json.encode([late, later])
