"""What people say of alerts, and what comes of it (rules.md R2.11, events.md 4)."""

from typing import Any

import pytest

from detector.domain.alerts import fingerprint_of
from detector.domain.events import AlertFeedback, IncidentOpened, IncidentResolved, TouchLogged, UsageRecorded
from detector.domain.feedback import MAX_MUTED
from detector.domain.verdict import CRITICAL, HIGH, WARN, WATCH
from tests.domain.life import GRACE, Life
from tests.domain.world import DAY, HOUR, MINUTE, T0, Story, World, only

FEW = only("usage.dark", "incident.untold")
INCIDENT = fingerprint_of("default", "acme", "incident.untold", "incident", "i1")


def transitions(life: Life) -> list[tuple[str, int]]:
    return [said[1:] for said in life.told]


# -- acknowledged, acted, useful ----------------------------------------------------------------------------------


@pytest.mark.parametrize("disposition", ["acknowledged", "acted", "useful"])
def test_what_is_acknowledged_is_told_once_and_changes_nothing_else(disposition: str) -> None:
    """R2.11: acknowledged, acted, useful -> `acknowledged`; the same word again says nothing new."""
    life = Life()
    life.at(0, WARN)
    life.says(HOUR, disposition, WARN)
    life.says(2 * HOUR, disposition, WARN)
    assert transitions(life) == [("opened", WARN), ("acknowledged", WARN)]
    assert life.episode is not None
    assert (life.episode.status, life.episode.revision, life.episode.answers) == ("open", 2, [disposition])


@pytest.mark.parametrize(
    ("said", "how"),
    [
        ((), "righted_itself"),
        (("useful",), "righted_itself"),  # to find it useful is not to do anything about it
        (("acknowledged",), "recovered"),
        (("acted",), "acted"),
        (("acted", "acknowledged"), "acted"),  # a later, smaller word takes nothing back
    ],
)
def test_who_is_to_thank_that_it_recovered(said: tuple[str, ...], how: str) -> None:
    """events.md 4: righted_itself = without human touch and without acknowledged or acted feedback since it opened."""
    life = Life(keep_ms=0)
    life.at(0, WARN)
    for number, disposition in enumerate(said):
        life.says(HOUR + number, disposition, WARN)
    life.at(DAY, off=True)
    assert life.resolution == how


def test_a_recovering_alert_can_be_acknowledged_too() -> None:
    life = Life()
    life.at(0, WARN)
    life.at(HOUR, off=True)
    life.says(DAY, "acted", off=True)
    life.at(7 * DAY + HOUR, off=True, by_deadline=True)
    assert transitions(life) == [("opened", WARN), ("recovering", WARN), ("acknowledged", WARN), ("resolved", WARN)]
    assert life.resolution == "acted"


def test_feedback_and_a_verdict_that_moves_make_one_transition() -> None:
    """The body shows both: the new severity, and the one before it."""
    life = Life()
    life.at(0, WARN)
    came = life.says(HOUR, "acknowledged", HIGH)
    assert transitions(life) == [("opened", WARN), ("acknowledged", HIGH)]
    assert came.previous == WARN


# -- expected, noise ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("disposition", ["expected", "noise"])
def test_expected_and_noise_end_it_at_once_for_90_days(disposition: str) -> None:
    """R2.11: resolved at once, no opening of that fingerprint for 90 d; then it may be told anew."""
    life = Life()
    life.at(0, WARN)
    life.says(HOUR, disposition, WARN)
    assert life.resolution == disposition
    life.at(2 * HOUR)
    life.at(3 * HOUR, WARN)  # within the cool-down
    life.at(40 * DAY)
    life.at(50 * DAY, WARN)
    assert life.due == 90 * DAY + HOUR
    life.at(90 * DAY + HOUR + GRACE - 1, WARN)
    life.at(90 * DAY + HOUR, WARN, by_deadline=True)
    assert transitions(life) == [("opened", WARN), ("resolved", WARN), ("opened", WARN)]


def test_what_goes_on_holding_for_90_days_opens_only_after_it_was_false_once() -> None:
    """R2.2: an episode that ended opens again only after ON was false once, however it ended."""
    life = Life()
    life.at(0, WARN)
    life.says(HOUR, "noise", WARN)
    for day in range(2, 120):
        life.at(day * DAY, WARN)
    assert [said[1] for said in life.told] == ["opened", "resolved"]
    life.at(120 * DAY)
    life.at(121 * DAY, WARN)
    assert [said[1] for said in life.told] == ["opened", "resolved", "opened"]


