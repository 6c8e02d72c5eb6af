"""A command that ends badly is told in one line, with the reason that its log gives last."""

import json
from pathlib import Path

import pytest

from detector.demo.running import Running, environment, last_word
from detector.demo.supervised import Supervised
from detector.errors import CONFIG, TEMPORARY, DetectorError


def _line(level: str, event: str) -> str:
    return json.dumps({"level": level, "event": event})


def test_the_line_for_people_goes_before_all_others() -> None:
    log = "\n".join([_line("error", "grave"), "detector: no topic — create it", _line("info", "bye")])
    assert last_word(log) == "no topic — create it"


def test_then_the_last_grave_line_then_the_last_of_all() -> None:
    assert last_word("\n".join([_line("error", "first"), _line("error", "second"), _line("info", "bye")])) == "second"
    assert last_word("\n".join([_line("info", "first"), _line("info", "second")])) == "second"
    assert last_word("Killed\n\n") == "Killed"
    assert last_word("") == "it said nothing"


def test_a_child_hears_none_of_our_settings_but_those_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETECTOR_PACK", "elsewhere")
    monkeypatch.setenv("DETECTOR_TLS_CA_FILE", "ca.pem")
    assert not any(name.startswith("DETECTOR_") for name in environment(None))
    assert environment(["DETECTOR_TLS_CA_FILE"])["DETECTOR_TLS_CA_FILE"] == "ca.pem"
    assert "DETECTOR_PACK" not in environment(["DETECTOR_TLS_CA_FILE"])


def test_a_command_that_fails_is_told_with_its_reason(tmp_path: Path) -> None:
    running = Running("the worker", ["worker", "--brokers", "://"], folder=tmp_path, environment=environment(None))
    assert running.wait(60) == CONFIG
    with pytest.raises(DetectorError, match="the worker ended with 78, its last word: --brokers") as told:
        running.ended()
    assert told.value.exit_code == CONFIG
    assert "\n" not in str(told.value)


class Worker:
    """A supervised one, whose starts and deaths are kept."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.starts: list[Running] = []
        self.deaths: list[str] = []
        self.words, self.folder = words, folder
        self.supervised = Supervised(self._start, "detector worker --brokers here", self.deaths.append)

    def _start(self) -> Running:
        self.starts.append(Running("the worker", self.words, folder=self.folder, environment=environment(None)))
        return self.starts[-1]


def test_a_worker_that_dies_is_started_once_more_and_no_more_than_once(tmp_path: Path) -> None:
    worker = Worker(tmp_path, "worker")
    worker.supervised.check()
    assert len(worker.starts) == 1
    worker.starts[0].kill()
    worker.supervised.check()
    assert (len(worker.starts), worker.deaths) == (2, ["the worker was ended by signal 9"])
    worker.starts[1].kill()
    with pytest.raises(DetectorError, match="the worker was ended by signal 9, for the second time") as told:
        worker.supervised.check()
    assert told.value.exit_code == TEMPORARY
    assert str(told.value).endswith("it was `detector worker --brokers here`")
    assert "\n" not in str(told.value)


def test_one_that_ends_well_too_early_is_started_once_more_as_well(tmp_path: Path) -> None:
    worker = Worker(tmp_path, "--version")
    assert worker.starts[0].wait(60) == 0
    worker.supervised.check()
    assert worker.deaths == ["the worker ended by itself"]
    worker.supervised.finish()


def test_where_a_start_would_not_help_the_worker_is_not_started_again(tmp_path: Path) -> None:
    worker = Worker(tmp_path, "worker", "--brokers", "://")
    worker.starts[0].wait(60)
    with pytest.raises(DetectorError, match="the worker ended with 78") as told:
        worker.supervised.check()
    assert told.value.exit_code == CONFIG
    assert len(worker.starts) == 1


def test_one_that_is_killed_as_it_stops_is_told_of(tmp_path: Path) -> None:
    worker = Worker(tmp_path, "worker")
    worker.starts[0].kill()
    with pytest.raises(DetectorError, match="the worker was ended by signal 9, its last word: ") as told:
        worker.supervised.finish()
    assert told.value.exit_code == TEMPORARY
