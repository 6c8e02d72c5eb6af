"""The life of an alert, verdict by verdict (rules.md R2.2, R2.3, R2.4, R2.8)."""

from datetime import date

from detector.domain.events import AccountUpdated
from detector.domain.facts import account_updated
from detector.domain.verdict import HIGH, WARN, WATCH, Evidence
from tests.domain.life import GRACE, Life, Silent
from tests.domain.world import DAY, HOUR, MINUTE, T0


def test_nothing_is_said_while_nothing_holds() -> None:
    life = Life()
    life.at(0, due=T0 + DAY)
    life.at(1, off=True)
    assert life.told == []
    assert life.episode is None


def test_it_opens_escalates_eases_and_resolves_after_keep() -> None:
    life = Life()
    life.at(0, WATCH)
    life.at(DAY, HIGH)
    life.at(2 * DAY, WARN)
    life.at(3 * DAY, off=True)
    assert life.due == 10 * DAY
    life.at(9 * DAY, off=True)
    life.at(10 * DAY + GRACE - 1, off=True)  # by an event: within the grace something may still come
    life.at(10 * DAY, off=True, by_deadline=True)
    assert life.told == [
        (0, "opened", WATCH), (DAY, "escalated", HIGH), (2 * DAY, "eased", WARN),
        (3 * DAY, "recovering", WARN), (10 * DAY, "resolved", WARN),
    ]  # fmt: skip
    assert life.episode is not None
    assert life.episode.revision == 5


def test_on_again_while_it_recovers_reopens_the_same_alert() -> None:
    life = Life()
    life.at(0, WARN)
    first = life.episode
    life.at(DAY, off=True)
    life.at(2 * DAY, WARN)
    life.at(3 * DAY, off=True)
    life.at(9 * DAY, off=True)  # keep counts from the second time
    assert [said[1] for said in life.told] == ["opened", "recovering", "reopened", "recovering"]
    assert life.episode is first


def test_neither_on_nor_off_stops_a_recovery_and_changes_nothing_else() -> None:
    life = Life()
    life.at(0, WARN)
    life.at(HOUR)
    life.at(DAY, off=True)
    life.at(2 * DAY)
    life.at(3 * DAY)
    assert [said[1:] for said in life.told] == [("opened", WARN), ("recovering", WARN), ("revised", WARN)]
    assert life.episode is not None
    assert life.episode.status == "open"


def test_within_24_hours_of_its_end_it_is_reopened_later_it_is_a_new_episode() -> None:
    life = Life(keep_ms=0)
    life.at(0, WARN)
    first = life.episode
    assert first is not None
    opened_id = first.alert_id
    life.at(HOUR, off=True)
    assert life.due == HOUR + DAY
    life.at(DAY, WARN)
    assert life.episode is first
    life.at(2 * DAY, off=True)
    life.at(3 * DAY, by_deadline=True)
    assert life.episode is None
    life.at(3 * DAY, WARN)
    assert [said[1] for said in life.told] == ["opened", "resolved", "reopened", "resolved", "opened"]
    assert life.episode is not None
    assert life.episode.alert_id != opened_id
    assert life.episode.revision == 1


def test_at_the_end_of_the_cool_down_an_alert_opens_anew() -> None:
    life = Life(keep_ms=0)
    life.at(0, WARN)
    life.at(HOUR, off=True)
    life.at(HOUR + DAY, WARN)
    assert [said[1] for said in life.told] == ["opened", "resolved", "opened"]


def test_an_ended_episode_opens_again_only_after_on_was_false_once() -> None:
    life = Life()
    life.at(0, WARN)
    life.at(56 * DAY, WARN, ended="expired")
    assert life.resolution == "expired"
    life.at(56 * DAY + HOUR, WARN)
    life.at(60 * DAY, WARN)
    life.at(70 * DAY, WARN, by_deadline=True)
    assert [said[1] for said in life.told] == ["opened", "resolved"]
    life.at(71 * DAY)
    life.at(72 * DAY, WARN)
    assert [said[1] for said in life.told] == ["opened", "resolved", "opened"]


def test_on_that_was_false_within_the_cool_down_reopens() -> None:
    life = Life()
    life.at(0, WARN)
    life.at(56 * DAY, WARN, ended="expired")
    life.at(56 * DAY + 1)
    life.at(56 * DAY + HOUR, WARN)
    assert [said[1] for said in life.told] == ["opened", "resolved", "reopened"]


