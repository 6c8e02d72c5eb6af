"""How an account ends: the customer leaves, the account is erased, or goes into another one (rules.md R2.12)."""

from typing import Any

import pytest

from detector.domain.events import (
    AccountErased,
    AccountMerged,
    AlertFeedback,
    DealClosed,
    Event,
    IncidentOpened,
    OutcomeRecorded,
    StakeholderLeft,
    StakeholderUpdated,
    TouchLogged,
    UsageRecorded,
)
from detector.domain.health import Forgotten
from detector.domain.state import account_path, hot_key, record_key
from tests.domain.world import DAY, HOUR, MINUTE, T0, Story, World, log_of, only

DARK, UNTOLD = "usage.dark", "incident.untold"
FEW = only(DARK, UNTOLD, "sponsor.left")
KEYS = {hot_key(account_path("default", "acme")), record_key(account_path("default", "acme"))}
LOST = pytest.mark.parametrize(
    ("cls", "fields", "resolution"),
    [(AccountErased, {}, "account_ended"), (AccountMerged, {"into_account_id": "beta"}, "superseded")],
)


def used(story: Story, first: int = 0, days: int = 10) -> Story:
    for day in range(first, first + days):
        story(day * DAY, UsageRecorded, stakeholder_id=f"p{day}", event_id=f"{story.account_id} u{day}")
    return story


def dark_and_untold() -> Story:
    """From day 24 on two alerts are open."""
    return used(Story())(24 * DAY, IncidentOpened, incident_id="i1", severity="major")


def finish(world: World, until: int) -> None:
    """Apply what was offered and not applied yet, and move the clock on."""
    world.partition.advance(set(world.log.records))
    world.partition.run_to(T0 + until, grace_passed=True)
    world.collect()


def left(story: Story, at: int, **options: Any) -> Story:
    return story(at, OutcomeRecorded, outcome="churned", **options)


# -- churned ------------------------------------------------------------------------------------------------------


def test_open_alerts_end_when_the_customer_has_left() -> None:
    world = left(dark_and_untold(), 25 * DAY).world(plan=FEW, until=400 * DAY)
    ends = [alert for alert in world.alerts if alert.detected_at == "2026-01-30T00:00:00.000Z"]
    assert [(a.rule_id, a.transition, a.status, a.resolution) for a in ends] == [
        (UNTOLD, "resolved", "resolved", "account_ended"),
        (DARK, "resolved", "resolved", "account_ended"),
    ]
    assert ends[0].explanation.startswith("The customer has left")
    assert world.alerts[-1] is ends[-1]  # and nothing is said for a year
    assert world.health[-1].open_alerts == ()


def test_rules_sleep_until_a_deal_is_closed_and_then_wait_from_there() -> None:
    """Nothing that began before it is told; what is missing is missing from the deal on."""
    story = left(dark_and_untold(), 25 * DAY)
    story(30 * DAY, IncidentOpened, incident_id="i2", severity="major")
    story(31 * DAY, StakeholderUpdated, stakeholder_id="s", role="sponsor", active=False)
    story(100 * DAY, DealClosed)
    world = story.world(plan=FEW, until=130 * DAY)
    since = [(a.rule_id, a.transition, a.detected_at) for a in world.alerts if a.detected_at > "2026-01-31"]
    assert since[:1] == [(DARK, "opened", "2026-04-30T00:00:00.000Z")]  # 115 d
    assert [row[1] for row in since[1:]] == ["escalated"]
    story(101 * DAY, IncidentOpened, incident_id="i3", severity="major")
    story(102 * DAY, StakeholderLeft, stakeholder_id="s2", role="sponsor")
    opened = [
        (a.rule_id, a.subject.id) for a in story.world(plan=FEW, until=110 * DAY).alerts if a.detected_at > "2026-04"
    ]
    assert opened == [(UNTOLD, "i3"), ("sponsor.left", "s2")]


def test_usage_of_a_customer_that_has_left_wakes_nobody() -> None:
    story = used(left(used(Story()), 12 * DAY), 13, 10)
    assert story.world(plan=FEW, until=200 * DAY).said() == []


