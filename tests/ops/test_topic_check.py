"""Before a worker joins its group its topics must be there, be partitioned alike and carry the right time."""

import pytest

from detector.errors import CONFIG, DetectorError
from detector.topic_check import shared_partitions
from detector.topics import MISSING, PARTITIONS, TIMESTAMPS, Difference

READ = ("usage", "support", "changelog")


def different(topic: str, setting: str, found: str = "", wanted: str = "") -> Difference:
    return Difference(topic, setting, found, wanted)


def counts(*numbers: str) -> tuple[Difference, ...]:
    return tuple(different(topic, PARTITIONS, number, "1") for topic, number in zip(READ, numbers, strict=True))


def test_the_number_that_all_topics_share_is_given() -> None:
    assert shared_partitions(counts("24", "24", "24"), READ, "log_append") == 24
    assert shared_partitions((), READ, "log_append") == 1  # nothing differs from topics of one partition


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            (different("usage", MISSING), different("changelog", MISSING)),
            "topics are missing or may not be read: usage, changelog — run `detector topics apply`",
        ),
        (counts("24", "12", "24"), "usage has 24, support has 12, changelog has 24 — make them anew"),
        (counts("24", "24", "24")[:2], "changelog has 1"),
        (
            (*counts("4", "4", "4"), different("usage", TIMESTAMPS, "CreateTime", "LogAppendTime")),
            "usage has CreateTime, record_time=log_append needs LogAppendTime — set record_time=create",
        ),
        (
            (*counts("4", "4", "4"), different("usage", TIMESTAMPS, "", "LogAppendTime")),
            "usage has unreadable timestamps",
        ),
    ],
)
def test_what_stops_the_start_is_told_with_what_to_do(found: tuple[Difference, ...], said: str) -> None:
    with pytest.raises(DetectorError) as caught:
        shared_partitions(found, READ, "log_append")
    assert said in str(caught.value)
    assert caught.value.exit_code == CONFIG


def test_other_settings_of_a_topic_do_not_stop_the_start() -> None:
    assert (
        shared_partitions((*counts("4", "4", "4"), different("usage", "retention.ms", "1", "2")), READ, "create") == 4
    )
