from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from detector.demo import university
from detector.demo.course import course
from detector.demo.stream import PACK
from schemas.events import MODELS

END = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def events() -> list[university.Event]:
    return list(university.events(END))


def test_all_that_the_module_holds_is_told_and_nothing_else(events: list[university.Event]) -> None:
    assert Counter(event["event_type"] for event in events) == {
        "usage.recorded": 99_212,
        "goal.measured": 1_633,
        "account.updated": 383,
        "goal.set": 383,
    }
    assert sum(int(str(event["count"])) for event in events if "count" in event) == 648_494
    assert len({event["account_id"] for event in events}) == 383
    assert len({event["event_id"] for event in events}) == len(events)


def test_the_last_day_of_the_module_ends_with_the_history(events: list[university.Event]) -> None:
    moments = [datetime.fromisoformat(str(event["occurred_at"])) for event in events]
    assert END - timedelta(days=1) <= max(moments) < END
    assert min(moments) == END - timedelta(days=279)


def test_every_event_is_valid_by_the_contract(events: list[university.Event]) -> None:
    for event in events:
        MODELS[str(event["event_type"])].model_validate(event)


def test_a_click_keeps_its_day_and_an_account_begins_before_its_first_measure(events: list[university.Event]) -> None:
    days = Counter(str(event["occurred_at"])[:10] for event in events if event["event_type"] == "usage.recorded")
    start = END - timedelta(days=269)
    assert days[f"{start:%Y-%m-%d}"] == sum(len(clicks.by_activity) for clicks in course().clicks if clicks.day == 0)
    begun = {event["account_id"]: str(event["occurred_at"]) for event in events if event["event_type"] == "goal.set"}
    assert all(
        str(event["occurred_at"]) > begun[event["account_id"]]
        for event in events
        if event["event_type"] == "goal.measured"
    )


def test_a_goal_has_the_deadlines_as_its_schedule_and_rises_with_the_weight_handed_in(
    events: list[university.Event],
) -> None:
    (goal,) = (e for e in events if e["event_type"] == "goal.set" and e["account_id"] == "aaa-2013j-11391")
    schedule = goal["schedule"]
    assert isinstance(schedule, list)
    assert [point["expected"] for point in schedule] == [10.0, 30.0, 50.0, 70.0, 100.0]
    assert schedule[0]["at"] == f"{END - timedelta(days=269 - 20):%Y-%m-%dT%H:%M:%SZ}"
    values = defaultdict(list)
    for event in events:
        if event["event_type"] == "goal.measured":
            values[event["account_id"]].append(float(str(event["value"])))
    assert values["aaa-2013j-11391"] == [10.0, 30.0, 50.0, 70.0, 100.0]
    assert all(run == sorted(set(run)) and run[-1] <= 100 for run in values.values())


def test_no_event_tells_how_it_ended(events: list[university.Event]) -> None:
    ends = {"Withdrawn", "Fail", "Pass", "Distinction"}
    assert not any(ends & {value for value in event.values() if isinstance(value, str)} for event in events)


def test_the_tenant_row_names_exactly_the_types_that_are_sent(events: list[university.Event]) -> None:
    rows = yaml.safe_load((PACK / "tenants.yaml").read_text())
    assert sorted(rows["tenants"]["open-university"]["sends"]) == sorted({str(e["event_type"]) for e in events})


def test_an_end_that_is_no_midnight_is_refused() -> None:
    with pytest.raises(ValueError, match="no midnight"):
        next(university.events(END - timedelta(seconds=1)))