def test_for_goes_on_counting_while_it_may_not_open() -> None:
    life = Life(hold_ms=3 * DAY)
    life.at(0, WARN)
    life.at(3 * DAY, WARN, by_deadline=True)
    life.says(3 * DAY + HOUR, "noise", WARN)
    life.at(4 * DAY)
    life.at(92 * DAY, WARN)
    life.at(93 * DAY + HOUR, WARN, by_deadline=True)
    assert life.due == 95 * DAY
    life.at(95 * DAY, WARN, by_deadline=True)
    assert life.told[-1] == (95 * DAY, "opened", WARN)


def test_noise_about_what_has_just_resolved_holds_for_what_comes() -> None:
    life = Life(keep_ms=0)
    life.at(0, WARN)
    life.at(HOUR, off=True)
    life.says(2 * HOUR, "noise", off=True)
    life.at(3 * HOUR, WARN)
    life.at(60 * DAY)
    life.at(61 * DAY, WARN)
    assert [said[1] for said in life.told] == ["opened", "resolved"]
    assert life.resolution is None


def test_noise_said_before_it_opened_holds_for_it_by_fingerprint() -> None:
    """It was said of the episode before and came late: had it come in time, this one would not have opened."""
    life = Life()
    life.at(10 * DAY, WARN)
    life.says(10 * DAY + HOUR, "noise", WARN, happened=9 * DAY, by_fingerprint=True)
    assert life.resolution == "noise"
    assert list(life.account.record.muted.values()) == [T0 + 99 * DAY]


def test_noise_that_is_older_than_90_days_ends_the_alert_it_names_and_mutes_nothing() -> None:
    life = Life()
    life.at(0, WARN)
    life.says(100 * DAY, "noise", WARN, happened=HOUR)
    assert life.resolution == "noise"
    assert life.account.record.muted == {}


def test_the_longest_of_two_words_holds_and_ended_ones_are_forgotten() -> None:
    life = Life()
    life.at(0, WARN)
    life.says(DAY, "noise", WARN)
    life.says(DAY + HOUR, "expected", WARN, happened=HOUR)
    assert list(life.account.record.muted.values()) == [T0 + 91 * DAY]
    other = Life("b")
    other.account = life.account
    other.at(100 * DAY, WARN)
    other.says(100 * DAY + HOUR, "noise", WARN)
    assert list(life.account.record.muted.values()) == [T0 + 190 * DAY + HOUR]


def test_at_most_64_are_muted_and_what_was_forgotten_is_counted() -> None:
    lives = [Life(f"s{number}") for number in range(MAX_MUTED + 1)]
    for number, life in enumerate(lives):
        life.account = lives[0].account
        life.at(0, WARN)
        life.says(HOUR + number, "noise", WARN)
    record = lives[0].account.record
    assert len(record.muted) == MAX_MUTED
    assert min(record.muted.values()) == T0 + 90 * DAY + HOUR + 1
    assert record.evicted == {"mute": 1}


# -- snoozed ------------------------------------------------------------------------------------------------------


def test_a_snoozed_alert_is_silent_until_its_time_is_over_and_then_revised() -> None:
    """R2.11: `snoozed` until `snooze_until` (14 d); at its end `revised`, whatever happened meanwhile."""
    life = Life()
    life.at(0, WATCH)
    life.says(HOUR, "snoozed", WATCH)
    assert life.due == 14 * DAY + HOUR
    life.at(DAY, HIGH)
    life.at(2 * DAY, off=True)
    life.at(3 * DAY)
    life.at(4 * DAY, WARN)
    life.says(5 * DAY, "acted", WARN)
    life.at(14 * DAY + HOUR + GRACE - 1, WARN)  # its end's own deadline is still to fire
    assert transitions(life) == [("opened", WATCH), ("snoozed", WATCH)]
    assert life.episode is not None
    assert life.episode.revision == 2
    came = life.at(14 * DAY + HOUR, WARN, by_deadline=True)
    assert transitions(life)[2:] == [("revised", WARN)]
    assert (came.previous, life.episode.revision, life.episode.answers) == (WATCH, 3, ["acted"])
    life.at(15 * DAY, HIGH)
    assert transitions(life)[3:] == [("escalated", HIGH)]


