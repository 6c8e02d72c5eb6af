"""Small parts, each by itself: ids of alerts, the schedule, stored records, matchers, moments, arming, health."""

from operator import attrgetter
from typing import Any

import msgspec
import pytest

from detector.domain import hot
from detector.domain.account import Account
from detector.domain.alerts import alert_id_of, fingerprint_of, iso, minute_text, priority_of
from detector.domain.calendar import Duration
from detector.domain.duplicates import duplicate
from detector.domain.events import (
    AccountUpdated,
    IncidentOpened,
    PaymentFailed,
    StakeholderUpdated,
    SurveyResponded,
    TouchLogged,
    UsageRecorded,
)
from detector.domain.facts import account_updated
from detector.domain.index import INDEX
from detector.domain.matchers import Matcher, field_of
from detector.domain.matchers import Test as Bound
from detector.domain.measures import Track, code_of
from detector.domain.moments import MomentOf
from detector.domain.plan import Tenant
from detector.domain.schedule import Schedule, minute_of
from detector.domain.state import (
    AccountRecord,
    PartitionRecord,
    Person,
    account_path,
    decode_account_record,
    decode_partition_record,
    encode_record,
    split_path,
)
from detector.domain.verdict import earliest
from detector.domain.versions import StateError
from tests.domain.streams import NAUGHTY
from tests.domain.world import DAY, HOUR, MINUTE, PLAN, T0, Row, Story, World, log_of

GRACE = 2 * MINUTE


# -- alerts -------------------------------------------------------------------------------------------------------


def test_ids_are_those_of_the_contract_s_vector() -> None:
    parts = ("default", "acme", "support.flood", "feature", "export")
    assert alert_id_of(*parts, "2026-03-02T09:00:00.000Z") == "1c1392ba0463fae5a650b541b2dbf13b"
    assert fingerprint_of(*parts) == "3bf24aa0fe9ebf69c0d8909ecca0938a"


def test_instants_are_told_to_the_millisecond_and_within_four_digits_of_years() -> None:
    assert iso(T0 + 1) == "2026-01-05T00:00:00.001Z"
    assert iso(10**18) == "9999-12-31T23:59:59.999Z"
    assert iso(-(10**18)) == "0001-01-01T00:00:00.000Z"
    assert minute_text(T0 + 90 * MINUTE) == "2026-01-05 01:30 UTC"


def account(**profile: Any) -> Account:
    found = Account("default", "acme", "default/acme", hot.new(), None)
    account_updated(AccountUpdated(event_id="e", account_id="acme", occurred_at=T0, **profile), found)
    return found


@pytest.mark.parametrize(
    ("days", "arr", "currency", "priority"),
    [
        (10, 12_000_000, "EUR", 80), (30, 12_000_000, "EUR", 80), (31, 12_000_000, "EUR", 64),
        (90, 12_000_000, "EUR", 64),
        (91, 12_000_000, "EUR", 40), (None, 12_000_000, "EUR", 40), (-1, 12_000_000, "EUR", 40),
        (10, 6_000_000, "EUR", 40),
        (10, 1, "EUR", 8), (10, 99_000_000, "EUR", 80), (10, 12_000_000, "USD", 40), (10, None, "EUR", 40),
    ],
)  # fmt: skip
def test_priority_is_severity_times_nearness_times_money(
    days: int | None, arr: int | None, currency: str, priority: int
) -> None:
    tenant = Tenant(frozenset(), (), 12_000_000, "EUR")
    assert priority_of(account(arr_minor=arr, currency=currency), tenant, 4, days) == priority
    assert priority_of(account(arr_minor=arr, currency=currency), Tenant(frozenset(), ()), 5, None) == 25


