"""What a partition tells those who watch it: how its accounts stand, what was held back, how far back ids are known."""

from collections import Counter

from hypothesis import given
from hypothesis import settings as examples

from detector.domain.duplicates import MOST
from detector.domain.events import AccountErased, AlertFeedback, IncidentOpened, TouchLogged, UsageRecorded
from detector.domain.grades import NONE, grade_in
from detector.domain.lifecycle import COOL_DOWN_MS
from detector.domain.state import AccountRecord, Standing, encode_record
from detector.domain.verdict import WARN
from tests.domain.life import Life
from tests.domain.streams import TOPICS, rows
from tests.domain.world import DAY, HOUR, MINUTE, Row, Story, World, log_of, only

FEW = only("usage.dark", "incident.untold")


def suppressed(world: World) -> Counter[str]:
    return sum((changes.tally.suppressed for changes in world.changes), Counter())


def standing(world: World) -> dict[str, int]:
    return {grade: count for grade, count in world.partition.accounts.items() if count}


def recounted(world: World) -> dict[str, int]:
    """The grades in the stored records, each read whole."""
    paths = [key[2:].decode() for key in world.store if key.startswith(b"h/")]
    return dict(Counter(world.record(*reversed(path.split("/"))).standing.grade for path in paths))


# -- accounts by grade ------------------------------------------------------------------------------------------


def test_a_new_account_counts_as_one_of_which_nothing_is_judged() -> None:
    world = Story()(HOUR, UsageRecorded).world()
    assert standing(world) == {NONE: 1}


@given(played=rows(accounts="abcd"))
@examples(max_examples=25, derandomize=True)
def test_accounts_are_counted_by_the_grade_that_each_has(played: list[Row]) -> None:
    """While they are judged, after a restart, and as a reader of every record would count them."""
    world = World(log_of(played, TOPICS)).play(played[-1][0] + 40 * DAY)
    counted = standing(world)
    assert counted == recounted(world)
    world.restart()
    assert standing(world) == counted


def test_an_erased_account_counts_no_more() -> None:
    story = Story()(0, UsageRecorded)(40 * DAY, TouchLogged, direction="inbound", kind="call")
    assert standing(story.world(60 * DAY)) == {"at_risk": 1}
    assert standing(story(61 * DAY, AccountErased).world(62 * DAY)) == {}


def test_the_grade_is_read_without_the_rest_of_the_record() -> None:
    record = AccountRecord(profile={"stage": ("live", 1)}, standing=Standing(grade="at_risk", days=[(1, 2)]))
    assert grade_in(encode_record(record)) == "at_risk"
    assert grade_in(encode_record(record)[:40]) == NONE
    assert grade_in(b"no record") == NONE


# -- what was held back -----------------------------------------------------------------------------------------


def test_what_a_snooze_keeps_from_readers_is_counted() -> None:
    life = Life()
    life.at(0, WARN)
    life.says(HOUR, "snoozed", WARN)
    assert [life.at(2 * HOUR, WARN).held_back, life.at(3 * HOUR, WARN + 1).held_back] == [None, "snoozed"]


def test_what_was_called_noise_is_held_back_as_muted() -> None:
    life = Life()
    life.at(0, WARN)
    life.says(HOUR, "noise", WARN)
    assert life.at(2 * HOUR, WARN).held_back == "not_cleared"  # it was never false since
    life.at(3 * HOUR)
    assert life.at(4 * HOUR, WARN).held_back == "muted"
    assert life.at(4 * HOUR + COOL_DOWN_MS, WARN).held_back == "muted"


def test_what_is_held_back_is_counted_with_the_checkpoint() -> None:
    story = Story()(0, IncidentOpened, incident_id="i1", severity="major")
    story(2 * HOUR, AlertFeedback, alert_id=only_alert(story.world(2 * HOUR, plan=FEW)), disposition="noise")
    story(3 * HOUR, IncidentOpened, incident_id="i1", severity="major")
    assert suppressed(story.world(DAY, plan=FEW)) == {"not_cleared": 1}


def only_alert(world: World) -> str:
    (alert_id,) = {alert.alert_id for alert in world.of("incident.untold")}
    return alert_id


# -- how far back repeated events are known -----------------------------------------------------------------------


def test_an_account_with_more_events_than_ids_are_kept_says_how_far_back_they_reach() -> None:
    story = Story()
    for number in range(MOST - 1):
        story(number * MINUTE, TouchLogged, direction="inbound", kind="call")
    assert story.world().changes[-1].tally.forgotten_ms is None
    story(3 * DAY, TouchLogged, direction="inbound", kind="call")
    (changes,) = story.world().changes
    assert changes.tally.forgotten_ms == 2 * DAY  # nothing since the end of the first day was forgotten


def test_the_account_that_reaches_the_least_far_back_counts() -> None:
    busy, busier = Story("busy"), Story("busier")
    for number in range(MOST):
        busy(number * HOUR // 2, TouchLogged, direction="inbound", kind="call")
        busier(number * MINUTE, TouchLogged, direction="inbound", kind="call")
    world = World(log_of(sorted(busy.rows + busier.rows, key=lambda row: row[0]))).play()
    reach = world.changes[-1].tally.forgotten_ms
    assert reach is not None
    assert reach < 9 * DAY
