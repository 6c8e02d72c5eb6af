"""Another release of the pack over state that an older one left: judged anew at the account's daily slot."""

from collections.abc import Iterable
from datetime import date

import msgspec

from detector.domain.alerts import Alert, iso
from detector.domain.events import AccountUpdated, AlertFeedback, IncidentOpened, UsageRecorded
from detector.domain.plan import Plan, Rule
from detector.domain.schedule import minute_of
from detector.domain.state import account_path, decode_account_record, encode_record
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, T0, Story, World, with_rules

DARK, UNTOLD = "usage.dark", "incident.untold"
FEW = tuple(rule for rule in PLAN.rules if rule.id in (DARK, UNTOLD))
SLOT = minute_of(account_path("default", "acme")) * MINUTE


def release(number: int, rules: Iterable[Rule] = FEW) -> Plan:
    """A few rules of the pack under another release."""
    return with_rules(rules, number)


def without(*names: str) -> list[Rule]:
    return [rule for rule in FEW if rule.id not in names]


def dark(story: Story | None = None) -> Story:
    """Usage of ten days and an incident; from day 24 on nobody is there."""
    story = story or Story()
    for day in range(10):
        story(day * DAY, UsageRecorded)
    return story(20 * DAY, IncidentOpened, incident_id="i1", severity="major")


def upgraded(world: World, plan: Plan, until: int, at: int = 25 * DAY) -> list[Alert]:
    """Bring a world to a time under its own plan and go on under another; what was told since."""
    world.play(T0 + at)
    told = len(world.alerts)
    world.plan = plan
    world.restart()
    world.partition.run_to(T0 + until)
    world.collect()
    return world.alerts[told:]


def test_a_rule_that_is_no_more_ends_its_alerts_at_the_daily_slot() -> None:
    world = World(dark().log(), plan=release(1))
    (ended,) = [a for a in upgraded(world, release(2, without(DARK)), 27 * DAY) if a.rule_id == DARK]
    opened = next(a for a in world.alerts if a.rule_id == DARK)
    assert (ended.transition, ended.status, ended.resolution) == ("resolved", "resolved", "rule_removed")
    assert (ended.alert_id, ended.revision, ended.origin) == (opened.alert_id, 2, "rule_change")
    assert (ended.evidence, ended.title) == (opened.evidence, opened.title)
    assert ended.detected_at == iso(T0 + 25 * DAY + SLOT)
    assert DARK not in {body_rule(body) for body in world.health[-1].open_alerts}
    assert (world.record().release, DARK in world.record().wake) == (2, False)


def test_what_a_release_no_longer_arms_lowers_the_confidence_at_the_same_slot() -> None:
    """Who can judge is asked once a day: an event of the same day has asked under the release before."""
    story = dark()(25 * DAY - HOUR, UsageRecorded)(25 * DAY, AccountUpdated, segment="smb")
    world = World(story.log(), plan=release(1))
    plan = msgspec.structs.replace(release(2), default=msgspec.structs.replace(PLAN.default, armed=frozenset()))
    upgraded(world, plan, 25 * DAY + 20 * HOUR)
    before, after = (snapshot.families["adoption"].confidence for snapshot in (world.health[-2], world.health[-1]))
    assert (before, after) == (1.0, 0.0)


def test_a_new_rule_is_judged_though_nothing_came() -> None:
    """Also of an account that the short cut would leave alone."""
    world = World(dark().log(), plan=release(1, without(DARK)))
    (opened,) = [a for a in upgraded(world, release(2), 27 * DAY) if a.rule_id == DARK]
    assert (opened.transition, opened.origin, opened.revision) == ("opened", "rule_change", 1)
    assert opened.detected_at == iso(T0 + 25 * DAY + SLOT)
    assert opened.since == "2026-01-29T00:00:00.000Z"


