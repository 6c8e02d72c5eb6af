"""Child processes end with us."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from detector.localkafka.process import Process, undisturbed

PARENT = """
import sys
from pathlib import Path
from detector.localkafka.process import Process
folder = Path(sys.argv[1])
print(Process(["sleep", "300"], folder=folder, log=folder / "log").pid, flush=True)
sys.stdin.read()
"""


def ended(pid: int) -> bool:
    """Whether the process is gone, or dead and only not yet waited for by init."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not ended(child)
        parent.kill()
        parent.wait()
    while not ended(child):
        """The time limit of the test bounds this."""


def test_what_it_says_is_kept_and_its_exit_code_is_known(tmp_path: Path) -> None:
    process = Process(["sh", "-c", "echo said; echo wrong >&2; exit 3"], folder=tmp_path, log=tmp_path / "log")
    assert process.end(30) == 3
    assert process.exit_code == 3
    assert (tmp_path / "log").read_text() == "said\nwrong\n"


def test_who_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    process = Process(["sleep", "300"], folder=tmp_path, log=tmp_path / "log")
    assert process.exit_code is None
    assert process.end(0.01) == -signal.SIGKILL
    process.signal(signal.SIGTERM)  # of no effect on who has ended


def test_who_is_asked_to_end_meanwhile_does_so_when_nothing_is_half_begun() -> None:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    steps = []

    def block() -> None:
        with undisturbed():
            signal.raise_signal(signal.SIGTERM)
            steps.append("the rest of the block")

    try:
        with pytest.raises(KeyboardInterrupt):
            block()
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
    assert steps == ["the rest of the block"]


def test_outside_the_main_thread_nothing_has_to_be_held_back() -> None:
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(_undisturbed).result(10) is signal.getsignal(signal.SIGTERM)


def _undisturbed() -> object:
    with undisturbed():
        return signal.getsignal(signal.SIGTERM)
