"""How long records wait: one topic-partition that is stuck is not hidden by the others."""

import pytest
from aiokafka import TopicPartition

from tests.faults.latency import Look, p99

PLACES = [TopicPartition("t", number) for number in range(4)]
SECONDS = 60


def looks(committed: dict[int, list[int]]) -> list[Look]:
    """One look a second: 100 records on every partition before the first second; what is committed by then."""
    return [
        Look(
            float(at),
            dict.fromkeys(PLACES, 100 if at else 0),
            {place: committed[place.partition][at] for place in PLACES},
        )
        for at in range(SECONDS + 2)
    ]


PROMPT = [0, 0] + [100] * SECONDS
"""Committed a second after they came."""
STUCK = [0] * (SECONDS + 1) + [100]
NEVER = [0] * (SECONDS + 2)


def test_of_partitions_that_are_all_prompt_it_is_what_each_takes() -> None:
    assert p99(looks(dict.fromkeys(range(4), PROMPT))) == 1


def test_one_partition_that_is_stuck_is_seen_in_full() -> None:
    assert p99(looks({0: PROMPT, 1: PROMPT, 2: PROMPT, 3: STUCK})) == SECONDS


def test_what_is_never_committed_waited_until_the_last_look() -> None:
    assert p99(looks({0: PROMPT, 1: PROMPT, 2: PROMPT, 3: NEVER})) == SECONDS


def test_records_count_and_not_partitions() -> None:
    """Of 400 records 99% are prompt: three that wait are no p99, five are."""
    three, five = ([0, 0] + [100 - late] * (SECONDS - 1) + [100] for late in (3, 5))
    assert p99(looks({0: PROMPT, 1: PROMPT, 2: PROMPT, 3: three})) == 1
    assert p99(looks({0: PROMPT, 1: PROMPT, 2: PROMPT, 3: five})) == SECONDS


def test_records_may_be_left_out() -> None:
    one_stuck = looks({0: PROMPT, 1: PROMPT, 2: PROMPT, 3: STUCK})
    assert p99(one_stuck, without={(PLACES[3], offset) for offset in range(100)}) == 1
    assert p99(one_stuck, without={(PLACES[3], offset) for offset in range(50)}) == SECONDS


def test_where_nothing_was_sent_there_is_nothing_to_say() -> None:
    with pytest.raises(AssertionError, match="nothing was sent"):
        p99([Look(0.0, dict.fromkeys(PLACES, 5), dict.fromkeys(PLACES, 5))])