def test_a_body_names_the_account_as_it_came_and_when_to_act() -> None:
    for name in NAUGHTY:
        world = Story(name)(9 * HOUR, IncidentOpened, incident_id=name, severity="major").world(until=10 * HOUR)
        (alert,) = world.alerts
        assert (alert.account_id, alert.subject.id, alert.subject.kind) == (name, name, "incident")
        assert f"Incident {name} has gone" in alert.explanation
        assert alert.recommended_action.due_at == "2026-01-05T10:00:00.000Z"
        assert msgspec.json.decode(msgspec.json.encode(alert))["account_id"] == name
        assert msgspec.to_builtins(alert.trigger) == {"deadline": "2026-01-05T09:30:00.000Z"}


def test_of_a_bare_file_no_partition_or_offset_is_named() -> None:
    story = Story()(0, StakeholderUpdated, stakeholder_id="s", role="sponsor", active=False)
    (alert,) = story.world(bare=True).alerts
    assert msgspec.to_builtins(alert.trigger) == {
        "topic": "crm",
        "partition": None,
        "offset": None,
        "event_id": "acme-0",
    }
    (alert,) = story.world().alerts
    assert msgspec.to_builtins(alert.trigger) == {"topic": "crm", "partition": 3, "offset": 0, "event_id": "acme-0"}


# -- the schedule -------------------------------------------------------------------------------------------------


def test_everybody_s_minute_is_after_six_and_stays_the_same() -> None:
    minutes = [minute_of(f"default/a{number}") for number in range(500)]
    assert min(minutes) >= 360
    assert max(minutes) < 1440
    assert len(set(minutes)) > 300
    assert minute_of("default/acme") == minute_of("default/acme")


def test_deadlines_and_minutes_come_out_by_due_time_then_account() -> None:
    schedule = Schedule()
    a, b = ("t", "a"), ("t", "b")
    for who in (b, a):
        schedule.add(who, "/".join(who), T0)
    minute = T0 + minute_of("t/a") * MINUTE
    schedule.wake(b, T0 + HOUR)
    schedule.wake(b, T0 + 2 * HOUR)  # later than what is known: found when the earlier comes
    schedule.wake(a, hot.NEVER)
    schedule.wake(a, T0 + 3 * HOUR)
    schedule.wake(a, T0 + HOUR)
    assert schedule.next_fire == T0 + HOUR + GRACE
    assert schedule.pop() == (T0 + HOUR, [(a, False), (b, False)])
    assert schedule.pop() == (T0 + 3 * HOUR, [])  # of a deadline that came earlier
    schedule.wake(a, minute)
    due = {}
    for _ in range(2):
        at, calls = schedule.pop()
        due[at] = calls
    assert due[minute] == [(a, True)]
    assert schedule.next_fire > T0 + DAY


def test_minutes_go_on_where_a_clock_stands() -> None:
    schedule = Schedule()
    schedule.start(T0 + DAY)
    schedule.add(("t", "a"), "t/a", T0 + DAY)
    assert schedule.next_fire == T0 + DAY + minute_of("t/a") * MINUTE + GRACE


# -- stored records -----------------------------------------------------------------------------------------------


def test_an_account_thaws_its_record_and_has_nothing_else_that_is_not_there() -> None:
    account = Account("t", "a", "t/a", hot.new(), encode_record(AccountRecord(release=7)))
    assert account.frozen
    assert account.record.release == 7
    assert not account.frozen
    with pytest.raises(AttributeError, match="recrod"):
        attrgetter("recrod")(account)


@pytest.mark.parametrize("name", [*NAUGHTY, "a/b", "%2F", "%", "tenant", "\ud800"])
def test_an_account_s_path_leads_back_to_it(name: str) -> None:
    path = account_path(name, f"{name}/x")
    assert path.count("/") == 1
    assert split_path(path) == (name, f"{name}/x")


