"""The summary says what came, what was missed, what nobody expected, and does not flatter."""

import io
from collections.abc import Iterator

import msgspec
import pytest
from rich.console import Console

from detector.demo import leaver_table
from detector.demo.course import course
from detector.demo.leavers import Alerted
from detector.demo.ledger import Alert
from detector.demo.live_alert import Heard, delay_words
from detector.demo.stories import STORIES
from detector.demo.story import Expected
from detector.demo.summary import Findings, interrupted, summary
from detector.demo.university import account_of, day_start
from detector.demo.view import View
from detector.demo.watching import PATIENCE_SECONDS, Progress, Silence, Snapshot
from detector.errors import DetectorError
from tests.demo.arrivals import UNTIL, body

HALCYON = next(story for story in STORIES if story.account_id == "halcyon-media")
HOLIDAY = Silence("usage.dark", "holiday", "2026-11-18T12:00:00.000Z")


def _as_told(account_id: str, expected: Expected) -> Iterator[bytes]:
    day = expected.opens[0]
    yield body(account_id, expected.rule_id, expected.severity, day=day)
    if expected.ends != "open":
        yield body(account_id, expected.rule_id, expected.severity, "resolved", day=day, resolution=expected.ends)


def _view(*, without: str = "") -> View:
    view = View(UNTIL)
    for story in STORIES:
        for expected in story.expected:
            if story.account_id != without:
                view.hear(list(_as_told(story.account_id, expected)))
    return view


def _heard(milliseconds: float) -> Heard:
    return Heard(msgspec.json.decode(body("granite-bank", "sponsor.left", "critical"), type=Alert), milliseconds)


def _text(view: View, *, limit: int = 0, deaths: tuple[str, ...] = ()) -> str:
    found = Findings(
        events=150_000,
        measured_rate=9_000.0,
        limit=limit,
        history_seconds=20.0,
        snapshots={
            "linden-textiles": Snapshot(100.0, "green", [HOLIDAY]),
            "redwood-timber": Snapshot(97.4, "green", []),
            "halcyon-media": Snapshot(60.0, "at_risk", []),
            "thistle-hr": Snapshot(None, "insufficient_data", []),
        },
        live=[_heard(40.0), _heard(20.0), _heard(90.0)],
        deaths=deaths,
        steps=[],
    )
    out = io.StringIO()
    Console(file=out, width=400, color_system=None).print(summary(view, found))
    return out.getvalue()


def words(text: str) -> str:
    """The same with single blanks."""
    return " ".join(text.split())


def test_the_summary_says_where_each_story_and_all_customers_stand() -> None:
    text = words(_text(_view()))
    assert "✓ linden-textiles 100 green Looks dead, is on holiday: no alert" in text
    assert "All 4 customers: 2 green, 1 at_risk, 1 insufficient_data." in text


def test_a_run_in_which_all_came_as_expected_says_so() -> None:
    text = _text(_view())
    assert f"{len(STORIES)} of {len(STORIES)} as expected" in text
    assert "0 expected alerts missed, 0 unexpected." in text
    assert "No alert on any of the customers without a story." in text
    assert all(f"✓  {story.account_id}" in text for story in STORIES)


def test_what_was_missed_is_named() -> None:
    text = _text(_view(without="halcyon-media"))
    assert "✗ halcyon-media 60 at_risk The sponsor leaves: missed sponsor.left (critical)" in words(text)
    assert f"{len(STORIES) - 1} of {len(STORIES)} as expected" in text
    assert f"{len(HALCYON.expected)} expected alerts missed, 0 unexpected." in text


def test_what_nobody_expected_is_named() -> None:
    view = _view()
    view.hear([body("redwood-timber", "support.flood", "warn"), body("granite-bank", "usage.drop", "high")])
    text = _text(view)
    assert "! redwood-timber 97 green Three tickets in a week, about three things: unexpected support.flood" in words(
        text
    )
    assert "0 expected alerts missed, 1 unexpected." in text
    assert "False alarms among the customers without a story: granite-bank: usage.drop." in text


def test_what_came_otherwise_is_named() -> None:
    view = _view(without="tidewater-energy")
    view.hear([body("tidewater-energy", "incident.untold", "warn")])
    assert "otherwise: incident.untold: reached warn, expected high" in _text(view)


def test_the_quiet_customer_says_why() -> None:
    wanted = "linden-textiles, in its own health snapshot: usage.dark would have opened on 2026-11-18, but: holiday."
    assert wanted in _text(_view())


def test_time_was_compressed_and_how_fast_is_only_said_where_it_was_measured() -> None:
    text = _text(_view())
    assert "150,000 events through Apache Kafka, 9,000 a second;" in text
    assert "the company's 182 days and the course's 279 passed together in 20 s, about 14 days a second" in text
    paced = _text(_view(), limit=8_000)
    assert "sent at 8,000 a second so that one can watch" in paced
    assert "9,000" not in paced


