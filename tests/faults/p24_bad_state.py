"""P24: bad state in the changelog costs its own account only; a later minor is read, a later major refused."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer

from detector.domain.state import ASIDE, account_path, hot_key, record_key
from detector.errors import CONFIG
from schemas.topics import HEALTH, IN_TOPICS
from tests.faults.checker import compare
from tests.faults.expected import Outcome, outcome
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.surface import Surface
from tests.faults.work import Work

MORE: Final = [{"a hint": [1, "of later"]}, b"\x00\xff"]
LATER_MINOR: Final = 9
REFUSED_SECONDS: Final = 60.0
QUARANTINED: Final = "detector_state_records_quarantined_total"


async def _put(work: Work, records: dict[bytes, bytes]) -> None:
    """Write records to the changelog as somebody does who has no business there: each where it stands already."""
    changelog = f"{work.app_id}-accounts-changelog"
    places = {record.key: record.partition for record in await work._spine._read(changelog)}
    producer = AIOKafkaProducer(bootstrap_servers=work.bootstrap)
    await producer.start()
    try:
        for key, value in records.items():
            await producer.send_and_wait(changelog, value, key, places[key])
    finally:
        await producer.stop()


def _keys(account: str) -> tuple[bytes, bytes]:
    path = account_path("default", account)
    return hot_key(path), record_key(path)


def _expected(work: Work) -> Outcome:
    log = {work.prefix + topic: work._spine.read(work.prefix + topic) for topic in IN_TOPICS}
    return outcome(log, work.prefix, work.feed.partitions)


def play(stage: Stage) -> None:
    """Half of the load; three broken accounts and one of a later minor; the other half; a later major."""
    events, accounts = stage.sized(short=(3_000, 100), full=(60_000, 2_000))
    with stage.broker() as broker:
        work = stage.work(broker, stage.feed(events, accounts, bad=0))
        half = len(work.feed.records) // 2
        work.send(records=work.feed.records[:half], end=False)
        with work.crew(1) as crew:
            # without their ends, the topics that are ahead wait for the one that is behind
            crew.wait(lambda: work.committed() > 0.8 * half, what="the first half")
            crew.stop()
        before = work.states()
        known = sorted(key.rpartition(b"/")[2].decode() for key in before if key.startswith(b"a/"))
        broken, (later,) = known[:3], known[3:4]
        fields = msgspec.msgpack.decode(before[_keys(later)[1]])
        garbage = {
            _keys(broken[0])[0]: stage.random.randbytes(300),
            _keys(broken[1])[1]: b"\xff" * 70_000,
            _keys(broken[2])[1]: msgspec.msgpack.encode([1, 0, *["of another type"] * (len(fields) - 2)]),
        }
        newer = {_keys(later)[1]: msgspec.msgpack.encode([1, LATER_MINOR, *fields[2:], *MORE])}
        asyncio.run(_put(work, garbage | newer))
        surface = Surface()
        with work.crew(1, http_port=surface.port) as crew:
            crew.hands[0].hear("READY")
            work.send(records=work.feed.records[half:])
            crew.wait(lambda: work.applied(1), limit=600, what="the end of the feed")
            assert surface.values()[QUARANTINED] == len(broken), surface.values()[QUARANTINED]
            crew.stop()
        _compare(stage, work, broken, later)
        aside = {key: value for key, value in work.states().items() if key.startswith(ASIDE)}
        assert {key: aside[ASIDE + key] for key in garbage} == {
            key: value[: 64 << 10] for key, value in garbage.items()
        }
        assert len(aside) == 2 * len(broken)
        _refuse_a_later_major(stage, work, known[4])


def _compare(stage: Stage, work: Work, broken: list[str], later: str) -> None:
    """Everybody but the broken is exact; he of the later minor too, but for its number and the fields that it added."""
    expected, found = _expected(work), work.states()
    out = {key for account in broken for key in _keys(account)}
    own = _keys(later)[1]
    fields, wanted = msgspec.msgpack.decode(found[own]), msgspec.msgpack.decode(expected.states[own])
    assert (fields[1], fields[-len(MORE) :]) == (LATER_MINOR, MORE), "fields of the later minor version are not kept"
    assert fields[2 : -len(MORE)] == wanted[2:], "the account of the later minor version is not exact"
    paths = {account_path("default", account).encode() for account in broken}

    def others(bodies: list[bytes]) -> list[bytes]:
        return [body for body in bodies if json.loads(body)["account_id"] not in broken]

    def without(records: Mapping[bytes, Any], left_out: set[bytes]) -> dict[bytes, Any]:
        return {key: value for key, value in records.items() if key not in left_out and not key.startswith(ASIDE)}

    wanted_of_others = Outcome(
        others(expected.alerts), without(expected.states, out | {own}), without(expected.health, paths)
    )
    verdict = compare(
        wanted_of_others,
        alerts=others(work.alerts()),
        states=without(found, out | {own}),
        health=without({record.key: record.value for record in work._spine.read(work.prefix + HEALTH)}, paths),
        letters=work.letters(),
        behind=work.behind(),
    )
    stage.hold(verdict, "accounts that are not broken")
    stage.figure("exact records", len(wanted_of_others.states) + 1)
    stage.figure("exact alerts", len(wanted_of_others.alerts))


def _refuse_a_later_major(stage: Stage, work: Work, account: str) -> None:
    asyncio.run(_put(work, {_keys(account)[1]: msgspec.msgpack.encode([2, 0, {"another": "shape"}])}))
    began = time.monotonic()
    hand = work.hire()
    try:
        code = hand.process.wait(REFUSED_SECONDS)
    finally:
        hand.kill()
    said = hand.log.read_text()
    assert code == CONFIG, f"exit {code}: {hand.last_words()}"
    told = [line for line in said.splitlines() if "has version 2, this release reads 1: start a newer release" in line]
    assert (len(told), "Traceback" in said) == (1, False), said[-2000:]
    stage.figure("refused after s", time.monotonic() - began)


PROMISE = Promise("P24", "bad state costs its own account; a later minor is read and kept, a later major refused", play)