@pytest.mark.parametrize("order", [0, 1])
def test_what_happened_last_holds_in_whatever_order_it_is_told(order: int) -> None:
    said: list[tuple[type[Event], dict[str, Any]]] = [(OutcomeRecorded, {"outcome": "churned"}), (DealClosed, {})]
    first, then = (said[0], said[1]) if order == 0 else (said[1], said[0])
    story = dark_and_untold()
    story(25 * DAY, first[0], **first[1])(25 * DAY - HOUR, then[0], late=2 * HOUR, **then[1])
    open_rules = {rule for _, rule, _, _ in story.world(plan=FEW, until=26 * DAY).open()}
    assert open_rules == (set() if order == 0 else {DARK, UNTOLD})


def test_a_churn_that_a_deal_has_overtaken_ends_nothing() -> None:
    story = dark_and_untold()(25 * DAY, DealClosed)
    left(story, 24 * DAY + 2 * HOUR, late=2 * DAY)
    assert {rule for _, rule, _, _ in story.world(plan=FEW, until=27 * DAY).open()} == {DARK, UNTOLD}


def test_other_outcomes_end_nothing() -> None:
    for outcome in ("renewed", "expanded", "contracted"):
        story = dark_and_untold()(25 * DAY, OutcomeRecorded, outcome=outcome)
        assert len(story.world(plan=FEW, until=26 * DAY).open()) == 2


def test_an_account_that_is_first_heard_of_when_it_leaves_is_silent() -> None:
    world = left(Story(), 0).world(plan=FEW, until=200 * DAY)
    assert world.alerts == []
    assert len(world.health) == 2  # as every new account: when it was seen, and a day later


def test_a_snoozed_alert_ends_with_its_account() -> None:
    alert_id = dark_and_untold().world(plan=FEW, until=25 * DAY).alerts[0].alert_id
    story = dark_and_untold()(24 * DAY + 11 * HOUR, AlertFeedback, alert_id=alert_id, disposition="snoozed")
    said = [alert.transition for alert in left(story, 25 * DAY).world(plan=FEW, until=60 * DAY).of(DARK)]
    assert said == ["opened", "snoozed", "resolved"]


# -- erased, merged -----------------------------------------------------------------------------------------------


@LOST
def test_nothing_is_kept_of_an_account_that_is_erased_or_merged(
    cls: type[Event], fields: dict[str, Any], resolution: str
) -> None:
    """Open alerts end, state and snapshot get tombstones, and nobody calls the account any more."""
    world = World(dark_and_untold()(25 * DAY, cls, **fields).log(), FEW)
    world.offer_rest()
    world.partition.advance({"crm"}, 11)
    world.collect()
    assert set(world.store) >= KEYS
    finish(world, 400 * DAY)
    ends = [alert for alert in world.alerts if alert.transition == "resolved"]
    assert [(a.rule_id, a.resolution) for a in ends] == [(UNTOLD, resolution), (DARK, resolution)]
    assert world.alerts[-1] is ends[-1]
    assert world.published[-1] == Forgotten("default", "acme")
    assert set(world.store) == {b"p"}
    assert dict.fromkeys(KEYS) == {key: value for key, value in world.changes[-1].states if value is None}
    assert world.changes[-1].tally.transitions["support", "critical", "resolved"] == 1


@LOST
def test_of_many_open_alerts_each_ends_once(cls: type[Event], fields: dict[str, Any], resolution: str) -> None:
    story = Story()
    for number in range(60):
        story(number * MINUTE, IncidentOpened, incident_id=f"i{number}", severity="major")
    story(5 * HOUR, cls, **fields)
    world = story.world(plan=FEW, until=100 * DAY)
    ends = [alert for alert in world.alerts if alert.status == "resolved"]
    assert sorted(str(alert.subject.id) for alert in ends) == sorted(f"i{number}" for number in range(60))
    assert {(alert.resolution, alert.detected_at) for alert in ends} == {(resolution, "2026-01-05T05:00:00.000Z")}
    assert len(world.alerts) == 120
    assert not KEYS & world.store.keys()


