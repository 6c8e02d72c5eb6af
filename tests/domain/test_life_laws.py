"""Laws of the life of alerts: what a reader may rely on, whatever happens (rules.md R2.2, R2.3, R2.11; events.md 4)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.alerts import Alert, iso
from detector.domain.events import AlertFeedback
from detector.domain.verdict import CRITICAL, SEVERITIES, Evidence
from tests.domain.life import Life
from tests.domain.streams import rows
from tests.domain.test_laws import bounded
from tests.domain.world import DAY, HOUR, MINUTE, Row, World, log_of

DISPOSITIONS = ("acknowledged", "acted", "snoozed", "expected", "noise", "useful")
SOON = (0, 1, MINUTE, HOUR, DAY, 6 * DAY, 20 * DAY)
STATUS = {
    "opened": {"open"},
    "escalated": {"open"},
    "eased": {"open"},
    "reopened": {"open"},
    "recovering": {"recovering"},
    "resolved": {"resolved"},
    "revised": {"open", "recovering"},
    "acknowledged": {"open", "recovering"},
    "snoozed": {"open", "recovering"},
}


def answered(stream: Sequence[Row], random: Random) -> list[Row]:
    """The stream with feedback on the alerts that come of it, by id or fingerprint, soon or late or twice."""
    world = World(log_of(stream)).play(stream[-1][0] + 40 * DAY)
    opened = {iso(row[0]): row[0] for row in stream}
    found = list(stream)
    for number, alert in enumerate(world.alerts):
        if random.random() < 0.5:
            now = opened.get(alert.detected_at, stream[-1][0]) + random.choice(SOON)
            said: dict[str, Any] = {"disposition": random.choice(DISPOSITIONS)}
            if random.random() < 0.3:
                said["snooze_until"] = now + random.choice((-DAY, HOUR, 3 * DAY, 90 * DAY))
            event = AlertFeedback(
                event_id=f"f{number}",
                account_id=alert.account_id,
                occurred_at=now - random.choice((0, 0, HOUR, 3 * DAY)),
                alert_id=random.choice((alert.alert_id, alert.fingerprint)),
                **said,
            )
            found += [(now, random.choice(("crm", "usage")), event)] * random.choice((1, 1, 2))
    return sorted(found, key=lambda row: row[0])


@bounded
@given(rows(), st.integers(0, 2**32))
def test_what_a_reader_may_rely_on(stream: list[Row], seed: int) -> None:
    stream = answered(stream, Random(seed))
    world = World(log_of(stream)).play(stream[-1][0] + 40 * DAY)
    lives: dict[str, list[Alert]] = defaultdict(list)
    last: dict[str, Alert] = {}
    for alert in world.alerts:
        if alert.transition == "opened":  # nothing opens while it is open, and not as what was there before
            before = last.get(alert.fingerprint)
            assert before is None or before.status == "resolved"
            assert alert.alert_id not in lives
            assert before is None or before.resolution == "superseded" or gap(before, alert) >= DAY
        lives[alert.alert_id].append(alert)
        last[alert.fingerprint] = alert
    for life in lives.values():
        read(life)
    muted(world)
    shown = {body: None for snapshot in world.health for body in map(bytes, snapshot.open_alerts)}
    assert shown.keys() <= set(world.alert_bytes)  # equal alert_id and revision, equal bytes


def read(life: list[Alert]) -> None:
    """One alert from its opening on, as a reader sees it."""
    assert [alert.revision for alert in life] == list(range(1, len(life) + 1))
    assert [alert.transition == "opened" for alert in life] == [True] + [False] * (len(life) - 1)
    for before, alert in zip([None, *life], life, strict=False):
        assert alert.status in STATUS[alert.transition]
        assert (alert.resolution is not None) == (alert.status == "resolved")
        assert alert.previous_severity == (None if before is None else before.severity)
        now, then = SEVERITIES.index(alert.severity), SEVERITIES.index(alert.previous_severity or "none")
        assert alert.transition != "escalated" or now > then
        assert alert.transition != "eased" or now < then
        assert (alert.suppressed_by == ("snooze",)) == (alert.transition == "snoozed")
        if before is None:
            continue
        assert alert.opened_at == before.opened_at
        assert alert.detected_at >= before.detected_at
        if before.status == "resolved":
            assert alert.transition == "reopened"
            assert gap(before, alert) < DAY
        if before.transition == "snoozed":  # silent but for its end, a rise to critical, and another snooze
            assert alert.transition in {"revised", "resolved", "escalated", "snoozed"}
            assert alert.transition != "escalated" or alert.severity == "critical"


def muted(world: World) -> None:
    """Nothing opens for 90 days after somebody said that it is expected, or noise; but that may have been said late."""
    ended: dict[str, Alert] = {}
    for alert in world.alerts:
        if alert.resolution in ("expected", "noise"):
            ended[alert.fingerprint] = alert
        elif alert.transition in ("opened", "reopened") and alert.fingerprint in ended:
            assert gap(ended[alert.fingerprint], alert) >= 87 * DAY


def gap(one: Alert, two: Alert) -> int:
    """Milliseconds between two transitions."""
    return ms(two.detected_at) - ms(one.detected_at)


def ms(text: str) -> int:
    return int(msgspec.convert(text, datetime).timestamp() * 1000)


MOVES = st.tuples(
    st.sampled_from((0, 1, MINUTE, HOUR, DAY, 3 * DAY, 8 * DAY, 60 * DAY)),  # so long after the one before
    st.sampled_from((0, 0, 1, 2, 3, 4, 5)),  # ON at this level
    st.sampled_from(("", "", "off", "by_calendar", "superseded", "expired")),
    st.sampled_from(("event", "event", "deadline", *DISPOSITIONS)),
    st.integers(0, 2),  # what the evidence shows
)


@bounded
@given(st.lists(MOVES, max_size=40), st.sampled_from((0, 7 * DAY)), st.sampled_from((0, 3 * DAY)))
def test_any_verdicts_and_any_words_make_a_life_that_reads(
    moves: list[tuple[int, int, str, str, int]], keep_ms: int, hold_ms: int
) -> None:
    """The same by verdicts that no rule gives: each word after each, ON and OFF at once, ends out of nowhere."""
    life = Life(keep_ms=keep_ms, hold_ms=hold_ms)
    at, last, revision, ids = 0, "resolved", 0, set[str]()
    for after, level, how, who, seen in moves:
        at += after
        more: dict[str, Any] = {
            "evidence": (Evidence("n", seen, None),),
            "off": how in ("off", "by_calendar", "superseded"),
        }
        more |= {"by_calendar": how == "by_calendar", "superseded": how == "superseded"}
        more["ended"] = "expired" if how == "expired" else None
        known = life.episode
        was = (0, None) if known is None else (known.severity, known.snooze)
        if who in DISPOSITIONS and known is not None:
            came = life.says(at, who, level, **more)
        else:
            came = life.at(at, level, by_deadline=who == "deadline", **more)
        if came.transition is None:
            if life.episode is not None and life.episode is known:
                assert life.episode.revision == revision  # nothing is said, nothing is counted
            continue
        episode = came.episode
        assert episode is not None
        if came.transition == "opened":
            assert last == "resolved"
            assert episode.alert_id not in ids
            ids.add(episode.alert_id)
            revision = 0
        revision += 1
        assert episode.revision == revision
        assert episode.status in STATUS[came.transition]
        assert (episode.resolution is not None) == (episode.status == "resolved")
        assert last != "resolved" or came.transition in ("opened", "reopened")
        if was[1] is not None and came.transition == "escalated":
            assert episode.severity == CRITICAL > was[1][2]
        last = episode.status
    for day in range(1, 200):  # what opened can end
        life.at(at + day * DAY, off=True, by_deadline=True)
    assert life.episode is None
