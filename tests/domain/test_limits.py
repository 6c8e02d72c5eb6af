"""The account record stays small whatever comes, and says what it dropped."""

import pytest

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.events import (
    AccountUpdated,
    GoalMeasured,
    GoalSet,
    IncidentOpened,
    IncidentResolved,
    SchedulePoint,
    StakeholderLeft,
    StakeholderUpdated,
    TicketCreated,
    TouchLogged,
)
from detector.domain.limits import keep_small
from detector.domain.state import Sums, account_path, decode_account_record, hot_key, record_key
from tests.domain.world import DAY, HOUR, MINUTE, T0, Story, World

KIB = 1024


def crowd(wide: str) -> Story:
    """5,000 people, 2,000 tickets, 500 goals and 300 incidents in 100 days, with ids that end in `wide`."""
    story = Story()
    for number in range(5_000):
        at = number * 25 * MINUTE
        person = f"p{number}{wide}"[:128]
        story(
            at,
            StakeholderUpdated,
            stakeholder_id=person,
            role="sponsor" if number % 50 == 0 else "end_user",
            department=wide[:64] or "it",
        )
        if number % 50 == 0:
            story(at + 1, StakeholderLeft, stakeholder_id=person)
        if number % 5 < 2:
            story(at + 2, TicketCreated, ticket_id=f"t{number}{wide}"[:128], priority="low", category="question",
                  feature=f"f{number % 90}{wide}"[:64], stakeholder_id=person)  # fmt: skip
            story(at + 3, TouchLogged, direction="inbound", kind="call", stakeholder_id=person)
        if number % 10 == 0:
            points = tuple(SchedulePoint(at=0, expected=float(i)) for i in range(60))
            goal = f"g{number}{wide}"[:128]
            story(at + 4, GoalSet, goal_id=goal, kind="risk", direction="up", baseline=0.0, target=9.0, schedule=points)
            story(at + 5, GoalMeasured, goal_id=goal, value=1.0, evidence="measured")
        if number % 17 == 0:
            story(at + 6, IncidentOpened, incident_id=f"i{number}{wide}"[:128], severity="major")
    return story


@pytest.mark.no_cover  # four times as slow when branches are counted, and smaller tests reach the same ones
@pytest.mark.parametrize("wide", ["", "\U0001f480" * 128], ids=["short ids", "the longest ids there are"])
def test_a_crowded_account_stays_under_64_kib(wide: str) -> None:
    world = World(crowd(wide).log())
    world.offer_rest()
    largest = 0
    while world.partition.advance({"crm"}, 200):
        world.collect()
        largest = max(largest, *(len(value) for value in world.store.values()))
    assert 20 * KIB < largest <= 64 * KIB
    evicted = world.record().evicted
    assert {"stakeholder", "goal", "subject"} <= set(evicted)
    told = [changes.tally.evicted for changes in world.changes]
    assert {what: sum(tally[what] for tally in told) for what in evicted} == evicted


def test_what_is_dropped_does_not_depend_on_checkpoints_or_restarts() -> None:
    log = crowd("\U0001f480" * 128).log()
    log.records["crm"] = log.records["crm"][:2_000]
    whole, cut = World(log).play(), World(log)
    for _ in range(4):
        cut.offer_rest()
        cut.partition.advance({"crm"}, 450)
        cut.collect()
        cut.restart()
    cut.play()
    assert cut.store == whole.store
    assert cut.alert_bytes == whole.alert_bytes


def test_an_alert_ends_when_its_subject_is_dropped() -> None:
    story = Story()
    for number in range(70):
        story(number * 60 * MINUTE, IncidentOpened, incident_id=f"i{number}", severity="minor")
    world = story.world(until=5 * DAY)
    ended = {a.subject.id: a.resolution for a in world.alerts if a.status == "resolved"}
    assert ended == {f"i{number}": "superseded" for number in range(6)}
    assert "kept no more" in next(a.explanation for a in world.alerts if a.status == "resolved")


def test_256_tickets_that_all_wait_stay_under_64_kib_and_the_confidence_falls() -> None:
    """Each has an open alert: bodies go before tickets do, what goes is counted, and the index is told with less."""
    story = Story()(-60 * DAY, AccountUpdated, segment="smb")
    for number in range(256):
        who, what = f"p{number % 40}", f"f{number % 20}"
        story(number * 5 * MINUTE, TicketCreated, ticket_id=f"ticket-{number:05}", priority="low", category="question",
              feature=what, stakeholder_id=who)  # fmt: skip
    world = World(story.log())
    world.offer_rest()
    largest, seen = 0, set[bool]()
    steps = [T0 + hour * HOUR for hour in range(22, 8 * 24, 2)]
    while world.partition.advance({"crm"}, 20) or steps:
        if world.partition.clock > T0 + 21 * HOUR:
            world.partition.run_to(steps.pop(0))
        world.collect()
        record = world.store[record_key(account_path("default", "acme"))]
        seen.add(decode_account_record(record).size >= len(record))
        largest = max(largest, len(record))
    assert 40 * KIB < largest <= 64 * KIB
    assert seen == {True}
    evicted, waiting = world.record().evicted, [one for one in world.open() if one[1] == "support.slow_response"]
    assert evicted["body"] > 200 > evicted["subject"] > 0
    assert len(waiting) == len(world.record().tracks["ticket"]) >= 128
    before = [snapshot.confidence for snapshot in world.health if snapshot.as_of < "2026-01-06"]
    assert (world.health[-1].confidence or 0) < (before[-1] or 0)


def test_what_is_over_is_dropped_before_what_is_open() -> None:
    story = Story()(0, IncidentOpened, incident_id="old and open", severity="minor")
    for number in range(64):
        story(DAY + number * HOUR, IncidentOpened, incident_id=f"i{number}", severity="minor")
        if number == 40:
            story(DAY + number * HOUR + 1, IncidentResolved, incident_id="i40")
    kept = story.world().record().tracks["incident"]
    assert len(kept) == 64
    assert "i40" not in kept
    assert "old and open" in kept


def test_the_newest_goal_is_kept_when_all_others_are_open() -> None:
    story = Story()
    for number in range(65):
        story(number * HOUR, GoalSet, goal_id=f"g{number}", kind="risk", direction="up")
    goals = story.world().record().goals
    assert "g64" in goals
    assert "g0" not in goals
    assert goals["g64"].set_at >= 0


def test_named_roles_outlive_a_crowd_of_end_users() -> None:
    story = Story()(0, StakeholderUpdated, stakeholder_id="boss", role="sponsor")
    for number in range(600):
        story(HOUR + number, StakeholderUpdated, stakeholder_id=f"p{number}", role="end_user")
    people = story.world().record().people
    assert len(people) == 512
    assert "boss" in people
    assert "p599" in people


def test_the_hot_block_is_bounded_too() -> None:
    story = Story()(0, TouchLogged, direction="inbound", kind="call")
    assert len(story.world().store[hot_key(account_path("default", "acme"))]) < 2 * KIB


def test_meters_that_were_quiet_for_longest_are_dropped_first() -> None:
    account = Account("default", "acme", "default/acme", hot.new(), None)
    account.record.sums["metered"] = {
        f"{number:02}{'x' * 4_000}": Sums(20_000, [(20_000 + number, 1)]) for number in range(16)
    }
    keep_small(account)
    kept = [name[:2] for name in account.record.sums["metered"]]
    assert kept == [f"{number:02}" for number in range(8, 16)]
    assert account.record.evicted == {"subject": 8}
