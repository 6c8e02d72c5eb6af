"""What was read is counted once an alert, and says how each story stands."""

from detector.demo.ledger import Ledger
from detector.demo.stories import STORIES
from detector.demo.view import View, standing
from tests.demo.arrivals import UNTIL, body

BY_ACCOUNT = {story.account_id: story for story in STORIES}


def _ledger(*bodies: bytes) -> Ledger:
    ledger = Ledger()
    for one in bodies:
        ledger.add(one)
    return ledger


def test_an_alert_is_one_case_at_the_highest_severity_it_reached() -> None:
    ledger = _ledger(
        body("northgate-freight", "contact.dark", "warn", day=-22),
        body("northgate-freight", "contact.dark", "critical", "escalated", day=-5),
        body("northgate-freight", "contact.dark", "high", "eased", day=-2),
    )
    (case,) = ledger.of_tenant("demo")
    assert (case.highest, case.last.severity, case.ended) == ("critical", "high", False)


def test_the_clock_is_the_latest_time_of_detection() -> None:
    ledger = _ledger(body("a", "usage.dark", "warn", day=-3), body("b", "usage.dark", "warn", day=-9))
    assert ledger.clock is not None
    assert (UNTIL - ledger.clock).days == 2


def test_the_worst_open_alert_says_how_a_story_stands() -> None:
    story = BY_ACCOUNT["sable-robotics"]
    ledger = _ledger(
        body(story.account_id, "usage.drop", "high", day=-30),
        body(story.account_id, "usage.dark", "critical", day=-20),
        body(story.account_id, "goal.behind_schedule", "critical", "resolved", day=-3, resolution="recovered"),
    )
    assert standing(story, ledger.of_story(story), over=False) == ("●", "critical usage.dark", "bold magenta")


def test_a_story_that_ended_says_how() -> None:
    story = BY_ACCOUNT["larkspur-hotels"]
    ended = body(story.account_id, "incident.untold", "high", "resolved", resolution="superseded")
    ledger = _ledger(body(story.account_id, "incident.untold", "high"), ended)
    assert standing(story, ledger.of_story(story), over=True)[:2] == ("◐", "superseded incident.untold")


def test_a_story_without_its_alert_waits_and_is_missed_in_the_end() -> None:
    story = BY_ACCOUNT["halcyon-media"]
    assert standing(story, None, over=False)[0] == "·"
    assert standing(story, None, over=True)[:2] == ("✗", "missed")


def test_a_quiet_story_stays_quiet_or_is_marked() -> None:
    story = BY_ACCOUNT["linden-textiles"]
    assert standing(story, None, over=True)[:2] == ("○", "quiet")
    ledger = _ledger(body(story.account_id, "usage.dark", "warn"))
    assert standing(story, ledger.of_story(story), over=True)[:2] == ("!", "warn usage.dark")


def test_news_are_the_companys_and_the_first_of_each_rule_in_the_course() -> None:
    view = View(UNTIL)
    view.hear(
        [
            body("student-1", "usage.dark", "warn", tenant_id="open-university"),
            body("student-2", "usage.dark", "warn", tenant_id="open-university"),
            body("halcyon-media", "sponsor.left", "critical"),
            body("halcyon-media", "sponsor.left", "critical", "revised"),
        ]
    )
    assert [alert.account_id for alert in view.news] == ["student-1", "halcyon-media"]


def test_what_eases_or_ends_tells_nobody_of_a_leaver() -> None:
    ledger = _ledger(
        body("student-1", "usage.dark", "warn", tenant_id="open-university"),
        body("student-1", "usage.dark", "critical", "escalated", tenant_id="open-university"),
        body("student-1", "usage.dark", "critical", "resolved", tenant_id="open-university", resolution="recovered"),
    )
    assert [told.severity for told in ledger.told_of_course()] == ["warn", "critical"]
