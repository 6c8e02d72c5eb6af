"""What a measure is said to cost is what the account record grows by."""

import re
from pathlib import Path

import pytest

from detector.catalogue.entries import cost_of
from detector.catalogue.pack import load_plan
from detector.domain.measures import DaySums, Given, Kept, Log, Mark, SubjectSums, Track, code_of
from detector.domain.state import AccountRecord, Sums, encode_record
from tests.catalogue.written import changed

AT = 1_767_571_200_000
PERSON = "person-0001"

MEASURES = {
    (type(kept).__name__, kept.slot if isinstance(kept, Track | Given) else kept.name): kept
    for rule in load_plan().rules
    for kept in rule.operator.measures
}


def grown(kept: Kept, events: int) -> int:
    """Bytes of a record that holds so many events (subjects) of a measure."""
    record = AccountRecord()
    if isinstance(kept, Mark):
        record.marks.update({kept.name: (AT, AT)} if events else {})
    elif isinstance(kept, Track | Given):
        times = (AT,) * (kept.keep if isinstance(kept, Track) else 2)
        record.tracks[kept.kind] = {
            f"{kept.kind}-{number}": {code_of(kept.slot): times} if number < events else {} for number in range(9)
        }
    elif isinstance(kept, SubjectSums):
        days = [(20_000 + day, 10_000_000) for day in range(kept.keep)]
        record.sums[kept.name] = {f"meter-{number:05}": Sums(20_000, days) for number in range(events)}
    elif isinstance(kept, DaySums):
        record.logs[kept.name] = [[AT, b"", 100_000, AT] for _ in range(events)]
    else:
        record.logs[kept.name] = [[AT, bytes(8), *[PERSON for _ in kept.fields]] for _ in range(events)]
    return len(encode_record(record))


@pytest.mark.parametrize("kept", MEASURES.values(), ids=[f"{kind} {name}" for kind, name in MEASURES])
def test_a_measure_costs_what_is_said(kept: Kept) -> None:
    one = grown(kept, 2) - grown(kept, 1) if not isinstance(kept, Mark) else grown(kept, 1) - grown(kept, 0)
    told = re.match(r"(\d+) bytes", cost_of(kept))
    assert told is not None
    assert abs(int(told[1]) - one) <= 1


def test_what_is_kept_of_many_is_told_with_its_most() -> None:
    found = {cost_of(kept) for kept in MEASURES.values() if isinstance(kept, Log)}
    assert all(re.fullmatch(r"\d+ bytes for each event, at most \d+ \(\d+ bytes\)", cost) for cost in found)


def test_every_log_of_the_pack_says_how_much_of_it_is_kept() -> None:
    """Design.md 6: a record of a few KB; 256 entries, where no row says it, are for packs that others write."""
    logs = {kept.name: kept.keep for kept in MEASURES.values() if isinstance(kept, Log)}
    assert max(logs.values()) == 128
    assert logs["ticket.created"] == 128  # nine weeks of tickets, for the usual week of a flood
    assert sum(keep for name, keep in logs.items() if " by " not in name) <= 1_400


def test_where_nobody_says_how_much_to_keep_it_is_256(tmp_path: Path) -> None:
    changed(
        tmp_path, "defects_90d: {count: defect, window: 90d, keep: 64}", "defects_90d: {count: defect, window: 90d}"
    )
    plan = load_plan(tmp_path)
    operator = next(rule for rule in plan.rules if rule.id == "support.volume").operator
    assert [kept.keep for kept in operator.measures] == [256]
