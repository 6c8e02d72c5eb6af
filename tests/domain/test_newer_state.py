"""A worker with an older pack does not judge on where a newer one has judged."""

import pytest
from msgspec.structs import replace

from detector.catalogue.pack import load_plan
from detector.domain.partition import Partition
from detector.domain.record import RawRecord, Reject
from detector.domain.state import PARTITION_KEY, StateError


def _decode(_record: RawRecord, _topic: str) -> Reject:
    return Reject("bad_json", "nothing is")


def _partition(release: int, store: dict[bytes, bytes]) -> Partition:
    return Partition(0, plan=replace(load_plan(), release=release), topics=("crm",), decode=_decode, store=store)


def test_state_of_a_newer_pack_is_left_alone_and_that_of_an_older_one_taken_over() -> None:
    changes = _partition(7, {}).collect(force=True)
    assert changes is not None
    store = {key: value for key, value in changes.states if value is not None}
    assert set(store) == {PARTITION_KEY}
    with pytest.raises(StateError, match="release 7 of the pack, this is 6: start with the newer pack") as refused:
        _partition(6, store).restore()
    assert refused.value.newer
    _partition(7, store).restore()
    _partition(8, store).restore()