def test_what_never_held_is_superseded_at_once_and_without_cool_down() -> None:
    life = Life()
    life.at(0, WARN)
    life.at(HOUR, off=True, superseded=True)
    assert life.resolution == "superseded"
    life.at(2 * HOUR, WARN)
    assert [said[1] for said in life.told] == ["opened", "resolved", "opened"]


def test_it_rights_itself_unless_somebody_was_in_touch() -> None:
    for touched, how in ((None, "righted_itself"), (T0 - 1, "righted_itself"), (T0 + 1, "recovered")):
        life = Life(keep_ms=0)
        if touched is not None:
            life.account.record.marks["touch"] = (touched, touched)
        life.at(0, WARN)
        life.at(HOUR, off=True)
        assert life.resolution == how


def test_news_revise_an_open_alert_the_passing_of_time_does_not() -> None:
    life = Life()
    seen = (Evidence("n", 3, None),)
    more = (Evidence("n", 4, None),)
    life.at(0, WARN, evidence=seen)
    life.at(HOUR, WARN, evidence=seen)
    life.at(2 * HOUR, WARN, evidence=more, by_deadline=True)
    life.at(3 * HOUR, WARN, evidence=more)
    assert [(at, said) for at, said, _ in life.told] == [(0, "opened"), (3 * HOUR, "revised")]


def test_for_is_how_long_it_must_hold_before_it_opens() -> None:
    life = Life(hold_ms=3 * DAY)
    life.at(0, WARN)
    assert life.due == 3 * DAY
    life.at(DAY)
    life.at(2 * DAY, WARN)
    life.at(5 * DAY + 1, WARN)  # the grace has not passed
    life.at(5 * DAY, WARN, by_deadline=True)
    assert life.told == [(5 * DAY, "opened", WARN)]
    assert life.account.record.pending == {}


def renewal_on(life: Life, day: date, zone: str | None = None) -> None:
    event = AccountUpdated(event_id="u", account_id="acme", occurred_at=T0, renewal_date=day, time_zone=zone)
    account_updated(event, life.account)


def test_near_the_renewal_it_is_graver_from_the_local_midnight_on() -> None:
    life = Life()
    renewal_on(life, date(2026, 4, 10), "America/St_Johns")  # UTC-3:30; 90 d before: Saturday 10 January
    line = 5 * DAY + 3 * HOUR + 30 * MINUTE
    life.at(DAY, WATCH)
    assert life.due == line
    life.at(line + MINUTE, WATCH)  # the midnight's own deadline is still to fire
    assert life.due == line
    life.at(line, WATCH, by_deadline=True)
    assert life.due == 65 * DAY + 2 * HOUR + 30 * MINUTE  # 30 d before, in summer time
    life.at(65 * DAY + 2 * HOUR + 30 * MINUTE, WATCH, by_deadline=True)
    life.at(97 * DAY, WATCH)
    assert life.told == [
        (DAY, "opened", WATCH), (line, "escalated", WARN), (65 * DAY + 2 * HOUR + 30 * MINUTE, "escalated", HIGH),
        (97 * DAY, "eased", WATCH),
    ]  # fmt: skip


def test_what_opens_just_after_the_midnight_is_raised_and_stays_so() -> None:
    life = Life()
    renewal_on(life, date(2026, 4, 10))
    life.at(5 * DAY + MINUTE, WATCH)
    life.at(5 * DAY + MINUTE + 1, WATCH)
    assert life.told == [(5 * DAY + MINUTE, "opened", WARN)]


def test_a_raise_does_not_pass_critical_and_is_not_for_good_news() -> None:
    for changes, level, severity in (({}, HIGH, 5), ({}, 5, 5), ({"polarity": "good"}, 1, 1)):
        life = Life(**changes)
        renewal_on(life, date(2026, 1, 10))
        life.at(DAY, level)
        assert life.told == [(DAY, "opened", severity)]


def test_the_renewal_day_itself_is_near_and_the_day_after_is_not() -> None:
    life = Life()
    renewal_on(life, date(2026, 1, 10))
    life.at(5 * DAY + 23 * HOUR, WATCH)
    assert life.due == 6 * DAY
    life.at(6 * DAY, WATCH, by_deadline=True)
    assert [said[1:] for said in life.told] == [("opened", HIGH), ("eased", WATCH)]


