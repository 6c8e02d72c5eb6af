"""P7: an event that comes again has no effect, as often as it comes."""

from msgspec.structs import replace

from detector.files.log import Sent
from tests.faults.feed import Feed
from tests.faults.promise import Promise
from tests.faults.stage import Stage

DAYS = 10
"""All of it lies within the 14 days for which ids are remembered."""


def play(stage: Stage) -> None:
    """Everything a second time, all at the end; alerts and states are those of the single run."""
    events, accounts = stage.sized(smoke=(2_500, 100), short=(10_000, 300), full=(200_000, 5_000))
    feed = stage.feed(events, accounts, days=DAYS, bad=0)
    with stage.broker() as broker:
        once, twice = stage.work(broker, feed), stage.work(broker, feed)
        for work in (once, twice):
            work.send(records=feed.records if work is once else doubled(feed))
            with work.crew(1) as crew:
                work.settle(crew)
            stage.judge(work)
        old, new = once.prefix.encode(), twice.prefix.encode()
        alerts = [body.replace(old, new) for body in once.alerts()]
        states = {key: value.replace(old, new) for key, value in once.states().items()}
        assert alerts == twice.alerts(), "the second copies changed the alerts"
        different = sum(states[key] != value for key, value in twice.states().items())
        stage.figure("alerts", len(alerts))
        stage.figure("states that differ", different)
        assert not different, f"the second copies changed {different} of {len(states)} states"


def doubled(feed: Feed) -> list[Sent]:
    """The feed, and all of it once more, recorded at its end: the first copies keep their offsets."""
    return [*feed.records, *(replace(record, timestamp=feed.load.end_ms) for record in feed.records)]


PROMISE = Promise("P7", "events that come again have no effect", play, smoke=True)