@pytest.mark.parametrize(
    ("decode", "record"), [(decode_account_record, AccountRecord()), (decode_partition_record, PartitionRecord())]
)
def test_a_stored_record_says_its_version_and_what_cannot_be_read_is_refused(decode: Any, record: Any) -> None:
    assert decode(encode_record(record)) == record
    pack = msgspec.msgpack.encode
    for bad in (b"", b"\xff", b"\x91" * 5_000, pack({}), pack([1, 0, "x"]), pack(["1"]), pack([0])):
        with pytest.raises(StateError) as refused:
            decode(bad)
        assert not refused.value.newer
    for newer in (pack([2]), pack([2, 0, {"another": "shape"}, 7])):
        with pytest.raises(StateError, match="start a newer release") as refused:
            decode(newer)
        assert refused.value.newer


def test_fields_of_a_later_minor_version_are_read_over() -> None:
    longer = msgspec.msgpack.encode([*msgspec.msgpack.decode(encode_record(AccountRecord())), "new"])
    assert decode_account_record(longer) == AccountRecord()


# -- matchers -----------------------------------------------------------------------------------------------------


def test_bounds_include_or_exclude_their_value_and_nothing_passes_only_missing() -> None:
    cases: list[tuple[dict[str, Any], Any, bool]] = [
        ({"at_least": 3}, 3, True), ({"at_least": 3}, 2, False), ({"at_most": 3}, 3, True), ({"at_most": 3}, 4, False),
        ({"above": 3}, 3, False), ({"above": 3}, 4, True), ({"below": 3}, 3, False), ({"below": 3}, 2, True),
        ({"missing": True}, None, True), ({"missing": True}, 0, False), ({"missing": False}, 0, True),
        ({"at_least": 0}, None, False),
        ({"allowed": frozenset({"a", None})}, None, False), ({"allowed": frozenset({False})}, False, True),
        ({"contains": frozenset({"praise"})}, ("praise", "roadmap"), True),
        ({"contains": frozenset({"praise"})}, ("pricing",), False),
    ]  # fmt: skip
    for bounds, value, holds in cases:
        assert Bound("f", **bounds).holds(value) is holds, (bounds, value)


def test_a_role_is_the_known_one_and_a_score_is_a_share_of_its_scale() -> None:
    known = account()
    known.record.people["p"] = Person(role="sponsor", role_at=1)
    touch = TouchLogged(
        event_id="e", account_id="a", occurred_at=T0, direction="inbound", kind="call", stakeholder_id="p", role="buyer"
    )
    assert field_of(touch, "role", known) == "sponsor"
    assert field_of(msgspec.structs.replace(touch, stakeholder_id=None), "role", known) == "buyer"
    assert field_of(touch, "no_such_field", known) is None
    sponsors = Matcher("sponsors", {TouchLogged: ((Bound("role", allowed=frozenset({"sponsor"})),),)})
    assert sponsors.matches(touch, known)
    survey = SurveyResponded(
        event_id="e", account_id="a", occurred_at=T0, survey_type="csat", score=2, scale_min=1, scale_max=5
    )
    assert not sponsors.matches(survey, known)
    assert field_of(survey, "score_share", known) == 0.25
    assert field_of(msgspec.structs.replace(survey, scale_max=1), "score_share", known) is None


def test_an_event_that_names_no_subject_is_kept_of_none() -> None:
    failed = PaymentFailed(event_id="e", account_id="a", occurred_at=T0)
    track = Track("invoice", "invoice_id", "failed", Matcher("failed", {PaymentFailed: ((),)}))
    known = account()
    track.fold(failed, b"8 bytes!", known)
    assert not known.record.tracks
    track.fold(msgspec.structs.replace(failed, invoice_id="i"), b"8 bytes!", known)
    assert known.record.tracks == {"invoice": {"i": {code_of("failed"): (T0,)}}}


def test_an_id_within_two_others_is_not_among_them() -> None:
    ids = bytes(range(16))
    known = account()
    known.record.recent["20458"] = ids
    event = PaymentFailed(event_id="e", account_id="a", occurred_at=T0)
    assert not duplicate(event, ids[4:12], known, T0)
    assert duplicate(event, ids[8:], known, T0)