def test_support_is_graver_during_onboarding_by_one_step_and_by_two_at_most() -> None:
    life = Life(family="support")
    life.at(DAY, WATCH)
    assert life.due == 30 * DAY  # neither an onboarding event nor a stage is known
    life.at(30 * DAY, WATCH, by_deadline=True)
    assert life.told == [(DAY, "opened", WARN), (30 * DAY, "eased", WATCH)]
    both = Life(family="support")
    renewal_on(both, date(2026, 1, 10))
    both.at(DAY, WATCH)
    assert both.told == [(DAY, "opened", HIGH)]


def test_a_line_crossed_between_on_and_off_changes_the_severity() -> None:
    life = Life()
    renewal_on(life, date(2026, 4, 10))
    life.at(DAY, WATCH)
    life.at(5 * DAY, by_deadline=True)
    life.at(97 * DAY)
    assert [said[1:] for said in life.told] == [("opened", WATCH), ("escalated", WARN), ("eased", WATCH)]


def test_days_of_an_ended_episode_are_remembered_for_baselines_but_not_of_one_that_expired() -> None:
    life = Life(operator=Silent(by_day=True))
    life.at(0, WARN, since=T0 - 6 * DAY)
    life.at(10 * DAY, off=True)
    life.at(17 * DAY, off=True, by_deadline=True)
    first = T0 // DAY
    assert life.account.record.spans == {"usage.test": [(first - 6, first + 16)]}
    life.at(30 * DAY, WARN)
    life.at(86 * DAY, WARN, ended="expired")
    assert len(life.account.record.spans["usage.test"]) == 1


def test_two_subjects_hold_apart() -> None:
    one, two = Life("a", hold_ms=DAY), Life("b", hold_ms=DAY)
    two.account = one.account
    one.at(0, WARN)
    two.at(0)
    one.at(DAY, WARN, by_deadline=True)
    assert one.told == [(DAY, "opened", WARN)]


def test_while_off_holds_on_does_not_open() -> None:
    """R2.2; and of an open alert OFF is what counts, or it would recover and reopen at every event."""
    life = Life()
    life.at(0, WARN, off=True)
    assert life.told == []
    life.at(DAY, WARN)
    life.at(2 * DAY, WARN, off=True)
    life.at(3 * DAY, WARN, off=True)
    life.at(9 * DAY, WARN, off=True, by_deadline=True)
    assert [said[1] for said in life.told] == ["opened", "recovering", "resolved"]
    life.at(9 * DAY + HOUR, WARN)  # ON has not been false since
    assert [said[1] for said in life.told] == ["opened", "recovering", "resolved"]


def test_off_stops_what_was_about_to_open() -> None:
    """R2.2: `for` counts anew."""
    life = Life(hold_ms=3 * DAY)
    life.at(0, WARN)
    life.at(DAY, WARN, off=True)
    life.at(2 * DAY, WARN)
    assert life.due == 5 * DAY


def test_what_ends_by_the_calendar_alone_need_not_be_kept() -> None:
    """R2.2: ends by the calendar alone (14, 30, 90 d after) have `keep` 0."""
    life = Life()
    life.at(0, WARN)
    life.at(14 * DAY, off=True, by_calendar=True, by_deadline=True)
    assert life.told == [(0, "opened", WARN), (14 * DAY, "resolved", WARN)]


def test_for_counts_within_the_cool_down_too() -> None:
    """R2.3: an opening within 24 h is `reopened`; it is an opening like any other."""
    life = Life(keep_ms=0, hold_ms=2 * HOUR)
    life.at(0, WARN)
    life.at(2 * HOUR, WARN, by_deadline=True)
    life.at(3 * HOUR, off=True)
    life.at(4 * HOUR, WARN)
    assert life.due == 6 * HOUR
    life.at(6 * HOUR, WARN, by_deadline=True)
    assert [said[:2] for said in life.told] == [(2 * HOUR, "opened"), (3 * HOUR, "resolved"), (6 * HOUR, "reopened")]


def test_a_superseded_alert_that_holds_after_all_in_the_same_millisecond_is_the_same_alert() -> None:
    """A new one would have its id, and its revision 1 another body."""
    life = Life()
    life.at(0, WARN)
    life.at(0, off=True, superseded=True)
    life.at(0, WARN)
    assert [said[1] for said in life.told] == ["opened", "resolved", "reopened"]
    assert life.episode is not None
    assert life.episode.revision == 3
