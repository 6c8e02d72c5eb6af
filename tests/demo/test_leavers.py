from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from detector.demo.course import course
from detector.demo.leavers import Alerted, plain_silence, score
from detector.demo.university import account_of, day_start

END = datetime(2026, 11, 23, tzinfo=UTC)


def alert(student: str, day: float, severity: str = "high") -> Alerted:
    return Alerted(account_of(student), "some.rule", severity, day_start(END, 0) + timedelta(days=day))


def leaver(day: int) -> str:
    return next(student for student, outcome in course().outcomes.items() if outcome.withdrawn == day)


def passed() -> list[str]:
    return [student for student, outcome in course().outcomes.items() if outcome.result == "Pass"]


def test_the_labels_count_what_the_source_counts() -> None:
    results = Counter(outcome.result for outcome in course().outcomes.values())
    assert results == {"Pass": 258, "Withdrawn": 60, "Fail": 45, "Distinction": 20}
    withdrew, disengaged = score([], END, "withdrew"), score([], END, "disengaged")
    assert (withdrew.leavers, withdrew.others) == (53, 323)
    assert (disengaged.leavers, disengaged.others) == (59, 317)
    assert withdrew.share_of_leavers == withdrew.share_of_others == withdrew.share_of_others_by_then == 0
    assert withdrew.median_lead_days is None


def test_an_alert_counts_for_a_leaver_only_before_the_day_of_leaving() -> None:
    student = leaver(60)
    assert score([alert(student, 59.99)], END, "withdrew").leavers_alerted == 1
    assert score([alert(student, 60.0)], END, "withdrew").leavers_alerted == 0


def test_lead_is_counted_from_the_first_alert() -> None:
    student = leaver(114)
    found = score([alert(student, 100), alert(student, 14), alert(student, 50)], END, "withdrew")
    assert (found.leavers_alerted, found.median_lead_days) == (1, 100.0)


def test_alerts_after_the_last_deadline_count_for_nobody() -> None:
    student = passed()[0]
    assert score([alert(student, 215.9)], END, "withdrew").others_alerted == 1
    assert score([alert(student, 216)], END, "withdrew").others_alerted == 0
    assert score([alert(leaver(241), 220)], END, "withdrew").leavers_alerted == 0


def test_alerts_below_the_severity_asked_for_do_not_count() -> None:
    student = leaver(60)
    assert score([alert(student, 20, "watch")], END, "withdrew", at_least="warn").leavers_alerted == 0
    assert score([alert(student, 20, "warn")], END, "withdrew", at_least="warn").leavers_alerted == 1


def test_others_are_compared_with_leavers_by_the_day_each_left() -> None:
    found = score([alert(student, 100) for student in passed()], END, "withdrew")
    later = sum(outcome.withdrawn is not None and outcome.withdrawn > 100 for outcome in course().outcomes.values())
    assert found.others_alerted == 258
    assert found.share_of_others_by_then == pytest.approx(258 / 323 * later / 53)


def test_those_who_left_before_the_start_are_nobody_to_be_judged() -> None:
    early = [s for s, outcome in course().outcomes.items() if outcome.withdrawn is not None and outcome.withdrawn <= 0]
    assert len(early) == 7
    assert score([alert(student, 5) for student in early], END, "withdrew") == score([], END, "withdrew")


def test_plain_silence_speaks_once_for_each_silence_of_fourteen_whole_days() -> None:
    student = "11391"
    days = [clicks.day for clicks in course().clicks if clicks.student == student and 0 <= clicks.day <= 215]
    gaps = [(a, b) for a, b in zip([-1, *days], [*days, 230], strict=True) if b - a > 14 and a + 15 <= 216]
    spoken = [a.detected_at for a in plain_silence(END) if a.account_id == account_of(student)]
    assert spoken == [day_start(END, a + 15) for a, _ in gaps]


def test_plain_silence_finds_half_of_the_leavers_and_more_than_half_of_the_others() -> None:
    found = score(plain_silence(END), END, "withdrew")
    assert (found.leavers_alerted, found.others_alerted) == (29, 192)
    assert found.share_of_others_by_then == pytest.approx(0.40, abs=0.01)


def test_who_never_clicked_has_been_silent_since_the_start() -> None:
    clicked = {clicks.student for clicks in course().clicks}
    never = [s for s, day in course().registered.items() if s not in clicked and day <= 0]
    assert never
    first = {a.account_id: a.detected_at for a in plain_silence(END)}
    assert all(first[account_of(student)] == day_start(END, 14) for student in never)