def test_a_moment_of_a_goal_that_is_not_kept_never_was() -> None:
    assert MomentOf("goal.target_met").times(account(), "g") == ()
    assert earliest(None, None) is None


# -- arming, packs, health ----------------------------------------------------------------------------------------


def unarmed() -> Any:
    return msgspec.structs.replace(PLAN, default=Tenant(frozenset(), tuple(rule.id for rule in PLAN.rules)))


def test_a_rule_that_is_not_armed_says_nothing_and_is_shown() -> None:
    world = Story()(0, IncidentOpened, incident_id="i", severity="minor").world(until=90 * DAY, plan=unarmed())
    assert world.alerts == []
    assert world.health[-1].not_armed == tuple(rule.id for rule in PLAN.rules)
    assert world.health[-1].not_warm == ()


def test_a_deadline_of_a_rule_that_another_pack_no_longer_arms_is_dropped() -> None:
    """It would fire for ever: it is due, nobody judges it, and it stays due."""
    before = Story()(0, IncidentOpened, incident_id="i", severity="minor").world()
    assert before.record().wake
    after = World(before.log, plan=unarmed(), store=before.store)
    after.partition.run_to(T0 + 365 * DAY)
    after.collect()
    assert set(after.record().wake) <= {INDEX}
    assert after.alerts == []


def test_a_deadline_of_a_rule_that_is_gone_from_the_pack_is_dropped() -> None:
    before = Story()(0, IncidentOpened, incident_id="i", severity="minor").world()
    plan = msgspec.structs.replace(PLAN, rules=(), entries={})
    after = World(before.log, plan=plan, store=before.store)
    after.partition.run_to(T0 + 10 * DAY)  # the index waits until the 14th
    after.collect()
    assert set(after.record().wake) == {INDEX}


def test_a_snapshot_shows_open_alerts_and_what_is_due_within_a_week() -> None:
    world = Story()(0, IncidentOpened, incident_id="i", severity="minor")(20 * MINUTE, UsageRecorded).world(until=HOUR)
    first, last = world.health[0], world.health[-1]
    assert {due.rule_id: due.due_at for due in first.obligations}["incident.untold"] == "2026-01-05T00:30:00.000Z"
    assert first.next_deadline == "2026-01-05T00:30:00.000Z"
    assert [msgspec.json.decode(bytes(body))["transition"] for body in last.open_alerts] == ["opened"]
    assert (last.grade, last.value_index, last.as_of) == ("insufficient_data", None, "2026-01-05T00:30:00.000Z")
    assert msgspec.json.decode(msgspec.json.encode(last))["open_alerts"][0]["rule_id"] == "incident.untold"


def test_durations_in_a_recommended_action_follow_the_account_s_calendar() -> None:
    friday = 4 * DAY + 17 * HOUR
    assert iso(Duration(1, "bd").after(account().calendar, T0 + friday)) == "2026-01-12T17:00:00.000Z"


def test_accounts_that_rest_are_dropped_from_memory_and_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 20
    monkeypatch.setattr("detector.domain.partition.MAX_THAWED", most)
    rows: list[Row] = [
        (T0, "crm", UsageRecorded(event_id="e", account_id=f"a{number}", occurred_at=T0)) for number in range(most + 1)
    ]
    rows += Story("a7")(HOUR, IncidentOpened, incident_id="i", severity="minor").rows
    world = World(log_of(rows))
    world.offer_rest()
    world.partition.advance({"crm"}, most + 1)
    world.collect()
    assert not world.partition._accounts
    world.partition.advance({"crm"})
    assert len(world.partition._accounts) == 1
    world.partition.run_to(T0 + 2 * HOUR)
    world.collect()
    assert [alert.account_id for alert in world.alerts] == ["a7"]
