"""A command that ends badly is told in one line, with the reason that its log gives last."""

import json
from pathlib import Path

import pytest

from detector.demo.running import Running, environment, last_word
from detector.errors import CONFIG, INTERNAL, DetectorError


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


def test_a_command_that_was_killed_is_told_so(tmp_path: Path) -> None:
    running = Running("the worker", ["worker"], folder=tmp_path, environment=environment(None))
    running.kill()
    with pytest.raises(DetectorError, match="the worker was ended by signal 9, its last word: ") as told:
        running.check()
    assert told.value.exit_code == INTERNAL


def test_one_that_ends_well_too_early_is_told_as_well(tmp_path: Path) -> None:
    running = Running("the worker", ["--version"], folder=tmp_path, environment=environment(None))
    assert running.wait(60) == 0
    assert running.ended()
    with pytest.raises(DetectorError, match="before its work was done"):
        running.check()
