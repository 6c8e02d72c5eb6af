"""P27: workers of two releases share the partitions, there and back again, and nobody can tell."""

from typing import Final

import msgspec

from detector.domain.state import AccountRecord
from schemas.topics import HEALTH, IN_TOPICS
from tests.faults.checker import compare
from tests.faults.crew import WORKER, Crew
from tests.faults.expected import outcome
from tests.faults.promise import Promise
from tests.faults.stage import Stage
from tests.faults.work import Work

NEXT: Final = "tests.faults.next_release"
NOW: Final = WORKER
NAMES: Final = AccountRecord.__struct_fields__[2:]


def _replace_all(stage: Stage, work: Work, crew: Crew, module: str, **settings: object) -> None:
    """One worker at a time: one leaves, another comes, and works before the next one leaves."""
    for hand in list(crew.hands):
        crew.leave(hand)
        new = crew.join(module=module, **settings)
        assigned = new.hear("ASSIGNED")
        if work.behind():
            new.hear("CHECKPOINT", after=assigned)
    stage.say(f"all are {module.rpartition('.')[2]} {settings or ''}, {work.committed():,} records committed")


def play(stage: Stage) -> None:
    """N, N+1 and back to N under load; the new field is not written until `state_write_version` is raised."""
    events, accounts, rate = stage.sized(short=(12_000, 300, 100.0), full=(200_000, 5_000, 1_000.0))
    with stage.broker() as broker:
        work = stage.work(broker, stage.feed(events, accounts))
        with work.crew(2, module=NOW) as crew, work.sending(rate=rate):
            for hand in crew.hands:
                hand.hear("ASSIGNED")
            for _ in stage.rounds(short=1, full=5):
                _replace_all(stage, work, crew, NEXT)
                _replace_all(stage, work, crew, NOW)
            assert not work.applied(1), "the load was over before the workers were"
            crew.tend()
        with work.crew(1, module=NOW) as crew:
            work.settle(crew)
        stage.judge(work)


def play_raised(stage: Stage) -> None:
    """N+1 writes its new field, then N takes over again: it reads on, and leaves the field where it is."""
    events, accounts, rate = stage.sized(short=(12_000, 300, 100.0), full=(100_000, 2_500, 1_000.0))
    with stage.broker() as broker:
        work = stage.work(broker, stage.feed(events, accounts))
        with work.crew(2, module=NEXT) as crew, work.sending(rate=rate):
            for hand in crew.hands:
                hand.hear("ASSIGNED")
            _replace_all(stage, work, crew, NEXT, state_write_version="1.1")
            raised = {key: value for key, value in work.states().items() if _minor(key, value)}
            _replace_all(stage, work, crew, NOW)
            assert not work.applied(1), "the load was over before the workers were"
        with work.crew(1, module=NOW) as crew:
            work.settle(crew)
        _compare(stage, work, raised)


def _minor(key: bytes, value: bytes) -> int:
    return int(msgspec.msgpack.decode(value)[1]) if key.startswith(b"a/") else 0


def _compare(stage: Stage, work: Work, raised: dict[bytes, bytes]) -> None:
    """Alerts to the byte; state but for the version, what the next release added, and the bytes that this takes."""
    read = work._spine.read
    log = {work.prefix + topic: read(work.prefix + topic) for topic in IN_TOPICS}
    expected, found = outcome(log, work.prefix, work.feed.partitions), work.states()
    kept, as_before = 0, dict(found)
    for key, value in expected.states.items():
        if key not in found or not _minor(key, found[key]):
            continue
        fields, wanted = msgspec.msgpack.decode(found[key]), msgspec.msgpack.decode(value)
        pairs = zip(NAMES, fields[2:-1], wanted[2:], strict=True)
        wrong = [name for name, is_, must in pairs if is_ != must and name != "size"]
        assert not wrong, f"{key!r} differs in {wrong}"
        as_before[key] = value
        kept += fields[-1] > 0
    verdict = compare(
        expected,
        alerts=work.alerts(),
        states=as_before,
        health={record.key: record.value for record in read(work.prefix + HEALTH)},
        letters=work.letters(),
        behind=work.behind(),
    )
    stage.hold(verdict, f"{work.feed.count:,} records")
    assert kept >= len(raised) > 0, f"{kept} of {len(raised)} records kept the new field"
    changed = sum(found[key] != value for key, value in raised.items())
    assert changed, "no record that has the new field was written by the old release"
    stage.figure("new field kept in", kept)
    stage.figure("written by the old release since", changed)


PROMISES = (
    Promise("P27", "workers of two releases share the work, there and back: nothing lost, the digest equal", play),
    Promise("P27b", "once raised, a new field stays in the state though the old release goes on with it", play_raised),
)
