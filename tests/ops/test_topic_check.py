"""Before a worker joins its group its topics must be there, be partitioned alike and carry the right time."""

from typing import Any

import pytest

from detector import topic_check
from detector.errors import CONFIG, DetectorError
from detector.topic_check import look, shared_partitions
from detector.topics import MISSING, PARTITIONS, TIMESTAMPS, Difference
from schemas.topics import topics

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


def test_a_topic_that_is_not_known_yet_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(different("alerts", MISSING),), counts("4", "4", "4")]
    asked: list[Any] = []

    def check(_connection: object, wanted: list[Any], **how: object) -> tuple[Difference, ...]:
        asked.append(({topic.partitions for topic in wanted}, how))
        return answers.pop(0)

    monkeypatch.setattr(topic_check, "check", check)
    monkeypatch.setattr(topic_check, "_PAUSE_SECONDS", 0)
    read = [topic for topic in topics(app_id="app") if topic.role == "in"]
    with pytest.raises(DetectorError, match="usage has 4"):  # the names of `counts` are others
        look({}, read, ["alerts"], record_time="log_append")
    assert asked == [({1}, {"only_there": ["alerts"], "waits": True})] * 2


def test_a_missing_topic_stops_the_start_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_check, "check", lambda *_, **__: (different("alerts", MISSING),))
    monkeypatch.setattr(topic_check, "_PAUSE_SECONDS", 0)
    with pytest.raises(DetectorError, match="alerts — run `detector topics apply`") as caught:
        look({}, [], ["alerts"], record_time="log_append")
    assert caught.value.exit_code == CONFIG