def test_at_its_end_a_snoozed_alert_says_so_even_if_nothing_changed() -> None:
    life = Life()
    life.at(0, WARN)
    life.says(HOUR, "snoozed", WARN, snooze_until=T0 + 3 * DAY)
    life.at(3 * DAY, WARN, by_deadline=True)
    assert life.told == [(0, "opened", WARN), (HOUR, "snoozed", WARN), (3 * DAY, "revised", WARN)]


def test_a_rise_to_critical_breaks_the_snooze() -> None:
    life = Life()
    life.at(0, WARN)
    life.says(HOUR, "snoozed", WARN)
    life.at(DAY, HIGH)
    came = life.at(2 * DAY, CRITICAL)
    life.at(3 * DAY, HIGH)
    assert transitions(life) == [("opened", WARN), ("snoozed", WARN), ("escalated", CRITICAL), ("eased", HIGH)]
    assert came.previous == WARN  # as it was published last


def test_what_was_critical_when_it_was_snoozed_stays_snoozed() -> None:
    """A reader has been told that it is critical: falling and rising again is no news."""
    life = Life()
    life.at(0, CRITICAL)
    life.says(HOUR, "snoozed", CRITICAL)
    life.at(DAY, WARN)
    life.at(2 * DAY, CRITICAL)
    assert transitions(life) == [("opened", CRITICAL), ("snoozed", CRITICAL)]


def test_a_snoozed_alert_that_is_over_ends_at_once_and_its_snooze_with_it() -> None:
    """Nobody is disturbed by an end, and no list should show what is over; that it comes back is news again."""
    life = Life()
    life.at(0, WARN)
    life.says(HOUR, "snoozed", WARN)
    life.at(DAY, off=True)
    life.at(8 * DAY, off=True, by_deadline=True)
    life.at(8 * DAY + HOUR, WARN)
    life.at(9 * DAY, HIGH)
    assert life.told == [
        (0, "opened", WARN), (HOUR, "snoozed", WARN), (8 * DAY, "resolved", WARN),
        (8 * DAY + HOUR, "reopened", WARN), (9 * DAY, "escalated", HIGH),
    ]  # fmt: skip


def test_a_snooze_that_ends_while_it_recovers_says_that_it_recovers() -> None:
    life = Life()
    life.at(0, WARN)
    life.says(HOUR, "snoozed", WARN, snooze_until=T0 + 3 * DAY)
    life.at(DAY, off=True)
    life.at(3 * DAY, off=True, by_deadline=True)
    assert life.told[2:] == [(3 * DAY, "revised", WARN)]
    assert life.episode is not None
    assert life.episode.status == "recovering"
    assert life.due == 8 * DAY


def test_the_snooze_that_was_asked_for_last_holds_in_whatever_order_they_come() -> None:
    life = Life()
    life.at(0, WARN)
    life.says(2 * HOUR, "snoozed", WARN, snooze_until=T0 + 5 * DAY)
    life.says(3 * HOUR, "snoozed", WARN, happened=HOUR, snooze_until=T0 + 50 * DAY)
    life.says(4 * HOUR, "snoozed", WARN, snooze_until=T0 + 5 * DAY)  # nothing new
    life.says(5 * HOUR, "snoozed", WARN, snooze_until=T0 + 9 * DAY)
    life.at(5 * DAY, WARN, by_deadline=True)
    life.at(9 * DAY, WARN, by_deadline=True)
    assert life.told == [
        (0, "opened", WARN), (2 * HOUR, "snoozed", WARN), (5 * HOUR, "snoozed", WARN), (9 * DAY, "revised", WARN),
    ]  # fmt: skip


def test_a_snooze_until_a_time_that_is_past_is_none_and_ends_the_one_there_is() -> None:
    life = Life()
    life.at(0, WARN)
    life.says(DAY, "snoozed", WARN, snooze_until=T0)
    assert transitions(life) == [("opened", WARN)]
    life.says(2 * DAY, "snoozed", WARN)
    life.says(3 * DAY, "snoozed", WARN, snooze_until=T0)
    assert transitions(life) == [("opened", WARN), ("snoozed", WARN), ("revised", WARN)]


def test_noise_ends_a_snoozed_alert_at_once() -> None:
    life = Life()
    life.at(0, WARN)
    life.says(HOUR, "snoozed", WARN)
    life.says(DAY, "noise", WARN)
    assert life.resolution == "noise"
    assert life.episode is not None
    assert life.episode.snooze is None


