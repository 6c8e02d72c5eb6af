"""A checker that sees nothing would keep every promise: each kind of error is shown to it."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.faults.checker import Verdict, compare
from tests.faults.expected import Outcome


class Letter(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def alert(number: int, revision: int = 1, severity: str = "warn") -> bytes:
    body = {"alert_id": f"a{number}", "revision": revision, "account_id": f"account-{number % 2}", "severity": severity}
    return json.dumps(body, separators=(",", ":")).encode()


def letter(offset: int, value: bytes = b"{") -> Letter:
    place = {"dlq.topic": b"t", "dlq.partition": b"0", "dlq.offset": b"%d" % offset, "dlq.reason": b"bad_json"}
    return Letter(b"k", value, list(place.items()))


STATES = {b"a": b"1", b"b": b"2"}
EXPECTED = Outcome(
    [alert(1), alert(2), alert(3)], STATES, {b"h": b"1", b"gone": None}, {("t", 0, 7): (b"bad_json", b"k", b"{")}
)


def found(
    alerts: Sequence[bytes] = EXPECTED.alerts,
    states: Mapping[bytes, bytes] = STATES,
    health: Mapping[bytes, bytes | None] = EXPECTED.health,
    letters: Sequence[Any] = (letter(7),),
    behind: int = 0,
) -> Verdict:
    return compare(EXPECTED, alerts=alerts, states=states, health=health, letters=letters, behind=behind)


def wrong(verdict: Verdict) -> dict[str, int]:
    return {name: count for name, count in dataclasses.asdict(verdict).items() if count}


def test_what_must_come_is_exact() -> None:
    assert found().exact
    assert str(found()) == "exact"


def test_a_missing_alert_is_lost() -> None:
    assert wrong(found([alert(1), alert(3)])) == {"lost": 1}


def test_an_alert_too_many_is_spurious() -> None:
    assert wrong(found([*EXPECTED.alerts, alert(4)])) == {"spurious": 1}


def test_an_alert_that_is_there_twice_is_doubled() -> None:
    assert wrong(found([*EXPECTED.alerts, alert(2)])) == {"doubled": 1}


def test_two_bodies_of_one_revision_are_told_apart() -> None:
    assert wrong(found([*EXPECTED.alerts, alert(2, severity="high")])) == {"spurious": 1, "bodies": 1}


def test_transitions_of_an_account_in_another_order_are_seen() -> None:
    assert wrong(found([alert(3), alert(2), alert(1)])) == {"order": 1}


def test_states_and_snapshots_that_differ_are_missing_or_too_many_are_counted() -> None:
    assert wrong(found(states={b"a": b"1", b"b": b"3"})) == {"states": 1}
    assert wrong(found(states={b"a": b"1", b"c": b"2"})) == {"states": 2}
    assert wrong(found(health={b"h": b"1"})) == {"health": 1}


def test_dead_letters_are_compared_by_place_reason_and_bytes() -> None:
    assert wrong(found(letters=[])) == {"letters": 1}
    assert wrong(found(letters=[letter(8)])) == {"letters": 2}
    assert wrong(found(letters=[letter(7), letter(7)])) == {"letters": 1}
    assert wrong(found(letters=[letter(7, b"[")])) == {"letters": 1}


def test_records_that_are_not_committed_are_counted() -> None:
    assert str(found(behind=3)) == "behind 3"