@LOST
def test_later_events_start_it_afresh(cls: type[Event], fields: dict[str, Any], resolution: str) -> None:
    """Also within one checkpoint, and between its collection and its commit."""
    del resolution
    story = used(dark_and_untold()(25 * DAY, cls, **fields), 30)
    alone = World(log_of(used(Story(), 30).rows), FEW).play(T0 + 60 * DAY)
    whole = World(story.log(), FEW).play(T0 + 60 * DAY)
    cut = World(story.log(), FEW)
    cut.offer_rest()
    while cut.partition.advance({"crm"}, 1):
        cut.collect()
    finish(cut, 60 * DAY)
    late = World(story.log(), FEW)
    late.offer_rest()
    while late.partition.positions.get("crm", 0) < 12:
        late.partition.advance({"crm"}, 1)
        changes = late.partition.collect()
        assert changes is not None
        if late.partition.positions["crm"] == 12:
            late.partition.advance({"crm"}, 1)  # while the tombstones are under way
        late.store |= {key: value for key, value in changes.states if value is not None}
        for key in [key for key, value in changes.states if value is None]:
            del late.store[key]
        late.alerts += changes.alerts
        late.published += changes.health
        late.partition.committed()
    finish(late, 60 * DAY)
    for world in (cut, late):
        assert world.store == whole.store
        assert world.alert_bytes == whole.alert_bytes
        assert world.health_bytes == whole.health_bytes
    assert [(a.rule_id, a.detected_at) for a in whole.alerts[-len(alone.alerts) :]] == [
        (a.rule_id, a.detected_at) for a in alone.alerts
    ]
    assert {whole.store[key] for key in KEYS} == {alone.store[key] for key in KEYS}


def test_an_erasure_is_told_of_accounts_that_nobody_knows() -> None:
    """An earlier state may have left a snapshot: its tombstone is written whatever is known here."""
    world = Story()(0, AccountErased).world(plan=FEW)
    assert world.published == [Forgotten("default", "acme")]
    assert world.alerts == []
    assert set(world.store) == {b"p"}


def test_the_same_erasure_again_does_not_erase_what_began_since() -> None:
    """events.md 2: the same id again changes nothing, for 14 days, though nothing is kept of the account."""
    story = used(Story())(12 * DAY, AccountErased, event_id="gone")
    used(story, 13, 3)
    world = World(story(17 * DAY, AccountErased, event_id="gone").log(), FEW)
    world.offer_rest()
    world.partition.advance({"crm"}, 14)
    world.collect()
    world.restart()
    world.play()
    assert set(world.store) >= KEYS
    assert sum(changes.tally.duplicates for changes in world.changes) == 1
    again = story(40 * DAY, AccountErased, event_id="gone").world(plan=FEW)
    assert set(again.store) == {b"p"}


def test_an_account_that_is_erased_leaves_the_others_alone() -> None:
    """Also the one that shares its minute of the day, and is called at it."""
    others = [used(Story(f"a{number}"), 0, 40) for number in range(3)]
    rows = [row for story in others for row in story.rows]
    gone = used(Story())(12 * DAY, AccountErased)
    both = World(log_of(sorted([*rows, *gone.rows], key=lambda row: row[0])), FEW).play(T0 + 80 * DAY)
    alone = World(log_of(sorted(rows, key=lambda row: row[0])), FEW).play(T0 + 80 * DAY)
    assert {k: v for k, v in both.store.items() if k != b"p"} == {k: v for k, v in alone.store.items() if k != b"p"}
    assert [a for a in both.alerts if a.account_id != "acme"] == alone.alerts


def test_an_account_can_be_erased_twice_and_its_deadline_is_no_deadline_of_the_next() -> None:
    story = Story()(0, IncidentOpened, incident_id="i1", severity="major")(MINUTE, AccountErased)
    story(2 * MINUTE, TouchLogged, direction="inbound", kind="call")(3 * MINUTE, AccountErased)
    story(4 * MINUTE, IncidentOpened, incident_id="i1", severity="major")
    world = story.world(plan=FEW, until=HOUR)
    assert [said[:2] for said in world.said()] == [
        ("2026-01-05T00:34:00.000Z", "opened"),
    ]
