"""P3, on topics whose brokers give the time: no alert has two bodies, and accounts in order are the replay's."""

import time
from dataclasses import replace

from detector.domain.state import account_path, decode_account_record, record_key
from harness.load import DAY_MS
from tests.faults.checker import Verdict, compare
from tests.faults.expected import Outcome, outcome
from tests.faults.feed import Feed
from tests.faults.p03_one_body import worked_off_with_kills
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work

MOST_INVERTED = 0.05


def play(stage: Stage) -> None:
    """Events of the last weeks, told now: left alone, with kills, and with two workers.

    Times are the broker's, and an alert's id has one in it: so each run is held against the replay of its own log.
    """
    exact, inverted = 0, 0
    with stage.broker() as broker:
        for number in stage.rounds(short=3, full=3):
            feed = _load(stage)
            work = stage.work(broker, feed)
            if number == 2:
                worked_off_with_kills(work, stage.sized(short=3, full=10))
            else:
                work.send()
                with work.crew(2 if number == 3 else 1) as crew:
                    work.settle(crew)
            out = _inverted(work)
            verdict, alerts = _compared(work, out)
            stage.hold(verdict, f"{feed.count:,} records, {len(out)} accounts with an inversion left out")
            assert len(out) <= MOST_INVERTED * feed.load.accounts, f"{len(out)} accounts have an inversion"
            exact, inverted = exact + alerts, max(inverted, len(out))
    stage.figure("exact alerts", exact)
    stage.figure("accounts with an inversion, at most", inverted)
    assert exact, "there is nothing to compare"


def _load(stage: Stage) -> Feed:
    events, accounts, days = stage.sized(short=(10_000, 500, 30), full=(200_000, 5_000, 60))
    start = time.time_ns() // 1_000_000 - days * DAY_MS
    return stage.feed(events, accounts, days=days, start_ms=start, live=True)


def _inverted(work: Work) -> set[str]:
    """Accounts of which a topic's record was applied after a later one of another topic: the replay merges by time."""
    states, found = work.states(), set()
    for number in range(work.feed.load.accounts):
        account = f"account-{number:05d}"
        data = states.get(record_key(account_path("default", account)))
        if data is not None and decode_account_record(data).inversions:
            found.add(account)
    return found


def _compared(work: Work, out: set[str]) -> tuple[Verdict, int]:
    """What of the other accounts is not the replay's, (alert_id, revision) with two bodies of all; and alerts of those.

    The live clock goes on after the last record, so snapshots are not compared.
    """
    whole = outcome(work.log(), work.prefix, work.feed.partitions)
    paths = {account_path("default", account).encode() for account in out}
    alerts = work.alerts()

    def others(bodies: list[bytes]) -> list[bytes]:
        return [body for body in bodies if body.split(b'"account_id":"', 1)[1].split(b'"', 1)[0].decode() not in out]

    def kept(states: dict[bytes, bytes]) -> dict[bytes, bytes]:
        return {key: value for key, value in states.items() if key[2:] not in paths}

    expected = Outcome(others(whole.alerts), kept(whole.states), {}, whole.dead_letters)
    found = compare(
        expected,
        alerts=others(alerts),
        states=kept(work.states()),
        health={},
        letters=work.letters(),
        behind=work.behind(),
    )
    bodies = compare(Outcome(), alerts=alerts, states={}, health={}, letters=[], behind=0).bodies
    return replace(found, bodies=bodies), len(expected.alerts)


PROMISE = Promise("P3b", "on live topics: one body for each alert and revision, accounts in order as replayed", play)
