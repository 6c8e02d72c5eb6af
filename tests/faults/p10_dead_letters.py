"""P10: a dead letter is whole and there once, no offset goes past one that cannot be written, and there is a limit."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from detector.codec import partition_of
from detector.errors import TEMPORARY
from detector.files.log import Sent
from schemas.topics import CRM, DEAD_LETTERS, USAGE
from tests.faults.feed import START_MS, Feed
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface
from tests.faults.work import Work

_LOOKS: Final = 20
_PAUSE: Final = 0.2
_LAG_SECONDS: Final = 30.0


def invalid(feed: Feed, count: int, sources: list[str]) -> Iterator[Sent]:
    """Records of the schema's own mistakes after the feed's end, one source after the other, on every partition."""
    for number in range(count):
        account = f"account-{number % 64:05d}"
        event = {
            "event_id": f"invalid-{number}",
            "event_type": "usage.recorded",
            "account_id": account,
            "occurred_at": feed.load.end_ms,
            "source": sources[number % len(sources)],
            "count": "many",
        }
        key = account.encode()
        place = partition_of(key, feed.partitions)
        yield Sent(USAGE, place, feed.load.end_ms, key, json.dumps(event).encode(), (("trace", b"\x00\xff"),))


def unwritable(stage: Stage) -> None:
    """The topic of dead letters refuses what has no key: so it is with the first record of every partition."""
    events, accounts = stage.sized(short=(4_000, 150), full=(200_000, 5_000))
    feed = stage.feed(events, accounts)
    first = [Sent(CRM, number, START_MS - 1, None, b"{") for number in range(feed.partitions)]
    with stage.broker() as broker:
        work = stage.work(broker, feed)
        _set(work, "compact")
        work.send(records=[*first, *feed.records])
        with work.crew(1) as crew:
            crew.hands[0].hear("READY")
            end = time.monotonic() + stage.sized(short=45, full=60)
            while time.monotonic() < end:
                crew.tend()
                assert work.committed() == 0, "an offset went past a dead letter that is not there"
                time.sleep(1)
            stage.figure("exits while unwritable", crew.exits[TEMPORARY])
            assert crew.exits[TEMPORARY], "nobody noticed"
            _set(work, "delete")
            stage.figure("seconds to the end", work.drain(crew))
        stage.judge(work)


def over_the_limit(stage: Stage) -> None:
    """Everything turns invalid, from two sources: the worker stops reading and waits for a person."""
    events, accounts = stage.sized(smoke=(1_000, 60), short=(3_000, 150), full=(50_000, 2_000))
    feed = stage.feed(events, accounts)
    with stage.broker() as broker:
        work = stage.work(broker, feed)
        bad = stage.sized(smoke=1_500, short=1_500, full=20_000)
        work.send(records=[*feed.records, *invalid(feed, bad, ["zendesk", "meterd"])])
        surface = Surface()
        hand = work.hire(http_port=surface.port)
        try:
            hand.hear("NOT dead_letter_limit")
            time.sleep(2)  # the checkpoint of what was applied
            behind, joined = work.behind(), hand.count("ASSIGNED")
            assert behind > bad / 2, f"only {behind} records are left of the backlog"
            for _ in range(_LOOKS):
                assert _asked(surface, "/livez") == (200, "dead_letter_limit")
                assert _asked(surface, "/readyz") == (503, "dead_letter_limit")
                time.sleep(_PAUSE)
            assert surface.labelled("detector_dlq_limit_tripped", "topic")[work.prefix + USAGE] == 1
            assert hand.count("ASSIGNED") == joined, "it did not keep its partitions"
            assert work.behind() == behind, "an offset moved"
            work.feed.send(work.bootstrap, work.prefix, records=invalid(feed, bad // 10, ["meterd"]), end=False)
            behind = work.behind()
            _until(lambda: surface.values()["detector_consumer_lag_records"] == behind, "the lag to tell of all")
            code, seconds = hand.stop()
            assert code == TEMPORARY, f"a stop at the limit ended with {code}: {hand.last_words()}"
            assert "not all is read: the worker ends with 75" in hand.log.read_text()
            stage.figure("backlog intact", behind)
            stage.figure("seconds to stop", seconds)
        finally:
            if hand.runs:
                hand.kill()
        _go_on(stage, work)
        stage.judge(work)


def _go_on(stage: Stage, work: Work) -> None:
    """A start counts anew, and trips again; with the limit switched off one worker gets through."""
    for _ in range(stage.sized(smoke=0, short=2, full=5)):
        hand = work.hire()
        try:
            hand.hear("NOT dead_letter_limit")
            code, _ = hand.stop()
            assert code == TEMPORARY, f"it ended with {code}: {hand.last_words()}"
        finally:
            if hand.runs:
                hand.kill()
    with work.crew(1, dead_letter_limit=False) as crew:
        stage.figure("seconds through it without a limit", work.settle(crew))


def one_bad_source(stage: Stage) -> None:
    """Nothing of one source is usable: the others go on as if it were not there."""
    events, accounts = stage.sized(short=(3_000, 150), full=(50_000, 2_000))
    feed = stage.feed(events, accounts)
    with stage.broker() as broker:
        work = stage.work(broker, feed)
        bad = list(invalid(feed, 2 * events, ["meterd"]))
        work.send(records=sorted([*feed.records, *bad], key=lambda sent: sent.timestamp))
        with work.crew(1) as crew:
            work.drain(crew)
            stopped = sum(hand.count("NOT dead_letter_limit") for hand in crew.everybody)
        assert not stopped, "one bad source stopped everybody"
        stage.figure("unusable records", len(bad))
        stage.judge(work)


def _until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _LAG_SECONDS
    while not holds():
        assert time.monotonic() < end, f"{_LAG_SECONDS:.0f} s are not enough for {what}"
        time.sleep(_PAUSE)


def _set(work: Work, policy: str) -> None:
    """A compacted topic takes no record without a key."""
    admin = KafkaAdminClient(bootstrap_servers=work.bootstrap.split(","))
    try:
        wanted = {"cleanup.policy": policy}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, work.prefix + DEAD_LETTERS, configs=wanted)])
    finally:
        admin.close()


def _asked(surface: Surface, path: str) -> tuple[int, str]:
    status, body = surface.ask(path)
    return status, json.loads(body)["reason"]


PROMISES = (
    Promise("P10", "no offset goes past a dead letter that cannot be written", unwritable),
    Promise("P10b", "a worker stops reading when everything turns invalid", over_the_limit, smoke=True),
    Promise("P10c", "one bad source stops nobody else", one_bad_source),
)
