"""Whatever fails, a person reads one line that says what to do, and a script gets the exit code; never a traceback."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType

import click
import pytest

from detector import errors
from detector.cli import Commands, Place, run
from detector.errors import DetectorError


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], click.Group]:
    """A group with one command, `fail`, that raises what it is given."""

    def build(error: BaseException) -> click.Group:
        @click.command()
        def fail() -> None:
            raise error

        module = ModuleType("failing")
        module.fail = fail  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "failing", module)
        return Commands("detector", places={"fail": Place("failing", "fail", "Fails.")})

    return build


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return captured.err.splitlines()


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (DetectorError("a is wrong — do b"), 78, "detector: a is wrong — do b"),
        (DetectorError("gone", errors.TEMPORARY), 75, "detector: gone"),
        (DetectorError("two\nlines\x1b[31m"), 78, "detector: two lines\\x1b[31m"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x.ndjson"), 74, "x.ndjson: no such file"),
        (OSError(errno.ENOSPC, "No space left on device"), 74, "no space left on device — free some space"),
        (PermissionError(errno.EACCES, "Permission denied", "out"), 74, "out: permission denied — check the path"),
        (click.FileError("x", "bad"), 74, "x"),
        (ValueError("private detail"), 70, "a mistake of the detector itself (ValueError) — DETECTOR_LOG_LEVEL=debug"),
        (RecursionError(), 70, "a mistake of the detector itself (RecursionError)"),
    ],
)
def test_a_failure_is_one_line_and_an_exit_code(
    failing: Callable[[BaseException], click.Group],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    said: str,
) -> None:
    assert run(["fail"], failing(error)) == code
    (line,) = lines_of(capsys)
    assert line.startswith("detector: ")
    assert said in line
    assert "private detail" not in line


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_is_quiet(
    failing: Callable[[BaseException], click.Group], capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    assert run(["fail"], failing(error)) == 130
    assert lines_of(capsys) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["wroker"], "detector has no command wroker — did you mean worker?"),
        (["zzz"], "detector has no command zzz — `detector --help` says what there is"),
        (["settings", "shw"], "detector settings has no command shw — did you mean show?"),
        (
            ["settings", "show", "--brokr", "x"],
            "detector settings show has no option --brokr — did you mean --brokers?",
        ),
        (
            ["settings", "show", "--http-port"],
            "requires an argument — `--help` says what there is",
        ),
        (["settings", "show", "extra"], "got unexpected extra argument (extra)"),
        (["--zzz"], "detector has no option --zzz"),
    ],
)
def test_a_wrong_word_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(arguments) == 2
    (line,) = lines_of(capsys)
    assert line.startswith("detector: ")
    assert said in line


def test_a_wrong_setting_is_told_with_78(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["settings", "show", "--http-port", "abc"]) == 78
    assert lines_of(capsys)[0].startswith("detector: --http-port='abc': ")


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Usage: detector" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], ["settings", "--help"]])
def test_asking_for_help_is_no_failure(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert run(arguments) == 0
    captured = capsys.readouterr()
    assert captured.out
    assert captured.err == ""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "detector", *arguments]


def test_a_reader_that_leaves_early_hears_no_complaint() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command("settings", "show"), stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 141


def test_output_to_a_full_disk_is_told() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            command("settings", "show"), stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.stderr == "detector: no space left on device — free some space\n"
    assert done.returncode == 74


def test_the_help_imports_no_library_of_a_command() -> None:
    script = (
        "import sys; from detector.cli import run; run(['--help']);"
        "print([m for m in ('faust', 'aiokafka', 'kafka', 'pydantic', 'yaml', 'structlog') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_details_of_a_mistake_of_ours_are_one_log_line_at_debug() -> None:
    script = (
        "import sys, types, click, detector.cli as c\n"
        "m = sys.modules['failing'] = types.ModuleType('failing')\n"
        "m.fail = click.Command('fail', callback=lambda: 1 / 0)\n"
        "sys.exit(c.run(['fail'], c.Commands('detector', places={'fail': c.Place('failing', 'fail', '')})))"
    )
    environ = {**os.environ, "DETECTOR_LOG_LEVEL": "debug"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60, env=environ
    )
    detail, line = done.stderr.splitlines()
    assert detail.startswith("{")
    assert "ZeroDivisionError: division by zero" in detail
    assert "the details are in the log above" in line
    assert done.returncode == 70