def test_a_resolved_alert_is_not_snoozed_and_an_answer_to_it_counts_if_it_comes_back() -> None:
    life = Life(keep_ms=0)
    life.at(0, WARN)
    life.at(HOUR, off=True)
    life.says(2 * HOUR, "snoozed", off=True)
    life.says(2 * HOUR, "acted", off=True)
    life.at(3 * HOUR, WARN)
    life.at(4 * HOUR, off=True)
    assert [said[1] for said in life.told] == ["opened", "resolved", "reopened", "resolved"]
    assert life.resolution == "acted"


# -- through a partition ------------------------------------------------------------------------------------------


def incident(story: Story | None = None) -> Story:
    return (story or Story())(0, IncidentOpened, incident_id="i1", severity="major")


def feedback(story: Story, at: int, disposition: str, alert_id: str = INCIDENT, **fields: Any) -> Story:
    return story(at, AlertFeedback, alert_id=alert_id, disposition=disposition, **fields)


def unknown(world: World) -> int:
    return sum(changes.tally.unknown_feedback for changes in world.changes)


def test_an_alert_is_named_by_its_id_or_by_its_fingerprint() -> None:
    alert_id = incident().world(plan=FEW, until=DAY).alerts[0].alert_id
    for name in (alert_id, INCIDENT):
        world = feedback(incident(), HOUR, "acknowledged", name).world(plan=FEW, until=DAY)
        assert [said[1] for said in world.said("incident.untold")] == ["opened", "acknowledged"]
        assert unknown(world) == 0


def test_feedback_on_what_is_not_known_is_counted_and_says_nothing() -> None:
    """R2.11: a first event of an account included, and an alert that has been over for longer than its cool-down."""
    assert unknown(feedback(Story(), 0, "noise").world(plan=FEW)) == 1
    story = feedback(incident(), HOUR, "acted", "0" * 32)
    story(2 * HOUR, IncidentResolved, incident_id="i1")
    world = feedback(story, 3 * DAY, "noise").world(plan=FEW, until=4 * DAY)
    assert unknown(world) == 2
    assert world.record().muted == {}
    assert [said[1] for said in world.said("incident.untold")] == ["opened", "resolved"]


def test_what_was_said_of_an_earlier_episode_is_not_said_of_this_one() -> None:
    """By fingerprint, before it opened: it came late, and whom it was about is over."""
    story = feedback(incident(), HOUR, "acted", late=0)
    late = feedback(incident(), 10 * MINUTE, "acted", late=HOUR)
    assert [said[1] for said in story.world(plan=FEW, until=DAY).said("incident.untold")] == ["opened", "acknowledged"]
    assert [said[1] for said in late.world(plan=FEW, until=DAY).said("incident.untold")] == ["opened"]
    assert unknown(late.world(plan=FEW, until=DAY)) == 1


def test_a_snoozed_body_says_so_and_the_next_one_no_more() -> None:
    """events.md 4: `suppressed_by`: snooze; health shows the last body that was published."""
    story = Story()
    for day in range(10):
        story(day * DAY, UsageRecorded)
    dark = fingerprint_of("default", "acme", "usage.dark", None, None)
    world = feedback(story, 25 * DAY, "snoozed", dark, snooze_until=T0 + 30 * DAY).world(plan=FEW, until=31 * DAY)
    opened, snoozed, revised = world.of("usage.dark")
    assert [alert.suppressed_by for alert in (opened, snoozed, revised)] == [(), ("snooze",), ()]
    assert snoozed.explanation.endswith("It is snoozed until 2026-02-04 00:00 UTC.")
    assert [alert.revision for alert in (opened, snoozed, revised)] == [1, 2, 3]
    assert revised.detected_at == "2026-02-04T00:00:00.000Z"


def test_what_is_noise_says_why_it_ended_and_who_acted_is_told() -> None:
    (_, noise) = feedback(incident(), HOUR, "noise").world(plan=FEW, until=2 * HOUR).of("incident.untold")
    assert noise.explanation.startswith("Somebody said that this is noise.")
    story = Story()
    for day in range(10):
        story(day * DAY, UsageRecorded)
    dark = fingerprint_of("default", "acme", "usage.dark", None, None)
    feedback(story, 25 * DAY, "acted", dark)
    for day in range(26, 40):
        story(day * DAY, UsageRecorded)
    story(26 * DAY, TouchLogged, direction="outbound", kind="call", outcome="held")
    assert story.world(plan=FEW).alerts[-1].explanation.endswith("Somebody here said that they acted on it.")
