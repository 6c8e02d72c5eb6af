"""The demo as a newcomer has it: it tells every story, ends by itself or when it is asked to, and leaves nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from detector.demo.stories import STORIES

PATIENCE_SECONDS = 240.0
UNTIL = "2026-11-23"
WORKER = "--record-time create"
pytestmark = [pytest.mark.broker, pytest.mark.xdist_group("demo"), pytest.mark.timeout(600)]


class Demo:
    """`detector demo` as a process whose temporary files are in `folder`."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder, self.temporary = folder, folder / "tmp"
        self.temporary.mkdir()
        self._started: dict[int, str] = {}
        self.out = folder / "out.txt"
        self.err = folder / "err.txt"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DETECTOR_")}
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "detector", "demo", "--until", UNTIL, "--rate", "0", *arguments],
                stdout=out,
                stderr=err,
                env=environment | {"TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"},
            )

    def hear(self, words: str) -> None:
        """Wait until it has said this."""
        end = time.monotonic() + PATIENCE_SECONDS
        while words not in self.out.read_text("utf-8"):
            assert self._runs(), f"it ended before it said {words!r}: {self.err.read_text('utf-8')}"
            assert time.monotonic() < end, f"it never said {words!r}"

    def end(self) -> int:
        """Wait for its end; the exit code."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self._runs():
            assert time.monotonic() < end, "it did not end"
        return self.process.wait()

    def _runs(self) -> bool:
        """Whether it does, a moment later; what it started is remembered."""
        self._started.update(self._children())
        time.sleep(0.05)
        return self.process.poll() is None

    def _children(self) -> dict[int, str]:
        return {pid: command for pid, parent, command in _processes() if parent == self.process.pid}

    def kill_worker(self) -> None:
        """Kill the worker of the history as soon as it is there; another demo's is left alone."""
        while not (workers := [pid for pid, command in self._children().items() if WORKER in command]):
            assert self._runs(), "it ended without a worker"
        os.kill(workers[0], signal.SIGKILL)

    def left(self) -> list[str]:
        """What it left: files of its own, processes that it started or that know its folder; what is ending may end."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (found := self._found()) and time.monotonic() < end:
            time.sleep(0.1)
        return found

    def _found(self) -> list[str]:
        return [str(path) for path in self.temporary.iterdir()] + [
            command
            for pid, _, command in _processes()
            if str(self.folder) in command or self._started.get(pid) == command
        ]


@contextmanager
def _demo(folder: Path, *arguments: str) -> Iterator[Demo]:
    demo = Demo(folder, *arguments)
    try:
        yield demo
    finally:
        demo.process.kill()
        demo.process.wait()


def _processes() -> list[tuple[int, int, str]]:
    """Each process that runs, its parent, its command; one that has ended and waits to be collected runs no more."""
    told = subprocess.run(["ps", "-axwwo", "pid=,ppid=,command="], capture_output=True, text=True, check=True)
    rows = (line.split(None, 2) for line in told.stdout.splitlines())
    return [(int(row[0]), int(row[1]), row[2]) for row in rows if len(row) == 3 and "<defunct>" not in row[2]]


def _topics(kafka: str) -> list[str]:
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    try:
        return [name for name in admin.list_topics() if name.startswith("demo-")]
    finally:
        admin.close()


def _groups(kafka: str) -> list[str]:
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    try:
        return [group["group_id"] for group in admin.list_groups() if group["group_id"].startswith("demo-")]
    finally:
        admin.close()


def test_it_tells_every_story_and_leaves_nothing_though_its_worker_is_killed(kafka: str, tmp_path: Path) -> None:
    with _demo(tmp_path, "--brokers", kafka) as demo:
        demo.hear(" events;")
        demo.kill_worker()
        assert demo.end() == 0, demo.err.read_text("utf-8")
        text = demo.out.read_text("utf-8")
        assert "the worker was ended by signal 9; it is started once more" in text
        assert "On the way the worker was ended by signal 9." in text
        assert demo.err.read_text("utf-8") == ""
        for story in STORIES:
            assert any(story.account_id in line and story.title in line for line in text.splitlines()), story
        assert f"{len(STORIES)} of {len(STORIES)} as expected" in text
        assert "No alert on any of the customers without a story." in text
        assert "linden-textiles, in its own health snapshot" in text
        assert "plain 14-day silence" in text
        assert "5 sponsors left, one after the other" in text
        told, steps = text.split("What was done")[1].split("By yourself")
        assert max(map(len, told.splitlines())) <= 110
        assert f"-m detector worker --brokers {kafka}" in steps
        assert not any(line.endswith(" ") for line in text.splitlines())
        assert demo.left() == []
        assert _topics(kafka) == []
        assert _groups(kafka) == []


@pytest.mark.parametrize(
    ("words", "number"),
    [("starting Apache Kafka", signal.SIGINT), (" events;", signal.SIGINT), ("topics made", signal.SIGTERM)],
)
def test_asked_to_end_it_does_so_and_leaves_nothing(tmp_path: Path, words: str, number: signal.Signals) -> None:
    """With a Kafka of its own: while that starts, while events are applied, while topics are made."""
    with _demo(tmp_path) as demo:
        demo.hear(words)
        demo.process.send_signal(number)
        assert demo.end() == 0, demo.err.read_text("utf-8")
        assert demo.out.read_text("utf-8").splitlines()[-1].startswith("Stopped after")
        assert demo.err.read_text("utf-8") == ""
        assert demo.left() == []


def test_when_its_worker_dies_again_it_says_so_in_one_line(kafka: str, tmp_path: Path) -> None:
    with _demo(tmp_path, "--brokers", kafka) as demo:
        demo.hear("start")
        demo.kill_worker()
        demo.hear("it is started once more")
        demo.kill_worker()
        assert demo.end() == 75
        (line,) = demo.err.read_text("utf-8").splitlines()
        assert line.startswith("detector: the worker was ended by signal 9, for the second time, its last word: ")
        assert f"-m detector worker --brokers {kafka} --topic-prefix demo-" in line
        assert demo.left() == []
        assert _topics(kafka) == []


def test_a_kafka_that_does_not_answer_is_told_in_one_line(tmp_path: Path) -> None:
    with _demo(tmp_path, "--brokers", "127.0.0.1:1") as demo:
        assert demo.end() == 75
        (line,) = demo.err.read_text("utf-8").splitlines()
        assert line == "detector: no broker answers at 127.0.0.1:1 — start it, or name another with --brokers"
        assert demo.left() == []


def test_what_makes_no_sense_is_told_before_anything_starts(tmp_path: Path) -> None:
    for nth, (arguments, words) in enumerate(
        ((("--tls",), "name it with --brokers"), (("--until", "2026-11-23T01:00:00Z"), "no midnight of UTC"))
    ):
        (tmp_path / str(nth)).mkdir()
        with _demo(tmp_path / str(nth), *arguments) as demo:
            assert demo.end() == 2
            assert words in demo.err.read_text("utf-8")


def test_its_events_can_be_had_as_a_file(tmp_path: Path) -> None:
    with _demo(tmp_path, "--events", str(tmp_path / "events.ndjson.gz")) as demo:
        assert demo.end() == 0
        assert "events written to" in demo.out.read_text("utf-8")
        assert (tmp_path / "events.ndjson.gz").stat().st_size > 1 << 20