def test_another_version_of_a_rule_says_the_same_alert_anew() -> None:
    world = World(dark().log(), plan=release(1))
    newer = [msgspec.structs.replace(rule, version=2) if rule.id == DARK else rule for rule in FEW]
    (revised,) = [alert for alert in upgraded(world, release(2, newer), 27 * DAY) if alert.rule_id == DARK]
    assert (revised.transition, revised.rule_version, revised.origin) == ("revised", 2, "rule_change")
    assert revised.alert_id == world.of(DARK)[0].alert_id


def test_what_says_the_same_is_not_told_again_and_a_snoozed_alert_is_silent() -> None:
    assert upgraded(World(dark().log(), plan=release(1)), release(2), 27 * DAY) == []
    alert_id = World(dark().log(), release(1)).play(T0 + 25 * DAY).of(DARK)[0].alert_id
    story = dark()(24 * DAY + 60 * MINUTE, AlertFeedback, alert_id=alert_id, disposition="snoozed")
    newer = [msgspec.structs.replace(rule, version=2) for rule in FEW]
    told = upgraded(World(story.log(), plan=release(1)), release(2, newer), 27 * DAY)
    assert UNTOLD in {alert.rule_id for alert in told}
    assert DARK not in {alert.rule_id for alert in told}


def test_every_account_is_judged_anew_once_also_across_a_restart() -> None:
    world = World(dark().log(), plan=release(1, without(DARK)))
    world.play(T0 + 25 * DAY)
    world.plan = release(2)
    world.restart()
    world.partition.run_to(T0 + 25 * DAY + 6 * 60 * MINUTE)
    world.collect()
    world.restart()
    world.partition.run_to(T0 + 28 * DAY)
    world.collect()
    assert [alert.transition for alert in world.of(DARK)] == ["opened"]


def test_what_an_older_rule_left_is_dropped() -> None:
    world = World(dark().log(), plan=release(1))
    world.play(T0 + 25 * DAY)
    (key,) = [key for key in world.store if key.startswith(b"a/")]
    record = decode_account_record(world.store[key])
    record.pending["old.rule|x"], record.pending["usage.dark|"] = [T0], [T0]
    record.notes["old.rule"] = ("holiday", T0)
    for episode in record.episodes:
        if episode.rule == DARK:
            episode.rule, episode.body = "old.rule", b'{"of": "another time"}'  # there is nothing to make a body of
    world.store[key] = encode_record(record)
    told = upgraded(world, release(2), 27 * DAY)
    assert "old.rule" not in {alert.rule_id for alert in told}
    later = world.record()
    assert "old.rule|x" not in later.pending
    assert later.notes == {}
    assert "old.rule" not in {episode.rule for episode in later.episodes}


def test_a_rule_that_is_switched_off_for_an_account_ends_its_alerts() -> None:
    """Also what is not armed any more, since a tenant sends less."""
    world = World(dark().log(), plan=release(1))
    plan = release(2)
    off = next(rule.index for rule in plan.rules if rule.id == UNTOLD)
    less = msgspec.structs.replace(plan.default, armed=plan.default.armed - {off})
    told = upgraded(world, msgspec.structs.replace(plan, default=less), 27 * DAY)
    assert [(alert.rule_id, alert.resolution) for alert in told] == [(UNTOLD, "rule_removed")]
    assert told[0].explanation == "The rule is not judged for this account any more."


def test_what_explained_a_silence_goes_with_its_rule() -> None:
    story = Story()(0, AccountUpdated, holidays=tuple(date(2026, 1, day) for day in range(20, 31)))
    for day in range(10):
        story(day * DAY, UsageRecorded)
    plan = release(2)
    less = msgspec.structs.replace(plan.default, armed=frozenset())
    world = World(story.log(), plan=release(1))
    assert upgraded(world, msgspec.structs.replace(plan, default=less), 26 * DAY) == []
    told = [[note.because for note in snapshot.silences] for snapshot in world.health]
    assert (["holiday"] in told, told[-1]) == (True, [])


def body_rule(body: msgspec.Raw) -> str:
    return str(msgspec.json.decode(body)["rule_id"])