def test_alerts_are_counted_by_tenant_rule_and_highest_severity() -> None:
    view = _view()
    view.hear([body(f"student-{n}", "usage.dark", "warn", tenant_id="open-university") for n in range(3)])
    lines = [" ".join(line.split()) for line in _text(view).splitlines()]
    assert "tenant rule watch warn high critical all open" in lines
    assert "demo sponsor.left - - - 2 2 1" in lines
    assert "open-university usage.dark - 3 - - 3 3" in lines


def test_live_delays_are_a_median_and_a_range() -> None:
    assert "held the alert 40 ms (median; 20 to 90) after" in delay_words([_heard(40.0), _heard(20.0), _heard(90.0)])


def test_after_an_interruption_the_last_word_is_short() -> None:
    view = _view()
    view.applied = 1_234
    assert "1,234 events applied" in interrupted(view)
    assert "Nothing is left running, and no file but the cache." in interrupted(view)


def test_a_worker_that_died_on_the_way_is_told_of() -> None:
    assert "On the way the worker was ended by signal 9. It was started once more" in _text(
        _view(), deaths=("the worker was ended by signal 9",)
    )
    assert "On the way" not in _text(_view())


def test_no_line_ends_in_blanks() -> None:
    assert all(line == line.rstrip() for line in _text(_view()).splitlines())


def test_the_course_comes_with_a_sentence_and_a_heading_for_each_column() -> None:
    lines = _text(_view()).split("The real course")[1].splitlines()
    assert lines[1].startswith("  Of 53 students who withdrew")
    assert lines[2].split() == ["percent", "who", "others", "others", "who", "others", "others"]
    assert " ".join(lines[3].split()) == "alerted by withdrew by then ever left by then ever alerts"
    assert len(lines[4].split()) == len([*leaver_table.ALL.split(), *range(7)])


def test_a_detector_that_alerts_everybody_is_told_that_it_says_little() -> None:
    told = [Alerted(account_of(student), "usage.dark", "warn", day_start(UNTIL, 0)) for student in course().registered]
    judged = leaver_table.judge(told, {"usage.dark": len(told)}, UNTIL)
    assert [row.name for row in judged] == [leaver_table.ALL, "usage.dark", leaver_table.PLAIN]
    assert "100% of the others" in leaver_table.in_short(judged)
    assert "says little about who will leave" in leaver_table.in_short(judged)
    assert "1.0 an enrolment" in " ".join(leaver_table.details(judged, []))


def test_the_load_of_false_alerts_is_that_of_those_who_stayed() -> None:
    outcomes = course().outcomes.items()
    stayed, left = (
        [student for student, one in outcomes if (one.withdrawn is None) is stays] for stays in (True, False)
    )
    view = View(UNTIL)
    view.hear([body(account_of(student), "usage.dark", "warn", tenant_id="open-university") for student in stayed[:3]])
    view.hear([body(account_of(left[0]), "usage.dark", "warn", tenant_id="open-university")])
    judged = leaver_table.judge(list(view.ledger.told_of_course()), {"usage.dark": 4}, UNTIL)
    said = " ".join(leaver_table.details(judged, view.ledger.of_tenant("open-university")))
    assert f"False-alert load: 3 of them told of a risk to one of the {len(stayed)} who did not withdraw" in said


def test_a_rule_that_knows_the_leavers_is_named_as_the_best() -> None:
    leavers = [student for student, outcome in course().outcomes.items() if outcome.withdrawn is not None]
    told = [Alerted(account_of(student), "goal.behind_schedule", "high", day_start(UNTIL, 0)) for student in leavers]
    told += [
        Alerted(account_of(student), "usage.dark", "warn", day_start(UNTIL, 0))
        for student in list(course().registered)[:200]
    ]
    judged = leaver_table.judge(told, {"goal.behind_schedule": len(leavers), "usage.dark": 200}, UNTIL)
    assert "Tells them apart best: goal.behind_schedule, on leavers only (" in " ".join(
        leaver_table.details(judged, [])
    )


def test_a_run_without_alerts_on_the_course_is_no_failure() -> None:
    judged = leaver_table.judge([], {}, UNTIL)
    assert "0 had an alert before they did" in leaver_table.in_short(judged)
    assert "0.0 times as many" in " ".join(leaver_table.details(judged, []))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_is_of_the_last_seconds_the_overall_one_of_all() -> None:
    clock = Clock()
    progress = Progress(clock)
    for second, applied in enumerate((1_000, 2_000, 3_000, 4_000, 8_000, 12_000, 16_000)):
        clock.now = float(second)
        progress.now(applied)
    assert progress.rate == pytest.approx(4_000)
    assert progress.overall == pytest.approx(2_500)


def test_a_worker_that_stands_still_is_not_waited_for_without_end() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.now(10)
    clock.now = PATIENCE_SECONDS + 1
    with pytest.raises(DetectorError, match="applied nothing for 60 s"):
        progress.now(10)
